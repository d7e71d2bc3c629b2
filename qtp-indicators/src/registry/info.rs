//! What the catalogue says about an indicator.

use std::fmt::Write as _;

use serde::Serialize;

use super::{kernel::Kernel, spec::Args};
use crate::{
    Source, SpecError,
    error::{MAX_DEVIATIONS, MAX_PERIOD},
};

/// One indicator of the catalogue; serialises for tool descriptions and listings.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct IndicatorInfo {
    /// Name in a spec, lower case; TA-Lib's own functions start with `talib.`.
    pub name: &'static str,
    /// What it measures, in one line.
    pub summary: &'static str,
    /// Parameters in positional order.
    pub params: &'static [ParamInfo],
    /// Outputs in column order.
    pub outputs: &'static [OutputInfo],
    /// Whether `source=` selects which series it reads; otherwise it reads whole candles.
    pub sourced: bool,
    /// Candles until the first output, as a formula of the parameters.
    pub warmup: &'static str,
    #[serde(skip)]
    pub(crate) make: fn(&Args) -> Result<Box<dyn Kernel>, SpecError>,
}

/// How an entry makes its indicator.
type Make = fn(&Args) -> Result<Box<dyn Kernel>, SpecError>;

impl IndicatorInfo {
    /// An entry over whole candles; `outputs` and `warmup` as in the fields.
    pub(crate) const fn candles(
        name: &'static str,
        summary: &'static str,
        params: &'static [ParamInfo],
        outputs: &'static [OutputInfo],
        warmup: &'static str,
        make: Make,
    ) -> Self {
        Self { name, summary, params, outputs, sourced: false, warmup, make }
    }

    /// An entry over one series of the candle.
    pub(crate) const fn series(
        name: &'static str,
        summary: &'static str,
        params: &'static [ParamInfo],
        outputs: &'static [OutputInfo],
        warmup: &'static str,
        make: Make,
    ) -> Self {
        Self { name, summary, params, outputs, sourced: true, warmup, make }
    }

    /// Returns the name with every parameter at its default: `bbands(period=20, deviations=2, source=close)`.
    #[must_use]
    pub fn signature(&self) -> String {
        let mut parts: Vec<String> = self.params.iter().map(ParamInfo::with_default).collect();
        if self.sourced {
            parts.push("source=close".to_owned());
        }
        if parts.is_empty() { self.name.to_owned() } else { format!("{}({})", self.name, parts.join(", ")) }
    }

    /// Returns one line for people: signature, summary, outputs with units and warm-up.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut line = format!("{}: {}; outputs", self.signature(), self.summary);
        for output in self.outputs {
            // Writing to a String cannot fail.
            let _ = write!(line, " {} ({})", output.name, output.unit);
        }
        let _ = write!(line, "; first output at candle {}", self.warmup);
        line
    }
}

/// A parameter of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ParamInfo {
    /// Name in a spec, as in `period=20`.
    pub name: &'static str,
    /// Type, range and default.
    #[serde(flatten)]
    pub kind: ParamKind,
}

/// Type, range and default of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum ParamKind {
    /// A whole number, such as a count of candles.
    Integer {
        /// Smallest value.
        min: u32,
        /// Largest value.
        max: u32,
        /// Value when left out.
        default: u32,
    },
    /// Any number.
    Real {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// Value when left out.
        default: f64,
    },
    /// One of some words; the first is the default.
    Choice {
        /// The words.
        names: &'static [&'static str],
    },
    /// Which series of the candle is read: one of [`Source::NAMES`].
    Source {
        /// Series when left out.
        default: Source,
    },
}

/// An output of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OutputInfo {
    /// Name after the dot in a column.
    pub name: &'static str,
    /// Unit or range of the values.
    pub unit: &'static str,
}

/// TA-Lib's one output, in units of the input.
pub(crate) const REAL: &[OutputInfo] = &[OutputInfo::new("real", "unit of the source")];
/// TA-Lib's one output where it is a percentage of something.
pub(crate) const PERCENT: &[OutputInfo] = &[OutputInfo::new("real", "percent")];
/// TA-Lib's one output without a unit.
pub(crate) const NUMBER: &[OutputInfo] = &[OutputInfo::new("real", "number")];
/// TA-Lib's one whole-number output.
pub(crate) const INTEGER: &[OutputInfo] = &[OutputInfo::new("integer", "whole number")];
/// Upper, middle and lower band under TA-Lib's names.
pub(crate) const BANDS: &[OutputInfo] = &[
    OutputInfo::new("upperband", "unit of the source"),
    OutputInfo::new("middleband", "unit of the source"),
    OutputInfo::new("lowerband", "unit of the source"),
];

impl OutputInfo {
    pub(crate) const fn new(name: &'static str, unit: &'static str) -> Self {
        Self { name, unit }
    }
}

impl ParamInfo {
    /// A number of candles from `min` up to the largest period.
    pub(crate) const fn integer(name: &'static str, min: u32, default: u32) -> Self {
        Self::integer_to(name, min, MAX_PERIOD as u32, default)
    }

    pub(crate) const fn integer_to(name: &'static str, min: u32, max: u32, default: u32) -> Self {
        Self { name, kind: ParamKind::Integer { min, max, default } }
    }

    /// A number of standard deviations.
    pub(crate) const fn deviations(name: &'static str, default: f64) -> Self {
        Self { name, kind: ParamKind::Real { min: -MAX_DEVIATIONS, max: MAX_DEVIATIONS, default } }
    }

    pub(crate) const fn real(name: &'static str, min: f64, max: f64, default: f64) -> Self {
        Self { name, kind: ParamKind::Real { min, max, default } }
    }

    /// A second series, or one that is not the close by default.
    pub(crate) const fn source(name: &'static str, default: Source) -> Self {
        Self { name, kind: ParamKind::Source { default } }
    }

    /// TA-Lib's number of a kind of moving average.
    pub(crate) const fn matype(name: &'static str, default: u32) -> Self {
        Self::integer_to(name, 0, 13, default)
    }

    pub(crate) const fn choice(name: &'static str, names: &'static [&'static str]) -> Self {
        Self { name, kind: ParamKind::Choice { names } }
    }

    /// The default as the number that `Args` holds: a choice by its index.
    pub(super) fn default(&self) -> f64 {
        match self.kind {
            ParamKind::Integer { default, .. } => f64::from(default),
            ParamKind::Real { default, .. } => default,
            ParamKind::Choice { .. } => 0.0,
            ParamKind::Source { default } => default.index() as f64,
        }
    }

    fn with_default(&self) -> String {
        match self.kind {
            ParamKind::Choice { names } => format!("{}={}", self.name, names.first().copied().unwrap_or("")),
            ParamKind::Source { default } => format!("{}={}", self.name, default.name()),
            ParamKind::Integer { .. } | ParamKind::Real { .. } => format!("{}={}", self.name, self.default()),
        }
    }
}

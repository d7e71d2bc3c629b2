//! The text form of an indicator: `[talib.]name[(parameters)][.output][@timeframe]`.

use std::fmt;

use super::{IndicatorInfo, ParamInfo, ParamKind, SpecIndicator};
use crate::{Source, SpecError};

/// A parsed spec: which indicator, with which parameters, of which timeframe.
///
/// Parameters are positional, then named (`ema(20, source=high)`); those left out take their defaults, and so do the
/// parentheses. The output and the timeframe may come in either order, so every column name is itself a spec. Letter
/// case and spaces do not matter except that [`text`](Self::text) and the columns keep them as written.
///
/// ```
/// use qtp_indicators::{Source, Spec};
///
/// let spec: Spec = "ema(50, source=hl2)@1h".parse()?;
/// assert_eq!((spec.info().name, spec.source()), ("ema", Source::Hl2));
/// assert_eq!(spec.canonical(), "ema(period=50,source=hl2)@3600s");
/// let error = "emma(20)".parse::<Spec>().unwrap_err();
/// assert_eq!(error.to_string(), "at character 0: unknown indicator `emma`; did you mean `ema`?");
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Spec {
    pub(super) text: String,
    pub(super) info: &'static IndicatorInfo,
    pub(super) args: Args,
    pub(super) output: Option<usize>,
    pub(super) timeframe: Option<Timeframe>,
}

/// A timeframe suffix such as `@4h`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeframe {
    pub(super) text: String,
    pub(super) seconds: u32,
}

impl Timeframe {
    /// Returns it as written, without the `@`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns its width in seconds.
    #[must_use]
    pub fn seconds(&self) -> u32 {
        self.seconds
    }
}

/// Parameter values in the order of the catalogue, each checked against its range.
#[derive(Debug, Clone)]
pub(crate) struct Args {
    pub(super) values: Vec<f64>,
    pub(super) source: Source,
}

impl Args {
    /// A whole number, or the index of a choice.
    pub(crate) fn count(&self, index: usize) -> usize {
        // Checked when parsed: whole and between 0 and u32::MAX.
        self.real(index) as usize
    }

    pub(crate) fn real(&self, index: usize) -> f64 {
        self.values.get(index).copied().unwrap_or_default()
    }

    /// The series that a parameter names.
    pub(crate) fn series(&self, index: usize) -> Source {
        Source::NAMES.get(self.count(index)).map(|(_, source)| *source).unwrap_or_default()
    }

    pub(crate) fn source(&self) -> Source {
        self.source
    }
}

impl Spec {
    /// Returns the spec as written, without outer spaces.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the indicator's entry in the catalogue.
    #[must_use]
    pub fn info(&self) -> &'static IndicatorInfo {
        self.info
    }

    /// Returns the series it reads, if it reads one series.
    #[must_use]
    pub fn source(&self) -> Source {
        self.args.source
    }

    /// Returns the selected output's name; `None` means all outputs.
    #[must_use]
    pub fn output(&self) -> Option<&'static str> {
        self.output.and_then(|index| self.info.outputs.get(index)).map(|output| output.name)
    }

    /// Returns the timeframe suffix; resampling is the caller's.
    #[must_use]
    pub fn timeframe(&self) -> Option<&Timeframe> {
        self.timeframe.as_ref()
    }

    /// Returns the column names: the spec as written, with `.output` appended where there are several outputs.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        if self.output.is_some() || self.info.outputs.len() == 1 {
            return vec![self.text.clone()];
        }
        self.info.outputs.iter().map(|output| format!("{}.{}", self.text, output.name)).collect()
    }

    /// Returns one form for every way to write the same spec: all parameters by name, lower case, no spaces.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut parts: Vec<String> = self
            .info
            .params
            .iter()
            .zip(&self.args.values)
            .map(|(param, value)| named(param, *value))
            .collect();
        if self.info.sourced {
            let source = Source::NAMES.iter().find(|(_, source)| *source == self.args.source);
            parts.extend(source.map(|(name, _)| format!("source={name}")));
        }
        let mut text = self.info.name.to_owned();
        if !parts.is_empty() {
            text = format!("{text}({})", parts.join(","));
        }
        if let Some(output) = self.output() {
            text = format!("{text}.{output}");
        }
        self.timeframe.as_ref().map_or_else(|| text.clone(), |t| format!("{text}@{}s", t.seconds))
    }

    /// Makes the indicator, ready for the first candle.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] if the parameters do not go together.
    pub fn build(&self) -> Result<SpecIndicator, SpecError> {
        Ok(SpecIndicator::new(self.clone(), (self.info.make)(&self.args)?))
    }

    pub(super) fn output_index(&self) -> Option<usize> {
        self.output
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn named(param: &ParamInfo, value: f64) -> String {
    match param.kind {
        ParamKind::Choice { names } => {
            format!("{}={}", param.name, names.get(value as usize).copied().unwrap_or_default())
        }
        ParamKind::Source { .. } => {
            format!("{}={}", param.name, Source::NAMES.get(value as usize).map_or("", |(name, _)| name))
        }
        ParamKind::Integer { .. } | ParamKind::Real { .. } => format!("{}={value}", param.name),
    }
}

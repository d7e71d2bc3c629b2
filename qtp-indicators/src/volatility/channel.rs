//! Channels around averages: Keltner around the close, STARC, envelopes; place and width within Bollinger Bands.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::{atr::AverageRange, stddev::Moments};
use crate::{
    SpecError,
    average::ma::Ma,
    error::{check_deviations, check_period},
    node::{Feed, Gate, Node, composite, indicator, ratio},
    registry::{Entry, OutputInfo, ParamInfo, node, over},
    sweep,
};

/// Average ranges either side of an average of the close.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ranged {
    average: Ma,
    range: AverageRange,
    factor: f64,
}

impl Ranged {
    /// `kind` is TA-Lib's number of the average.
    fn new(period: usize, factor: f64, atr_period: usize, kind: usize) -> Result<Self, SpecError> {
        let range = AverageRange::new(check_period("atr_period", atr_period, 1)?);
        Ok(Self { average: Ma::new(period, kind, kind)?, range, factor: check_deviations("factor", factor)? })
    }
}

impl Node for Ranged {
    type In = Ohlcv;
    type Out = [f64; 3];

    composite!({ average, range } with { factor } (c: Ohlcv) -> [f64; 3] {
        let (middle, range) = (average.feed(c.close), range.feed(c));
        let (middle, width) = (middle?, range? * *factor);
        Some([middle + width, middle, middle - width])
    });

    fn warmup(&self) -> usize {
        self.average.warmup().max(self.range.warmup())
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let [upper, middle, lower] = out else { return };
        self.average.batch(&Gate::open(input.close), &mut [&mut **middle]);
        self.range.batch(&Gate::open(input), &mut [&mut **lower]);
        let factor = self.factor;
        sweep::map2(middle, lower, upper, move |middle, range| middle + range * factor);
        for (lower, middle) in lower.iter_mut().zip(middle.iter()) {
            *lower = middle - *lower * factor;
        }
        for column in out {
            sweep::chill(column, self.warmup() - 1);
        }
    }
}

/// A share of the average either side of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Share {
    average: Ma,
    share: f64,
}

impl Share {
    fn new(period: usize, percent: f64, kind: usize) -> Result<Self, SpecError> {
        Ok(Self { average: Ma::new(period, kind, 0)?, share: check_deviations("percent", percent)? / 100.0 })
    }
}

impl Node for Share {
    type In = f64;
    type Out = [f64; 3];

    composite!({ average } with { share } (x: f64) -> [f64; 3] {
        average.feed(x).map(|middle| [middle + middle * *share, middle, middle - middle * *share])
    });

    fn warmup(&self) -> usize {
        self.average.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let [upper, middle, lower] = out else { return };
        self.average.batch(&Gate::open(input), &mut [&mut **middle]);
        let share = self.share;
        sweep::map(middle, upper, move |middle| middle + middle * share);
        sweep::map(middle, lower, move |middle| middle - middle * share);
    }
}

/// Mean and deviations of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    moments: Moments,
    factor: f64,
}

impl Spread {
    fn new(period: usize, factor: f64) -> Result<Self, SpecError> {
        let n = check_period("period", period, 2)?;
        let factor = check_deviations("deviations", factor)?;
        Ok(Self { moments: Moments::new(n), factor })
    }
}

impl Node for Spread {
    type In = f64;
    /// Place of the input between the bands, and width of the bands per mean.
    type Out = [f64; 2];

    composite!({ moments } with { factor } (x: f64) -> [f64; 2] {
        let (mean, variance) = moments.feed(x)?;
        let width = libm::sqrt(variance) * *factor;
        let place = if width == 0.0 { 0.5 } else { ratio(x - (mean - width), 2.0 * width) };
        Some([place, ratio(2.0 * width, mean)])
    });

    fn warmup(&self) -> usize {
        self.moments.warmup()
    }
}

indicator! {
    /// Keltner channel around the close, `[upper, middle, lower]`: exponential average over `period` (1 to 100,000) and
    /// `factor` average true ranges over `atr_period` either side.
    KeltnerClose(period: usize, factor: f64, atr_period: usize) = |period, factor, atr_period| {
        Ranged::new(period, factor, atr_period, 1)
    } => Ranged, Ohlcv => [f64; 3];
    keltner(crate::Candles<'_>) -> 3
}
indicator! {
    /// STARC bands, `[upper, middle, lower]`: as [`KeltnerClose`] around a simple average (M. Stoller).
    Starc(period: usize, factor: f64, atr_period: usize) = |period, factor, atr_period| {
        Ranged::new(period, factor, atr_period, 0)
    } => Ranged, Ohlcv => [f64; 3];
    starc(crate::Candles<'_>) -> 3
}
indicator! {
    /// Envelope, `[upper, middle, lower]`: an average of TA-Lib's kind `kind` over `period` and `percent` of it either
    /// side.
    Envelope(period: usize, percent: f64, kind: usize) = Share::new => Share, f64 => [f64; 3];
    envelope(&[f64]) -> 3
}
indicator! {
    /// `[percent, width]`: place of the input between Bollinger Bands (0 at the lower, 1 at the upper, 0.5 where they
    /// meet), and the bands' distance per mean. `period` is 2 to 100,000.
    BollingerPlace(period: usize, deviations: f64) = Spread::new => Spread, f64 => [f64; 2];
    bb_place(&[f64]) -> 2
}

const BANDS: &[OutputInfo] = &[
    OutputInfo::new("upper", "unit of the source"),
    OutputInfo::new("middle", "unit of the source"),
    OutputInfo::new("lower", "unit of the source"),
];

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "keltner",
        "Keltner channel: average true ranges either side of an exponential average of the close",
        &[
            ParamInfo::integer("period", 1, 20),
            ParamInfo::deviations("factor", 2.0),
            ParamInfo::integer("atr_period", 1, 10),
        ],
        BANDS,
        "max(period, atr_period + 1)",
        |args| Ok(node(KeltnerClose::new(args.count(0), args.real(1), args.count(2))?.0.node)),
    ),
    Entry::candles(
        "starc",
        "STARC bands: average true ranges either side of a simple average of the close",
        &[
            ParamInfo::integer("period", 1, 5),
            ParamInfo::deviations("factor", 2.0),
            ParamInfo::integer("atr_period", 1, 10),
        ],
        BANDS,
        "max(period, atr_period + 1)",
        |args| Ok(node(Starc::new(args.count(0), args.real(1), args.count(2))?.0.node)),
    ),
    Entry::series(
        "envelope",
        "Moving average envelope: percent of an average either side of it",
        &[
            ParamInfo::integer("period", 1, 20),
            ParamInfo::deviations("percent", 2.5),
            ParamInfo::matype("matype", 0),
        ],
        BANDS,
        "by kind",
        |args| Ok(over(Envelope::new(args.count(0), args.real(1), args.count(2))?.0.node, args.source())),
    ),
    Entry::series(
        "bb_place",
        "Place within Bollinger Bands (percent b) and their relative width",
        &[ParamInfo::integer("period", 2, 20), ParamInfo::deviations("deviations", 2.0)],
        &[
            OutputInfo::new("percent", "0 at the lower band, 1 at the upper"),
            OutputInfo::new("width", "share of the mean"),
        ],
        "period",
        |args| Ok(over(BollingerPlace::new(args.count(0), args.real(1))?.0.node, args.source())),
    ),
];

//! Standard score.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    node::{Feed, Node, composite, indicator, ratio},
    registry::{Entry, OutputInfo, ParamInfo, over},
    volatility::stddev::Moments,
};

/// Distance from the mean in standard deviations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Score {
    moments: Moments,
    sample: bool,
}

impl Score {
    fn new(period: usize, sample: bool) -> Result<Self, SpecError> {
        let n = check_period("period", period, 2)?;
        Ok(Self { moments: Moments::new(n), sample })
    }
}

impl Node for Score {
    type In = f64;
    type Out = f64;

    composite!({ moments } with { sample } (x: f64) -> f64 {
        let n = moments.warmup() as f64;
        let (mean, variance) = moments.feed(x)?;
        let variance = if *sample { variance * (n / (n - 1.0)) } else { variance };
        Some(ratio(x - mean, libm::sqrt(variance)))
    });

    fn warmup(&self) -> usize {
        self.moments.warmup()
    }
}

indicator! {
    /// Standard score over `period` inputs (2 to 100,000): distance from their mean in standard deviations of the
    /// population or, with `sample`, of the sample; 0 in a flat window.
    ///
    /// ```
    /// let mut out = [0.0; 2];
    /// qtp_indicators::statistic::zscore(&[1.0, 3.0], 2, false, &mut out)?;
    /// assert_eq!(out[1], 1.0);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    ZScore(period: usize, sample: bool) = Score::new => Score, f64 => f64;
    zscore(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "zscore",
    "Standard score: distance from the mean in standard deviations",
    &[ParamInfo::integer("period", 2, 20), ParamInfo::choice("deviation", &["population", "sample"])],
    &[OutputInfo::new("zscore", "standard deviations")],
    "period",
    |args| Ok(over(ZScore::new(args.count(0), args.count(1) == 1)?.0.node, args.source())),
)];

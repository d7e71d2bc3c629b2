//! Standard score.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    average::sma::Mean,
    error::check_period,
    node::{Feed, Node, composite, indicator, ratio},
    registry::{Entry, OutputInfo, ParamInfo, over},
    volatility::stddev::Variance,
};

/// Distance from the mean in standard deviations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Score {
    mean: Mean,
    variance: Variance,
    sample: bool,
}

impl Score {
    fn new(period: usize, sample: bool) -> Result<Self, SpecError> {
        let n = check_period("period", period, 2)?;
        Ok(Self { mean: Mean::new(n), variance: Variance::new(n), sample })
    }
}

impl Node for Score {
    type In = f64;
    type Out = f64;

    composite!({ mean, variance } with { sample } (x: f64) -> f64 {
        let n = variance.warmup() as f64;
        let (mean, variance) = (mean.feed(x), variance.feed(x));
        let variance = if *sample { variance? * (n / (n - 1.0)) } else { variance? };
        Some(ratio(x - mean?, libm::sqrt(variance)))
    });

    fn warmup(&self) -> usize {
        self.mean.warmup()
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

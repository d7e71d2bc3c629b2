//! Realised volatility from closes and from ranges.
//!
//! Sources: M. Parkinson, *The Extreme Value Method*, 1980; M. Garman and M. Klass, *On the Estimation of Security Price
//! Volatilities*, 1980; L. Rogers and S. Satchell, *Estimating Variance From High, Low and Closing Prices*, 1991;
//! D. Yang and Q. Zhang, *Drift-Independent Volatility Estimation*, 2000.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::stddev::Variance;
use crate::{
    SpecError,
    average::sma::Mean,
    error::{check_period, check_real},
    node::{Feed, Node, Previous, Reads, composite, indicator, log_ratio},
    registry::{Entry, OutputInfo, ParamInfo, node},
};

/// How volatility is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Estimator {
    /// Sample standard deviation of the logarithmic changes of the close.
    #[default]
    Close,
    /// From high and low, for a price without drift or gaps.
    Parkinson,
    /// From open, high, low and close, for a price without drift or gaps.
    GarmanKlass,
    /// From open, high, low and close, for a price with drift but without gaps.
    RogersSatchell,
    /// Overnight, open to close and Rogers-Satchell together: drift and gaps.
    YangZhang,
}

const ESTIMATORS: [Estimator; 5] = [
    Estimator::Close,
    Estimator::Parkinson,
    Estimator::GarmanKlass,
    Estimator::RogersSatchell,
    Estimator::YangZhang,
];
const NAMES: &[&str] = &["close", "parkinson", "garman_klass", "rogers_satchell", "yang_zhang"];

/// One candle's share in the variance.
fn share(estimator: Estimator, c: &Ohlcv) -> f64 {
    let (range, body) = (log_ratio(c.high, c.low), log_ratio(c.close, c.open));
    match estimator {
        Estimator::Close => 0.0,
        Estimator::Parkinson => range * range / (4.0 * std::f64::consts::LN_2),
        Estimator::GarmanKlass => {
            0.5 * (range * range) - (2.0 * std::f64::consts::LN_2 - 1.0) * (body * body)
        }
        Estimator::RogersSatchell | Estimator::YangZhang => {
            let (up, down) = (log_ratio(c.high, c.open), log_ratio(c.low, c.open));
            up * (up - body) + down * (down - body)
        }
    }
}

/// Root of the variance of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Realised {
    estimator: Estimator,
    /// Candles a year, or 1.
    scale: f64,
    previous: Previous<f64>,
    /// Changes from close to close, or from close to open.
    outer: Variance,
    /// Changes from open to close.
    inner: Variance,
    shares: Mean,
}

impl Realised {
    fn new(period: usize, estimator: Estimator, periods_per_year: f64) -> Result<Self, SpecError> {
        let n = check_period("period", period, 2)?;
        let scale = check_real("periods_per_year", periods_per_year, 1.0, 1e9)?;
        let outer = Variance::new(n);
        let (previous, inner) = (Previous::default(), outer.clone());
        Ok(Self { estimator, scale, previous, outer, inner, shares: Mean::new(n) })
    }
}

impl Node for Realised {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::OHLC;

    composite!({ previous, outer, inner, shares } with { estimator, scale } (c: Ohlcv) -> f64 {
        let n = outer.warmup() as f64;
        let last = previous.feed(c.close);
        let gaps = *estimator == Estimator::YangZhang;
        let outer = last.and_then(|last| outer.feed(log_ratio(if gaps { c.open } else { c.close }, last)));
        let inner = if gaps { last.and_then(|_| inner.feed(log_ratio(c.close, c.open))) } else { None };
        let shares = last.and_then(|_| shares.feed(share(*estimator, &c)));
        // Sample variances: by n - 1.
        let (outer, shares) = (outer? * (n / (n - 1.0)), shares?);
        let variance = match *estimator {
            Estimator::Close => outer,
            Estimator::YangZhang => {
                let k = 0.34 / (1.34 + (n + 1.0) / (n - 1.0));
                outer + k * (inner? * (n / (n - 1.0))) + (1.0 - k) * shares
            }
            _ => shares,
        };
        Some(libm::sqrt(variance.max(0.0) * *scale))
    });

    fn warmup(&self) -> usize {
        self.outer.warmup() + 1
    }
}

indicator! {
    /// Realised volatility over `period` candles (2 to 100,000) as a share of the price: per candle, or per year with
    /// the number of candles in a year (1 to 1e9).
    ///
    /// Every estimator takes the candles from the second on, so that all have the same warm-up.
    ///
    /// ```
    /// use qtp_indicators::{Candles, volatility::{Estimator, realised_volatility}};
    ///
    /// let price = [10.0, 11.0, 10.0, 11.0];
    /// let mut out = [0.0; 4];
    /// let candles = Candles::new(&price, &price, &price, &price, &price)?;
    /// realised_volatility(candles, 2, Estimator::Close, 1.0, &mut out)?;
    /// assert!((out[3] - 1.1_f64.ln() * 2.0_f64.sqrt()).abs() < 1e-12);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    RealisedVolatility(period: usize, estimator: Estimator, periods_per_year: f64) = Realised::new
        => Realised, Ohlcv => f64;
    realised_volatility(crate::Candles<'_>) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "volatility",
    "Realised volatility from closes or ranges, per candle or per year",
    &[
        ParamInfo::integer("period", 2, 20),
        ParamInfo::choice("estimator", NAMES),
        ParamInfo::real("periods_per_year", 1.0, 1e9, 1.0),
    ],
    &[OutputInfo::new("volatility", "share of the price")],
    "period + 1",
    |args| {
        let estimator = ESTIMATORS.get(args.count(1)).copied().unwrap_or_default();
        Ok(node(RealisedVolatility::new(args.count(0), estimator, args.real(2))?.0.node))
    },
)];

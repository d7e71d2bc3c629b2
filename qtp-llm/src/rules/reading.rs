//! Indicator values of one asset: streaming forms only, so the same bits on every CPU.

use qtp_core::Candle;
use qtp_indicators::average::Ema;
use qtp_indicators::momentum::Rsi;
use qtp_indicators::volatility::Atr;
use qtp_indicators::{Indicator, SpecError};

use super::config::RuleConfig;

/// What the rules read off a row of closed candles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    /// Fast average.
    pub(crate) fast: f64,
    /// Slow average.
    pub(crate) slow: f64,
    /// Relative strength index after the last candle.
    pub(crate) rsi: f64,
    /// The same one candle earlier.
    pub(crate) rsi_before: f64,
    /// Lowest index in the look-back before the last candle.
    pub(crate) rsi_low: f64,
    /// Highest index in the look-back before the last candle.
    pub(crate) rsi_high: f64,
    /// Average true range, in price units.
    pub(crate) atr: f64,
}

impl Reading {
    /// `None` while the history is shorter than [`RuleConfig::warmup`].
    pub(crate) fn of(candles: &[Candle], config: &RuleConfig) -> Result<Option<Self>, SpecError> {
        if candles.len() < config.warmup() {
            return Ok(None);
        }
        let (mut fast, mut slow) = (Ema::new(config.fast)?, Ema::new(config.slow)?);
        let (mut rsi, mut atr) = (Rsi::new(config.rsi)?, Atr::new(config.atr)?);
        let mut strengths = Vec::with_capacity(candles.len());
        for candle in candles {
            let ohlcv = candle.ohlcv();
            fast.update(ohlcv.close);
            slow.update(ohlcv.close);
            atr.update(ohlcv);
            strengths.extend(rsi.update(ohlcv.close));
        }
        let Some((last, earlier)) = strengths.split_last() else { return Ok(None) };
        let recent = &earlier[earlier.len().saturating_sub(config.lookback)..];
        let values = (fast.value(), slow.value(), atr.value(), recent.last());
        let (Some(fast), Some(slow), Some(atr), Some(before)) = values else { return Ok(None) };
        Ok(Some(Self {
            fast,
            slow,
            rsi: *last,
            rsi_before: *before,
            rsi_low: recent.iter().copied().fold(f64::INFINITY, f64::min),
            rsi_high: recent.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            atr,
        }))
    }

    /// Distance of the averages in ATR: above zero the fast one leads.
    pub(crate) fn strength(&self) -> f64 {
        (self.fast - self.slow) / self.atr
    }

    /// The numbers, for a rationale.
    pub(crate) fn words(&self, config: &RuleConfig) -> String {
        format!(
            "ema({}) {} and ema({}) {} lie {:+.2} ATR apart, rsi({}) {:.1}, atr({}) {}",
            config.fast,
            figures(self.fast),
            config.slow,
            figures(self.slow),
            self.strength(),
            config.rsi,
            self.rsi,
            config.atr,
            figures(self.atr),
        )
    }
}

/// A price-like number with about six significant figures, whatever its magnitude.
pub(crate) fn figures(value: f64) -> String {
    let magnitude = value.abs();
    let decimals = [(1000.0, 2), (10.0, 3), (1.0, 4), (0.01, 6), (0.0001, 8)]
        .into_iter()
        .find_map(|(least, decimals)| (magnitude >= least).then_some(decimals))
        .unwrap_or(10);
    format!("{value:.decimals$}")
}

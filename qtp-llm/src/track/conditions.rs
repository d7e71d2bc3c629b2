//! The state of a market in three numbers that can be compared.

use qtp_core::AssetView;
use serde::{Deserialize, Serialize};

use crate::rules::{Reading, RuleConfig};

/// Trend, momentum and volatility of an asset at an instant, each scaled to about one.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Conditions {
    /// Distance of a fast from a slow average, in average true ranges.
    pub(crate) trend: f64,
    /// Relative strength index, from 0 to 100.
    pub(crate) rsi: f64,
    /// Average true range as a share of the price.
    pub(crate) volatility: f64,
}

impl Conditions {
    /// Of the shortest candles of an asset; `None` while they are too few.
    pub(crate) fn of(asset: &AssetView) -> Option<Self> {
        let (_, candles) = asset.candles.iter().min_by_key(|(timeframe, _)| *timeframe)?;
        let reading = Reading::of(candles, &RuleConfig::default()).ok()??;
        let close = candles.last()?.close().to_f64();
        let usable = reading.atr > 0.0 && close > 0.0;
        usable.then(|| Self {
            trend: (reading.fast - reading.slow) / reading.atr,
            rsi: reading.rsi,
            volatility: reading.atr / close,
        })
    }

    /// 0 for the same; about 1 for a market that differs by one usual step in everything.
    pub(crate) fn distance(&self, other: &Self) -> f64 {
        let volatility = (self.volatility.max(1e-9) / other.volatility.max(1e-9)).ln();
        let parts = [(self.trend - other.trend) / 1.5, (self.rsi - other.rsi) / 20.0, volatility];
        parts.iter().map(|part| part * part).sum::<f64>().sqrt()
    }
}

//! Parameters of the rule engine.

use qtp_core::Timeframe;
use serde::{Deserialize, Serialize};

use crate::error::LlmError;

const PERIOD_MAX: usize = 1000;

/// Parameters of [`RuleEngine`](super::RuleEngine). Distances count in average true ranges (ATR).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleConfig {
    /// Candles to read; `None` takes the shortest timeframe in the picture.
    pub timeframe: Option<Timeframe>,
    /// Period of the fast average.
    pub fast: usize,
    /// Period of the slow average.
    pub slow: usize,
    /// Period of the relative strength index.
    pub rsi: usize,
    /// Period of the average true range.
    pub atr: usize,
    /// How many closed candles back a momentum signal may lie.
    pub lookback: usize,
    /// Distance of the averages, in ATR, from which the market counts as trending.
    pub trend: f64,
    /// Distance of the averages, in ATR, that closes a position they speak against.
    pub reversal: f64,
    /// RSI under which a ranging market counts as oversold; mirrored for overbought (100 minus it).
    pub oversold: f64,
    /// RSI above which a long is halved; mirrored for shorts.
    pub exhausted: f64,
    /// Stop distance in ATR.
    pub stop_atr: f64,
    /// Target distance in ATR of a trend trade.
    pub target_atr: f64,
    /// Target distance in ATR of a range trade.
    pub range_target_atr: f64,
    /// Open profit in ATR from which the stop follows the price.
    pub tighten_after_atr: f64,
    /// Distance in ATR at which it follows.
    pub trail_atr: f64,
    /// Least ATR as a share of the price: below, costs eat the profit.
    pub min_volatility: f64,
    /// Largest ATR as a share of the price: above, no new position.
    pub max_volatility: f64,
}

impl Default for RuleConfig {
    fn default() -> Self {
        Self {
            timeframe: None,
            fast: 9,
            slow: 26,
            rsi: 14,
            atr: 14,
            lookback: 3,
            trend: 0.4,
            reversal: 1.0,
            oversold: 32.0,
            exhausted: 72.0,
            stop_atr: 2.0,
            target_atr: 3.0,
            range_target_atr: 2.0,
            tighten_after_atr: 1.5,
            trail_atr: 1.5,
            min_volatility: 0.0001,
            max_volatility: 0.1,
        }
    }
}

impl RuleConfig {
    /// Closed candles that a decision needs.
    pub fn warmup(&self) -> usize {
        self.slow
            .max(self.rsi.saturating_add(1))
            .max(self.atr.saturating_add(1))
            .saturating_add(self.lookback)
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`LlmError::Settings`] with every problem, each with its field.
    pub fn validate(&self) -> Result<(), LlmError> {
        let mut problems = Vec::new();
        let mut check = |legal: bool, problem: &str| {
            if !legal {
                problems.push(problem.to_owned());
            }
        };
        let period = |value: usize, least: usize| (least..=PERIOD_MAX).contains(&value);
        let between = |value: f64, low: f64, high: f64| value > low && value <= high;
        check(period(self.fast, 1), "fast must be 1 to 1000");
        check(period(self.slow, 2), "slow must be 2 to 1000");
        check(self.fast < self.slow, "fast must be below slow");
        check(period(self.rsi, 2), "rsi must be 2 to 1000");
        check(period(self.atr, 1), "atr must be 1 to 1000");
        check(period(self.lookback, 1), "lookback must be 1 to 1000");
        check(between(self.trend, 0.0, 100.0), "trend must be above 0 and at most 100");
        check(between(self.reversal, 0.0, 100.0), "reversal must be above 0 and at most 100");
        check(self.reversal >= self.trend, "reversal must be at least trend");
        check(between(self.oversold, 0.0, 49.0), "oversold must be above 0 and at most 49");
        check(between(self.exhausted, 50.0, 100.0), "exhausted must be above 50 and at most 100");
        check(between(self.stop_atr, 0.0, 100.0), "stop_atr must be above 0 and at most 100");
        check(between(self.target_atr, 0.0, 100.0), "target_atr must be above 0 and at most 100");
        check(between(self.range_target_atr, 0.0, 100.0), "range_target_atr must be above 0 and at most 100");
        check(
            between(self.tighten_after_atr, 0.0, 100.0),
            "tighten_after_atr must be above 0 and at most 100",
        );
        check(between(self.trail_atr, 0.0, 100.0), "trail_atr must be above 0 and at most 100");
        check((0.0..1.0).contains(&self.min_volatility), "min_volatility must be at least 0 and below 1");
        check(
            between(self.max_volatility, self.min_volatility, 1.0),
            "max_volatility must be above min_volatility",
        );
        if problems.is_empty() { Ok(()) } else { Err(LlmError::Settings { what: "rules", problems }) }
    }
}

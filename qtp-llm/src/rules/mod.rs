//! The engine that needs no model, no key and no network: trend, momentum and volatility by rule.

mod advice;
mod config;
mod reading;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{AssetView, Candle, Decision, DecisionError, DecisionRequest, Timeframe, TradeDecision};
use qtp_indicators::SpecError;

use advice::Advice;
pub use config::RuleConfig;
pub(crate) use reading::Reading;
#[cfg(feature = "chat")]
pub(crate) use reading::figures;

use crate::error::LlmError;

/// Name of the engine in decisions and logs.
const NAME: &str = "rules";

/// Decides by rule from the candles in the request.
///
/// - **Flat, trending** (averages far apart): with the trend, once a pullback has ended (RSI back across 50).
/// - **Flat, ranging**: against the extreme, once RSI has turned back out of it.
/// - **In a position**: close when the averages turn against it, halve when momentum is exhausted, else hold, and
///   let the stop follow an open profit (it only ever tightens).
///
/// Stops and targets stand at multiples of the average true range, on the right side of the price. The same request
/// gives the same decision, bit for bit, on every CPU.
///
/// ```
/// use qtp_llm::{RuleConfig, RuleEngine};
///
/// let engine = RuleEngine::new(RuleConfig { stop_atr: 1.5, ..RuleConfig::default() })?;
/// assert_eq!(engine.config().warmup(), 29); // closed candles
/// # Ok::<(), qtp_llm::LlmError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct RuleEngine {
    config: RuleConfig,
}

impl RuleEngine {
    /// An engine with these parameters.
    ///
    /// # Errors
    /// [`LlmError::Settings`] with every problem of the parameters.
    pub fn new(config: RuleConfig) -> Result<Self, LlmError> {
        config.validate()?;
        Ok(Self { config })
    }

    /// The parameters.
    pub fn config(&self) -> &RuleConfig {
        &self.config
    }

    /// What [`DecisionEngine::decide`] answers, without a runtime.
    ///
    /// # Errors
    /// [`DecisionError::Call`] if an indicator refuses its period, which [`RuleConfig::validate`] rules out.
    pub fn advise(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        let trades: Result<Vec<_>, SpecError> =
            request.assets.iter().map(|asset| self.advise_asset(asset, request.halted)).collect();
        let trades = trades.map_err(|source| DecisionError::Call {
            engine: NAME.to_owned(),
            retryable: false,
            source: Box::new(source),
        })?;
        Ok(Decision {
            engine: NAME.to_owned(),
            model: None,
            reasoning: summary(&trades),
            prompt: None,
            trades,
        })
    }

    fn advise_asset(&self, asset: &AssetView, halted: bool) -> Result<TradeDecision, SpecError> {
        let (timeframe, candles) = match self.candles(asset) {
            Some(found) => found,
            None => return Ok(Advice::hold("no candles of the timeframe are in the picture").about(asset)),
        };
        let Some(reading) = Reading::of(candles, &self.config)? else {
            let text = format!("waiting for {} closed {timeframe} candles", self.config.warmup());
            return Ok(Advice::hold(text).about(asset));
        };
        Ok(advice::advise(asset, &reading, &self.config, halted).about(asset))
    }

    fn candles<'a>(&self, asset: &'a AssetView) -> Option<(Timeframe, &'a [Candle])> {
        let wanted = |timeframe: Timeframe| self.config.timeframe.is_none_or(|t| t == timeframe);
        let series = asset.candles.iter().filter(|(timeframe, _)| wanted(*timeframe));
        series
            .min_by_key(|(timeframe, _)| *timeframe)
            .map(|(timeframe, candles)| (*timeframe, candles.as_slice()))
    }
}

#[async_trait]
impl DecisionEngine for RuleEngine {
    fn name(&self) -> &str {
        NAME
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        self.advise(request)
    }
}

fn summary(trades: &[TradeDecision]) -> String {
    let lines: Vec<_> =
        trades.iter().map(|trade| format!("{}: {}", trade.instrument.symbol(), trade.rationale)).collect();
    lines.join("\n")
}

//! Parameters of Cipher B and of the score, with the public script's values as defaults.

use serde::{Deserialize, Serialize};

use super::{CipherEvent, CipherEvents, FlatCandles};
use crate::{
    SpecError,
    error::check_period,
    registry::{ParamInfo, ParamKind},
};

/// Periods, levels and choices of [`CipherB`](super::CipherB). `Default` gives the public script's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CipherBParams {
    /// WaveTrend: averages of the typical price and of its deviation.
    pub channel: usize,
    /// WaveTrend: average of the channel index.
    pub average: usize,
    /// WaveTrend: mean that makes `wt2` of `wt1`.
    pub signal: usize,
    /// A red circle needs `wt2` at or above this.
    pub overbought: f64,
    /// A green circle needs `wt2` at or below this.
    pub oversold: f64,
    /// A gold dot needs the previous low of `wt2` at or below this and `wt2` back above.
    pub gold_level: f64,
    /// A gold dot needs `wt2` to have risen at least this much above the previous low.
    pub gold_rise: f64,
    /// A gold dot needs the RSI at the previous low below this.
    pub gold_rsi: f64,
    /// Candles of the money flow's mean.
    pub money_flow: usize,
    /// Factor of the money flow.
    pub money_flow_factor: f64,
    /// What is taken off the money flow.
    pub money_flow_offset: f64,
    /// What a candle with high = low means to the money flow.
    pub flat: FlatCandles,
    /// RSI period.
    pub rsi: usize,
    /// RSI period of the stochastic RSI, of the logarithm of the close.
    pub stoch_rsi: usize,
    /// Window of the stochastic.
    pub stoch: usize,
    /// Mean that makes K.
    pub stoch_k: usize,
    /// Mean that makes D of K.
    pub stoch_d: usize,
    /// Schaff trend cycle: window of both stochastics.
    pub schaff: usize,
    /// Schaff trend cycle: fast average.
    pub schaff_fast: usize,
    /// Schaff trend cycle: slow average.
    pub schaff_slow: usize,
    /// Schaff trend cycle: share of the way that each step goes.
    pub schaff_factor: f64,
    /// A top of `wt2` counts for a regular divergence at or above this.
    pub wt_top: f64,
    /// A bottom of `wt2` counts for a regular divergence at or below this.
    pub wt_bottom: f64,
    /// The second range's limit for tops.
    pub wt2_top: f64,
    /// The second range's limit for bottoms.
    pub wt2_bottom: f64,
    /// A top of the RSI counts at or above this.
    pub rsi_top: f64,
    /// A bottom of the RSI counts at or below this.
    pub rsi_bottom: f64,
    /// Whether the hidden divergences of `wt2` and the RSI keep the limits of the regular ones; else they have none. The
    /// second range always keeps its own, the stochastic has none.
    pub limit_hidden: bool,
    /// Which divergences make a divergence dot.
    pub dots: CipherEvents,
    /// Width of the candles of the Sommi flag's wave, in minutes.
    pub flag_minutes: u32,
    /// Widths of the Heikin-Ashi candles of the Sommi diamond, in minutes.
    pub diamond_minutes: [u32; 2],
}

impl Default for CipherBParams {
    fn default() -> Self {
        use CipherEvent::{Wt2Bear, Wt2Bull, WtBear, WtBull};
        Self {
            channel: 9,
            average: 12,
            signal: 3,
            overbought: 53.0,
            oversold: -53.0,
            gold_level: -75.0,
            gold_rise: 5.0,
            gold_rsi: 30.0,
            money_flow: 60,
            money_flow_factor: 150.0,
            money_flow_offset: 2.5,
            flat: FlatCandles::default(),
            rsi: 14,
            stoch_rsi: 14,
            stoch: 14,
            stoch_k: 3,
            stoch_d: 3,
            schaff: 10,
            schaff_fast: 23,
            schaff_slow: 50,
            schaff_factor: 0.5,
            wt_top: 45.0,
            wt_bottom: -65.0,
            wt2_top: 15.0,
            wt2_bottom: -40.0,
            rsi_top: 60.0,
            rsi_bottom: 30.0,
            limit_hidden: true,
            dots: CipherEvents::of(&[WtBull, WtBear, Wt2Bull, Wt2Bear]),
            flag_minutes: 720,
            diamond_minutes: [60, 240],
        }
    }
}

impl CipherBParams {
    /// Refuses what the lines cannot be computed with.
    pub(super) fn check(&self) -> Result<(), SpecError> {
        for (name, period, min) in [
            ("channel", self.channel, 1),
            ("average", self.average, 1),
            ("signal", self.signal, 1),
            ("money_flow", self.money_flow, 1),
            ("rsi", self.rsi, 2),
            ("stoch_rsi", self.stoch_rsi, 2),
            ("stoch", self.stoch, 1),
            ("stoch_k", self.stoch_k, 1),
            ("stoch_d", self.stoch_d, 1),
            ("schaff", self.schaff, 1),
            ("schaff_fast", self.schaff_fast, 1),
            ("schaff_slow", self.schaff_slow, 1),
            // A year: enough for any candle.
            ("flag_minutes", self.flag_minutes as usize, 1),
            ("diamond_minutes", self.diamond_minutes[0] as usize, 1),
            ("diamond_minutes", self.diamond_minutes[1] as usize, 1),
        ] {
            check_period(name, period, min)?;
        }
        number("schaff_factor", self.schaff_factor, 0.0, 1.0)?;
        for (name, level) in [
            ("overbought", self.overbought),
            ("oversold", self.oversold),
            ("gold_level", self.gold_level),
            ("gold_rise", self.gold_rise),
            ("gold_rsi", self.gold_rsi),
            ("money_flow_factor", self.money_flow_factor),
            ("money_flow_offset", self.money_flow_offset),
            ("wt_top", self.wt_top),
            ("wt_bottom", self.wt_bottom),
            ("wt2_top", self.wt2_top),
            ("wt2_bottom", self.wt2_bottom),
            ("rsi_top", self.rsi_top),
            ("rsi_bottom", self.rsi_bottom),
        ] {
            number(name, level, -1e6, 1e6)?;
        }
        Ok(())
    }
}

/// Weights of the score's parts, none negative and at least one above zero, and how fast events fade.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CipherScoreParams {
    /// Weight of the fast wave.
    pub wave: f64,
    /// Weight of the level of `wt2`.
    pub level: f64,
    /// Weight of the money flow.
    pub flow: f64,
    /// Weight of the RSI.
    pub rsi: f64,
    /// Weight of the stochastic RSI.
    pub stoch: f64,
    /// Weight of the trend.
    pub trend: f64,
    /// Weight of the events.
    pub events: f64,
    /// What is left of an event's weight one candle later, 0 to below 1.
    pub memory: f64,
}

impl Default for CipherScoreParams {
    fn default() -> Self {
        let (level, rsi, stoch) = (1.0, 0.5, 0.5);
        Self { wave: 1.0, level, flow: 1.0, rsi, stoch, trend: 1.0, events: 2.0, memory: 0.8 }
    }
}

impl CipherScoreParams {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        let weights = [
            ("wave", self.wave),
            ("level", self.level),
            ("flow", self.flow),
            ("rsi", self.rsi),
            ("stoch", self.stoch),
            ("trend", self.trend),
            ("events", self.events),
        ];
        for (name, weight) in weights {
            number(name, weight, 0.0, 1e6)?;
        }
        number("sum of the weights", weights.iter().map(|(_, weight)| weight).sum(), 1e-6, 1e7)?;
        number("memory", self.memory, 0.0, 0.999)?;
        Ok(())
    }
}

/// Checks a number given to a constructor; NaN is outside every range.
pub(super) fn number(name: &'static str, value: f64, min: f64, max: f64) -> Result<f64, SpecError> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    Err(SpecError::OutOfRange { at: None, name, value, min, max })
}

/// A real parameter of a catalogue entry.
pub(super) const fn real(name: &'static str, min: f64, max: f64, default: f64) -> ParamInfo {
    ParamInfo { name, kind: ParamKind::Real { min, max, default } }
}

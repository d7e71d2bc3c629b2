//! Joins a trend after a pullback and trails the stop.

use qtp_core::port::Strategy;
use qtp_core::{
    Bracket, Candle, Context, InstrumentId, MarketTopic, StateBlob, StrategyError, StrategyId, Timeframe,
    Warmup,
};
use qtp_indicators::Indicator as _;
use qtp_indicators::average::Ema;
use qtp_indicators::volatility::Atr;
use serde::{Deserialize, Serialize};

use super::exits::{bracket_at, tighter};
use super::{Size, parameter, restored};

/// Distance of the trailing stop in average true ranges.
const TRAIL: f64 = 2.5;

/// In the direction of EMA(`fast`) against EMA(`slow`), enters when the close comes back over the fast average;
/// stop 2.5 average true ranges away, trailed with every close; no target.
#[derive(Debug)]
pub struct Swing {
    id: StrategyId,
    instrument: InstrumentId,
    timeframe: Timeframe,
    size: Size,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    fast: Ema,
    slow: Ema,
    atr: Atr,
    /// The last close stood above the fast average.
    above: Option<bool>,
}

impl Swing {
    /// A strategy with two averages.
    ///
    /// # Errors
    /// [`StrategyError::Parameter`] unless `1 <= fast < slow`.
    pub fn new(
        id: StrategyId,
        (instrument, timeframe): (InstrumentId, Timeframe),
        (fast, slow): (usize, usize),
        size: Size,
    ) -> Result<Self, StrategyError> {
        if fast >= slow {
            return Err(parameter(&id, "fast", format!("{fast} is not below slow, {slow}")));
        }
        let fast = Ema::new(fast).map_err(|error| parameter(&id, "fast", error))?;
        let slow = Ema::new(slow).map_err(|error| parameter(&id, "slow", error))?;
        let atr = Atr::new(14).map_err(|error| parameter(&id, "atr", error))?;
        Ok(Self { id, instrument, timeframe, size, state: State { fast, slow, atr, above: None } })
    }
}

impl Strategy for Swing {
    fn id(&self) -> StrategyId {
        self.id.clone()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(self.instrument.clone(), self.timeframe)]
    }

    fn warmup(&self) -> Warmup {
        Warmup::candles(self.state.slow.warmup() + 1)
    }

    fn save(&self) -> Option<StateBlob> {
        serde_json::to_string(&self.state).ok().map(StateBlob)
    }

    fn restore(&mut self, state: &StateBlob) -> Result<(), StrategyError> {
        self.state = restored(&self.id, state)?;
        Ok(())
    }

    fn on_candle(&mut self, candle: &Candle, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let candle = candle.ohlcv();
        let (fast, slow) = (self.state.fast.update(candle.close), self.state.slow.update(candle.close));
        let atr = self.state.atr.update(candle);
        let (Some(fast), Some(slow), Some(atr)) = (fast, slow, atr) else { return Ok(()) };
        let above = candle.close > fast;
        let before = self.state.above.replace(above);
        let held = context.position(&self.instrument).signum();
        if held != 0 {
            let exits = bracket_at(context, &self.instrument, candle.close, held, (TRAIL * atr, 0.0));
            let present = context.target(&self.instrument).and_then(|active| active.signal.bracket.stop);
            let stop = tighter(held, present, exits.stop);
            if stop != present {
                context.set_exits(&self.instrument, Bracket { stop, target: None });
            }
            return Ok(());
        }
        let direction = if fast > slow { 1 } else { -1 };
        if before == Some(direction < 0) && above == (direction > 0) {
            let exits = (TRAIL * atr, 0.0);
            let bracket = bracket_at(context, &self.instrument, candle.close, direction, exits);
            let target = self.size.target(direction);
            context.set_target_with(&self.instrument, target, bracket, "back over the fast average");
        }
        Ok(())
    }
}

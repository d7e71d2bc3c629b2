//! Long while the fast average is above the slow one, short while it is below.

use qtp_core::port::Strategy;
use qtp_core::{
    Candle, Context, InstrumentId, MarketTopic, StateBlob, StrategyError, StrategyId, Timeframe, Warmup,
};
use qtp_indicators::Indicator as _;
use qtp_indicators::average::Ema;
use serde::{Deserialize, Serialize};

use super::{Size, parameter, restored};

/// The reference strategy. Averages are seeded with the mean of their first closes, as TA-Lib does.
///
/// At a candle's close with both averages warm: fast above slow and the target not long gives a long target;
/// fast below slow and the target not short gives a short one; equal changes nothing.
#[derive(Debug)]
pub struct EmaCross {
    id: StrategyId,
    instrument: InstrumentId,
    timeframe: Timeframe,
    size: Size,
    averages: Averages,
}

#[derive(Debug, Serialize, Deserialize)]
struct Averages {
    fast: Ema,
    slow: Ema,
}

impl EmaCross {
    /// A strategy that is always long or short by `size` once it is warm.
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
        Ok(Self { id, instrument, timeframe, size, averages: Averages { fast, slow } })
    }
}

impl Strategy for EmaCross {
    fn id(&self) -> StrategyId {
        self.id.clone()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(self.instrument.clone(), self.timeframe)]
    }

    fn warmup(&self) -> Warmup {
        Warmup::candles(self.averages.slow.warmup())
    }

    fn save(&self) -> Option<StateBlob> {
        serde_json::to_string(&self.averages).ok().map(StateBlob)
    }

    fn restore(&mut self, state: &StateBlob) -> Result<(), StrategyError> {
        self.averages = restored(&self.id, state)?;
        Ok(())
    }

    fn on_candle(&mut self, candle: &Candle, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let close = candle.ohlcv().close;
        let (fast, slow) = (self.averages.fast.update(close), self.averages.slow.update(close));
        let (Some(fast), Some(slow)) = (fast, slow) else { return Ok(()) };
        let wanted = match () {
            () if fast > slow => 1,
            () if fast < slow => -1,
            () => return Ok(()),
        };
        let held = context.target(&self.instrument).map_or(0, |active| active.quantity.signum());
        if held != wanted {
            context.set_target(&self.instrument, self.size.target(wanted));
        }
        Ok(())
    }
}

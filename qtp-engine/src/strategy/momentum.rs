//! Goes with a move: MACD histogram in the direction of the long average.

use qtp_core::port::Strategy;
use qtp_core::{
    Bracket, Candle, Context, InstrumentId, MarketTopic, StateBlob, StrategyError, StrategyId, Target,
    Timeframe, Warmup,
};
use qtp_indicators::Indicator as _;
use qtp_indicators::average::Ema;
use qtp_indicators::momentum::Macd;
use qtp_indicators::volatility::Atr;
use serde::{Deserialize, Serialize};

use super::exits::bracket_at;
use super::{Size, parameter, restored};

/// Enters when the MACD(12, 26, 9) histogram turns to the side of the EMA(`trend`) on which the price stands,
/// with a stop 2 and a target 4 average true ranges away; leaves when the histogram turns back.
#[derive(Debug)]
pub struct Momentum {
    id: StrategyId,
    instrument: InstrumentId,
    timeframe: Timeframe,
    size: Size,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    trend: Ema,
    macd: Macd,
    atr: Atr,
    previous: Option<f64>,
}

impl Momentum {
    /// A strategy with an average over `trend` candles.
    ///
    /// # Errors
    /// [`StrategyError::Parameter`] if `trend` is out of range.
    pub fn new(
        id: StrategyId,
        (instrument, timeframe): (InstrumentId, Timeframe),
        trend: usize,
        size: Size,
    ) -> Result<Self, StrategyError> {
        let bad = |error| parameter(&id, "trend", error);
        let trend = Ema::new(trend).map_err(bad)?;
        let macd = Macd::new(12, 26, 9).map_err(bad)?;
        let atr = Atr::new(14).map_err(bad)?;
        Ok(Self { id, instrument, timeframe, size, state: State { trend, macd, atr, previous: None } })
    }
}

impl Strategy for Momentum {
    fn id(&self) -> StrategyId {
        self.id.clone()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(self.instrument.clone(), self.timeframe)]
    }

    fn warmup(&self) -> Warmup {
        Warmup::candles(self.state.trend.warmup().max(self.state.macd.warmup()) + 1)
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
        let trend = self.state.trend.update(candle.close);
        let macd = self.state.macd.update(candle.close);
        let atr = self.state.atr.update(candle);
        let (Some(trend), Some(macd), Some(atr)) = (trend, macd, atr) else { return Ok(()) };
        let Some(previous) = self.state.previous.replace(macd.histogram) else { return Ok(()) };
        let held = context.target(&self.instrument).map_or(0, |active| active.quantity.signum());
        let turned = match () {
            () if previous <= 0.0 && macd.histogram > 0.0 => 1,
            () if previous >= 0.0 && macd.histogram < 0.0 => -1,
            () => return Ok(()),
        };
        let with_trend = (candle.close > trend) == (turned > 0);
        if with_trend && held != turned {
            let exits = (2.0 * atr, 4.0 * atr);
            let bracket = bracket_at(context, &self.instrument, candle.close, turned, exits);
            let target = self.size.target(turned);
            context.set_target_with(&self.instrument, target, bracket, "histogram turned with the trend");
        } else if held == -turned {
            context.set_target_with(&self.instrument, Target::FLAT, Bracket::NONE, "histogram turned back");
        }
        Ok(())
    }
}

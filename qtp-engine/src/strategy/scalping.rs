//! Fades short excursions: back to the middle of the Bollinger bands.

use qtp_core::port::Strategy;
use qtp_core::{
    Bracket, Candle, Context, InstrumentId, MarketTopic, StateBlob, StrategyError, StrategyId, Target,
    Timeframe, Warmup,
};
use qtp_indicators::Indicator as _;
use qtp_indicators::momentum::Rsi;
use qtp_indicators::volatility::{Atr, BollingerBands};
use serde::{Deserialize, Serialize};

use super::exits::bracket_at;
use super::{Size, parameter, restored};

/// Buys a close under the lower Bollinger band (20, 2) with RSI(7) under 30, sells one above the upper band
/// with RSI above 70; stop 1.5 average true ranges away, target the middle band; leaves after `patience` candles.
#[derive(Debug)]
pub struct Scalping {
    id: StrategyId,
    instrument: InstrumentId,
    timeframe: Timeframe,
    patience: u32,
    size: Size,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    bands: BollingerBands,
    rsi: Rsi,
    atr: Atr,
    held_candles: u32,
}

impl Scalping {
    /// A strategy that gives a trade `patience` candles.
    ///
    /// # Errors
    /// [`StrategyError::Parameter`] if `patience` is zero.
    pub fn new(
        id: StrategyId,
        (instrument, timeframe): (InstrumentId, Timeframe),
        patience: u32,
        size: Size,
    ) -> Result<Self, StrategyError> {
        if patience == 0 {
            return Err(parameter(&id, "patience", "must be at least 1"));
        }
        let bad = |error| parameter(&id, "period", error);
        let bands = BollingerBands::new(20, 2.0, 2.0).map_err(bad)?;
        let rsi = Rsi::new(7).map_err(bad)?;
        let atr = Atr::new(14).map_err(bad)?;
        Ok(Self {
            id,
            instrument,
            timeframe,
            patience,
            size,
            state: State { bands, rsi, atr, held_candles: 0 },
        })
    }
}

impl Strategy for Scalping {
    fn id(&self) -> StrategyId {
        self.id.clone()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(self.instrument.clone(), self.timeframe)]
    }

    fn warmup(&self) -> Warmup {
        Warmup::candles(self.state.bands.warmup())
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
        let bands = self.state.bands.update(candle.close);
        let rsi = self.state.rsi.update(candle.close);
        let atr = self.state.atr.update(candle);
        let (Some(bands), Some(rsi), Some(atr)) = (bands, rsi, atr) else { return Ok(()) };
        if !context.position(&self.instrument).is_zero() {
            self.state.held_candles += 1;
            if self.state.held_candles >= self.patience {
                context.set_target_with(&self.instrument, Target::FLAT, Bracket::NONE, "out of patience");
            }
            return Ok(());
        }
        self.state.held_candles = 0;
        let direction = match () {
            () if candle.close < bands.lower && rsi < 30.0 => 1,
            () if candle.close > bands.upper && rsi > 70.0 => -1,
            () => return Ok(()),
        };
        let exits = (1.5 * atr, (bands.middle - candle.close).abs());
        let bracket = bracket_at(context, &self.instrument, candle.close, direction, exits);
        let target = self.size.target(direction);
        context.set_target_with(&self.instrument, target, bracket, "outside the bands");
        Ok(())
    }
}

//! A strategy that always has something to do: for demonstrations and tests of a venue, not to earn.

use qtp_core::port::Strategy;
use qtp_core::{
    Bracket, Candle, Context, Decimal, InstrumentId, MarketTopic, Ratio, StrategyError, StrategyId, Target,
    Timeframe,
};
use qtp_engine::strategy::Size;

/// Opens a long position with a stop 2 % below at one close and closes it at the next.
#[derive(Debug)]
pub struct EveryCandle {
    id: StrategyId,
    instrument: InstrumentId,
    timeframe: Timeframe,
    size: Size,
}

impl EveryCandle {
    /// A strategy of this size.
    pub const fn new(id: StrategyId, (instrument, timeframe): (InstrumentId, Timeframe), size: Size) -> Self {
        Self { id, instrument, timeframe, size }
    }
}

impl Strategy for EveryCandle {
    fn id(&self) -> StrategyId {
        self.id.clone()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(self.instrument.clone(), self.timeframe)]
    }

    fn on_candle(&mut self, candle: &Candle, context: &mut Context<'_>) -> Result<(), StrategyError> {
        if !context.position(&self.instrument).is_zero() {
            context.set_target_with(&self.instrument, Target::FLAT, Bracket::default(), "the next candle");
            return Ok(());
        }
        let below = Ratio::new(Decimal::new(-2, 2)).ok().and_then(|share| candle.close().shifted(share));
        let bracket = Bracket { stop: below, target: None };
        context.set_target_with(&self.instrument, self.size.target(1), bracket, "a candle");
        Ok(())
    }
}

//! Trades signals that were computed elsewhere, in any language.

use qtp_core::port::Strategy;
use qtp_core::{
    Bracket, Candle, Context, InstrumentId, MarketTopic, Price, Quantity, Ratio, StateBlob, StrategyError,
    StrategyId, Target, Timeframe, Timestamp,
};

use super::exits::bracket_by_ratio;
use super::{Size, restored};

/// One row of a signal file: what to hold from a candle's close on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalRow {
    /// Open time of the candle; without it rows stand for candles in order.
    pub time: Option<Timestamp>,
    /// -1 short, 0 flat, 1 long.
    pub signal: i8,
    /// Units, where they differ from the strategy's size.
    pub size: Option<Quantity>,
    /// Stop price, where it differs from the strategy's.
    pub stop: Option<Price>,
    /// Target price, where it differs from the strategy's.
    pub take: Option<Price>,
}

/// How signals are traded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalFileConfig {
    /// Size of a position.
    pub size: Size,
    /// Treat -1 as flat.
    pub long_only: bool,
    /// Stop as a share of the close.
    pub stop: Option<Ratio>,
    /// Target as a share of the close.
    pub take: Option<Ratio>,
}

/// Acts only when the signal changes: a position that its stop closed stays closed until then.
#[derive(Debug)]
pub struct SignalFile {
    id: StrategyId,
    instrument: InstrumentId,
    timeframe: Timeframe,
    config: SignalFileConfig,
    rows: Vec<SignalRow>,
    /// Next row and the last signal.
    place: (usize, i8),
}

impl SignalFile {
    /// A strategy over rows in ascending time.
    pub fn new(
        id: StrategyId,
        (instrument, timeframe): (InstrumentId, Timeframe),
        rows: Vec<SignalRow>,
        config: SignalFileConfig,
    ) -> Self {
        Self { id, instrument, timeframe, config, rows, place: (0, 0) }
    }

    /// The row of a candle, if there is one.
    fn row(&mut self, candle: &Candle) -> Result<Option<SignalRow>, StrategyError> {
        let Some(row) = self.rows.get(self.place.0) else { return Ok(None) };
        match row.time {
            Some(time) if time > candle.open_time() => return Ok(None),
            Some(time) if time < candle.open_time() => {
                let (strategy, number) = (self.id.clone(), self.place.0 + 1);
                let problem = format!("signal row {number}: there is no candle that opens at {time}");
                return Err(StrategyError::State { strategy, problem });
            }
            _ => {}
        }
        let row = row.clone();
        self.place.0 += 1;
        Ok(Some(row))
    }
}

impl Strategy for SignalFile {
    fn id(&self) -> StrategyId {
        self.id.clone()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(self.instrument.clone(), self.timeframe)]
    }

    fn save(&self) -> Option<StateBlob> {
        serde_json::to_string(&self.place).ok().map(StateBlob)
    }

    fn restore(&mut self, state: &StateBlob) -> Result<(), StrategyError> {
        self.place = restored(&self.id, state)?;
        Ok(())
    }

    fn on_candle(&mut self, candle: &Candle, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let Some(row) = self.row(candle)? else { return Ok(()) };
        let signal = if self.config.long_only { row.signal.max(0) } else { row.signal };
        if std::mem::replace(&mut self.place.1, signal) == signal {
            return Ok(());
        }
        if signal == 0 {
            context.set_target(&self.instrument, Target::FLAT);
            return Ok(());
        }
        let size = row.size.map_or(self.config.size, Size::Units);
        let exits = bracket_by_ratio(candle.close(), signal, (self.config.stop, self.config.take));
        let bracket = Bracket { stop: row.stop.or(exits.stop), target: row.take.or(exits.target) };
        context.set_target_with(&self.instrument, size.target(signal), bracket, "");
        Ok(())
    }
}

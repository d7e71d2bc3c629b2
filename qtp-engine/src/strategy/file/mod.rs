//! Trades as a strategy file says.

mod compile;
mod filter;

use qtp_core::port::Strategy;
use qtp_core::{
    Bracket, Candle, Context, InstrumentId, MarketTopic, Reason, StateBlob, StrategyError, StrategyId,
    Target, Timeframe, Warmup,
};
use qtp_indicators::expression::{Evaluator, Facts, Handle};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::exits::tighter;
use super::level::{At, LevelRule};
use super::{Size, restored};
use filter::Filter;

/// A [`StrategyFile`](qtp_core::StrategyFile) at work on one instrument.
///
/// At the close of a candle, once every value is warm, in this order: an entry whose condition and filters hold (if the
/// position is flat, or turned around by it where the file allows that); a condition that closes the position; the time
/// stop; the trailing stop. Stop and target are placed from the close of the candle with the entry's signal. A condition
/// that is unknown does nothing.
#[derive(Debug)]
pub struct FileStrategy {
    id: StrategyId,
    instrument: InstrumentId,
    timeframe: Timeframe,
    rules: Rules,
    size: Size,
    values: Evaluator,
    state: State,
}

/// The document with its names resolved.
#[derive(Debug)]
struct Rules {
    entry: Sides,
    exit: Sides,
    allow_flip: bool,
    stop: Option<LevelRule>,
    take_profit: Option<LevelRule>,
    trailing_stop: Option<LevelRule>,
    time_stop: Option<u32>,
    filter: Filter,
}

/// A condition for each side.
#[derive(Debug, Clone, Copy)]
struct Sides {
    long: Option<Handle>,
    short: Option<Handle>,
}

impl Sides {
    const fn of(self, direction: i8) -> Option<Handle> {
        if direction > 0 { self.long } else { self.short }
    }
}

/// What is remembered of the position from candle to candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// Its direction at the last close.
    direction: i8,
    /// Closes with it open.
    held: u32,
    /// Closes since the last one ended; `None` before the first one.
    flat: Option<u32>,
}

impl State {
    fn take(&mut self, direction: i8) {
        if direction == 0 {
            let ended = self.direction != 0;
            self.flat = if ended { Some(1) } else { self.flat.map(|flat| flat.saturating_add(1)) };
            self.held = 0;
        } else {
            self.held = if self.direction == direction { self.held.saturating_add(1) } else { 1 };
        }
        self.direction = direction;
    }
}

/// State and values, as they are saved.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    position: State,
    values: Value,
}

impl FileStrategy {
    fn holds(&self, condition: Option<Handle>) -> bool {
        condition.is_some_and(|condition| self.values.holds(condition))
    }

    /// The side that an entry is due on: the long one, if it is both.
    fn entry(&self, candle: &Candle, held: i8, aimed: i8) -> Option<i8> {
        let free = |direction: i8| if self.rules.allow_flip { aimed != direction } else { held == 0 };
        let due = |direction: &i8| free(*direction) && self.holds(self.rules.entry.of(*direction));
        let direction = [1, -1].into_iter().find(due)?;
        self.rules.filter.passes(candle, &self.values, self.state.flat).then_some(direction)
    }

    fn enter(&self, candle: &Candle, direction: i8, context: &mut Context<'_>) {
        let at = At { instrument: &self.instrument, candle, direction, values: &self.values };
        let stop = self.rules.stop.as_ref().map(|level| level.stop(at, context));
        let stop_price = stop.flatten();
        let target = self.rules.take_profit.as_ref().map(|level| level.target(at, stop_price, context));
        let bracket = Bracket { stop: stop_price, target: target.flatten() };
        let problem = match () {
            () if stop == Some(None) => Some("the stop has no price"),
            () if target == Some(None) => Some("the target has no price"),
            () => bracket.problem(direction, candle.close()),
        };
        if let Some(problem) = problem {
            return context.void(&self.instrument, Reason::new("bracket_void", problem));
        }
        let words = if direction > 0 { "entry.long holds" } else { "entry.short holds" };
        context.set_target_with(&self.instrument, self.size.target(direction), bracket, words);
    }

    /// Why the position is to be closed.
    fn exit(&self, side: i8, held: i8) -> Option<&'static str> {
        if self.holds(self.rules.exit.of(side)) {
            return Some(if side > 0 { "exit.long holds" } else { "exit.short holds" });
        }
        let late = held != 0 && self.rules.time_stop.is_some_and(|most| self.state.held >= most);
        late.then_some("time stop")
    }

    fn trail(&self, candle: &Candle, held: i8, context: &mut Context<'_>) {
        let Some(level) = &self.rules.trailing_stop else { return };
        let at = At { instrument: &self.instrument, candle, direction: held, values: &self.values };
        let Some(offered) = level.stop(at, context) else { return };
        let offer = Bracket { stop: Some(offered), target: None };
        if offer.problem(held, candle.close()).is_some() {
            // The price has passed it already.
            return context.set_target_with(
                &self.instrument,
                Target::FLAT,
                Bracket::NONE,
                "trailing stop passed",
            );
        }
        let present = context.target(&self.instrument).map(|active| active.signal.bracket);
        let present = present.unwrap_or_default();
        let stop = tighter(held, present.stop, Some(offered));
        if stop != present.stop {
            context.set_exits(&self.instrument, Bracket { stop, target: present.target });
        }
    }
}

impl Strategy for FileStrategy {
    fn id(&self) -> StrategyId {
        self.id.clone()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(self.instrument.clone(), self.timeframe)]
    }

    fn warmup(&self) -> Warmup {
        Warmup::candles(self.values.warmup())
    }

    fn save(&self) -> Option<StateBlob> {
        let saved = Saved { position: self.state, values: self.values.save().ok()? };
        serde_json::to_string(&saved).ok().map(StateBlob)
    }

    fn restore(&mut self, state: &StateBlob) -> Result<(), StrategyError> {
        let saved: Saved = restored(&self.id, state)?;
        self.values
            .restore(&saved.values)
            .map_err(|error| StrategyError::Restore { strategy: self.id.clone(), source: Box::new(error) })?;
        self.state = saved.position;
        Ok(())
    }

    fn on_candle(&mut self, candle: &Candle, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let position = context.position_detail(&self.instrument);
        let held = position.map_or(0, |position| position.quantity().signum());
        self.state.take(held);
        let entry = position.and_then(qtp_core::Position::average_entry).filter(|_| held != 0);
        let close = candle.ohlcv().close;
        let facts =
            entry.map_or(Facts::FLAT, |entry| Facts::held(held, entry.to_f64(), self.state.held, close));
        self.values.update(&candle.ohlcv(), candle.open_time().as_nanos(), &facts);
        if !self.values.is_warm() {
            return Ok(());
        }
        let aimed = context.target(&self.instrument).map_or(0, |active| active.quantity.signum());
        if let Some(direction) = self.entry(candle, held, aimed) {
            self.enter(candle, direction, context);
            return Ok(());
        }
        let turning = self.rules.allow_flip && aimed != 0;
        let side = if turning || held == 0 { aimed } else { held };
        if side == 0 {
            return Ok(());
        }
        if let Some(words) = self.exit(side, held) {
            context.set_target_with(&self.instrument, Target::FLAT, Bracket::NONE, words);
        } else if held != 0 {
            self.trail(candle, held, context);
        }
        Ok(())
    }
}

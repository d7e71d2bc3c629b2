//! Every so often: picture of the market -> decision engine -> targets with stop and target -> wait.

use std::collections::BTreeMap;
use std::time::Duration;

use qtp_core::port::Strategy;
use qtp_core::{
    Bracket, Candle, Context, DecidedAt, Decimal, DecisionAction, DecisionOutcome, DecisionResult,
    EntryThesis, InstrumentId, MarketTopic, Price, Quantity, Ratio, Reason, Side, Signal, StateBlob,
    StrategyError, StrategyId, Target, Timeframe, Timestamp, TradeDecision, Warmup,
};
use serde::{Deserialize, Serialize};

use super::exits::{bracket_by_ratio, tighter};
use super::plan_book::{PlanBook, SavedPlans};
use super::{parameter, restored};
use crate::confirmation::drift_limit;

/// How decisions are asked for and followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionLoopConfig {
    /// Assets.
    pub instruments: Vec<InstrumentId>,
    /// Candles that the picture holds; the first is the one that drift is measured on.
    pub timeframes: Vec<Timeframe>,
    /// Candles of each timeframe in the picture.
    pub history: usize,
    /// Time between decisions.
    pub every: Timeframe,
    /// Share of equity that a new position may lose at its stop.
    pub risk_per_trade: Ratio,
    /// A decision older than this is void.
    pub max_decision_age: Duration,
    /// A decision is void if the price moved more than this many average true ranges.
    pub max_drift_atr: Ratio,
    /// A buy may add to a long position, a sell to a short one.
    pub pyramiding: bool,
    /// A sell may turn a long position into a short one, and the other way round.
    pub allow_flip: bool,
    /// A sell may open a short position.
    pub allow_short: bool,
    /// Stop of a new position whose advice has none, as a share of the price; without it such advice is void.
    #[serde(default)]
    pub default_stop: Option<Ratio>,
}

impl DecisionLoopConfig {
    /// Defaults for some instruments: 5-minute decisions over 5-minute and 1-hour candles, 1 % risk a trade.
    pub fn new(instruments: Vec<InstrumentId>) -> Self {
        Self {
            instruments,
            timeframes: vec![Timeframe::M5, Timeframe::H1],
            history: 120,
            every: Timeframe::M5,
            risk_per_trade: Ratio::new(Decimal::new(1, 2)).unwrap_or_default(),
            max_decision_age: Duration::from_secs(60),
            max_drift_atr: Ratio::new(Decimal::new(5, 1)).unwrap_or_default(),
            pyramiding: false,
            allow_flip: false,
            allow_short: true,
            default_stop: None,
        }
    }
}

/// Asks a decision engine and follows its advice as far as it still holds. The engine proposes direction,
/// stop and target; the size follows from the risk share and the distance of the stop.
///
/// The exit plan of a decision is followed by code: at every close of the shortest candles its conditions are evaluated,
/// its stop is trailed and its candles are counted, whatever the decision engine says later. Later advice may only add to it.
/// A position whose plan cannot be followed is not opened. Plans and the theses behind them go into every later question.
#[derive(Debug)]
pub struct DecisionLoop {
    id: StrategyId,
    config: DecisionLoopConfig,
    plans: PlanBook,
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// Close of the candle that the last question followed.
    asked: Option<Timestamp>,
    /// When it was asked.
    #[serde(default)]
    asked_at: Option<Timestamp>,
    /// Prices then.
    prices: BTreeMap<InstrumentId, Price>,
}

/// State and plans, as they are saved.
#[derive(Serialize, Deserialize)]
struct Saved<S> {
    #[serde(flatten)]
    state: S,
    #[serde(default)]
    plans: SavedPlans,
}

impl DecisionLoop {
    /// A loop over the configured assets.
    ///
    /// # Errors
    /// [`StrategyError::Parameter`] for the first setting that is not usable.
    pub fn new(id: StrategyId, config: DecisionLoopConfig) -> Result<Self, StrategyError> {
        let problem = match () {
            () if config.instruments.is_empty() => Some(("instruments", "at least one is needed")),
            () if config.timeframes.is_empty() => Some(("timeframes", "at least one is needed")),
            () if config.history == 0 => Some(("history", "must be at least 1")),
            () if config.risk_per_trade.signum() <= 0 => Some(("risk_per_trade", "must be above 0")),
            () => None,
        };
        match problem {
            Some((name, problem)) => Err(parameter(&id, name, problem)),
            None => {
                let plans = PlanBook::new(&config.timeframes);
                Ok(Self { id, config, plans, state: State::default() })
            }
        }
    }

    /// Why a decision on an asset no longer holds.
    fn void(
        &self,
        outcome: &DecisionOutcome,
        trade: &TradeDecision,
        context: &Context<'_>,
    ) -> Option<Reason> {
        let instrument = &trade.instrument;
        if !self.config.instruments.contains(instrument) {
            return Some(Reason::new("unknown_asset", instrument.to_string()));
        }
        let age = context.now().since(outcome.as_of);
        if age > self.config.max_decision_age {
            let limit = self.config.max_decision_age.as_secs();
            return Some(Reason::new("too_old", format!("limit={limit}s actual={}s", age.as_secs())));
        }
        let changed = context.account().and_then(|account| account.changed.get(instrument).copied());
        if changed.is_some_and(|seq| seq > outcome.snapshot_seq) {
            return Some(Reason::new("position_changed", "position or orders changed since the picture"));
        }
        let Some(price) = context.price(instrument) else {
            return Some(Reason::new("no_price", "the instrument has no price"));
        };
        if self.state.asked_at.is_some_and(|asked| outcome.as_of < asked) {
            return Some(Reason::new("superseded", "a later decision has been asked for"));
        }
        let Some(asked) = self.state.prices.get(instrument) else {
            return Some(Reason::new("no_price", "the price was not known when the decision was asked for"));
        };
        let limit = drift_limit(&context.state().market, instrument, self.config.max_drift_atr.get());
        let moved = (price.get() - asked.get()).abs();
        if limit.is_some_and(|limit| moved > limit) {
            return Some(Reason::new("drifted", format!("price was {asked} and is {price}")));
        }
        let direction = match trade.action {
            DecisionAction::Buy => 1,
            DecisionAction::Sell => -1,
            _ => return None,
        };
        let bracket = Bracket { stop: trade.stop, target: trade.target };
        bracket.problem(direction, price).map(|problem| Reason::new("bracket_void", problem))
    }

    /// Follows one piece of advice.
    fn follow(&mut self, outcome: &DecisionOutcome, trade: &TradeDecision, context: &mut Context<'_>) {
        let held = context.position(&trade.instrument);
        let direction = held.signum();
        let wanted = match trade.action {
            DecisionAction::Buy => 1,
            DecisionAction::Sell => -1,
            DecisionAction::Hold => {
                self.add_to_plan(trade, direction, context);
                return Self::tighten(trade, direction, context);
            }
            DecisionAction::Close => {
                return self.signal(outcome, trade, Target::FLAT, Bracket::NONE, context);
            }
            DecisionAction::Reduce => return self.reduce(outcome, trade, held, context),
        };
        let fallback = context
            .price(&trade.instrument)
            .map(|price| bracket_by_ratio(price, wanted, (self.config.default_stop, None)).stop);
        let mut bracket = Bracket { stop: trade.stop.or(fallback.flatten()), target: trade.target };
        let adds = direction == wanted;
        if adds && !self.config.pyramiding {
            self.add_to_plan(trade, direction, context);
            return Self::tighten(trade, direction, context);
        }
        if adds {
            // One stop for old and new: it may only come nearer.
            let present = context.target(&trade.instrument).and_then(|active| active.signal.bracket.stop);
            bracket.stop = tighter(direction, present, bracket.stop);
        }
        let pause = self.plans.asks_for_a_pause(&trade.instrument);
        if direction == -wanted && (!self.config.allow_flip || pause) {
            return self.signal(outcome, trade, Target::FLAT, Bracket::NONE, context);
        }
        if wanted < 0 && !self.config.allow_short {
            let reason = Reason::new("short_not_allowed", "opening short positions is switched off");
            return context.void(&trade.instrument, reason);
        }
        if bracket.stop.is_none() {
            let reason = Reason::new("no_stop", "a new position needs a stop: its size follows from it");
            return context.void(&trade.instrument, reason);
        }
        if let Err(reason) = self.plan(outcome, trade, (wanted, adds), context) {
            return context.void(&trade.instrument, reason);
        }
        let side = if wanted > 0 { Side::Buy } else { Side::Sell };
        let base = if adds { held } else { Quantity::ZERO };
        let target = Target::Risk { side, risk: self.config.risk_per_trade, cap: trade.allocation, base };
        self.signal(outcome, trade, target, bracket, context);
    }

    /// Takes the plan of a new or a larger position into the book.
    fn plan(
        &mut self,
        outcome: &DecisionOutcome,
        trade: &TradeDecision,
        (wanted, adds): (i8, bool),
        context: &Context<'_>,
    ) -> Result<(), Reason> {
        let plan = trade.plan.clone().unwrap_or_default();
        if adds {
            return self.plans.tighten(&trade.instrument, &plan, context);
        }
        if let Some(reason) = self.plans.resting(&trade.instrument) {
            return Err(reason);
        }
        let (rationale, exit_plan) = (trade.rationale.clone(), trade.exit_plan.clone());
        let thesis = EntryThesis { decided: outcome.as_of, rationale, exit_plan, plan, candles: 0 };
        self.plans.open(&trade.instrument, (thesis, wanted), context)
    }

    /// What advice on a position that stays adds to its plan.
    fn add_to_plan(&mut self, trade: &TradeDecision, direction: i8, context: &mut Context<'_>) {
        let Some(plan) = trade.plan.as_ref().filter(|plan| direction != 0 && !plan.is_empty()) else {
            return;
        };
        if let Err(reason) = self.plans.tighten(&trade.instrument, plan, context) {
            context.void(&trade.instrument, reason);
        }
    }

    /// New exits of a position that stays: the stop may only come nearer.
    fn tighten(trade: &TradeDecision, direction: i8, context: &mut Context<'_>) {
        if direction == 0 || (trade.stop.is_none() && trade.target.is_none()) {
            return;
        }
        let Some(price) = context.price(&trade.instrument) else { return };
        let present =
            context.target(&trade.instrument).map(|active| active.signal.bracket).unwrap_or_default();
        let offered = Bracket { stop: trade.stop, target: trade.target };
        if offered.problem(direction, price).is_some() {
            let reason = Reason::new("bracket_void", "the new exits are on the wrong side of the price");
            return context.void(&trade.instrument, reason);
        }
        let bracket = Bracket {
            stop: tighter(direction, present.stop, offered.stop),
            target: offered.target.or(present.target),
        };
        if bracket != present {
            context.set_exits(&trade.instrument, bracket);
        }
    }

    fn reduce(
        &self,
        outcome: &DecisionOutcome,
        trade: &TradeDecision,
        held: Quantity,
        context: &mut Context<'_>,
    ) {
        let half = Quantity::new(held.get() / Decimal::TWO).unwrap_or_default();
        let bracket =
            context.target(&trade.instrument).map(|active| active.signal.bracket).unwrap_or_default();
        self.signal(outcome, trade, Target::Quantity(half), bracket, context);
    }

    fn signal(
        &self,
        outcome: &DecisionOutcome,
        trade: &TradeDecision,
        target: Target,
        bracket: Bracket,
        context: &mut Context<'_>,
    ) {
        let price = self.state.prices.get(&trade.instrument).copied();
        let decided = price.map(|price| DecidedAt { time: outcome.as_of, price });
        let (instrument, reason) = (trade.instrument.clone(), trade.rationale.clone());
        context.signal(Signal { instrument, target, bracket, reason, decided });
    }
}

impl Strategy for DecisionLoop {
    fn id(&self) -> StrategyId {
        self.id.clone()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        let of = |id: &InstrumentId| {
            let id = id.clone();
            self.config.timeframes.iter().map(move |timeframe| MarketTopic::Candles(id.clone(), *timeframe))
        };
        self.config.instruments.iter().flat_map(of).collect()
    }

    fn warmup(&self) -> Warmup {
        Warmup::candles(self.config.history)
    }

    fn history(&self) -> usize {
        self.config.history
    }

    fn save(&self) -> Option<StateBlob> {
        let saved = Saved { state: &self.state, plans: self.plans.save()? };
        serde_json::to_string(&saved).ok().map(StateBlob)
    }

    fn restore(&mut self, state: &StateBlob) -> Result<(), StrategyError> {
        let saved: Saved<State> = restored(&self.id, state)?;
        self.plans.restore(saved.plans, &self.id)?;
        self.state = saved.state;
        Ok(())
    }

    fn on_candle(&mut self, candle: &Candle, context: &mut Context<'_>) -> Result<(), StrategyError> {
        self.plans.on_candle(candle, context);
        let close = candle.close_time();
        let due = self.config.every.floor(close) == close && self.state.asked != Some(close);
        // Every candle of this close time is known by now: the first one asks for all.
        if due && self.config.timeframes.first() == Some(&candle.timeframe()) {
            self.state.asked = Some(close);
            self.state.asked_at = Some(context.now());
            let instruments = self.config.instruments.clone();
            self.state.prices =
                instruments.iter().filter_map(|id| Some((id.clone(), context.price(id)?))).collect();
            let theses = self.plans.theses(context);
            context.request_decision_with(instruments, theses);
        }
        Ok(())
    }

    fn on_decision(
        &mut self,
        outcome: &DecisionOutcome,
        context: &mut Context<'_>,
    ) -> Result<(), StrategyError> {
        let DecisionResult::Decided(decision) = &outcome.result else { return Ok(()) };
        for trade in &decision.trades {
            match self.void(outcome, trade, context) {
                Some(reason) if trade.action == DecisionAction::Hold => drop(reason),
                Some(reason) => context.void(&trade.instrument, reason),
                None => self.follow(outcome, trade, context),
            }
        }
        Ok(())
    }
}

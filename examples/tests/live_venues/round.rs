//! A strategy that trades one round, and a live driver over it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qtp_core::port::{Exchange, JournalRecord, JournalWriter, Strategy, SystemClock};
use qtp_core::{
    AccountKind, Amount, Bracket, Context, Decimal, Instrument, InstrumentId, InstrumentKind, MarketTopic,
    OpeningBalance, OrderRole, OrderStatus, Portfolio, Price, Quantity, Ratio, RiskGate, RiskState, Rounding,
    RunId, RunStarted, StoreError, StrategyError, StrategyId, Target, Trade, TradingState, TriggerSource,
};
use qtp_engine::driver::NoObserver;
use qtp_engine::driver::live::{LiveDriver, LiveSettings, LiveSetup};
use qtp_engine::{Engine, EngineConfig, EngineSetup};
use qtp_risk::RiskLimits;
use tokio::sync::Notify;

/// How long an order is valid, where a venue has a field for it.
pub(crate) const VALIDITY: Duration = Duration::from_secs(10);

/// What it is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Enter with a stop, move it, exit.
    Round,
    /// Enter with a stop, and leave it to that.
    Hold,
    /// Enter without a stop, exit.
    Bare,
}

/// What it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The whole position, and a stop for it.
    Enter,
    /// The stop where it was moved to.
    Move,
    /// Nothing left.
    Exit,
    Done,
}

/// Enters, moves its stop, exits, and does nothing more.
#[derive(Debug)]
struct Round {
    instrument: InstrumentId,
    size: Quantity,
    plan: Plan,
    step: Step,
    done: Arc<Notify>,
}

impl Round {
    fn level(&self, context: &Context<'_>, price: Price, percent: i64) -> Price {
        let share = Ratio::new(Decimal::new(-percent, 2)).unwrap();
        let level = price.shifted(share).unwrap();
        context.instrument(&self.instrument).unwrap().round_price(level, Rounding::Up).unwrap()
    }

    fn exit(&mut self, context: &mut Context<'_>) {
        self.step = Step::Exit;
        context.set_target_with(&self.instrument.clone(), Target::FLAT, Bracket::NONE, "out");
    }

    /// True if a stop at this level rests for all that is held, and nothing else does.
    fn guarded(&self, context: &Context<'_>, level: Price) -> bool {
        let held = context.position(&self.instrument);
        let mut orders = context.open_orders(&self.instrument);
        let stop = orders.next();
        orders.next().is_none()
            && stop.is_some_and(|order| {
                order.request().role == OrderRole::Stop
                    && order.status() == OrderStatus::Open
                    && order.request().quantity == held
                    && order.request().kind.trigger().map(|trigger| trigger.price) == Some(level)
            })
    }
}

impl Strategy for Round {
    fn id(&self) -> StrategyId {
        "round".parse().unwrap()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Trades(self.instrument.clone())]
    }

    fn on_trade(&mut self, trade: &Trade, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let instrument = self.instrument.clone();
        let (first, second) = (self.level(context, trade.price, 2), self.level(context, trade.price, 1));
        let at = |stop| Bracket { stop: Some(stop).filter(|_| self.plan != Plan::Bare), target: None };
        let (held, lot) = (context.position(&instrument), self.size.abs().get() / Decimal::from(100));
        let idle = context.open_orders(&instrument).next().is_none();
        let entered = context.open_orders(&instrument).all(|order| order.request().role != OrderRole::Entry);
        match self.step {
            Step::Enter if held.is_zero() && idle => {
                context.set_target_with(&instrument, Target::Quantity(self.size), at(first), "in");
            }
            Step::Enter if entered && self.guarded(context, first) => {
                if self.plan == Plan::Round {
                    self.step = Step::Move;
                    context.set_exits(&instrument, at(second));
                } else {
                    self.step = Step::Done;
                    self.done.notify_one();
                }
            }
            Step::Move if self.guarded(context, second) => self.exit(context),
            Step::Enter if self.plan == Plan::Bare && !held.is_zero() && idle => self.exit(context),
            // What a fee leaves over may be too little to be sold.
            Step::Exit if held.get() < lot && idle => {
                self.step = Step::Done;
                self.done.notify_one();
            }
            _ => {}
        }
        Ok(())
    }
}

/// A journal in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Vec<JournalRecord>>>);

impl Memory {
    pub(crate) fn records(&self) -> Vec<JournalRecord> {
        self.0.lock().unwrap().clone()
    }
}

impl JournalWriter for Memory {
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(record.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A driver over `exchange` whose strategy carries out a plan with `size`, and says when it has.
pub(crate) fn driver(
    exchange: &Arc<dyn Exchange>,
    instrument: Instrument,
    (run_id, cash): (RunId, Decimal),
    (size, plan): (Quantity, Plan),
) -> (LiveDriver, Memory, Arc<Notify>) {
    let (account, capabilities) = (exchange.account(), exchange.capabilities());
    let contract = instrument.kind == InstrumentKind::Perpetual;
    let kind = if contract { AccountKind::CrossMargin } else { AccountKind::Spot };
    let cash = Amount::new(cash, instrument.settle);
    let (id, done, journal) = (instrument.id.clone(), Arc::new(Notify::new()), Memory::default());
    let mut state = TradingState::new();
    state.market.set_par(instrument.settle);
    state.add_instrument(instrument);
    state.add_account(Portfolio::new(account.clone(), kind, cash), RiskState::default());
    let config = EngineConfig {
        trigger_source: TriggerSource::Last,
        order_validity: capabilities.validity.then_some(VALIDITY),
        await_connection: true,
        ..EngineConfig::default()
    };
    let gate = RiskGate::new(RiskLimits::not_binding().build());
    let capabilities = BTreeMap::from([(account.clone(), capabilities)]);
    let mut engine = Engine::new(EngineSetup { run_id, config, gate, state, capabilities }).unwrap();
    let round = Round { instrument: id, size, plan, step: Step::Enter, done: Arc::clone(&done) };
    engine.add_strategy(&account, Box::new(round)).unwrap();
    let setup = LiveSetup {
        engine,
        exchanges: vec![Arc::clone(exchange)],
        topics: Vec::new(),
        decider: None,
        clock: Arc::new(SystemClock),
        journal: Box::new(journal.clone()),
        observer: Box::new(NoObserver),
        start: RunStarted {
            version: "test".to_owned(),
            run_id,
            seed: 0,
            configuration: serde_json::Value::Null,
            accounts: BTreeMap::from([(account, OpeningBalance { kind, cash })]),
        },
        settings: LiveSettings::default(),
    };
    (LiveDriver::new(setup).unwrap(), journal, done)
}

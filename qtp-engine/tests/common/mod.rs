//! An engine with a scripted strategy, fed record by record.
#![allow(dead_code, reason = "each test crate uses its own part of the harness")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qtp_core::port::Strategy;
use qtp_core::{
    AccountId, AccountKind, AccountState, Amount, Bracket, CancelRequest, Candle, CandleBatch, CandleParts,
    ClientOrderId, Command, Context, Currency, Decimal, DecisionOutcome, Event, EventRecord, Fill,
    Instrument, InstrumentId, Liquidity, MarketTopic, Notice, OperatorAction, Order, OrderDraft, OrderReport,
    OrderRequest, OrderRole, OrderStatus, Portfolio, Price, Quantity, Reason, RiskGate, RiskState, RunId,
    Signal, StrategyError, StrategyId, Target, Timeframe, TimerId, Timestamp, TradingState, TriggerSource,
    VenueCapabilities,
};
use qtp_engine::{Engine, EngineConfig, EngineSetup};

/// Midnight before the first record.
pub(crate) const MIDNIGHT: i64 = 1_699_920_000;

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn qty(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(crate) fn units(count: i64) -> Quantity {
    Quantity::new(Decimal::from(count)).unwrap()
}

pub(crate) fn account_id() -> AccountId {
    "main".parse().unwrap()
}

pub(crate) fn btc() -> InstrumentId {
    "BTC-USD@sim".parse().unwrap()
}

pub(crate) fn eth() -> InstrumentId {
    "ETH-USD@sim".parse().unwrap()
}

pub(crate) fn stop_at(stop: &str) -> Bracket {
    Bracket { stop: Some(price(stop)), target: None }
}

pub(crate) fn bracket(stop: &str, target: &str) -> Bracket {
    Bracket { stop: Some(price(stop)), target: Some(price(target)) }
}

pub(crate) fn all_capabilities() -> VenueCapabilities {
    VenueCapabilities {
        trigger_sources: vec![TriggerSource::Last, TriggerSource::Mark, TriggerSource::Index],
        reduce_only: true,
        flip_in_one_order: true,
        native_bracket: true,
        amend: true,
        post_only: true,
        validity: true,
        equity_sized_orders: true,
        stop_and_target: true,
    }
}

pub(crate) fn candle_of(id: &InstrumentId, open_time: Timestamp, ohlc: [Price; 4], volume: i64) -> Candle {
    let [open, high, low, close] = ohlc;
    let (instrument, timeframe, volume) = (id.clone(), Timeframe::M1, units(volume));
    Candle::new(CandleParts { instrument, timeframe, open_time, open, high, low, close, volume }).unwrap()
}

/// What a scripted strategy says at its next call.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    Signal(Signal),
    Exits(Bracket),
    Submit(OrderDraft),
    Cancel(ClientOrderId),
    Ask,
    Fail,
}

pub(crate) type Script = Arc<Mutex<Vec<Say>>>;

/// Says what a test put into its script, once.
#[derive(Debug)]
pub(crate) struct Scripted {
    pub(crate) id: StrategyId,
    pub(crate) instrument: InstrumentId,
    pub(crate) script: Script,
    pub(crate) history: usize,
}

impl Scripted {
    fn speak(&self, context: &mut Context<'_>) -> Result<(), StrategyError> {
        for say in std::mem::take(&mut *self.script.lock().unwrap()) {
            match say {
                Say::Signal(signal) => context.signal(signal),
                Say::Exits(bracket) => context.set_exits(&self.instrument, bracket),
                Say::Submit(draft) => drop(context.submit(draft)),
                Say::Cancel(id) => context.cancel(id),
                Say::Ask => context.request_decision(vec![self.instrument.clone()]),
                Say::Fail => {
                    let (strategy, problem) = (self.id.clone(), "scripted".to_owned());
                    return Err(StrategyError::State { strategy, problem });
                }
            }
        }
        Ok(())
    }
}

impl Strategy for Scripted {
    fn id(&self) -> StrategyId {
        self.id.clone()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(self.instrument.clone(), Timeframe::M1)]
    }

    fn history(&self) -> usize {
        self.history
    }

    fn on_candle(&mut self, _: &Candle, context: &mut Context<'_>) -> Result<(), StrategyError> {
        self.speak(context)
    }

    fn on_decision(&mut self, _: &DecisionOutcome, context: &mut Context<'_>) -> Result<(), StrategyError> {
        self.speak(context)
    }
}

/// What an engine under test is built from.
pub(crate) struct RigSetup {
    pub(crate) config: EngineConfig,
    pub(crate) gate: RiskGate,
    pub(crate) risk: RiskState,
    pub(crate) capabilities: VenueCapabilities,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) kind: AccountKind,
    pub(crate) cash: i64,
}

impl Default for RigSetup {
    fn default() -> Self {
        Self {
            config: EngineConfig::default(),
            gate: RiskGate::without_rules(),
            risk: RiskState::default(),
            capabilities: all_capabilities(),
            instruments: [btc(), eth()].map(|id| Instrument::unrestricted(id).unwrap()).into(),
            kind: AccountKind::Unconstrained,
            cash: 100_000,
        }
    }
}

impl RigSetup {
    pub(crate) fn portfolio(&self) -> Portfolio {
        Portfolio::new(account_id(), self.kind, Amount::new(self.cash.into(), Currency::USD))
    }

    pub(crate) fn engine(self) -> Engine {
        let mut state = TradingState::new();
        let portfolio = self.portfolio();
        for instrument in self.instruments {
            state.add_instrument(instrument);
        }
        state.market.set_par(Currency::USD);
        state.add_account(portfolio, self.risk);
        let capabilities = BTreeMap::from([(account_id(), self.capabilities)]);
        let (run_id, config, gate) = (RunId(7), self.config, self.gate);
        Engine::new(EngineSetup { run_id, config, gate, state, capabilities }).unwrap()
    }
}

/// An engine, its scripted strategy and a clock.
pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) script: Script,
    pub(crate) now: Timestamp,
    pub(crate) seq: u64,
    pub(crate) close: Price,
    pub(crate) trades: u64,
    /// Every record that was fed.
    pub(crate) records: Vec<EventRecord>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(RigSetup::default())
    }

    /// The strategy `scripted` owns BTC.
    pub(crate) fn with(setup: RigSetup) -> Self {
        let script = Script::default();
        let mut engine = setup.engine();
        let strategy = Scripted {
            id: "scripted".parse().unwrap(),
            instrument: btc(),
            script: script.clone(),
            history: 20,
        };
        engine.add_strategy(&account_id(), Box::new(strategy)).unwrap();
        Self::of(engine, script)
    }

    pub(crate) fn of(engine: Engine, script: Script) -> Self {
        let now = Timestamp::from_secs(MIDNIGHT + 60);
        Self { engine, script, now, seq: 0, close: price("100"), trades: 0, records: Vec::new() }
    }

    pub(crate) fn feed(&mut self, event: Event) -> Vec<Command> {
        let record = EventRecord { seq: self.seq, event_time: self.now, receive_time: self.now, event };
        self.seq += 1;
        let mut commands = Vec::new();
        self.engine.process(&record, &mut commands).unwrap();
        self.records.push(record);
        commands
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }

    pub(crate) fn say(&mut self, say: Say) {
        self.script.lock().unwrap().push(say);
    }

    /// A minute passes, and BTC closes at a price, a dollar either side of it traded.
    pub(crate) fn candle(&mut self, close: &str) -> Vec<Command> {
        let candle = self.next_candle(close);
        self.feed(Event::Candles(CandleBatch { candles: vec![candle], ..CandleBatch::default() }))
    }

    pub(crate) fn next_candle(&mut self, close: &str) -> Candle {
        let open_time = self.now;
        self.pass(60);
        self.close = price(close);
        let off = |by: i64| Price::new(self.close.get() + Decimal::from(by)).unwrap();
        candle_of(&btc(), open_time, [self.close, off(1), off(-1), self.close], 1000)
    }

    /// The strategy states a target at a candle that closes where the last one did.
    pub(crate) fn target(&mut self, count: i64, bracket: Bracket) -> Vec<Command> {
        self.signal(Target::Quantity(units(count)), bracket)
    }

    pub(crate) fn signal(&mut self, target: Target, bracket: Bracket) -> Vec<Command> {
        let signal = Signal { instrument: btc(), target, bracket, reason: String::new(), decided: None };
        self.say(Say::Signal(signal));
        let close = self.close.to_string();
        self.candle(&close)
    }

    /// A long position of so many units at 100, without protection, its order filled whole.
    pub(crate) fn hold(&mut self, count: i64, bracket: Bracket) -> Vec<Command> {
        let commands = self.target(count, bracket);
        let entry = one_submit(&commands);
        self.ack(&entry);
        self.fill(&entry, count.abs(), "100")
    }

    pub(crate) fn report(&mut self, order: &OrderRequest, status: OrderStatus) -> Vec<Command> {
        let reason = (status == OrderStatus::Rejected).then(|| Reason::new("test_rejected", ""));
        self.feed(Event::OrderReport(OrderReport {
            client_order_id: Some(order.client_order_id),
            venue_order_id: None,
            account: account_id(),
            instrument: order.instrument.clone(),
            time: self.now,
            side: order.side,
            status,
            quantity: order.quantity,
            filled: Quantity::ZERO,
            price: order.kind.trigger().map(|trigger| trigger.price).or(order.kind.limit()),
            reason,
        }))
    }

    pub(crate) fn ack(&mut self, order: &OrderRequest) -> Vec<Command> {
        self.report(order, OrderStatus::Open)
    }

    pub(crate) fn reject(&mut self, order: &OrderRequest) -> Vec<Command> {
        self.report(order, OrderStatus::Rejected)
    }

    pub(crate) fn canceled(&mut self, order: &OrderRequest) -> Vec<Command> {
        self.report(order, OrderStatus::Canceled)
    }

    pub(crate) fn fill(&mut self, order: &OrderRequest, count: i64, at: &str) -> Vec<Command> {
        self.trades += 1;
        let fill = fill_of(order, self.trades, units(count), price(at), self.now);
        self.feed(Event::Fill(fill))
    }

    pub(crate) fn unknown(&mut self, order: &OrderRequest) -> Vec<Command> {
        let client_order_id = order.client_order_id;
        self.feed(Event::OutcomeUnknown { client_order_id, account: account_id() })
    }

    pub(crate) fn absent(&mut self, order: &OrderRequest) -> Vec<Command> {
        let client_order_id = order.client_order_id;
        self.feed(Event::OrderAbsent { client_order_id, account: account_id() })
    }

    pub(crate) fn operator(&mut self, action: OperatorAction) -> Vec<Command> {
        self.feed(Event::Operator(action))
    }

    /// The first engine timer among the commands fires when it is due.
    pub(crate) fn fire_timer(&mut self, commands: &[Command]) -> Vec<Command> {
        let timer = timers(commands)[0];
        self.now = self.now.max(timer.at);
        self.feed(Event::Timer(timer))
    }

    pub(crate) fn account(&self) -> &AccountState {
        self.engine.state().account(&account_id()).unwrap()
    }

    pub(crate) fn position(&self) -> Quantity {
        self.account().portfolio.quantity(&btc())
    }

    pub(crate) fn orders(&self, role: OrderRole) -> Vec<Order> {
        self.account().orders.values().filter(|order| order.request().role == role).cloned().collect()
    }
}

pub(crate) fn fill_of(
    order: &OrderRequest,
    trade: u64,
    quantity: Quantity,
    price: Price,
    time: Timestamp,
) -> Fill {
    Fill {
        trade_id: format!("t{trade}").parse().unwrap(),
        client_order_id: Some(order.client_order_id),
        venue_order_id: None,
        account: order.account.clone(),
        instrument: order.instrument.clone(),
        time,
        side: order.side,
        price,
        quantity,
        fee: Amount::zero(Currency::USD),
        builder_fee: None,
        liquidity: Liquidity::Taker,
        external: None,
    }
}

pub(crate) fn submits(commands: &[Command]) -> Vec<OrderRequest> {
    let submit = |command: &Command| match command {
        Command::Submit(group) => Some(group.get().first().clone()),
        _ => None,
    };
    commands.iter().filter_map(submit).collect()
}

pub(crate) fn one_submit(commands: &[Command]) -> OrderRequest {
    let all = submits(commands);
    assert_eq!(all.len(), 1, "{commands:#?}");
    all[0].clone()
}

pub(crate) fn cancels(commands: &[Command]) -> Vec<CancelRequest> {
    let cancel = |command: &Command| match command {
        Command::Cancel(request) => Some(request.clone()),
        _ => None,
    };
    commands.iter().filter_map(cancel).collect()
}

pub(crate) fn timers(commands: &[Command]) -> Vec<TimerId> {
    let timer = |command: &Command| match command {
        Command::SetTimer(timer) => Some(*timer),
        _ => None,
    };
    commands.iter().filter_map(timer).collect()
}

pub(crate) fn notices(commands: &[Command]) -> Vec<Notice> {
    let notice = |command: &Command| match command {
        Command::Publish(notice) => Some(notice.clone()),
        _ => None,
    };
    commands.iter().filter_map(notice).collect()
}

/// Codes of the refused orders and signals.
pub(crate) fn denials(commands: &[Command]) -> Vec<String> {
    let code = |notice: Notice| match notice {
        Notice::Denied { reason, .. } => Some(reason.code),
        _ => None,
    };
    notices(commands).into_iter().filter_map(code).collect()
}

/// Number and outcome code of the proposals that ended.
pub(crate) fn ended(commands: &[Command]) -> Vec<(u64, String)> {
    let end = |notice: Notice| match notice {
        Notice::ProposalEnded { id, outcome } => Some((id, outcome.code)),
        _ => None,
    };
    notices(commands).into_iter().filter_map(end).collect()
}

/// Codes of the decisions that were not followed.
pub(crate) fn voids(commands: &[Command]) -> Vec<String> {
    let code = |notice: Notice| match notice {
        Notice::Void { reason, .. } => Some(reason.code),
        _ => None,
    };
    notices(commands).into_iter().filter_map(code).collect()
}

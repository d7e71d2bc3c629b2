//! The state machine: a record in, commands out. No I/O, no await, no clock.

use std::collections::BTreeMap;
use std::time::Duration;

use qtp_core::port::Strategy;
use qtp_core::{
    AccountId, Command, Event, EventRecord, InstrumentId, MarketTopic, Notice, Notional, Proposal, Reason,
    RiskGate, RunId, StateBlob, StrategyId, StrategyOutput, TimerId, TradingState, VenueCapabilities,
};
use serde::{Deserialize, Serialize};

use crate::config::EngineConfig;
use crate::control::Control;
use crate::error::EngineError;
use crate::router::Router;
use crate::strategies::Slot;

/// What an engine is built from.
#[derive(Debug)]
pub struct EngineSetup {
    /// Run id: part of every client order id.
    pub run_id: RunId,
    /// Settings.
    pub config: EngineConfig,
    /// The rules that every order passes.
    pub gate: RiskGate,
    /// Instruments and accounts, declared.
    pub state: TradingState,
    /// What each account's venue can do.
    pub capabilities: BTreeMap<AccountId, VenueCapabilities>,
}

/// The engine. One may hold several venues, accounts and strategies.
///
/// ```text
/// record -> market/accounting -> router -> strategies -> confirmation -> sizing -> gate -> orders -> commands
/// ```
pub struct Engine {
    pub(crate) run_id: RunId,
    pub(crate) config: EngineConfig,
    pub(crate) gate: RiskGate,
    pub(crate) state: TradingState,
    pub(crate) capabilities: BTreeMap<AccountId, VenueCapabilities>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) router: Router,
    pub(crate) controls: Vec<Control>,
    pub(crate) proposals: BTreeMap<u64, Proposal>,
    pub(crate) next_proposal: u64,
    pub(crate) next_request: u64,
    pub(crate) next_timer: u64,
    pub(crate) warming: bool,
    pub(crate) discarded: u64,
    pub(crate) commands: Vec<Command>,
    pub(crate) outputs: Vec<StrategyOutput>,
    started: bool,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("run_id", &self.run_id)
            .field("seq", &self.state.seq)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine without strategies.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] with every problem of settings and instruments.
    pub fn new(setup: EngineSetup) -> Result<Self, EngineError> {
        let mut problems: Vec<String> =
            setup.state.instruments.values().flat_map(qtp_core::Instrument::validate).collect();
        for capabilities in setup.capabilities.values() {
            problems.extend(setup.config.validate(capabilities));
        }
        for account in &setup.state.accounts {
            match setup.capabilities.get(account.portfolio.account()) {
                Some(venue) => problems.extend(crate::capability::problems(&account.portfolio, venue)),
                None => {
                    problems.push(format!("account {}: no venue capabilities", account.portfolio.account()));
                }
            }
        }
        if !problems.is_empty() {
            return Err(EngineError::Configuration { problems });
        }
        let mut state = setup.state;
        if setup.config.await_connection {
            crate::connection::suspend_all(&mut state);
        }
        Ok(Self {
            run_id: setup.run_id,
            config: setup.config,
            gate: setup.gate,
            state,
            capabilities: setup.capabilities,
            slots: Vec::new(),
            router: Router::default(),
            controls: Vec::new(),
            proposals: BTreeMap::new(),
            next_proposal: 1,
            next_request: 1,
            next_timer: 1,
            warming: false,
            discarded: 0,
            commands: Vec::new(),
            outputs: Vec::new(),
            started: false,
        })
    }

    /// Adds a strategy that trades on an account. Its number is the order in which it was added.
    ///
    /// # Errors
    /// [`EngineError::Claimed`] if another strategy owns one of its instruments;
    /// [`EngineError::Configuration`] if the account or an instrument is not declared.
    pub fn add_strategy(
        &mut self,
        account: &AccountId,
        strategy: Box<dyn Strategy>,
    ) -> Result<(), EngineError> {
        let id = strategy.id();
        let mut problems = Vec::new();
        if self.state.account(account).is_none() {
            problems.push(format!("strategy {id}: account {account} is not declared"));
        }
        let topics = strategy.topics();
        let instruments = strategy.instruments();
        for instrument in topics.iter().map(MarketTopic::instrument).chain(&instruments) {
            if !self.state.instruments.contains_key(instrument) {
                problems.push(format!("strategy {id}: instrument {instrument} is not declared"));
            }
        }
        let owner = u16::try_from(self.slots.len()).unwrap_or(u16::MAX);
        if owner == u16::MAX {
            problems.push(format!("strategy {id}: too many strategies"));
        }
        if !problems.is_empty() {
            return Err(EngineError::Configuration { problems });
        }
        for instrument in instruments {
            self.claim(account, instrument, owner, &id)?;
        }
        let history = strategy.history();
        for topic in &topics {
            if let (MarketTopic::Candles(instrument, timeframe), true) = (topic, history > 0) {
                self.state.market.keep_history(instrument, *timeframe, history);
            }
        }
        self.router.add(&topics, owner);
        self.slots.push(Slot::new(account.clone(), strategy));
        Ok(())
    }

    fn claim(
        &mut self,
        account: &AccountId,
        instrument: InstrumentId,
        owner: u16,
        id: &StrategyId,
    ) -> Result<(), EngineError> {
        match self.control_position(account, &instrument) {
            Ok(index) => Err(EngineError::Claimed {
                account: account.clone(),
                instrument,
                first: self.slots[usize::from(self.controls[index].owner)].id.clone(),
                second: id.clone(),
            }),
            Err(index) => {
                self.controls.insert(index, Control::new(account.clone(), instrument, owner));
                Ok(())
            }
        }
    }

    /// Takes in one record and appends what the engine wants because of it to `commands`.
    ///
    /// # Errors
    /// [`EngineError::OutOfSequence`] or [`EngineError::TimeWentBack`] if the record does not follow the last one.
    pub fn process(&mut self, record: &EventRecord, commands: &mut Vec<Command>) -> Result<(), EngineError> {
        if self.started && record.seq <= self.state.seq {
            return Err(EngineError::OutOfSequence { seq: record.seq, last: self.state.seq });
        }
        if record.receive_time < self.state.now {
            let (seq, time) = (record.seq, record.receive_time);
            return Err(EngineError::TimeWentBack { seq, time, last: self.state.now });
        }
        self.state.seq = record.seq;
        self.state.now = record.receive_time;
        if !self.started {
            self.started = true;
            self.start_strategies();
        }
        self.on_event(&record.event);
        commands.append(&mut self.commands);
        Ok(())
    }

    fn on_event(&mut self, event: &Event) {
        match event {
            Event::Candles(batch) => self.on_candles(batch),
            Event::OrderReport(report) => self.on_report(report),
            Event::Fill(fill) => self.on_fill(fill),
            Event::Trade(_)
            | Event::Quote(_)
            | Event::Book(_)
            | Event::Mark(_)
            | Event::FundingRate(_)
            | Event::OpenInterest(_) => self.on_tick(event),
            Event::Funding(payment) => self.on_funding(payment),
            Event::CashFlow { account, amount } => self.on_cash_flow(account, *amount),
            Event::PositionAdjustment { account, instrument, quantity } => {
                self.on_position_adjustment(account, instrument, *quantity);
            }
            Event::OutcomeUnknown { client_order_id, account } => {
                self.on_outcome_unknown(account, *client_order_id)
            }
            Event::OrderAbsent { client_order_id, account } => {
                self.on_order_absent(account, *client_order_id)
            }
            Event::Decision(outcome) => self.on_decision(outcome),
            Event::Timer(timer) => self.on_timer(*timer),
            Event::Operator(action) => self.on_operator(action),
            Event::InstrumentStatus { instrument, status } => {
                if let Some(instrument) = self.state.instruments.get_mut(instrument) {
                    instrument.status = *status;
                }
            }
            Event::Connection { account, topic: None, healthy, reason } => {
                self.on_connection(account.as_ref(), *healthy, reason);
            }
            Event::Stopped(_) => self.stop_strategies(),
            // Bookkeeping of the run and facts that only reports use.
            _ => {}
        }
    }

    /// The state that strategies see.
    pub const fn state(&self) -> &TradingState {
        &self.state
    }

    /// The rules.
    pub const fn gate(&self) -> &RiskGate {
        &self.gate
    }

    /// Run id.
    pub const fn run_id(&self) -> RunId {
        self.run_id
    }

    /// Proposals that wait for an operator.
    pub fn proposals(&self) -> impl Iterator<Item = &Proposal> {
        self.proposals.values()
    }

    /// Commands that were discarded during warm-up.
    pub const fn discarded(&self) -> u64 {
        self.discarded
    }

    /// Equity of an account; `None` if a price or rate is not known.
    pub fn equity(&self, account: &AccountId) -> Option<Notional> {
        self.state.equity(account)
    }

    /// How long positions stood without the stop that was asked for, over all instruments of an account.
    pub fn naked_time(&self, account: &AccountId) -> Duration {
        let running = |control: &Control| {
            control.naked_since.map_or(Duration::ZERO, |since| self.state.now.since(since))
        };
        let owned = self.controls.iter().filter(|control| control.account == *account);
        owned.map(|control| control.naked_total + running(control)).sum()
    }

    /// All topics that the strategies listen to.
    pub fn topics(&self) -> Vec<MarketTopic> {
        self.router.topics().cloned().collect()
    }

    pub(crate) fn control_position(
        &self,
        account: &AccountId,
        instrument: &InstrumentId,
    ) -> Result<usize, usize> {
        self.controls.binary_search_by(|control| {
            control.instrument.cmp(instrument).then_with(|| control.account.cmp(account))
        })
    }

    pub(crate) fn publish(&mut self, notice: Notice) {
        self.push(Command::Publish(notice));
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn alert(&mut self, code: &str, message: impl Into<String>) {
        self.publish(Notice::Alert(Reason::new(code, message)));
    }

    pub(crate) fn push(&mut self, command: Command) {
        if self.warming {
            self.discarded += 1;
        } else {
            self.commands.push(command);
        }
    }

    pub(crate) fn set_engine_timer(&mut self, delay: Duration) {
        let timer = TimerId { owner: u16::MAX, id: self.next_timer, at: self.state.now + delay };
        self.next_timer += 1;
        self.push(Command::SetTimer(timer));
    }
}

/// Everything that an engine needs to go on: its state and each strategy's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineSnapshot {
    state: TradingState,
    controls: Vec<Control>,
    proposals: BTreeMap<u64, Proposal>,
    counters: [u64; 4],
    strategies: Vec<StrategySnapshot>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StrategySnapshot {
    id: StrategyId,
    sequence: u64,
    halted: bool,
    state: Option<StateBlob>,
}

impl Engine {
    /// A copy of everything that later commands depend on.
    pub fn snapshot(&self) -> EngineSnapshot {
        let strategy = |slot: &Slot| StrategySnapshot {
            id: slot.id.clone(),
            sequence: slot.sequence,
            halted: slot.halted,
            state: slot.strategy.save(),
        };
        EngineSnapshot {
            state: self.state.clone(),
            controls: self.controls.clone(),
            proposals: self.proposals.clone(),
            counters: [self.next_proposal, self.next_request, self.next_timer, self.discarded],
            strategies: self.slots.iter().map(strategy).collect(),
        }
    }

    /// Takes a snapshot back into an engine with the same strategies.
    ///
    /// # Errors
    /// [`EngineError::Snapshot`] if the strategies differ; [`EngineError::Strategy`] if one refuses its state.
    pub fn restore(&mut self, snapshot: EngineSnapshot) -> Result<(), EngineError> {
        if snapshot.strategies.len() != self.slots.len() {
            let problem = format!("holds {} strategies, not {}", snapshot.strategies.len(), self.slots.len());
            return Err(EngineError::Snapshot { problem });
        }
        for (slot, saved) in self.slots.iter_mut().zip(&snapshot.strategies) {
            if slot.id != saved.id {
                let problem = format!("holds strategy {}, not {}", saved.id, slot.id);
                return Err(EngineError::Snapshot { problem });
            }
            if let Some(state) = &saved.state {
                slot.strategy.restore(state)?;
            }
            slot.sequence = saved.sequence;
            slot.halted = saved.halted;
        }
        self.state = snapshot.state;
        self.controls = snapshot.controls;
        self.proposals = snapshot.proposals;
        [self.next_proposal, self.next_request, self.next_timer, self.discarded] = snapshot.counters;
        self.started = true;
        Ok(())
    }
}

//! What a strategy sees and what it can say.

use crate::account::Position;
use crate::event::Reason;
use crate::exit_plan::EntryThesis;
use crate::id::{AccountId, ClientOrderId, InstrumentId, RunId};
use crate::instrument::Instrument;
use crate::market::InstrumentMarket;
use crate::money::{Notional, Price, Quantity};
use crate::order::Order;
use crate::risk::RiskState;
use crate::signal::{Bracket, OrderDraft, Signal, StrategyOutput, Target};
use crate::state::{AccountState, ActiveTarget, TradingState};
use crate::time::Timestamp;

/// Reads of the engine's state, and writes that only push outputs.
///
/// There is no way to ask whether the run is live: the same strategy runs in every driver. A test builds a
/// [`TradingState`], takes a context and asserts on the outputs:
///
/// ```
/// use qtp_core::{Amount, AccountKind, Context, Currency, Portfolio, RiskState, StrategyOutput, Target, TradingState};
/// let account: qtp_core::AccountId = "main".parse()?;
/// let mut state = TradingState::new();
/// let cash = Amount::new(10_000.into(), Currency::USD);
/// state.add_account(Portfolio::new(account.clone(), AccountKind::Unconstrained, cash), RiskState::default());
///
/// let mut outputs = Vec::new();
/// let mut context = Context::new(&state, &account, &mut outputs);
/// context.set_target(&"BTC-USD@test".parse()?, Target::Quantity("1".parse()?));
/// assert!(matches!(&outputs[0], StrategyOutput::Signal(signal) if signal.target.direction() == 1));
/// # Ok::<(), qtp_core::ValueError>(())
/// ```
#[derive(Debug)]
pub struct Context<'a> {
    state: &'a TradingState,
    account: &'a AccountId,
    outputs: &'a mut Vec<StrategyOutput>,
    next_order: Option<NextOrder<'a>>,
}

/// Where the ids of a strategy's own orders come from.
#[derive(Debug)]
pub struct NextOrder<'a> {
    /// Run.
    pub run: RunId,
    /// Number of the strategy.
    pub strategy: u16,
    /// Number of the next order; counted up with every use.
    pub sequence: &'a mut u64,
}

impl<'a> Context<'a> {
    /// A context over a state. Orders of a strategy's own get ids of run 0.
    pub const fn new(
        state: &'a TradingState,
        account: &'a AccountId,
        outputs: &'a mut Vec<StrategyOutput>,
    ) -> Self {
        Self { state, account, outputs, next_order: None }
    }

    /// Draws order ids from a run's sequence.
    #[must_use]
    pub fn with_order_ids(self, next_order: NextOrder<'a>) -> Self {
        Self { next_order: Some(next_order), ..self }
    }

    /// Now: the receive time of the event.
    pub const fn now(&self) -> Timestamp {
        self.state.now
    }

    /// Everything known.
    pub const fn state(&self) -> &'a TradingState {
        self.state
    }

    /// The strategy's account.
    pub fn account(&self) -> Option<&'a AccountState> {
        self.state.account(self.account)
    }

    /// An instrument's rules.
    pub fn instrument(&self, instrument: &InstrumentId) -> Option<&'a Instrument> {
        self.state.instruments.get(instrument)
    }

    /// An instrument's market.
    pub fn market(&self, instrument: &InstrumentId) -> Option<&'a InstrumentMarket> {
        self.state.market.get(instrument)
    }

    /// Mark, else last price.
    pub fn price(&self, instrument: &InstrumentId) -> Option<Price> {
        self.market(instrument)?.reference()
    }

    /// Net position: above zero is long.
    pub fn position(&self, instrument: &InstrumentId) -> Quantity {
        self.account().map_or(Quantity::ZERO, |account| account.portfolio.quantity(instrument))
    }

    /// Net position with its cost.
    pub fn position_detail(&self, instrument: &InstrumentId) -> Option<&'a Position> {
        self.account()?.portfolio.position(instrument)
    }

    /// The target in force.
    pub fn target(&self, instrument: &InstrumentId) -> Option<&'a ActiveTarget> {
        self.account()?.targets.get(instrument)
    }

    /// Orders on an instrument that may still act.
    pub fn open_orders(&self, instrument: &'a InstrumentId) -> impl Iterator<Item = &'a Order> {
        self.account().into_iter().flat_map(move |account| account.orders_on(instrument))
    }

    /// Equity in the reporting currency; `None` if a price or rate is not known.
    pub fn equity(&self) -> Option<Notional> {
        self.state.equity(self.account)
    }

    /// Risk counters, such as a halt in force.
    pub fn risk(&self) -> Option<&'a RiskState> {
        self.account().map(|account| &account.risk)
    }

    /// States how large the position should be, without protection. Saying the same twice changes nothing.
    pub fn set_target(&mut self, instrument: &InstrumentId, target: Target) {
        self.set_target_with(instrument, target, Bracket::NONE, "");
    }

    /// States how large the position should be, its protection and why.
    pub fn set_target_with(
        &mut self,
        instrument: &InstrumentId,
        target: Target,
        bracket: Bracket,
        reason: &str,
    ) {
        let (instrument, reason) = (instrument.clone(), reason.to_owned());
        self.signal(Signal { instrument, target, bracket, reason, decided: None });
    }

    /// States a complete view.
    pub fn signal(&mut self, signal: Signal) {
        self.outputs.push(StrategyOutput::Signal(signal));
    }

    /// Changes only the protection of the present position.
    pub fn set_exits(&mut self, instrument: &InstrumentId, bracket: Bracket) {
        self.outputs.push(StrategyOutput::Exits { instrument: instrument.clone(), bracket });
    }

    /// Sends an order that the strategy manages itself, and returns its id.
    pub fn submit(&mut self, draft: OrderDraft) -> ClientOrderId {
        let id = match &mut self.next_order {
            Some(next) => {
                let id = ClientOrderId::new(next.run, next.strategy, *next.sequence);
                *next.sequence += 1;
                id
            }
            None => ClientOrderId::new(RunId(0), 0, self.outputs.len() as u64),
        };
        self.outputs.push(StrategyOutput::Submit(id, draft));
        id
    }

    /// Cancels one of its own orders.
    pub fn cancel(&mut self, order: ClientOrderId) {
        self.outputs.push(StrategyOutput::Cancel(order));
    }

    /// Asks for a call of `on_timer` at an instant.
    pub fn set_timer(&mut self, id: u64, at: Timestamp) {
        self.outputs.push(StrategyOutput::Timer { id, at });
    }

    /// Asks the decision engine; the answer comes to `on_decision`.
    pub fn request_decision(&mut self, instruments: Vec<InstrumentId>) {
        self.request_decision_with(instruments, Vec::new());
    }

    /// As [`Context::request_decision`], with why the open positions were opened: it is shown with the question.
    pub fn request_decision_with(
        &mut self,
        instruments: Vec<InstrumentId>,
        theses: Vec<(InstrumentId, EntryThesis)>,
    ) {
        self.outputs.push(StrategyOutput::RequestDecision { instruments, theses });
    }

    /// Says that a decision on an instrument is not followed, and why.
    pub fn void(&mut self, instrument: &InstrumentId, reason: Reason) {
        self.outputs.push(StrategyOutput::Void { instrument: instrument.clone(), reason });
    }

    /// Words for the screen.
    pub fn say(&mut self, text: impl Into<String>) {
        self.outputs.push(StrategyOutput::Say(text.into()));
    }
}

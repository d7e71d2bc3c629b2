//! What an engine knows: the read side that strategies see. The engine's modules make the transitions.

use serde::{Deserialize, Serialize};

use crate::SortedMap;
use crate::account::{Portfolio, SeenFills};
use crate::id::{AccountId, ClientOrderId, InstrumentId};
use crate::instrument::Instrument;
use crate::market::MarketState;
use crate::money::{Notional, Quantity, Ratio};
use crate::order::{Order, OrderRole, Side};
use crate::risk::RiskState;
use crate::signal::Signal;
use crate::time::Timestamp;

/// Everything but the strategies' own state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TradingState {
    /// Receive time of the record that is being processed.
    pub now: Timestamp,
    /// Sequence number of that record.
    pub seq: u64,
    /// Instruments.
    pub instruments: SortedMap<InstrumentId, Instrument>,
    /// Markets.
    pub market: MarketState,
    /// Accounts, ordered by id.
    pub accounts: Vec<AccountState>,
}

impl TradingState {
    /// Nothing known.
    pub fn new() -> Self {
        Self {
            now: Timestamp::EPOCH,
            seq: 0,
            instruments: SortedMap::new(),
            market: MarketState::default(),
            accounts: Vec::new(),
        }
    }

    /// Declares an instrument.
    pub fn add_instrument(&mut self, instrument: Instrument) {
        self.market.add(&instrument.id);
        self.instruments.insert(instrument.id.clone(), instrument);
    }

    /// Declares an account.
    pub fn add_account(&mut self, portfolio: Portfolio, risk: RiskState) {
        let account = AccountState::new(portfolio, risk);
        let index = self.accounts.partition_point(|a| a.portfolio.account() < account.portfolio.account());
        self.accounts.insert(index, account);
    }

    /// One account.
    pub fn account(&self, id: &AccountId) -> Option<&AccountState> {
        self.accounts.iter().find(|account| account.portfolio.account() == id)
    }

    /// One account, to change it.
    pub fn account_mut(&mut self, id: &AccountId) -> Option<&mut AccountState> {
        self.accounts.iter_mut().find(|account| account.portfolio.account() == id)
    }

    /// Equity of an account in its reporting currency; `None` if a price or rate is not known.
    pub fn equity(&self, id: &AccountId) -> Option<Notional> {
        self.account(id)?.portfolio.equity(&self.market, &self.instruments)
    }
}

impl Default for TradingState {
    fn default() -> Self {
        Self::new()
    }
}

/// One account: money, orders, targets, risk counters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountState {
    /// Money and positions.
    pub portfolio: Portfolio,
    /// Orders that may still act.
    pub orders: SortedMap<ClientOrderId, Order>,
    /// What the position of each instrument should be.
    pub targets: SortedMap<InstrumentId, ActiveTarget>,
    /// Leverage by instrument, where it is not the default.
    pub leverage: SortedMap<InstrumentId, Ratio>,
    /// Leverage of all other instruments.
    pub default_leverage: Ratio,
    /// Counters for the rules.
    pub risk: RiskState,
    /// Last record that changed the position or an entry order of an instrument.
    pub changed: SortedMap<InstrumentId, u64>,
    /// Fills that were booked: the same one is not booked twice.
    #[serde(default)]
    pub seen_fills: SeenFills,
}

impl AccountState {
    fn new(portfolio: Portfolio, risk: RiskState) -> Self {
        Self {
            portfolio,
            orders: SortedMap::new(),
            targets: SortedMap::new(),
            leverage: SortedMap::new(),
            default_leverage: Ratio::ONE,
            risk,
            changed: SortedMap::new(),
            seen_fills: SeenFills::default(),
        }
    }

    /// Orders on an instrument that may still act.
    pub fn orders_on<'a>(&'a self, instrument: &'a InstrumentId) -> impl Iterator<Item = &'a Order> {
        self.orders.values().filter(move |order| order.request().instrument == *instrument)
    }

    /// Signed sum of what working orders other than protection may still add or close.
    pub fn working(&self, instrument: &InstrumentId) -> Quantity {
        self.orders_on(instrument)
            .filter(|order| matches!(order.request().role, OrderRole::Entry | OrderRole::Exit))
            .map(|order| order.request().side.signed(order.remaining()))
            .sum()
    }

    /// Like [`AccountState::working`], of the orders on one side only: what the other side may still undo
    /// makes no room.
    pub fn working_on(&self, instrument: &InstrumentId, side: Side) -> Quantity {
        self.orders_on(instrument)
            .filter(|order| matches!(order.request().role, OrderRole::Entry | OrderRole::Exit))
            .filter(|order| order.request().side == side)
            .map(|order| side.signed(order.remaining()))
            .sum()
    }

    /// True if some order on the instrument has an unknown outcome.
    pub fn has_unknown(&self, instrument: &InstrumentId) -> bool {
        self.orders_on(instrument).any(|order| order.unknown_since().is_some())
    }

    /// Leverage of an instrument.
    pub fn leverage_of(&self, instrument: &InstrumentId) -> Ratio {
        self.leverage.get(instrument).copied().unwrap_or(self.default_leverage)
    }
}

/// The target that is in force for an instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveTarget {
    /// Number of the strategy that set it.
    pub owner: u16,
    /// The view behind it.
    pub signal: Signal,
    /// Signed quantity that it came to after sizing; an estimate for one that is sized at its fill.
    pub quantity: Quantity,
    /// When it was set.
    pub set: Timestamp,
}

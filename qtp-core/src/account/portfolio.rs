//! One account's balances and positions.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Position, PositionChange};
use crate::SortedMap;
use crate::id::{AccountId, InstrumentId};
use crate::instrument::Instrument;
use crate::market::MarketState;
use crate::money::{Amount, Currency, Notional, Price, Quantity};
use crate::order::Fill;
use crate::time::Timestamp;

/// Which constraints an account is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// No margin and no funds check.
    Unconstrained,
    /// What is bought is paid in full; nothing is sold that is not there.
    Spot,
    /// One pool of margin for all positions.
    CrossMargin,
    /// Margin set aside per position.
    IsolatedMargin,
}

/// A funding payment that was made: negative when we paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FundingPayment {
    /// Account.
    pub account: AccountId,
    /// Instrument.
    pub instrument: InstrumentId,
    /// The venue's time.
    pub time: Timestamp,
    /// What we received; negative when we paid.
    pub amount: Amount,
}

/// Sums by currency.
pub type Totals = SortedMap<Currency, Decimal>;

/// Where a change of equity came from, in the reporting currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PnlSplit {
    /// Realised and open price profit, before fees and funding.
    pub price: Notional,
    /// Fees: above zero is what we paid.
    pub fees: Notional,
    /// Funding: above zero is what we received.
    pub funding: Notional,
}

impl PnlSplit {
    /// `price - fees + funding`: the change of equity without cash flows.
    pub fn total(&self) -> Notional {
        self.price - self.fees + self.funding
    }
}

/// One account: balances per currency, net positions, and running totals that explain the equity.
///
/// A balance holds what was paid in, plus realised profit, minus fees, plus funding. Equity is the
/// balances plus the open profit of each position: the same number as cash plus position value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portfolio {
    account: AccountId,
    kind: AccountKind,
    reporting: Currency,
    #[serde(with = "crate::serde_decimal::by_currency")]
    balances: Totals,
    positions: SortedMap<InstrumentId, Position>,
    #[serde(with = "crate::serde_decimal::by_currency")]
    realized: Totals,
    #[serde(with = "crate::serde_decimal::by_currency")]
    fees: Totals,
    #[serde(with = "crate::serde_decimal::by_currency")]
    funding: Totals,
    #[serde(with = "crate::serde_decimal::by_currency")]
    paid_in: Totals,
}

impl Portfolio {
    /// An account with an opening balance in its reporting currency.
    pub fn new(account: AccountId, kind: AccountKind, opening: Amount) -> Self {
        let totals: Totals = [(opening.currency, opening.value)].into_iter().collect();
        Self {
            account,
            kind,
            reporting: opening.currency,
            balances: totals.clone(),
            positions: SortedMap::new(),
            realized: SortedMap::new(),
            fees: SortedMap::new(),
            funding: SortedMap::new(),
            paid_in: totals,
        }
    }

    /// Account.
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Kind.
    pub const fn kind(&self) -> AccountKind {
        self.kind
    }

    /// The currency in which equity is stated.
    pub const fn reporting_currency(&self) -> Currency {
        self.reporting
    }

    /// Balance of a currency.
    pub fn balance(&self, currency: Currency) -> Decimal {
        self.balances.get(&currency).copied().unwrap_or_default()
    }

    /// Balances by currency.
    pub const fn balances(&self) -> &Totals {
        &self.balances
    }

    /// A position; `None` if the instrument was never traded.
    pub fn position(&self, instrument: &InstrumentId) -> Option<&Position> {
        self.positions.get(instrument)
    }

    /// Net quantity; zero if the instrument was never traded.
    pub fn quantity(&self, instrument: &InstrumentId) -> Quantity {
        self.positions.get(instrument).map_or(Quantity::ZERO, Position::quantity)
    }

    /// Positions that are not flat, ordered by instrument.
    pub fn open_positions(&self) -> impl Iterator<Item = &Position> {
        self.positions.values().filter(|position| !position.quantity().is_zero())
    }

    /// Fees paid, by currency.
    pub const fn fees(&self) -> &Totals {
        &self.fees
    }

    /// Funding received, by currency.
    pub const fn funding(&self) -> &Totals {
        &self.funding
    }

    /// Realised price profit before fees and funding, by settlement currency.
    pub const fn realized(&self) -> &Totals {
        &self.realized
    }

    /// Books an execution. A fee in the base currency of a spot buy is taken out of the position.
    pub fn apply_fill(&mut self, fill: &Fill, instrument: &Instrument) -> PositionChange {
        let position = self
            .positions
            .entry(fill.instrument.clone())
            .or_insert_with(|| Position::flat(fill.instrument.clone(), instrument.multiplier));
        let change = position.apply(fill.signed_quantity(), fill.price);
        let mut profit = change.realized.get();
        let mut paid = Decimal::ZERO;
        for fee in std::iter::once(&fill.fee).chain(&fill.builder_fee) {
            let in_base = fee.currency == instrument.base && fee.currency != instrument.settle;
            if let (true, Ok(quantity)) = (in_base, Quantity::new(fee.value)) {
                // Coins kept by the venue leave the position at the fill's price; their value is the fee.
                profit = profit.saturating_add(position.apply(-quantity, fill.price).realized.get());
                let value = instrument.notional(fill.price, quantity).get();
                add(&mut self.fees, instrument.settle, value);
                paid = paid.saturating_add(value);
                continue;
            }
            add(&mut self.fees, fee.currency, fee.value);
            if fee.currency == instrument.settle {
                paid = paid.saturating_add(fee.value);
            } else {
                add(&mut self.balances, fee.currency, -fee.value);
            }
        }
        add(&mut self.realized, instrument.settle, profit);
        add(&mut self.balances, instrument.settle, profit.saturating_sub(paid));
        change
    }

    /// Moves a position to match the venue's, at a price and without a fill.
    pub fn adjust(&mut self, instrument: &Instrument, change: Quantity, price: Price) {
        let flat = || Position::flat(instrument.id.clone(), instrument.multiplier);
        let position = self.positions.entry(instrument.id.clone()).or_insert_with(flat);
        let profit = position.apply(change, price).realized.get();
        add(&mut self.realized, instrument.settle, profit);
        add(&mut self.balances, instrument.settle, profit);
    }

    /// Books a funding payment.
    pub fn apply_funding(&mut self, payment: &FundingPayment) {
        add(&mut self.funding, payment.amount.currency, payment.amount.value);
        add(&mut self.balances, payment.amount.currency, payment.amount.value);
    }

    /// Books a deposit (above zero) or withdrawal: outside profit and loss.
    pub fn apply_cash_flow(&mut self, amount: Amount) {
        add(&mut self.paid_in, amount.currency, amount.value);
        add(&mut self.balances, amount.currency, amount.value);
    }

    /// Balances plus open profit in the reporting currency; `None` if a price or rate is not known.
    pub fn equity(
        &self,
        market: &MarketState,
        instruments: &SortedMap<InstrumentId, Instrument>,
    ) -> Option<Notional> {
        let mut equity = self.converted(&self.balances, market)?;
        for position in self.open_positions() {
            let price = market.get(position.instrument())?.reference()?;
            let settle = instruments.get(position.instrument())?.settle;
            let open = position.unrealized(price).get().saturating_mul(self.rate(settle, market)?);
            equity = equity.saturating_add(open);
        }
        Some(Notional::from_decimal(equity))
    }

    /// Sum of the magnitudes of all positions at their reference prices, in the reporting currency.
    pub fn exposure(
        &self,
        market: &MarketState,
        instruments: &SortedMap<InstrumentId, Instrument>,
    ) -> Option<Notional> {
        let mut exposure = Decimal::ZERO;
        for position in self.open_positions() {
            let price = market.get(position.instrument())?.reference()?;
            let settle = instruments.get(position.instrument())?.settle;
            let value = position.value(price).get().abs().saturating_mul(self.rate(settle, market)?);
            exposure = exposure.saturating_add(value);
        }
        Some(Notional::from_decimal(exposure))
    }

    /// What was paid in and out, in the reporting currency.
    pub fn paid_in(&self, market: &MarketState) -> Option<Notional> {
        self.converted(&self.paid_in, market).map(Notional::from_decimal)
    }

    /// Where the profit so far came from; `None` if a price or rate is not known.
    pub fn pnl(
        &self,
        market: &MarketState,
        instruments: &SortedMap<InstrumentId, Instrument>,
    ) -> Option<PnlSplit> {
        let fees = Notional::from_decimal(self.converted(&self.fees, market)?);
        let funding = Notional::from_decimal(self.converted(&self.funding, market)?);
        let change = self.equity(market, instruments)? - self.paid_in(market)?;
        Some(PnlSplit { price: change + fees - funding, fees, funding })
    }

    /// Value of a position at a price, `None` when flat.
    pub fn position_value(&self, instrument: &InstrumentId, price: Price) -> Option<Notional> {
        self.positions.get(instrument).filter(|p| !p.quantity().is_zero()).map(|p| p.value(price))
    }

    fn rate(&self, currency: Currency, market: &MarketState) -> Option<Decimal> {
        if currency == self.reporting { Some(Decimal::ONE) } else { market.rate(currency) }
    }

    fn converted(&self, totals: &Totals, market: &MarketState) -> Option<Decimal> {
        let mut sum = Decimal::ZERO;
        for (currency, value) in totals {
            if *currency == self.reporting {
                sum = sum.saturating_add(*value);
            } else if !value.is_zero() {
                sum = sum.saturating_add(value.saturating_mul(market.rate(*currency)?));
            }
        }
        Some(sum)
    }
}

fn add(totals: &mut Totals, currency: Currency, value: Decimal) {
    match totals.get_mut(&currency) {
        Some(total) => *total = total.saturating_add(value),
        None => {
            totals.insert(currency, value);
        }
    }
}

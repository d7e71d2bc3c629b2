//! One user: two simulated venues (perpetuals with margin, spot), and what the protocol remembers of them.

mod absorb;
mod orders;
mod records;
mod state;

use std::collections::{BTreeMap, HashMap, VecDeque};

use qtp_core::{
    AccountId, AccountKind, Amount, Currency, Decimal, Event, InstrumentStatus, MarkPrice, Portfolio,
    Position, Price, Ratio, Timestamp,
};

use super::market::{Asset, Market};
use crate::hyperliquid::sign::Address;
use crate::hyperliquid::wire::{AssetId, Cloid};
use crate::sim::{ChildrenRule, FeeCurrency, FeeModel, SimError, SimVenue, SimVenueConfig};

pub(super) use absorb::Counters;
pub(super) use orders::{Draft, Terms};
pub(super) use records::{FillRecord, LedgerRecord, News, OrderRecord, PaymentRecord};

/// Leverage of an asset for which none was set, where it allows that much.
const LEVERAGE: i64 = 20;
/// Orders that may be open at one time; past the first number only those that reduce or wait for a trigger are refused.
pub(super) const OPEN_ORDERS: usize = 1_000;
/// Ended orders, fills and payments that are kept.
const KEPT_ORDERS: usize = 2_000;
const KEPT_FILLS: usize = 10_000;
const KEPT_PAYMENTS: usize = 5_000;

/// What an agent may sign for.
#[derive(Debug, Clone)]
pub(super) struct Agent {
    pub address: Address,
    pub name: String,
    /// Milliseconds.
    pub valid_until: i64,
}

/// Totals of what a position received in funding.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FundingTotals {
    pub all_time: Decimal,
    pub since_open: Decimal,
    pub since_change: Decimal,
}

/// One user.
#[derive(Debug)]
pub(super) struct Account {
    pub address: Address,
    /// Whose sub-account it is.
    pub master: Option<Address>,
    pub name: String,
    pub perp: SimVenue,
    pub spot: SimVenue,
    pub open: BTreeMap<u64, OrderRecord>,
    pub ended: VecDeque<OrderRecord>,
    pub cloids: HashMap<Cloid, u64>,
    pub fills: VecDeque<FillRecord>,
    pub payments: VecDeque<PaymentRecord>,
    pub ledger: VecDeque<LedgerRecord>,
    pub agents: Vec<Agent>,
    pub subaccounts: Vec<Address>,
    pub builders: BTreeMap<Address, Decimal>,
    pub referrer: Option<String>,
    pub abstraction: String,
    /// Dollars ever traded, and those of takers.
    pub volume: Decimal,
    pub taker_volume: Decimal,
    pub requests: u64,
    pub schedule: Option<Timestamp>,
    /// What the account has not told its subscribers.
    pub news: Vec<News>,
    funding: HashMap<AssetId, FundingTotals>,
    /// The venue's own view of each position, fill by fill.
    positions: HashMap<AssetId, Position>,
    /// Market version that each asset was shown last.
    shown: HashMap<AssetId, (u64, bool)>,
}

/// Where the account's venues put their events.
pub(super) type Out = Vec<(Timestamp, Event)>;

/// The one account of each simulated venue.
fn account_id() -> Result<AccountId, SimError> {
    "user"
        .parse()
        .map_err(|error: qtp_core::ValueError| SimError::Invalid { problems: vec![error.to_string()] })
}

fn fees(maker: i64, taker: i64, currency: FeeCurrency) -> FeeModel {
    let rate = |millionths: i64| Ratio::new(Decimal::new(millionths, 6)).unwrap_or_default();
    FeeModel { maker: rate(maker), taker: rate(taker), currency, builder: None }
}

impl Account {
    /// An account with nothing in it.
    pub(super) fn new<'a>(
        address: Address,
        assets: impl Iterator<Item = &'a Asset> + Clone,
        halted: impl Fn(AssetId) -> bool,
    ) -> Result<Self, SimError> {
        let base = SimVenueConfig {
            children: ChildrenRule::NormalTpsl,
            leverage: Ratio::new(LEVERAGE.into()).unwrap_or(Ratio::ONE),
            max_open_orders: OPEN_ORDERS * 5,
            // The protocol's own records are kept here; the venue needs only its last fill.
            history: 16,
            ..SimVenueConfig::default()
        };
        let venue = |kind: AccountKind, fees: FeeModel, spot: bool| {
            let portfolio = Portfolio::new(account_id()?, kind, Amount::zero(Currency::USDC));
            let instruments = assets.clone().filter(|asset| asset.is_spot() == spot).map(|asset| {
                let mut instrument = asset.instrument.clone();
                if halted(asset.id) {
                    instrument.status = InstrumentStatus::Halted;
                }
                instrument
            });
            SimVenue::new(SimVenueConfig { fees, ..base.clone() }, portfolio, instruments.collect())
        };
        Ok(Self {
            address,
            master: None,
            name: String::new(),
            perp: venue(AccountKind::CrossMargin, fees(150, 450, FeeCurrency::Settle), false)?,
            spot: venue(AccountKind::Spot, fees(400, 700, FeeCurrency::BaseOnSpotBuys), true)?,
            open: BTreeMap::new(),
            ended: VecDeque::new(),
            cloids: HashMap::new(),
            fills: VecDeque::new(),
            payments: VecDeque::new(),
            ledger: VecDeque::new(),
            agents: Vec::new(),
            subaccounts: Vec::new(),
            builders: BTreeMap::new(),
            referrer: None,
            abstraction: "default".to_owned(),
            volume: Decimal::ZERO,
            taker_volume: Decimal::ZERO,
            requests: 0,
            schedule: None,
            news: Vec::new(),
            funding: HashMap::new(),
            positions: HashMap::new(),
            shown: HashMap::new(),
        })
    }

    pub(super) fn venue(&mut self, asset: AssetId) -> &mut SimVenue {
        if asset.is_spot() { &mut self.spot } else { &mut self.perp }
    }

    pub(super) fn position(&self, asset: AssetId) -> Option<&Position> {
        self.positions.get(&asset).filter(|position| !position.quantity().is_zero())
    }

    /// True if a tick of the asset can change something here.
    pub(super) fn is_touched_by(&self, asset: AssetId) -> bool {
        let holds = !asset.is_spot() && self.position(asset).is_some();
        holds || self.open.values().any(|order| order.asset == asset)
    }

    /// True if a client id belongs to an order that was accepted.
    pub(super) fn is_taken(&self, cloid: Cloid) -> bool {
        let Some(oid) = self.cloids.get(&cloid) else { return false };
        let ended = || self.ended.iter().rev().find(|order| order.oid == *oid);
        self.open.contains_key(oid)
            || ended().is_some_and(|order| !order.status.to_lowercase().ends_with("rejected"))
    }

    /// Orders that may be open: one more for each 5 million dollars traded, 5000 at most.
    pub(super) fn order_cap(&self) -> usize {
        let more = (self.volume / Decimal::from(5_000_000)).trunc().to_string().parse().unwrap_or(0);
        (OPEN_ORDERS + more).min(5 * OPEN_ORDERS)
    }

    /// Keeps a line of the ledger.
    pub(super) fn keep(&mut self, record: LedgerRecord) {
        if self.ledger.len() >= KEPT_PAYMENTS {
            self.ledger.pop_front();
        }
        self.ledger.push_back(record.clone());
        self.news.push(News::Ledger(record));
    }

    /// Money that comes in (negative: goes out), in USDC.
    pub(super) fn pay_in(&mut self, amount: Decimal, spot: bool, now: Timestamp) {
        let venue = if spot { &mut self.spot } else { &mut self.perp };
        let account = venue.portfolio().account().clone();
        let event = Event::CashFlow { account, amount: Amount::new(amount, Currency::USDC) };
        venue.on_market(&event, now, &mut Out::new());
    }

    /// Shows what the market is now: fires triggers, liquidates, fills what the book reaches.
    pub(super) fn show(&mut self, market: &Market, now: Timestamp, out: &mut Out) {
        let asset = market.asset.id;
        let known = self.shown.insert(asset, (market.version, market.halted));
        let id = &market.asset.instrument.id;
        if known.map_or(market.halted, |known| known.1 != market.halted) {
            let status = if market.halted { InstrumentStatus::Halted } else { InstrumentStatus::Trading };
            self.venue(asset).on_market(
                &Event::InstrumentStatus { instrument: id.clone(), status },
                now,
                out,
            );
        }
        let (Some(price), Some(book)) = (market.price, &market.book) else { return };
        let venue = self.venue(asset);
        if known.is_none_or(|known| known.0 != market.version) {
            let mark = MarkPrice { instrument: id.clone(), time: now, mark: price, index: Some(price) };
            venue.on_market(&Event::Mark(mark), now, out);
        }
        venue.on_market(&Event::Book(book.clone()), now, out);
    }

    /// Coins or dollars that are free to leave the spot account.
    pub(super) fn spot_free(&self, market: Option<&Market>) -> Decimal {
        match market {
            Some(market) => {
                let total =
                    self.position(market.asset.id).map_or(Decimal::ZERO, |held| held.quantity().get());
                total - self.held(market.asset.id)
            }
            None => self.spot_cash() - self.held_cash(),
        }
    }

    /// USDC of the spot account.
    pub(super) fn spot_cash(&self) -> Decimal {
        let portfolio = self.spot.portfolio();
        let spent: Decimal = portfolio.open_positions().map(|position| position.cost().get()).sum();
        portfolio.balance(Currency::USDC) - spent
    }

    /// Coins that open sells lock.
    pub(super) fn held(&self, asset: AssetId) -> Decimal {
        let sells = self.open.values().filter(|order| order.asset == asset && !order.is_buy);
        sells.map(OrderRecord::remaining).sum()
    }

    /// USDC that open spot buys lock.
    pub(super) fn held_cash(&self) -> Decimal {
        let buys = self.open.values().filter(|order| order.asset.is_spot() && order.is_buy);
        buys.map(|order| order.remaining() * order.price).sum()
    }

    /// Moves coins in or out of the spot account, at a price.
    pub(super) fn move_coins(&mut self, asset: &Asset, amount: Decimal, price: Price, now: Timestamp) {
        let Ok(quantity) = qtp_core::Quantity::new(amount) else { return };
        self.spot.adjust(&asset.instrument.id, quantity, price);
        // What was moved was neither bought nor sold.
        self.pay_in(amount * price.get(), true, now);
        let multiplier = asset.instrument.multiplier;
        let flat = || Position::flat(asset.instrument.id.clone(), multiplier);
        self.positions.entry(asset.id).or_insert_with(flat).apply(quantity, price);
    }
}

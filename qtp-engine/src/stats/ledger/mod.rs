//! Exact round trips from account facts.

mod book;
mod totals;
mod trip;

use std::collections::VecDeque;
use std::time::Duration;

use qtp_core::{
    AccountId, Fill, FundingPayment, Instrument, InstrumentId, Notional, Price, Quantity, Timestamp,
};
use serde::{Deserialize, Serialize};

use book::Book;
pub use totals::TripTotals;
pub use trip::{OpenTrip, RoundTrip, TripSide};

/// Which closed round trips stay in memory. The totals count all of them in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Every one.
    #[default]
    All,
    /// The first and the latest few.
    Ends {
        /// How many of the first.
        first: usize,
        /// How many of the latest.
        latest: usize,
    },
    /// None.
    Nothing,
}

/// Turns fills and funding payments into round trips.
///
/// A round trip runs from flat to flat, or to a flip: a fill that crosses closes one trip and opens the
/// next, and its fee is split by quantity so that the two parts sum. Its price profit is what the exits
/// brought minus what the entries cost, so no division enters a closed trip's profit. The sum of the
/// closed nets, the open trips' `realized - fees + funding`, their open profit and
/// [`TradeLedger::unattributed`] is the change of equity.
///
/// Amounts are in the reporting currency: the caller converts fees and funding. Price profit is taken in
/// the settlement currency, which must therefore equal the reporting currency.
///
/// ```
/// use qtp_engine::stats::{Keep, TradeLedger};
/// let ledger = TradeLedger::new(Keep::All);
/// assert_eq!(ledger.totals().round_trips, 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TradeLedger {
    keep: Keep,
    /// Ordered by instrument, then account.
    books: Vec<Book>,
    first: Vec<RoundTrip>,
    latest: VecDeque<RoundTrip>,
    totals: TripTotals,
    fills: u64,
    fees: Notional,
    funding: Notional,
    unattributed: Notional,
    traded: f64,
    open: usize,
    exposed_since: Timestamp,
    exposed: Duration,
}

impl TradeLedger {
    /// An empty ledger.
    pub fn new(keep: Keep) -> Self {
        Self { keep, ..Self::default() }
    }

    /// Books an execution. `fee_value` is the whole fee, builder fees included, in the reporting currency;
    /// negative is a rebate. A fee that the venue keeps in base coins also leaves the position.
    pub fn on_fill(&mut self, fill: &Fill, instrument: &Instrument, fee_value: Notional) {
        self.fills += 1;
        self.fees += fee_value;
        self.traded += instrument.notional(fill.price, fill.quantity).to_f64();
        let index = self.book(&fill.account, instrument);
        let Some(book) = self.books.get_mut(index) else { return };
        let was_open = !book.is_flat();
        let change = net_change(fill, instrument);
        if change.is_zero() && !was_open {
            self.unattributed -= fee_value;
            return;
        }
        let closed = book.apply(fill, change, fee_value);
        let is_open = !book.is_flat();
        self.count_open(was_open, is_open, fill.time);
        if let Some(trip) = closed {
            self.totals.add(&trip);
            self.retain(trip);
        }
    }

    /// Books a funding payment; `value` is the payment in the reporting currency, above zero if received.
    /// A payment that comes after its trip has closed goes to [`TradeLedger::unattributed`].
    pub fn on_funding(&mut self, payment: &FundingPayment, value: Notional) {
        self.funding += value;
        let found = self.position(&payment.account, &payment.instrument);
        match found.ok().and_then(|index| self.books.get_mut(index)) {
            Some(book) if !book.is_flat() => book.add_funding(value),
            _ => self.unattributed += value,
        }
    }

    /// Notes the protective stop of the open trip, or of the next one if there is none yet. The first one
    /// of a trip is the risk that was taken; later ones are kept as [`RoundTrip::last_stop`].
    pub fn note_stop(&mut self, account: &AccountId, instrument: &Instrument, stop: Price) {
        let index = self.book(account, instrument);
        if let Some(book) = self.books.get_mut(index) {
            book.note_stop(stop);
        }
    }

    /// Notes the range that was traded while a position stood, for the excursions of its trip. Optional.
    pub fn on_range(&mut self, account: &AccountId, instrument: &InstrumentId, high: f64, low: f64) {
        let found = self.position(account, instrument);
        if let Some(book) = found.ok().and_then(|index| self.books.get_mut(index)) {
            book.on_range(high, low);
        }
    }

    /// Totals over all closed trips.
    pub const fn totals(&self) -> &TripTotals {
        &self.totals
    }

    /// The closed trips that were kept, oldest first.
    pub fn trips(&self) -> impl Iterator<Item = &RoundTrip> + Clone {
        self.first.iter().chain(&self.latest)
    }

    /// The open trips with their costs so far, ordered by instrument, then account.
    pub fn open_trips(&self) -> impl Iterator<Item = OpenTrip> + '_ {
        self.books.iter().filter_map(Book::open_trip)
    }

    /// Number of fills.
    pub const fn fills(&self) -> u64 {
        self.fills
    }

    /// All fees, those of open trips included; above zero is what we paid.
    pub const fn fees(&self) -> Notional {
        self.fees
    }

    /// All funding, above zero is what we received.
    pub const fn funding(&self) -> Notional {
        self.funding
    }

    /// Funding and fees (as a negative) that belong to no trip: paid while flat.
    pub const fn unattributed(&self) -> Notional {
        self.unattributed
    }

    /// Sum of the magnitudes of all fills: a measure of activity, so a float will do.
    pub const fn traded(&self) -> f64 {
        self.traded
    }

    /// How long any position stood, up to `now`.
    pub fn exposed(&self, now: Timestamp) -> Duration {
        if self.open == 0 { self.exposed } else { self.exposed + now.since(self.exposed_since) }
    }

    fn position(&self, account: &AccountId, instrument: &InstrumentId) -> Result<usize, usize> {
        self.books.binary_search_by(|book| book.key().cmp(&(instrument, account)))
    }

    fn book(&mut self, account: &AccountId, instrument: &Instrument) -> usize {
        match self.position(account, &instrument.id) {
            Ok(index) => index,
            Err(index) => {
                self.books.insert(index, Book::new(account.clone(), instrument));
                index
            }
        }
    }

    fn count_open(&mut self, was_open: bool, is_open: bool, time: Timestamp) {
        match (was_open, is_open) {
            (false, true) => {
                if self.open == 0 {
                    self.exposed_since = time;
                }
                self.open += 1;
            }
            (true, false) => {
                self.open -= 1;
                if self.open == 0 {
                    self.exposed += time.since(self.exposed_since);
                }
            }
            _ => {}
        }
    }

    fn retain(&mut self, trip: RoundTrip) {
        match self.keep {
            Keep::All => self.first.push(trip),
            Keep::Ends { first, .. } if self.first.len() < first => self.first.push(trip),
            Keep::Ends { latest, .. } if latest > 0 => {
                if self.latest.len() >= latest {
                    self.latest.pop_front();
                }
                self.latest.push_back(trip);
            }
            Keep::Ends { .. } | Keep::Nothing => {}
        }
    }
}

/// What the fill did to the position: a fee in base coins is taken out of what was bought, as in
/// [`qtp_core::Portfolio::apply_fill`].
fn net_change(fill: &Fill, instrument: &Instrument) -> Quantity {
    let mut change = fill.signed_quantity();
    for fee in std::iter::once(&fill.fee).chain(&fill.builder_fee) {
        if fee.currency == instrument.base
            && fee.currency != instrument.settle
            && let Ok(coins) = Quantity::new(fee.value)
        {
            change -= coins;
        }
    }
    change
}

//! One instrument of one account: the position and the trip that is open.

use qtp_core::{
    AccountId, Decimal, Fill, Instrument, InstrumentId, Notional, Position, Price, Quantity, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::trip::{OpenTrip, RoundTrip, TripSide};

/// Average prices are quotients; more digits than this say nothing.
const PRICE_DIGITS: u32 = 18;
/// A share of a fee gets this many decimals, so that both shares sum to the fee.
const FEE_DECIMALS: u32 = 12;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Book {
    account: AccountId,
    position: Position,
    #[serde(with = "qtp_core::serde_decimal")]
    multiplier: Decimal,
    trip: Option<Running>,
    next_stop: Option<Price>,
}

/// The trip that is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Running {
    side: TripSide,
    entry_time: Timestamp,
    largest: Quantity,
    entries: Leg,
    exits: Leg,
    fees: Notional,
    funding: Notional,
    stop: Option<Price>,
    last_stop: Option<Price>,
    range: Option<(f64, f64)>,
}

/// The fills of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Leg {
    quantity: Quantity,
    value: Notional,
    fills: u32,
    last_price: Option<Price>,
}

impl Leg {
    fn add(&mut self, quantity: Quantity, price: Price, multiplier: Decimal) {
        let value = price.notional(quantity);
        let whole = multiplier == Decimal::ONE;
        self.value +=
            if whole { value } else { Notional::from_decimal(value.get().saturating_mul(multiplier)) };
        self.quantity += quantity;
        self.fills += 1;
        self.last_price = Some(price);
    }

    fn average(&self, multiplier: Decimal) -> Option<Price> {
        if self.fills == 1 {
            return self.last_price;
        }
        self.quotient(multiplier).or(self.last_price)
    }

    fn quotient(&self, multiplier: Decimal) -> Option<Price> {
        let units = self.quantity.get().checked_mul(multiplier)?;
        let value = self.value.get().checked_div(units)?.round_sf(PRICE_DIGITS)?;
        Price::new(value).ok()
    }
}

impl Book {
    pub(super) fn new(account: AccountId, instrument: &Instrument) -> Self {
        let position = Position::flat(instrument.id.clone(), instrument.multiplier);
        Self { account, position, multiplier: instrument.multiplier, trip: None, next_stop: None }
    }

    pub(super) const fn key(&self) -> (&InstrumentId, &AccountId) {
        (self.position.instrument(), &self.account)
    }

    pub(super) const fn is_flat(&self) -> bool {
        self.trip.is_none()
    }

    /// Moves the position by `change` at the fill's price; returns the trip that this closed.
    pub(super) fn apply(&mut self, fill: &Fill, change: Quantity, fee: Notional) -> Option<RoundTrip> {
        let moved = self.position.apply(change, fill.price);
        let (closing, opening) = split_fee(fee, moved.closed, moved.opened);
        let mut closed = None;
        if let Some(trip) = &mut self.trip {
            if moved.closed.signum() > 0 {
                trip.fees += closing;
                trip.exits.add(moved.closed, fill.price, self.multiplier);
                if self.position.quantity().is_zero() || moved.opened.signum() > 0 {
                    closed = self.finish(fill.time);
                }
            } else if moved.opened.is_zero() {
                trip.fees += fee;
            }
        }
        if moved.opened.signum() > 0 {
            self.enter(fill, moved.opened, opening);
        }
        closed
    }

    pub(super) fn add_funding(&mut self, value: Notional) {
        if let Some(trip) = &mut self.trip {
            trip.funding += value;
        }
    }

    pub(super) fn note_stop(&mut self, stop: Price) {
        match &mut self.trip {
            Some(trip) => {
                trip.stop = trip.stop.or(Some(stop));
                trip.last_stop = Some(stop);
            }
            None => self.next_stop = Some(stop),
        }
    }

    pub(super) fn on_range(&mut self, high: f64, low: f64) {
        if let Some(trip) = &mut self.trip {
            let (highest, lowest) = trip.range.unwrap_or((high, low));
            trip.range = Some((highest.max(high), lowest.min(low)));
        }
    }

    pub(super) fn open_trip(&self) -> Option<OpenTrip> {
        let trip = self.trip.as_ref()?;
        let cost = self.position.cost();
        Some(OpenTrip {
            account: self.account.clone(),
            instrument: self.position.instrument().clone(),
            side: trip.side,
            quantity: self.position.quantity().abs(),
            entry_time: trip.entry_time,
            entry_price: trip.entries.average(self.multiplier)?,
            realized: trip.gross() + cost,
            cost,
            fees: trip.fees,
            funding: trip.funding,
            fills: trip.entries.fills + trip.exits.fills,
            stop: trip.stop,
            last_stop: trip.last_stop,
            multiplier: self.multiplier,
        })
    }

    fn enter(&mut self, fill: &Fill, opened: Quantity, fee: Notional) {
        let quantity = self.position.quantity();
        let stop = &mut self.next_stop;
        let trip = self.trip.get_or_insert_with(|| {
            let stop = stop.take();
            let side = if quantity.signum() > 0 { TripSide::Long } else { TripSide::Short };
            Running::new(side, fill.time, stop)
        });
        trip.entries.add(opened, fill.price, self.multiplier);
        trip.fees += fee;
        trip.largest = trip.largest.max(quantity.abs());
    }

    fn finish(&mut self, time: Timestamp) -> Option<RoundTrip> {
        let trip = self.trip.take()?;
        let gross = trip.gross();
        let entry_price = trip.entries.average(self.multiplier)?;
        let (adverse, favourable) = trip.excursions(entry_price);
        Some(RoundTrip {
            account: self.account.clone(),
            instrument: self.position.instrument().clone(),
            side: trip.side,
            quantity: trip.largest,
            entry_time: trip.entry_time,
            exit_time: time,
            entry_price,
            exit_price: trip.exits.average(self.multiplier)?,
            gross,
            fees: trip.fees,
            funding: trip.funding,
            net: gross - trip.fees + trip.funding,
            fills: trip.entries.fills + trip.exits.fills,
            stop: trip.stop,
            last_stop: trip.last_stop,
            adverse,
            favourable,
        })
    }
}

impl Running {
    fn new(side: TripSide, entry_time: Timestamp, stop: Option<Price>) -> Self {
        Self {
            side,
            entry_time,
            largest: Quantity::ZERO,
            entries: Leg::default(),
            exits: Leg::default(),
            fees: Notional::ZERO,
            funding: Notional::ZERO,
            stop,
            last_stop: stop,
            range: None,
        }
    }

    /// What the exits brought minus what the entries cost: the price profit once the trip is flat.
    fn gross(&self) -> Notional {
        match self.side {
            TripSide::Long => self.exits.value - self.entries.value,
            TripSide::Short => self.entries.value - self.exits.value,
        }
    }

    fn excursions(&self, entry: Price) -> (Option<f64>, Option<f64>) {
        let Some((high, low)) = self.range else { return (None, None) };
        let entry = entry.to_f64();
        let (up, down) = (((high - entry) / entry).max(0.0), ((entry - low) / entry).max(0.0));
        match self.side {
            TripSide::Long => (Some(down), Some(up)),
            TripSide::Short => (Some(up), Some(down)),
        }
    }
}

/// The fee's shares of the closed and of the opened part. They sum to the fee.
fn split_fee(fee: Notional, closed: Quantity, opened: Quantity) -> (Notional, Notional) {
    if opened.is_zero() {
        return (fee, Notional::ZERO);
    }
    if closed.is_zero() {
        return (Notional::ZERO, fee);
    }
    let decimals = fee.get().scale().max(FEE_DECIMALS);
    let share = closed.get().checked_div((closed + opened).get());
    let share = share.and_then(|share| fee.get().checked_mul(share)).unwrap_or_default();
    let closing = Notional::from_decimal(share.round_dp(decimals));
    (closing, fee - closing)
}

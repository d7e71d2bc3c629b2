//! One instrument of one account: the position and the trip that is open.

use std::cmp::Ordering;

use qtp_core::{AccountId, Decimal, Fill, Instrument, InstrumentId, Notional, Price, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use super::trip::{OpenTrip, RoundTrip, TripSide};

/// Average prices are quotients; more digits than this say nothing.
const PRICE_DIGITS: u32 = 18;
/// Decimals of the cost that a partial close moves, as in the account: sums with it stay exact.
const COST_DECIMALS: u32 = 16;
/// A share of a fee gets so many decimals, or as many as the fee has, so that both shares sum to the fee.
const FEE_DECIMALS: u32 = 8;

/// Quantity and cost move as those of [`qtp_core::Position`], to the same digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Book {
    account: AccountId,
    instrument: InstrumentId,
    /// Base units per contract, unless that is one.
    multiplier: Option<Decimal>,
    held: Quantity,
    cost: Notional,
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
    fn add(&mut self, quantity: Quantity, value: Notional, price: Price) {
        // Most legs have one fill, and a sum costs more than a copy.
        if self.fills == 0 {
            (self.value, self.quantity) = (value, quantity);
        } else {
            self.value += value;
            self.quantity += quantity;
        }
        self.fills += 1;
        self.last_price = Some(price);
    }

    fn average(&self, multiplier: Option<Decimal>) -> Option<Price> {
        if self.fills == 1 {
            return self.last_price;
        }
        self.quotient(multiplier).or(self.last_price)
    }

    fn quotient(&self, multiplier: Option<Decimal>) -> Option<Price> {
        let units = self.quantity.get().checked_mul(multiplier.unwrap_or(Decimal::ONE))?;
        let value = self.value.get().checked_div(units)?.round_sf(PRICE_DIGITS)?;
        Price::new(value).ok()
    }
}

impl Book {
    pub(super) fn new(account: AccountId, instrument: &Instrument) -> Self {
        Self {
            account,
            instrument: instrument.id.clone(),
            multiplier: (instrument.multiplier != Decimal::ONE).then_some(instrument.multiplier),
            held: Quantity::ZERO,
            cost: Notional::ZERO,
            trip: None,
            next_stop: None,
        }
    }

    pub(super) const fn key(&self) -> (&InstrumentId, &AccountId) {
        (&self.instrument, &self.account)
    }

    pub(super) const fn is_flat(&self) -> bool {
        self.trip.is_none()
    }

    /// Moves the position by `change` at the fill's price; returns the trip that this closed.
    pub(super) fn apply(&mut self, fill: &Fill, change: Quantity, fee: Notional) -> Option<RoundTrip> {
        let size = change.abs();
        if self.held.signum() * change.signum() >= 0 {
            self.enter(fill, change, fee);
            return None;
        }
        match size.cmp(&self.held.abs()) {
            Ordering::Less => {
                self.leave(fill, change, fee);
                None
            }
            Ordering::Equal => self.close(fill, fee),
            Ordering::Greater => {
                let opened = self.held + change;
                let (closing, opening) = split_fee(fee, self.held.abs(), size);
                let closed = self.close(fill, closing);
                self.enter(fill, opened, opening);
                closed
            }
        }
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
        Some(OpenTrip {
            account: self.account.clone(),
            instrument: self.instrument.clone(),
            side: trip.side,
            quantity: self.held.abs(),
            entry_time: trip.entry_time,
            entry_price: trip.entries.average(self.multiplier)?,
            realized: trip.gross() + self.cost,
            cost: self.cost,
            fees: trip.fees,
            funding: trip.funding,
            fills: trip.entries.fills + trip.exits.fills,
            stop: trip.stop,
            last_stop: trip.last_stop,
            multiplier: self.multiplier.unwrap_or(Decimal::ONE),
        })
    }

    fn value(&self, price: Price, quantity: Quantity) -> Notional {
        let value = price.notional(quantity);
        match self.multiplier {
            None => value,
            Some(multiplier) => value.times(multiplier),
        }
    }

    /// Opens or adds; a change of zero only costs its fee.
    fn enter(&mut self, fill: &Fill, change: Quantity, fee: Notional) {
        let (signed, size) = (self.value(fill.price, change), change.abs());
        let Some(trip) = &mut self.trip else {
            (self.cost, self.held) = (signed, change);
            let side = if change.signum() > 0 { TripSide::Long } else { TripSide::Short };
            let entries = Leg { quantity: size, value: signed.abs(), fills: 1, last_price: Some(fill.price) };
            self.trip = Some(Running::new(side, fill.time, entries, fee, self.next_stop.take()));
            return;
        };
        trip.fees += fee;
        if !change.is_zero() {
            self.cost += signed;
            self.held += change;
            trip.entries.add(size, signed.abs(), fill.price);
            trip.largest = trip.largest.max(self.held.abs());
        }
    }

    /// Closes a part, which takes its share of the cost along.
    fn leave(&mut self, fill: &Fill, change: Quantity, fee: Notional) {
        let (cost, held) = (self.cost.get(), self.held.get().abs());
        let share = cost.checked_mul(change.get().abs()).and_then(|product| product.checked_div(held));
        let share = share.or_else(|| cost.checked_div(held)?.checked_mul(change.get().abs()));
        self.cost -= Notional::from_decimal(share.unwrap_or(cost).round_dp(COST_DECIMALS));
        self.held += change;
        let value = self.value(fill.price, change.abs());
        if let Some(trip) = &mut self.trip {
            trip.fees += fee;
            trip.exits.add(change.abs(), value, fill.price);
        }
    }

    fn close(&mut self, fill: &Fill, fee: Notional) -> Option<RoundTrip> {
        let closed = self.held.abs();
        let value = self.value(fill.price, closed);
        self.held = Quantity::ZERO;
        self.cost = Notional::ZERO;
        let trip = self.trip.as_mut()?;
        trip.fees += fee;
        trip.exits.add(closed, value, fill.price);
        self.finish(fill.time)
    }

    fn finish(&mut self, time: Timestamp) -> Option<RoundTrip> {
        let trip = self.trip.as_ref()?;
        let gross = trip.gross();
        let earned = if trip.funding.is_zero() { gross } else { gross + trip.funding };
        let entry_price = trip.entries.average(self.multiplier)?;
        let (adverse, favourable) = trip.excursions(entry_price);
        let closed = RoundTrip {
            account: self.account.clone(),
            instrument: self.instrument.clone(),
            side: trip.side,
            quantity: trip.largest,
            entry_time: trip.entry_time,
            exit_time: time,
            entry_price,
            exit_price: trip.exits.average(self.multiplier)?,
            gross,
            fees: trip.fees,
            funding: trip.funding,
            net: earned - trip.fees,
            fills: trip.entries.fills + trip.exits.fills,
            stop: trip.stop,
            last_stop: trip.last_stop,
            adverse,
            favourable,
        };
        self.trip = None;
        Some(closed)
    }
}

impl Running {
    fn new(side: TripSide, entry_time: Timestamp, entries: Leg, fees: Notional, stop: Option<Price>) -> Self {
        Self {
            side,
            entry_time,
            largest: entries.quantity,
            entries,
            exits: Leg::default(),
            fees,
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

/// The fee's shares of the closed part and of the rest of `size`. They sum to the fee.
fn split_fee(fee: Notional, closed: Quantity, size: Quantity) -> (Notional, Notional) {
    let fee = fee.get();
    let decimals = fee.scale().max(FEE_DECIMALS);
    let share = integer_share(fee, closed.get(), size.get(), decimals).or_else(|| {
        let share = closed.get().checked_div(size.get())?;
        Some(fee.checked_mul(share)?.round_dp(decimals))
    });
    let closing = share.unwrap_or_default();
    (Notional::from_decimal(closing), Notional::from_decimal(fee - closing))
}

/// `fee * part / whole`, cut to so many decimals, in integers: a decimal division is many times slower.
fn integer_share(fee: Decimal, part: Decimal, whole: Decimal, decimals: u32) -> Option<Decimal> {
    let scale = part.scale().max(whole.scale());
    let (part, whole) = (mantissa(part, scale)?, mantissa(whole, scale)?);
    let share = mantissa(fee, decimals)?.checked_mul(part)?.checked_div(whole)?;
    Decimal::try_from_i128_with_scale(share, decimals).ok()
}

/// The digits of a value at a scale that is not below its own.
fn mantissa(value: Decimal, scale: u32) -> Option<i128> {
    match scale.checked_sub(value.scale())? {
        0 => Some(value.mantissa()),
        more => value.mantissa().checked_mul(10_i128.checked_pow(more)?),
    }
}

//! Running totals over closed round trips.

use qtp_core::Notional;
use qtp_core::money::nearest_f64;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::RoundTrip;

/// Totals over all closed round trips. Money is exact; the spread of the nets is kept in floats.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct TripTotals {
    /// How many closed.
    pub round_trips: u64,
    /// Those with a net above zero.
    pub wins: u64,
    /// Sum of the nets.
    pub net: Notional,
    /// Sum of the price profits above zero, before costs.
    pub gross_profit: Notional,
    /// Sum of the nets below zero, as a magnitude.
    pub lost: Notional,
    /// Largest net.
    pub best: Option<Notional>,
    /// Smallest net.
    pub worst: Option<Notional>,
    mean: f64,
    squares: f64,
}

impl TripTotals {
    /// Counts a closed trip.
    pub fn add(&mut self, trip: &RoundTrip) {
        self.round_trips += 1;
        self.net += trip.net;
        if trip.gross.signum() > 0 {
            self.gross_profit += trip.gross;
        }
        match trip.net.signum() {
            1 => self.wins += 1,
            -1 => self.lost -= trip.net,
            _ => {}
        }
        self.best = Some(self.best.map_or(trip.net, |best| best.max(trip.net)));
        self.worst = Some(self.worst.map_or(trip.net, |worst| worst.min(trip.net)));
        // Welford (1962): one pass without cancellation.
        let net = nearest_f64(trip.net.get());
        let from_mean = net - self.mean;
        self.mean += from_mean / self.round_trips as f64;
        self.squares += from_mean * (net - self.mean);
    }

    /// Sum of the nets above zero.
    pub fn won(&self) -> Notional {
        self.net + self.lost
    }

    /// Mean net of a trip; `None` without trips.
    pub fn mean(&self) -> Option<Notional> {
        self.net.get().checked_div(Decimal::from(self.round_trips)).map(Notional::from_decimal)
    }

    /// Sample deviation of the nets; `None` below two trips.
    pub fn deviation(&self) -> Option<f64> {
        (self.round_trips > 1).then(|| (self.squares / (self.round_trips - 1) as f64).sqrt())
    }

    /// Share of trips that won; `None` without trips.
    pub fn win_rate(&self) -> Option<f64> {
        (self.round_trips > 0).then(|| self.wins as f64 / self.round_trips as f64)
    }

    /// What was won per unit lost; `None` if nothing was lost.
    pub fn profit_factor(&self) -> Option<f64> {
        (!self.lost.is_zero()).then(|| self.won().to_f64() / self.lost.to_f64())
    }
}

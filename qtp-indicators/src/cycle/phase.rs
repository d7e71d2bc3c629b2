//! Phase of the dominant cycle, and the trend line that removes it.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{
    hilbert::{Cycle, DEGREES, Hilbert},
    turns::{LONGEST, TURNS},
};

/// The last 50 numbers, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recent {
    #[serde(with = "cells")]
    ring: [f64; 50],
    next: usize,
}

mod cells {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(ring: &[f64; 50], serializer: S) -> Result<S::Ok, S::Error> {
        ring.as_slice().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[f64; 50], D::Error> {
        let cells = Vec::<f64>::deserialize(deserializer)?;
        cells.try_into().map_err(|_| D::Error::custom("not 50 cells"))
    }
}

impl Recent {
    pub(crate) const EMPTY: Self = Self { ring: [0.0; 50], next: 0 };

    pub(crate) fn push(&mut self, x: f64) {
        self.ring[self.next % 50] = x;
        self.next = (self.next + 1) % 50;
    }

    /// The last `n` numbers, newest first.
    pub(crate) fn last(&self, n: usize) -> impl Iterator<Item = f64> + '_ {
        let (newer, older) = self.ring.split_at(self.next % 50);
        newer.iter().rev().chain(older.iter().rev()).copied().take(n)
    }
}

/// The discriminator with the phase of the dominant cycle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Phase {
    hilbert: Hilbert,
    smoothed: Recent,
    degrees: f64,
}

/// Candles until the phase is reported.
pub(crate) const WARMUP: usize = 64;
/// Candle from which the discriminator runs.
pub(crate) const START: usize = 37;

impl Phase {
    pub(crate) fn new() -> Self {
        LazyLock::force(&TURNS);
        Self { hilbert: Hilbert::new(START), smoothed: Recent::EMPTY, degrees: 0.0 }
    }

    pub(crate) fn warm(&self) -> bool {
        self.hilbert.count() >= WARMUP
    }

    /// Takes a price; the cycle and its phase in degrees once the discriminator runs.
    pub(crate) fn step(&mut self, x: f64) -> Option<(Cycle, f64)> {
        let cycle = self.hilbert.step(x)?;
        self.smoothed.push(cycle.smoothed);
        let n = whole(cycle.period);
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (price, (sine, cosine)) in self.smoothed.last(n).zip(&TURNS[n]) {
            real += sine * price;
            imaginary += cosine * price;
        }
        if imaginary != 0.0 {
            self.degrees = libm::atan(real / imaginary) * DEGREES;
        } else if real < 0.0 {
            self.degrees -= 90.0;
        } else if real > 0.0 {
            self.degrees += 90.0;
        }
        self.degrees += 90.0;
        // One candle's lag of the weighted price.
        self.degrees += 360.0 / cycle.period;
        if imaginary < 0.0 {
            self.degrees += 180.0;
        }
        if self.degrees > 315.0 {
            self.degrees -= 360.0;
        }
        Some((cycle, self.degrees))
    }
}

/// The cycle's length in whole candles.
pub(crate) fn whole(period: f64) -> usize {
    ((period + 0.5) as usize).min(LONGEST - 1)
}

/// Mean of the raw prices over the dominant cycle, smoothed over four candles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trend {
    prices: Recent,
    means: [f64; 3],
}

impl Trend {
    pub(crate) const EMPTY: Self = Self { prices: Recent::EMPTY, means: [0.0; 3] };

    pub(crate) fn push(&mut self, x: f64) {
        self.prices.push(x);
    }

    pub(crate) fn line(&mut self, period: f64) -> f64 {
        let n = whole(period);
        let sum = self.prices.last(n).fold(0.0, |sum, price| sum + price);
        self.mean(n, sum)
    }

    /// Goes on with the mean of `n` prices of that sum.
    #[inline(always)]
    pub(crate) fn mean(&mut self, n: usize, sum: f64) -> f64 {
        let mean = if n > 0 { sum / n as f64 } else { sum };
        let [one, two, three] = self.means;
        self.means = [mean, one, two];
        (4.0 * mean + 3.0 * one + 2.0 * two + three) / 10.0
    }
}

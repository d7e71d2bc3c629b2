//! Delays between us and the venue.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// A delay in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delay {
    /// None.
    #[default]
    None,
    /// The same each time.
    Fixed {
        /// Microseconds.
        micros: u64,
    },
    /// Seeded, evenly spread.
    Uniform {
        /// Least microseconds.
        min_micros: u64,
        /// Most microseconds.
        max_micros: u64,
    },
}

/// Delays of a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    /// From us to the venue: submits, cancels and changes.
    pub order: Delay,
    /// From the venue to us: market data. The driver applies it.
    pub data: Delay,
}

impl Latency {
    /// Every problem, as `field: problem`.
    pub fn validate(&self) -> Vec<String> {
        let bad = |delay: Delay| matches!(delay, Delay::Uniform { min_micros, max_micros } if min_micros > max_micros);
        let fields = [("latency.order", self.order), ("latency.data", self.data)];
        let problems = fields.iter().filter(|(_, delay)| bad(*delay));
        problems.map(|(name, _)| format!("{name}: min_micros must not be above max_micros")).collect()
    }
}

/// Draws delays. Part of the venue's state, so that a restored venue goes on with the same numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Delays(ChaCha8Rng);

impl Delays {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(super) fn draw(&mut self, delay: Delay) -> Duration {
        match delay {
            Delay::None => Duration::ZERO,
            Delay::Fixed { micros } => Duration::from_micros(micros),
            Delay::Uniform { min_micros, max_micros } => {
                let width = u128::from(max_micros.saturating_sub(min_micros)) + 1;
                // The high half of the product is even enough: no width comes near 2^64.
                let above = (u128::from(self.0.next_u64()) * width) >> 64;
                Duration::from_micros(min_micros.saturating_add(u64::try_from(above).unwrap_or(0)))
            }
        }
    }
}

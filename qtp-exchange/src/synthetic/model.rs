//! The random model behind one coin, and the shocks that all coins share.
//!
//! One minute's log return is `sigma * (z + drift) - sigma^2 / 2 + jump`, where `z` mixes the common and the coin's own
//! normal shock, and `sigma` is the coin's volatility times that of its regime, of the hour, and of a GARCH(1,1)
//! process (Bollerslev 1986) over all past shocks. The term `sigma^2 / 2` makes the price itself driftless.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::bits;

const MINUTES_PER_YEAR: f64 = 525_600.0;
/// Weight of the last shock and of the past in the variance; the rest pulls it back to 1.
const GARCH_SHOCK: f64 = 0.06;
const GARCH_PAST: f64 = 0.93;
/// Bounds of one squared shock and of the variance, in units of the usual variance.
const SHOCK_MAX: f64 = 36.0;
const VARIANCE_MAX: f64 = 40.0;
/// Chance of a jump in a minute: one in two days, for the market and for each coin.
const JUMP_CHANCE: f64 = 1.0 / 2880.0;
const JUMP_SIZE: f64 = 5.0;
/// Drift of a trend in standard deviations of a minute. Over a trend's usual life it adds up to less than a third of
/// the noise, so that a trend cannot be told before it ends.
const TREND_DRIFT: f64 = 0.015;
/// Pull of a range towards the price at which it began, a minute.
const RANGE_PULL: f64 = 0.0003;
/// Pull towards the first price with a half-life of three years: keeps prices realistic in a run without end.
const LONG_PULL: f64 = std::f64::consts::LN_2 / (3.0 * MINUTES_PER_YEAR);
/// A minute never moves the log price by more than this.
const RETURN_MAX: f64 = 0.2;
/// The log price never leaves the first one by more than this: a factor of 400.
const DISTANCE_MAX: f64 = 6.0;
/// Memory of the premium that funding follows, and how much of a return enters it.
const PREMIUM_PAST: f64 = 0.999;
const PREMIUM_RETURN: f64 = 0.02;
/// Funding an hour: a base of 10 percent a year, plus a share of the premium, within bounds.
const FUNDING_BASE: f64 = 0.000_012_5;
const FUNDING_SHARE: f64 = 0.05;
const FUNDING_MAX: f64 = 0.0004;

/// What all coins share in one minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shock {
    normal: f64,
    /// In standard deviations of a minute; mostly 0.
    jump: f64,
}

/// The source of shared shocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Market {
    random: ChaCha8Rng,
}

impl Market {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed) }
    }

    pub(super) fn step(&mut self) -> Shock {
        let (normal, spare) = normals(&mut self.random);
        let jump = if uniform(&mut self.random) < JUMP_CHANCE { JUMP_SIZE * spare } else { 0.0 };
        Shock { normal, jump }
    }
}

/// How a coin behaves for some hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Regime {
    TrendUp,
    TrendDown,
    Range,
    HighVolatility,
}

impl Regime {
    /// Usual length in minutes.
    const fn length(self) -> f64 {
        match self {
            Self::TrendUp | Self::TrendDown => 360.0,
            Self::Range => 720.0,
            Self::HighVolatility => 180.0,
        }
    }

    const fn volatility(self) -> f64 {
        match self {
            Self::TrendUp | Self::TrendDown => 1.0,
            Self::Range => 0.7,
            Self::HighVolatility => 2.5,
        }
    }

    /// The next one. Up and down are equally likely.
    fn next(uniform: f64) -> Self {
        match uniform {
            u if u < 0.3 => Self::TrendUp,
            u if u < 0.6 => Self::TrendDown,
            u if u < 0.9 => Self::Range,
            _ => Self::HighVolatility,
        }
    }
}

/// The fixed numbers of a coin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CoinNumbers {
    /// First price.
    pub(super) price: f64,
    /// Standard deviation of a minute's log return.
    pub(super) sigma: f64,
    pub(super) correlation: f64,
    /// Usual volume of a minute.
    pub(super) volume: f64,
}

impl CoinNumbers {
    pub(super) fn new(price: f64, volatility: f64, correlation: f64, volume: f64) -> Self {
        Self { price, sigma: volatility / MINUTES_PER_YEAR.sqrt(), correlation, volume }
    }
}

/// One minute before it is rounded to ticks and lots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Minute {
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
    pub(super) volume: f64,
}

/// The path of one coin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Coin {
    random: ChaCha8Rng,
    /// Of the price as a multiple of the first one.
    #[serde(with = "bits")]
    log_price: f64,
    /// In units of the usual variance.
    #[serde(with = "bits")]
    variance: f64,
    #[serde(with = "bits")]
    premium: f64,
    /// Log price at which the regime began.
    #[serde(with = "bits")]
    center: f64,
    regime: Regime,
}

impl Coin {
    /// A coin whose randomness depends on the seed and its name.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // Stream 0 is the market's.
        random.set_stream(name_hash(name) | 1);
        Self { random, log_price: 0.0, variance: 1.0, premium: 0.0, center: 0.0, regime: Regime::Range }
    }

    /// Moves on by a minute that opens at this UTC hour, with fraction.
    pub(super) fn step(&mut self, numbers: &CoinNumbers, shock: Shock, hour: f64) -> Step {
        if uniform(&mut self.random) < 1.0 / self.regime.length() {
            self.regime = Regime::next(uniform(&mut self.random));
            self.center = self.log_price;
        }
        let rho = numbers.correlation;
        let (own, volume_noise) = normals(&mut self.random);
        let normal = rho * shock.normal + (1.0 - rho * rho).sqrt() * own;
        let jump = rho * shock.jump + self.own_jump();
        let day = daily(hour);
        let sigma = numbers.sigma * self.regime.volatility() * day * self.variance.sqrt();
        let open = self.log_price;
        let noise = sigma * normal - 0.5 * sigma * sigma + numbers.sigma * jump;
        let change = (noise + self.drift(sigma)).clamp(-RETURN_MAX, RETURN_MAX);
        self.log_price = (open + change).clamp(-DISTANCE_MAX, DISTANCE_MAX);
        self.learn(normal, jump, change);
        let touches = (uniform(&mut self.random), uniform(&mut self.random));
        Step { open, close: self.log_price, sigma, day, volume_noise, touches }
    }

    /// The rate that is paid at the end of an hour. Positive after rises: longs pay.
    pub(super) fn funding(&self) -> f64 {
        (FUNDING_BASE + FUNDING_SHARE * self.premium).clamp(-FUNDING_MAX, FUNDING_MAX)
    }

    fn drift(&self, sigma: f64) -> f64 {
        let regime = match self.regime {
            Regime::TrendUp => TREND_DRIFT * sigma,
            Regime::TrendDown => -TREND_DRIFT * sigma,
            Regime::Range => -RANGE_PULL * (self.log_price - self.center),
            Regime::HighVolatility => 0.0,
        };
        regime - LONG_PULL * self.log_price
    }

    fn learn(&mut self, normal: f64, jump: f64, change: f64) {
        let shock = self.variance * (normal * normal) + (jump * jump).min(SHOCK_MAX);
        let rest = 1.0 - GARCH_SHOCK - GARCH_PAST;
        self.variance = (rest + GARCH_PAST * self.variance + GARCH_SHOCK * shock).min(VARIANCE_MAX);
        self.premium = PREMIUM_PAST * self.premium + PREMIUM_RETURN * change;
    }

    fn own_jump(&mut self) -> f64 {
        if uniform(&mut self.random) < JUMP_CHANCE { JUMP_SIZE * normals(&mut self.random).0 } else { 0.0 }
    }
}

/// One minute of a path, before its prices are worked out: a skipped minute never needs them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    open: f64,
    close: f64,
    sigma: f64,
    day: f64,
    volume_noise: f64,
    /// Two uniform numbers for the extremes.
    touches: (f64, f64),
}

impl Step {
    /// Prices and volume. High and low follow the exact law of a Brownian bridge's maximum and minimum.
    pub(super) fn minute(&self, numbers: &CoinNumbers) -> Minute {
        let (middle, distance) = (self.open + self.close, self.close - self.open);
        let reach = |uniform: f64| {
            0.5 * (distance * distance - 2.0 * self.sigma * self.sigma * libm::log(uniform)).sqrt()
        };
        let price = |log: f64| numbers.price * libm::exp(log);
        let move_size = distance.abs() / numbers.sigma;
        let activity = 0.3 + 0.4 * self.sigma / numbers.sigma + 0.3 * move_size.min(20.0);
        Minute {
            open: price(self.open),
            high: price(0.5 * middle + reach(self.touches.0)),
            low: price(0.5 * middle - reach(self.touches.1)),
            close: price(self.close),
            volume: numbers.volume * self.day * activity * libm::exp(0.5 * self.volume_noise - 0.125),
        }
    }
}

/// More happens when Europe and America are both awake.
fn daily(hour: f64) -> f64 {
    1.0 + 0.25 * libm::cos(std::f64::consts::TAU * (hour - 15.0) / 24.0)
}

/// Above 0 and at most 1, in steps of 2^-53.
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    ((random.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

/// Two independent standard normals (Box and Muller 1958).
fn normals(random: &mut ChaCha8Rng) -> (f64, f64) {
    let radius = (-2.0 * libm::log(uniform(random))).sqrt();
    let angle = std::f64::consts::TAU * uniform(random);
    (radius * libm::cos(angle), radius * libm::sin(angle))
}

/// FNV-1a: the same number on every platform.
fn name_hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests;

//! Quantum Volume Profile: volume by price over sessions, rolling and anchored ranges, from candles or trades; and TPO.
//!
//! `docs/reference/quantum-volume-profile.md` has the definitions. Prices stand on a grid: row `k` has the price
//! `k * tick` and takes what is nearest to it. Memory is bounded: a profile that would need more rows than its parameters
//! allow refuses the candle with [`SpecError::TooManyRows`](crate::SpecError::TooManyRows) and stays as it was.

mod levels;
mod nodes;
mod range;
mod rows;
mod signal;
mod tpo;

pub use levels::{Levels, PocTie, Profile, ProfileRow, ValueArea};
pub use range::{NakedPoc, ProfileRange, VolumeProfile};
pub use rows::{ProfileParams, Spread};
pub use signal::{ProfileSignal, ProfileSignals};
pub use tpo::{Tpo, TpoProfile, TpoRow};

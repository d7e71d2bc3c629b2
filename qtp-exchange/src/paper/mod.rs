//! Paper trading: real or synthetic market data, simulated execution.
//!
//! [`PaperExchange`] is an [`Exchange`](qtp_core::port::Exchange) over any market data. What a subscriber gets of the
//! market, the inner [`SimVenue`] has seen just before. It has no clock: its "now" is the time of the last market
//! event, so that the same events and orders always give the same fills, and a killed run can be rebuilt from its
//! journal.

mod exchange;
mod feed;
mod paced;
mod rebuild;
mod shared;

pub use exchange::PaperExchange;
pub(crate) use exchange::part_of;
pub use paced::{Paced, ScaledClock};
pub use rebuild::Rebuilt;

#[cfg(doc)]
use crate::sim::SimVenue;

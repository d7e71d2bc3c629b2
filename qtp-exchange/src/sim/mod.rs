//! The simulated venue: deterministic matching without I/O, clock or hidden state.
//!
//! [`SimVenue`] is told of the market (candles, prints, quotes, books, marks, funding rates) and of orders, and
//! answers with account events. An order fills only at an event after the one that caused it. Which prices it gets
//! is stated where it is decided: `trigger` for conditional orders, `matching` for candles, `tape` for prints.
//!
//! ```
//! use qtp_core::{AccountKind, Amount, Currency, Decimal, Instrument, Portfolio};
//! use qtp_exchange::sim::{SimVenue, SimVenueConfig};
//! let instrument = Instrument::unrestricted("BTC-USD@sim".parse()?)?;
//! let cash = Amount::new(Decimal::from(10_000), Currency::USD);
//! let portfolio = Portfolio::new("main".parse()?, AccountKind::Unconstrained, cash);
//! let venue = SimVenue::new(SimVenueConfig::default(), portfolio, vec![instrument])?;
//! assert!(venue.open_orders().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accept;
mod change;
mod config;
mod fee;
mod fill;
mod force;
mod funding;
mod history;
mod latency;
mod lifecycle;
mod margin;
mod market;
mod matching;
mod order;
mod queue;
mod report;
mod sizing;
mod slippage;
mod submit;
mod tape;
mod trigger;
mod venue;

pub use config::{ChildrenRule, LimitFill, SimError, SimVenueConfig};
pub use fee::{FeeCurrency, FeeModel};
pub use latency::{Delay, Latency};
pub use slippage::Slippage;
pub use venue::SimVenue;

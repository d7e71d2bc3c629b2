//! What every [`Exchange`] must do: run it against your own, on a test network or a simulated venue.
//!
//! Give the suite a [`Stage`]: the exchange, an instrument, a small size, and a way to let the market trade at a price.
//! Where the market cannot be moved, the scenarios that need it say that they were skipped.
//!
//! ```no_run
//! # async fn run(stage: &dyn qtp_exchange::conformance::Stage) {
//! qtp_exchange::conformance::all(stage).await;
//! # }
//! ```
//!
//! # Panics
//! Each function panics at the first rule that the exchange breaks, and says which.
#![allow(clippy::expect_used, clippy::panic, reason = "a broken rule ends the suite with its name")]

mod account;
mod brackets;
mod fills;
mod market;
mod orders;

use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::Exchange;
use qtp_core::{Instrument, Price, Quantity, RunId, Side};

pub use brackets::brackets;
pub use fills::{fills, protection};
pub use market::market_data;
pub use orders::orders;

/// An exchange under test and the market around it.
///
/// # Contract
/// The account is flat in the instrument and has no orders when a suite begins; each suite leaves it so.
#[async_trait]
pub trait Stage: Send + Sync {
    /// The exchange.
    fn exchange(&self) -> &dyn Exchange;

    /// What is traded.
    fn instrument(&self) -> &Instrument;

    /// A small size, legal as a market order; twice as much is legal too.
    fn quantity(&self) -> Quantity;

    /// About where the market trades. Orders of the suite stay within a tenth of it.
    fn price(&self) -> Price;

    /// Part of the client order ids: another one for every run against the same account.
    fn run_id(&self) -> RunId;

    /// Lets the market trade at a price, enough for any order of the suite, and returns once the exchange knows.
    /// Returns false if this market cannot be moved.
    async fn trade(&self, price: Price) -> bool;

    /// How long the suite waits for what the exchange owes.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// All suites, one after the other.
pub async fn all(stage: &dyn Stage) {
    market_data(stage).await;
    orders(stage).await;
    fills(stage).await;
    protection(stage).await;
    brackets(stage).await;
}

/// A legal price so many percent from where the market trades, rounded away from it.
fn level(stage: &dyn Stage, percent: i64) -> Price {
    let ratio = qtp_core::Ratio::new(qtp_core::Decimal::new(percent, 2)).expect("a percentage is a ratio");
    let price = stage.price().shifted(ratio).expect("a tenth from a price is a price");
    let rounding = if percent < 0 { qtp_core::Rounding::Down } else { qtp_core::Rounding::Up };
    stage.instrument().round_price(price, rounding).expect("a legal price is near every price")
}

/// A percentage on the losing side of a position.
const fn against(side: Side, percent: i64) -> i64 {
    match side {
        Side::Buy => -percent,
        Side::Sell => percent,
    }
}

/// Lets the market trade so many percent away. Says so and returns false where it cannot be moved.
async fn moves(stage: &dyn Stage, scenario: &str, percent: i64) -> bool {
    let price = if percent == 0 { stage.price() } else { level(stage, percent) };
    let moved = stage.trade(price).await;
    if !moved {
        println!("skipped: {scenario} (this market cannot be moved)");
    }
    moved
}

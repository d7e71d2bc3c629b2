//! What every implementation of the store ports must do: run it against your own.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! use qtp_store::{MemoryStore, conformance};
//! // A suite needs a store of its own: it expects to find it empty.
//! conformance::journal(&MemoryStore::new()).await;
//! conformance::candles(&MemoryStore::new()).await;
//! conformance::all(&MemoryStore::new()).await;
//! # });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Panics
//! Each function panics at the first rule that the store breaks, and says which.
#![allow(clippy::expect_used, reason = "a broken rule ends the suite with its name")]

mod candles;
mod journal;
mod records;
mod trades;

use qtp_core::port::Store;

pub use candles::candles;
pub use journal::journal;
pub use records::{decisions, equity};
pub use trades::trades;

/// All suites, on one empty store.
pub async fn all(store: &dyn Store) {
    journal(store).await;
    candles(store).await;
    trades(store).await;
    decisions(store).await;
    equity(store).await;
}

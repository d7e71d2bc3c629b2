//! A simulated venue on a port, speaking Hyperliquid's protocol: `/info`, `/exchange` and `/ws`.
//!
//! Any client of the real venue, in any language, can trade here without a network: signatures, nonces, ticks, margin
//! and liquidations are checked as there, and errors have the same words. [`faults`] make things go wrong by script, and
//! `/admin` moves time, prices and accounts. `docs/venue.md` says how to connect and what differs from the real venue.
//!
//! One [`SimVenue`](crate::sim::SimVenue) keeps each user's perpetuals and another one his spot account; all see the same
//! tape and the same book, and nobody's orders are in it.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use qtp_exchange::sim_server::{Pace, SimServer, SimServerConfig};
//! let config = SimServerConfig { pace: Pace::Stepped, ..SimServerConfig::default() };
//! let server = SimServer::new(config)?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! println!("http://{}", listener.local_addr()?);
//! let task = tokio::spawn(server.clone().serve(listener));
//! server.step(std::time::Duration::from_secs(60));
//! task.abort();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod admin;
mod build;
mod config;
mod exchange;
pub mod faults;
mod http;
mod hub;
mod info;
mod limits;
mod market;
mod nonce;
mod number;
mod publish;
mod server;
mod strokes;
mod world;
mod ws;

pub use config::{Pace, SimServerConfig, SimServerError, Tape};
pub use server::SimServer;

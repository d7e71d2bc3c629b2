//! Settings of the server.

use std::path::PathBuf;

use qtp_core::{Candle, Decimal, Timestamp, ValueError};
use thiserror::Error;

use super::faults::Rule;
use crate::candle_file::{CandleFileError, CandleFileOptions};
use crate::hyperliquid::sign::{Address, Network};
use crate::sim::SimError;

/// Where prices come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Tape {
    /// A seeded market that never existed.
    Synthetic {
        /// Seed.
        seed: u64,
    },
    /// Candle files: a coin (`BTC`) or spot pair (`PURR/USDC`) each.
    Files(Vec<(String, PathBuf)>),
    /// Candles of a coin or spot pair each, ascending.
    Candles(Vec<(String, Vec<Candle>)>),
}

/// How time passes on the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A whole number of times as fast as the wall clock.
    Times(u32),
    /// Only when it is told to.
    Stepped,
}

/// Settings of a [`SimServer`](super::SimServer).
#[derive(Debug, Clone)]
pub struct SimServerConfig {
    /// Prices.
    pub tape: Tape,
    /// Perpetuals of a synthetic tape.
    pub coins: Vec<String>,
    /// Base coins of the spot pairs of a synthetic tape.
    pub spot: Vec<String>,
    /// Time.
    pub pace: Pace,
    /// When the venue opens; what the tape holds before is history. `None` for the present (synthetic at speed 1),
    /// 2024-01-08 (synthetic otherwise) or the first candle (files).
    pub opens: Option<Timestamp>,
    /// Accounts with USDC for perpetuals; a pair of them where spot has money too is made by transfers.
    pub accounts: Vec<(Address, Decimal)>,
    /// Which network signatures are for. The official Python SDK signs for the test network on any other host.
    pub network: Network,
    /// Dollars on the best level of the book.
    pub depth: Decimal,
    /// Enforce the real venue's limits of requests and connections.
    pub rate_limits: bool,
    /// What goes wrong.
    pub faults: Vec<Rule>,
}

impl Default for SimServerConfig {
    /// Synthetic BTC, ETH and SOL, and spot PURR and HYPE, seed 1, at real speed, nobody with any money.
    fn default() -> Self {
        Self {
            tape: Tape::Synthetic { seed: 1 },
            coins: ["BTC", "ETH", "SOL"].map(str::to_owned).into(),
            spot: ["PURR", "HYPE"].map(str::to_owned).into(),
            pace: Pace::Times(1),
            opens: None,
            accounts: Vec::new(),
            network: Network::Testnet,
            depth: Decimal::from(50_000),
            rate_limits: false,
            faults: Vec::new(),
        }
    }
}

/// A server that cannot be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimServerError {
    /// A candle file cannot be read.
    #[error(transparent)]
    File(#[from] CandleFileError),
    /// A setting is not usable.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The simulated venue refuses its settings.
    #[error(transparent)]
    Venue(#[from] SimError),
    /// The port cannot be served.
    #[error("serving: {0}")]
    Io(#[from] std::io::Error),
}

impl SimServerConfig {
    /// Reads the candle files.
    pub(super) fn read(path: &std::path::Path, coin: &str) -> Result<Vec<qtp_core::Candle>, SimServerError> {
        let id = format!("{}-USDC@tape", coin.replace('/', "_")).parse()?;
        Ok(crate::candle_file::read(path, &CandleFileOptions::new(id))?.candles)
    }
}

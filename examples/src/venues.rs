//! Names of venues to market data and exchanges.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use qtp_core::port::MarketData;
use qtp_exchange::synthetic::{SyntheticConfig, SyntheticMarket};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// Venues that can be named.
pub const VENUES: [&str; 1] = ["synthetic"];

/// Which of a venue's networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Play money
    Testnet,
    /// Real money
    Mainnet,
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Testnet => "testnet",
            Self::Mainnet => "mainnet",
        })
    }
}

/// Which venue.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct VenueArgs {
    /// Venue
    #[arg(long, value_name = "V", default_value = "synthetic", value_parser = VENUES)]
    pub venue: String,
    /// Network of the venue [default: mainnet]
    #[arg(long, value_enum)]
    pub network: Option<Network>,
    /// Another address of the venue's API, such as http://127.0.0.1:3001
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

impl VenueArgs {
    /// The venue's part of its instruments' ids.
    pub fn id(&self) -> String {
        match self.network {
            Some(Network::Testnet) => format!("{}.testnet", self.venue),
            _ => self.venue.clone(),
        }
    }
}

/// What a venue says of its market. No key is needed.
///
/// # Errors
/// A venue that cannot be reached or set up.
pub fn market_data(args: &VenueArgs) -> Result<Arc<dyn MarketData>, Failure> {
    match args.venue.as_str() {
        "synthetic" => Ok(Arc::new(SyntheticMarket::new(42, SyntheticConfig::default())?)),
        other => Err(format!("venue {other:?}: not one of {}", VENUES.join(", ")).into()),
    }
}

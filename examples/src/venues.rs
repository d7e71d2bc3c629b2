//! Names of venues to market data and exchanges.

use std::sync::Arc;

use clap::Args;
use qtp_core::port::MarketData;
use qtp_exchange::synthetic::{SyntheticConfig, SyntheticMarket};

use crate::exit::Failure;

/// Venues that can be named.
pub const VENUES: [&str; 1] = ["synthetic"];

/// Which venue.
#[derive(Debug, Clone, Args)]
pub struct VenueArgs {
    /// Venue: synthetic
    #[arg(long, value_name = "V", default_value = "synthetic", value_parser = VENUES)]
    pub venue: String,
}

impl VenueArgs {
    /// The venue's part of its instruments' ids.
    pub fn id(&self) -> String {
        self.venue.clone()
    }
}

/// What a venue says of its market. No key is needed.
///
/// # Errors
/// A venue that cannot be reached or set up.
pub fn market_data(args: &VenueArgs) -> Result<Arc<dyn MarketData>, Failure> {
    match args.venue.as_str() {
        "synthetic" => Ok(Arc::new(SyntheticMarket::new(42, SyntheticConfig::default())?)),
        other => Err(format!("--venue {other:?}: not one of {}", VENUES.join(", ")).into()),
    }
}

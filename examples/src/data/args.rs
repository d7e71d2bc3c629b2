//! The command line of `data`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use qtp_core::{InstrumentId, Timeframe, Timestamp};

use crate::venues::VenueArgs;

/// Market data of venues, as files.
#[derive(Debug, Clone, Parser)]
#[command(name = "data", version)]
pub struct DataArgs {
    /// What to do
    #[command(subcommand)]
    pub command: DataCommand,
}

/// What `data` can do.
#[derive(Debug, Clone, Subcommand)]
pub enum DataCommand {
    /// Downloads candles into a CSV file; run it again to go on where the file ends
    Download(DownloadArgs),
}

/// Which candles, and where they go.
#[derive(Debug, Clone, Args)]
pub struct DownloadArgs {
    /// The venue
    #[command(flatten)]
    pub venue: VenueArgs,
    /// Instrument, such as BTC-USD-PERP@hyperliquid; the venue may be left out
    #[arg(long, value_name = "I", value_parser = parse_instrument)]
    pub instrument: String,
    /// The source's own name for it, such as '^GSPC' for SPX@yahoo
    #[arg(long, value_name = "S")]
    pub symbol: Option<String>,
    /// Width of a candle, such as 1m, 1h or 1d
    #[arg(long, value_name = "T")]
    pub timeframe: Timeframe,
    /// First open time: 2026-01-31 or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "D", value_parser = parse_time)]
    pub from: Timestamp,
    /// Open times before this [default: now]
    #[arg(long, value_name = "D", value_parser = parse_time)]
    pub to: Option<Timestamp>,
    /// The file, plain CSV
    #[arg(long, value_name = "F.csv")]
    pub out: PathBuf,
}

impl DownloadArgs {
    /// The instrument with its venue.
    ///
    /// # Errors
    /// A name that is none.
    pub fn instrument(&self) -> Result<InstrumentId, String> {
        let text = &self.instrument;
        let venue = self.venue.id();
        let full = if text.contains('@') { text.clone() } else { format!("{text}@{venue}") };
        let id: InstrumentId = full.parse().map_err(|error| format!("--instrument {text:?}: {error}"))?;
        if id.venue_str() == venue {
            return Ok(id);
        }
        Err(format!("--instrument {text:?}: its venue is not {venue}"))
    }
}

fn parse_instrument(text: &str) -> Result<String, String> {
    let full = if text.contains('@') { text.to_owned() } else { format!("{text}@venue") };
    full.parse::<InstrumentId>().map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// A day, or an instant.
fn parse_time(text: &str) -> Result<Timestamp, String> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    full.parse().map_err(|_| format!("{text:?} is neither a day (2026-01-31) nor RFC 3339"))
}

//! The command line of `venue`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use qtp_core::{Decimal, Timestamp};
use qtp_exchange::hyperliquid::sign::{Address, Network};
use qtp_exchange::sim_server::{Pace, SimServer, SimServerConfig, Tape, faults};

use crate::exit::Failure;
use crate::recording::tape_of;

/// A simulated venue on a port that speaks Hyperliquid's protocol: any client of the real venue can trade here.
#[derive(Debug, Parser)]
#[command(name = "venue", version)]
pub struct VenueArgs {
    /// Address and port; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3001")]
    listen: SocketAddr,
    /// Candle file of a coin (BTC=FILE) or spot pair (PURR/USDC=FILE); may be repeated
    #[arg(long, value_name = "COIN=FILE", value_parser = coin_file)]
    candles: Vec<(String, PathBuf)>,
    /// The candles of a recording
    #[arg(long, value_name = "DIR", conflicts_with_all = ["candles", "synthetic", "seed"])]
    recording: Option<PathBuf>,
    /// A market that never existed [default without --candles]
    #[arg(long, conflicts_with = "candles")]
    synthetic: bool,
    /// Seed of the synthetic market
    #[arg(long, value_name = "SEED", default_value_t = 1, conflicts_with = "candles")]
    seed: u64,
    /// Coins of the synthetic market; a name with /USDC is a spot pair
    #[arg(
        long,
        value_name = "COIN,COIN...",
        value_delimiter = ',',
        conflicts_with = "candles",
        default_value = "BTC,ETH,SOL,PURR/USDC,HYPE/USDC"
    )]
    coins: Vec<String>,
    /// How many times as fast as the clock time passes
    #[arg(long, value_name = "X", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    speed: u32,
    /// Time passes only by POST /admin/step
    #[arg(long, conflicts_with = "speed")]
    step: bool,
    /// When the venue opens; what lies before is history, such as 2024-05-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = instant)]
    opens: Option<Timestamp>,
    /// An account and its USDC; may be repeated
    #[arg(long, value_name = "ADDRESS=USDC", value_parser = account)]
    account: Vec<(Address, Decimal)>,
    /// What signatures are for; the official Python SDK signs for testnet on any host but the real one
    #[arg(long, value_enum, default_value_t = NetworkName::Testnet)]
    network: NetworkName,
    /// What goes wrong, by script: see docs/venue.md
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Enforce the real venue's limits of requests and connections
    #[arg(long)]
    rate_limits: bool,
    /// Dollars on the best level of the book
    #[arg(long, value_name = "USD", default_value = "50000")]
    depth: Decimal,
}

/// Networks by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NetworkName {
    /// Play money
    Testnet,
    /// As the real venue
    Mainnet,
}

fn coin_file(text: &str) -> Result<(String, PathBuf), String> {
    let (coin, path) = text.split_once('=').ok_or("expected COIN=FILE")?;
    if coin.is_empty() || path.is_empty() {
        return Err("expected COIN=FILE".to_owned());
    }
    Ok((coin.to_owned(), path.into()))
}

fn account(text: &str) -> Result<(Address, Decimal), String> {
    let (address, usdc) = text.split_once('=').ok_or("expected ADDRESS=USDC")?;
    let address = address.parse::<Address>().map_err(|error| error.to_string())?;
    let usdc = Decimal::from_str_exact(usdc).ok().filter(|usdc| !usdc.is_sign_negative());
    Ok((address, usdc.ok_or_else(|| format!("{text}: USDC must be a decimal of 0 or more"))?))
}

fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|error: qtp_core::ValueError| error.to_string())
}

impl VenueArgs {
    fn config(self) -> Result<SimServerConfig, Failure> {
        let (spot, coins): (Vec<String>, Vec<String>) =
            self.coins.into_iter().partition(|coin| coin.ends_with("/USDC"));
        let spot = spot.iter().map(|pair| pair.trim_end_matches("/USDC").to_owned()).collect();
        let tape = if let Some(recording) = &self.recording {
            Tape::Candles(tape_of(recording)?)
        } else if self.candles.is_empty() {
            Tape::Synthetic { seed: self.seed }
        } else {
            Tape::Files(self.candles)
        };
        Ok(SimServerConfig {
            tape,
            coins,
            spot,
            pace: if self.step { Pace::Stepped } else { Pace::Times(self.speed) },
            opens: self.opens,
            accounts: self.account,
            network: match self.network {
                NetworkName::Testnet => Network::Testnet,
                NetworkName::Mainnet => Network::Mainnet,
            },
            depth: self.depth,
            rate_limits: self.rate_limits,
            faults: self.faults.as_deref().map(faults::read).transpose()?.unwrap_or_default(),
        })
    }
}

/// Serves until it is interrupted.
///
/// # Errors
/// Settings, files or a port that cannot be used.
pub fn run(args: VenueArgs) -> Result<(), Failure> {
    let listen = args.listen;
    let server = SimServer::new(args.config()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .map_err(|error| format!("listening on {listen}: {error}"))?;
        // Whoever starts this as a process waits for this line.
        say!(
            "venue at http://{}, {} accounts, time {}",
            listener.local_addr()?,
            server.accounts(),
            server.now()
        );
        tokio::select! {
            served = server.serve(listener) => Ok(served?),
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    })
}

//! Names of venues to market data and exchanges.

mod alpaca;
mod binance;
mod bybit;
mod hyperliquid;
mod sources;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use qtp_core::port::{Exchange, MarketData};
use qtp_core::{AccountId, InstrumentId, Venue};
use qtp_engine::driver::live::LiveSettings;
use qtp_exchange::decorator::Decorated;
use qtp_exchange::hyperliquid::NonceStore;
use qtp_exchange::hyperliquid::sign::Address;
use qtp_exchange::polled::Polled;
use qtp_exchange::synthetic::{SyntheticConfig, SyntheticMarket};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::exit::Failure;
use crate::recording::Tape;

/// Venues that a bot can be run on.
pub const VENUES: [&str; 8] = [
    "synthetic",
    "hyperliquid",
    "binance",
    "binance-usdm",
    "bybit",
    "bybit-linear",
    "alpaca",
    "alpaca-crypto",
];

/// Sources of data that take no orders: their candles are asked for.
pub const SOURCES: [&str; 4] = ["yahoo", "alphavantage", "finazon", "taapi"];

/// How long a source may take to answer the last question for a candle.
const SOURCE_ANSWER: Duration = Duration::from_secs(10);
/// How long a read may take where its request has to wait for its turn.
const BUDGET_PATIENCE: Duration = Duration::from_secs(75);

/// Addresses over HTTP, and of sockets.
type Hosts = (Vec<String>, Vec<String>);

/// Settings and keys out of the environment.
pub type Environment = BTreeMap<String, String>;

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
    /// Venue or source
    #[arg(long, value_name = "V", default_value = "synthetic", value_parser = names())]
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

/// Everything that can be named.
fn names() -> PossibleValuesParser {
    VENUES.into_iter().chain(SOURCES).into()
}

/// A venue's market, or a source that is told of one instrument, and how it is called there.
///
/// # Errors
/// As [`market_data`]; a source whose key is not set.
pub fn data(
    args: &VenueArgs,
    instrument: &InstrumentId,
    symbol: Option<&str>,
    environment: &Environment,
) -> Result<Arc<dyn MarketData>, Failure> {
    match (args.is_source(), symbol) {
        (true, _) => sources::source(args, std::slice::from_ref(instrument), symbol, environment),
        (false, None) => market_data(args, &[], environment),
        (false, Some(_)) => Err(format!("--symbol: {} names its instruments itself", args.venue).into()),
    }
}

/// What a venue says of its market, or the candles that a source has of these assets. Keys come from the environment: of
/// Alpaca, and of most sources.
///
/// # Errors
/// A venue that cannot be reached or set up.
pub fn market_data(
    args: &VenueArgs,
    assets: &[String],
    environment: &Environment,
) -> Result<Arc<dyn MarketData>, Failure> {
    if args.is_source() {
        let ids = assets.iter().map(|asset| args.named_asset(asset)).collect::<Result<Vec<_>, _>>()?;
        let source = sources::source(args, &ids, None, environment)?;
        return Ok(Arc::new(Polled::new(source, sources::polling())));
    }
    match args.venue.as_str() {
        "synthetic" => Ok(Arc::new(SyntheticMarket::new(42, SyntheticConfig::default())?)),
        "hyperliquid" => hyperliquid::market(args),
        "binance" | "binance-usdm" => binance::market(args),
        "bybit" | "bybit-linear" => bybit::market(args),
        "alpaca" | "alpaca-crypto" => alpaca::market(args, environment),
        other => Err(unknown(other)),
    }
}

/// How the driver waits for a venue: longer for candles that are asked for, and for answers that wait for a budget.
pub fn live_settings(venue: &str) -> LiveSettings {
    if !SOURCES.contains(&venue) {
        return LiveSettings::default();
    }
    let (grace, read_timeout) = (sources::polling().patience() + SOURCE_ANSWER, BUDGET_PATIENCE);
    LiveSettings { grace, read_timeout, ..LiveSettings::default() }
}

/// Opens the memory of request numbers of a signer.
pub type OpenNonces<'a> = &'a dyn Fn(Address) -> Result<Arc<dyn NonceStore>, Failure>;

/// What a run keeps of its venue.
#[derive(Clone, Copy, Default)]
pub struct Attached<'a> {
    /// Its streams go there.
    pub tape: Option<&'a Tape>,
    /// Numbers of its requests.
    pub nonces: Option<OpenNonces<'a>>,
}

impl Attached<'_> {
    /// A client whose streams go onto the tape, if there is one.
    fn to(self, client: impl Exchange + 'static) -> Arc<dyn Exchange> {
        match self.tape {
            Some(tape) => Arc::new(Decorated::new(client, tape.clone())),
            None => Arc::new(client),
        }
    }
}

impl std::fmt::Debug for Attached<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attached").field("tape", &self.tape.is_some()).finish_non_exhaustive()
    }
}

/// Venues for whose client the bracket scenarios of the conformance suite are green: others get no real money.
const PROVEN: [&str; 1] = ["hyperliquid"];

/// Why a venue may not be traded on with real money, if so.
pub fn unproven(venue: &str, network: Option<Network>) -> Option<String> {
    let real = network == Some(Network::Mainnet) && !PROVEN.contains(&venue);
    real.then(|| format!("the conformance suite's brackets are not green for {venue}: no real money there"))
}

/// A venue with an account: keys and addresses come from the environment, and the network must be named. Some venues
/// tell orders and fills only of `instruments`. What is attached goes with it.
///
/// # Errors
/// A venue, key or address that cannot be used.
pub fn exchange(
    args: &VenueArgs,
    instruments: &[InstrumentId],
    environment: &Environment,
    attached: Attached<'_>,
) -> Result<Arc<dyn Exchange>, Failure> {
    let Some(network) = args.network else {
        return Err("live trading needs --network testnet or --network mainnet".into());
    };
    match args.venue.as_str() {
        "hyperliquid" => hyperliquid::exchange(args, network, instruments, environment, attached),
        "binance" | "binance-usdm" => binance::exchange(args, instruments, environment, attached),
        "bybit" | "bybit-linear" => bybit::exchange(args, instruments, environment, attached),
        "alpaca" | "alpaca-crypto" => alpaca::exchange(args, environment, attached),
        other => Err(format!("venue {other:?} takes no orders").into()),
    }
}

fn unknown(venue: &str) -> Failure {
    format!("venue {venue:?}: not one of {}", VENUES.join(", ")).into()
}

/// A value of the environment; an empty one is none.
fn read<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    environment.get(name).map(String::as_str).filter(|text| !text.is_empty())
}

fn needed<'a>(environment: &'a Environment, name: &str) -> Result<&'a str, Failure> {
    Ok(read(environment, name).ok_or_else(|| format!("{name} is not set"))?)
}

/// Our name of an account: another key may be another account, which must not share a run's folder.
fn account(args: &VenueArgs, key: &str) -> Result<AccountId, Failure> {
    let digest = Sha256::digest(key.trim().as_bytes());
    let digits: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{}-{digits}", args.id()).parse()?)
}

impl VenueArgs {
    /// True for a source of data.
    pub fn is_source(&self) -> bool {
        SOURCES.contains(&self.venue.as_str())
    }

    /// An asset as an instrument of this venue: `AAPL`, `BTC-USD` or a whole id.
    fn named_asset(&self, asset: &str) -> Result<InstrumentId, Failure> {
        let id = if asset.contains('@') { asset.parse() } else { format!("{asset}@{}", self.id()).parse() };
        Ok(id.map_err(|error| format!("--assets {asset:?}: {error}"))?)
    }

    const fn testnet(&self) -> bool {
        matches!(self.network, Some(Network::Testnet))
    }

    fn named(&self) -> Result<Venue, Failure> {
        Ok(self.id().parse()?)
    }

    /// HTTP and socket addresses of `--url`, if there is one.
    fn hosts(&self) -> Result<Option<Hosts>, Failure> {
        let Some(url) = self.url.as_deref() else { return Ok(None) };
        let url = url.trim_end_matches('/');
        let socket = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
            (Some(host), _) => format!("ws://{host}"),
            (_, Some(host)) => format!("wss://{host}"),
            _ => return Err(format!("--url {url:?}: neither http:// nor https://").into()),
        };
        Ok(Some((vec![url.to_owned()], vec![socket])))
    }
}

//! Names of venues to market data and exchanges.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use qtp_core::AccountId;
use qtp_core::port::{Exchange, MarketData};
use qtp_exchange::decorator::Decorated;
use qtp_exchange::hyperliquid::sign::{self, Address, PrivateKey};
use qtp_exchange::hyperliquid::{Hyperliquid, HyperliquidConfig, NonceStore};
use qtp_exchange::synthetic::{SyntheticConfig, SyntheticMarket};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::recording::Tape;

/// Venues that can be named.
pub const VENUES: [&str; 2] = ["synthetic", "hyperliquid"];

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
        "hyperliquid" => Ok(Arc::new(Hyperliquid::new(hyperliquid(args, "reader".parse()?)?)?)),
        other => Err(unknown(other)),
    }
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

/// A venue with an account: keys and addresses come from the environment, and the network must be named. What is attached goes with it: its streams go
/// onto the tape.
///
/// # Errors
/// A venue, key or address that cannot be used.
pub fn exchange(
    args: &VenueArgs,
    environment: &BTreeMap<String, String>,
    attached: Attached<'_>,
) -> Result<Arc<dyn Exchange>, Failure> {
    let Some(network) = args.network else {
        return Err("live trading needs --network testnet or --network mainnet".into());
    };
    let read = |name: &str| environment.get(name).filter(|text| !text.is_empty());
    match args.venue.as_str() {
        "hyperliquid" => {
            let key = read("HYPERLIQUID_PRIVATE_KEY").ok_or("HYPERLIQUID_PRIVATE_KEY is not set")?;
            let key: PrivateKey = key.parse().map_err(|error| format!("HYPERLIQUID_PRIVATE_KEY: {error}"))?;
            let address = |name| -> Result<Option<Address>, Failure> {
                let parsed = read(name).map(|text| text.parse()).transpose();
                Ok(parsed.map_err(|error| format!("{name}: {error}"))?)
            };
            let (own, vault) =
                (address("HYPERLIQUID_ACCOUNT_ADDRESS")?, address("HYPERLIQUID_VAULT_ADDRESS")?);
            let user = vault.or(own).unwrap_or(key.address());
            let mut config =
                hyperliquid(args, format!("hyperliquid-{network}-{user}").to_lowercase().parse()?)?;
            (config.address, config.vault, config.key) = (own, vault, Some(key));
            config.nonces = match (attached.nonces, &config.key) {
                (Some(open), Some(key)) => Some(open(key.address())?),
                _ => None,
            };
            let client = Hyperliquid::new(config)?;
            Ok(match attached.tape {
                Some(tape) => Arc::new(Decorated::new(client, tape.clone())),
                None => Arc::new(client),
            })
        }
        other => Err(format!("venue {other:?} takes no orders").into()),
    }
}

fn hyperliquid(args: &VenueArgs, account: AccountId) -> Result<HyperliquidConfig, Failure> {
    let network = match args.network {
        Some(Network::Testnet) => sign::Network::Testnet,
        Some(Network::Mainnet) | None => sign::Network::Mainnet,
    };
    let config = HyperliquidConfig::new(network, account);
    Ok(match &args.url {
        None => config,
        Some(url) => match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
            (Some(host), _) => config.host(host.trim_end_matches('/')),
            (_, Some(host)) => {
                let host = host.trim_end_matches('/');
                let (rest_urls, socket_urls) =
                    (vec![format!("https://{host}")], vec![format!("wss://{host}/ws")]);
                HyperliquidConfig { rest_urls, socket_urls, ..config }
            }
            _ => return Err(format!("--url {url:?}: neither http:// nor https://").into()),
        },
    })
}

fn unknown(venue: &str) -> Failure {
    format!("venue {venue:?}: not one of {}", VENUES.join(", ")).into()
}

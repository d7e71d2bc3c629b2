//! Hyperliquid: its key signs, and addresses say for whom.

use std::sync::Arc;

use qtp_core::port::{Exchange, MarketData};
use qtp_core::{AccountId, InstrumentId, InstrumentKind};
use qtp_exchange::hyperliquid::sign::{self, Address, PrivateKey};
use qtp_exchange::hyperliquid::{Hyperliquid, HyperliquidConfig, payload::Wallet};

use super::{Attached, Environment, Network, VenueArgs, needed, read};
use crate::exit::Failure;

pub(super) fn market(args: &VenueArgs) -> Result<Arc<dyn MarketData>, Failure> {
    Ok(Arc::new(Hyperliquid::new(config(args, "reader".parse()?)?)?))
}

pub(super) fn exchange(
    args: &VenueArgs,
    network: Network,
    instruments: &[InstrumentId],
    environment: &Environment,
    attached: Attached<'_>,
) -> Result<Arc<dyn Exchange>, Failure> {
    let key = needed(environment, "HYPERLIQUID_PRIVATE_KEY")?;
    let key: PrivateKey = key.parse().map_err(|error| format!("HYPERLIQUID_PRIVATE_KEY: {error}"))?;
    let address = |name| -> Result<Option<Address>, Failure> {
        let parsed = read(environment, name).map(str::parse).transpose();
        Ok(parsed.map_err(|error| format!("{name}: {error}"))?)
    };
    let (own, vault) = (address("HYPERLIQUID_ACCOUNT_ADDRESS")?, address("HYPERLIQUID_VAULT_ADDRESS")?);
    let user = vault.or(own).unwrap_or(key.address());
    let wallet = wallet(instruments)?;
    // A name has at most 64 characters, of which the address takes 42.
    let purse = if wallet == Wallet::Spot { "hl-spot" } else { "hyperliquid" };
    let name = format!("{purse}-{network}-{user}").to_lowercase();
    let mut config = HyperliquidConfig { wallet, ..config(args, name.parse()?)? };
    (config.address, config.vault, config.key) = (own, vault, Some(key));
    config.nonces = match (attached.nonces, &config.key) {
        (Some(open), Some(key)) => Some(open(key.address())?),
        _ => None,
    };
    Ok(attached.to(Hyperliquid::new(config)?))
}

/// Perpetuals and spot are two accounts of one address; what is traded says which.
fn wallet(instruments: &[InstrumentId]) -> Result<Wallet, Failure> {
    let spot = instruments.iter().filter(|id| id.kind() == InstrumentKind::Spot).count();
    match spot {
        0 => Ok(Wallet::Perpetual),
        all if all == instruments.len() => Ok(Wallet::Spot),
        _ => Err("perpetuals and spot are two accounts at hyperliquid: one run trades on one of them".into()),
    }
}

fn config(args: &VenueArgs, account: AccountId) -> Result<HyperliquidConfig, Failure> {
    let network = if args.testnet() { sign::Network::Testnet } else { sign::Network::Mainnet };
    let config = HyperliquidConfig::new(network, account);
    Ok(match args.hosts()? {
        None => config,
        Some((rest_urls, sockets)) => {
            let socket_urls = sockets.into_iter().map(|url| format!("{url}/ws")).collect();
            HyperliquidConfig { rest_urls, socket_urls, ..config }
        }
    })
}

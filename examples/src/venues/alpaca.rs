//! Alpaca: US stocks and crypto; its play money is called paper.

use std::sync::Arc;

use qtp_core::port::{Exchange, MarketData};
use qtp_exchange::alpaca::{AlpacaExchange, AlpacaMarket, AssetClass, ExchangeSettings, MarketSettings};

use super::{Attached, Environment, Network, VenueArgs, account, needed, read};
use crate::exit::Failure;

const KEY: &str = "APCA_API_KEY_ID";
const SECRET: &str = "APCA_API_SECRET_KEY";

pub(super) fn market(args: &VenueArgs, environment: &Environment) -> Result<Arc<dyn MarketData>, Failure> {
    Ok(Arc::new(AlpacaMarket::new(settings(args, environment)?)?))
}

pub(super) fn exchange(
    args: &VenueArgs,
    environment: &Environment,
    attached: Attached<'_>,
) -> Result<Arc<dyn Exchange>, Failure> {
    let account = account(args, needed(environment, KEY)?)?;
    let mut settings = ExchangeSettings::new(settings(args, environment)?, paper(args), account);
    if let Some((_, sockets)) = args.hosts()? {
        settings.account_socket.urls = sockets;
    }
    Ok(attached.to(AlpacaExchange::new(settings)?))
}

/// A key that only reads data is usually one of a paper account.
fn paper(args: &VenueArgs) -> bool {
    args.network != Some(Network::Mainnet)
}

fn settings(args: &VenueArgs, environment: &Environment) -> Result<MarketSettings, Failure> {
    let class = if args.venue == "alpaca" { AssetClass::Stock } else { AssetClass::Crypto };
    let key = (needed(environment, KEY)?.to_owned(), needed(environment, SECRET)?.to_owned());
    let mut settings = MarketSettings::new(args.named()?, class, paper(args), Some(key));
    if let Some(feed) = read(environment, "APCA_DATA_FEED") {
        settings.feed = feed.to_owned();
    }
    if let Some((urls, sockets)) = args.hosts()? {
        (settings.trading.base_urls, settings.data.base_urls) = (urls.clone(), urls);
        settings.socket.urls = sockets;
    }
    Ok(settings)
}

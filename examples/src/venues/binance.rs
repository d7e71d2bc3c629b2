//! Binance: spot and USD-M futures are two venues.

use std::sync::Arc;

use qtp_core::InstrumentId;
use qtp_core::port::{Exchange, MarketData};
use qtp_exchange::binance::{BinanceExchange, BinanceMarket, ExchangeSettings, MarketSettings, Product};
use qtp_exchange::transport::Credentials;

use super::{Attached, Environment, VenueArgs, account, needed};
use crate::exit::Failure;

pub(super) fn market(args: &VenueArgs) -> Result<Arc<dyn MarketData>, Failure> {
    Ok(Arc::new(BinanceMarket::new(product(args), settings(args)?)?))
}

pub(super) fn exchange(
    args: &VenueArgs,
    instruments: &[InstrumentId],
    environment: &Environment,
    attached: Attached<'_>,
) -> Result<Arc<dyn Exchange>, Failure> {
    let key = needed(environment, "BINANCE_API_KEY")?;
    let secret = needed(environment, "BINANCE_API_SECRET")?;
    let credentials = if secret.trim_start().starts_with("-----BEGIN") {
        Credentials::ed25519(key, secret).map_err(|error| format!("BINANCE_API_SECRET: {error}"))?
    } else {
        Credentials::hmac(key, secret)
    };
    let (product, account) = (product(args), account(args, key)?);
    let mut settings = ExchangeSettings::new(settings(args)?, product, args.testnet(), account, credentials);
    settings.instruments = instruments.to_vec();
    if let Some((_, sockets)) = args.hosts()? {
        settings.account_socket.urls = sockets;
    }
    Ok(attached.to(BinanceExchange::new(settings)?))
}

fn product(args: &VenueArgs) -> Product {
    if args.venue == "binance" { Product::Spot } else { Product::UsdMargin }
}

fn settings(args: &VenueArgs) -> Result<MarketSettings, Failure> {
    let mut settings = MarketSettings::new(args.named()?, product(args), args.testnet());
    if let Some((urls, sockets)) = args.hosts()? {
        (settings.http.base_urls, settings.socket.urls) = (urls, sockets);
    }
    Ok(settings)
}

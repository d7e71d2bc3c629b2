//! Bybit: spot and linear contracts are two venues on one account.

use std::sync::Arc;

use qtp_core::InstrumentId;
use qtp_core::port::{Exchange, MarketData};
use qtp_exchange::bybit::{BybitExchange, BybitMarket, Category, ExchangeSettings, MarketSettings};
use qtp_exchange::transport::Credentials;

use super::{Attached, Environment, VenueArgs, account, needed};
use crate::exit::Failure;

pub(super) fn market(args: &VenueArgs) -> Result<Arc<dyn MarketData>, Failure> {
    Ok(Arc::new(BybitMarket::new(category(args), settings(args)?)?))
}

pub(super) fn exchange(
    args: &VenueArgs,
    instruments: &[InstrumentId],
    environment: &Environment,
    attached: Attached<'_>,
) -> Result<Arc<dyn Exchange>, Failure> {
    let key = needed(environment, "BYBIT_API_KEY")?;
    let credentials = Credentials::hmac(key, needed(environment, "BYBIT_API_SECRET")?);
    let (category, account) = (category(args), account(args, key)?);
    let mut settings = ExchangeSettings::new(settings(args)?, category, account, credentials);
    settings.instruments = instruments.to_vec();
    Ok(attached.to(BybitExchange::new(settings)?))
}

fn category(args: &VenueArgs) -> Category {
    if args.venue == "bybit" { Category::Spot } else { Category::Linear }
}

fn settings(args: &VenueArgs) -> Result<MarketSettings, Failure> {
    let mut settings = MarketSettings::new(args.named()?, args.testnet());
    if let Some((urls, sockets)) = args.hosts()? {
        (settings.http.base_urls, settings.socket.urls) = (urls, sockets);
    }
    Ok(settings)
}

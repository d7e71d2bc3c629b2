//! Sources of data.

use std::sync::Arc;
use std::time::Duration;

use qtp_core::InstrumentId;
use qtp_core::port::MarketData;
use qtp_exchange::polled::PollSettings;
use qtp_exchange::sources::{
    AlphaVantage, AlphaVantageSettings, Finazon, FinazonSettings, Listing, Taapi, TaapiPlan, TaapiSettings,
    Yahoo, YahooSettings,
};

use super::{Environment, VenueArgs, needed, read, unknown};
use crate::exit::Failure;

/// Requests a day and a minute of Alpha Vantage without a plan.
const ALPHA_VANTAGE: (u32, u32) = (25, 5);
/// Requests a minute of Finazon without a plan.
const FINAZON: u32 = 10;

/// When a source is asked for a candle: it has its last trades a few seconds after them.
pub(super) fn polling() -> PollSettings {
    PollSettings { delay: Duration::from_secs(10), ..PollSettings::default() }
}

/// A source that lists these instruments; `symbol` is its own name for them.
pub(super) fn source(
    args: &VenueArgs,
    instruments: &[InstrumentId],
    symbol: Option<&str>,
    environment: &Environment,
) -> Result<Arc<dyn MarketData>, Failure> {
    let venue = args.named()?;
    let listings = |name: fn(&str) -> String| -> Vec<Listing> {
        let native = |id: &InstrumentId| symbol.map_or_else(|| name(id.symbol()), str::to_owned);
        instruments.iter().map(|id| Listing::named(id.clone(), native(id))).collect()
    };
    let plain = listings(str::to_owned);
    let hosts = args.hosts()?.map(|(urls, _)| urls);
    match args.venue.as_str() {
        "yahoo" => {
            let mut settings = YahooSettings::new(venue, plain);
            settings.http.base_urls = hosts.unwrap_or(settings.http.base_urls);
            Ok(Arc::new(Yahoo::new(settings)?))
        }
        "alphavantage" => {
            let key = needed(environment, "ALPHAVANTAGE_API_KEY")?;
            let mut settings = AlphaVantageSettings::new(venue, plain, key, ALPHA_VANTAGE);
            settings.http.base_urls = hosts.unwrap_or(settings.http.base_urls);
            Ok(Arc::new(AlphaVantage::new(settings)?))
        }
        "finazon" => {
            let key = needed(environment, "FINAZON_API_KEY")?;
            let dataset = read(environment, "FINAZON_DATASET").unwrap_or("finazon/us_stocks_essential");
            let mut settings = FinazonSettings::new(venue, plain, dataset, key, FINAZON);
            settings.http.base_urls = hosts.unwrap_or(settings.http.base_urls);
            Ok(Arc::new(Finazon::new(settings)?))
        }
        "taapi" => {
            let key = needed(environment, "TAAPI_API_KEY")?;
            let plan = match read(environment, "TAAPI_PLAN") {
                None | Some("free") => TaapiPlan::Free,
                Some("basic") => TaapiPlan::Basic,
                Some("pro") => TaapiPlan::Pro,
                Some("expert") => TaapiPlan::Expert,
                Some(other) => {
                    return Err(format!("TAAPI_PLAN: {other:?} is not free, basic, pro or expert").into());
                }
            };
            // The source writes pairs with a slash.
            let listing = listings(|symbol| symbol.replacen('-', "/", 1));
            let exchange = read(environment, "TAAPI_EXCHANGE").unwrap_or("binance");
            let mut settings = TaapiSettings::new(venue, listing, exchange, key, plan);
            settings.http.base_urls = hosts.unwrap_or(settings.http.base_urls);
            Ok(Arc::new(Taapi::new(settings)?))
        }
        other => Err(unknown(other)),
    }
}

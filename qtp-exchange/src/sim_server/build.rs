//! The venue's markets and their tape, from the settings.

use std::time::Duration;

use qtp_core::port::{Clock, SystemClock};
use qtp_core::{Candle, Decimal, InstrumentId, Price, Quantity, Ratio, Timestamp, ValueError};

use super::config::{Pace, SimServerConfig, SimServerError, Tape};
use super::market::{Asset, Feed, Market};
use crate::candle_file::{CandleFeed, CandleSource};
use crate::synthetic::{SyntheticCoin, SyntheticConfig, SyntheticFeed};

/// History of a synthetic tape before the venue opens.
const HISTORY: Duration = Duration::from_secs(5_000 * 60);
/// 2024-01-08T00:00:00Z: when a synthetic venue opens whose time is not ours.
const OPENS: Timestamp = Timestamp::from_secs(1_704_672_000);
/// Time between two ticks.
pub(super) const TICK: Duration = Duration::from_secs(1);
/// Prices at the start of what the synthetic market does not know by itself.
const PRICES: [(&str, Decimal); 6] = [
    ("HYPE", Decimal::from_parts(25, 0, 0, false, 0)),
    ("PURR", Decimal::from_parts(2, 0, 0, false, 1)),
    ("XRP", Decimal::from_parts(6, 0, 0, false, 1)),
    ("DOGE", Decimal::from_parts(1, 0, 0, false, 1)),
    ("AVAX", Decimal::from_parts(35, 0, 0, false, 0)),
    ("BNB", Decimal::from_parts(300, 0, 0, false, 0)),
];

/// Markets, what feeds them, and when the venue opens.
pub(super) struct Built {
    pub markets: Vec<Market>,
    pub feed: Feed,
    pub opens: Timestamp,
}

pub(super) fn build(config: &SimServerConfig) -> Result<Built, SimServerError> {
    if config.depth <= Decimal::ZERO || config.depth > Decimal::from(1_000_000_000) {
        return Err(ValueError::range("depth", config.depth, "above 0 and at most 1000000000").into());
    }
    let (source, assets, wires, opens, seed) = match &config.tape {
        Tape::Synthetic { seed } => synthetic(config, *seed)?,
        Tape::Files(files) => {
            let read = |(coin, path): &(String, std::path::PathBuf)| {
                Ok((coin.clone(), SimServerConfig::read(path, coin)?))
            };
            let tape = files.iter().map(read).collect::<Result<Vec<_>, SimServerError>>()?;
            recorded(config, &tape)?
        }
        Tape::Candles(tape) => recorded(config, tape)?,
    };
    let market = |asset: Asset| Market::new(asset, config.depth, seed);
    let mut markets: Vec<Market> = assets.into_iter().map(market).collect();
    let mut feed = Feed::new(source, wires);
    feed.read_to(opens, opens, &mut markets);
    Ok(Built { markets, feed, opens })
}

type Parts = (Box<dyn CandleSource>, Vec<Asset>, Vec<(InstrumentId, usize)>, Timestamp, u64);

fn assets(perps: &[&str], spot: &[&str]) -> Result<Vec<Asset>, ValueError> {
    let perps = perps.iter().enumerate().map(|(place, coin)| Asset::perpetual(coin, place));
    let spot = spot.iter().enumerate().map(|(place, coin)| Asset::spot(coin, place));
    perps.chain(spot).collect()
}

fn synthetic(config: &SimServerConfig, seed: u64) -> Result<Parts, SimServerError> {
    let opens = config.opens.unwrap_or_else(|| match config.pace {
        Pace::Times(1) => Timestamp::from_secs(SystemClock.now().as_secs()),
        _ => OPENS,
    });
    let perps: Vec<&str> = config.coins.iter().map(String::as_str).collect();
    let spot: Vec<&str> = config.spot.iter().map(String::as_str).collect();
    let mut names: Vec<&str> = perps.iter().chain(&spot).copied().collect();
    names.sort_unstable();
    names.dedup();
    let coins = names.iter().map(|name| coin(name)).collect::<Result<Vec<_>, _>>()?;
    let start = qtp_core::Timeframe::H1.floor(opens - HISTORY);
    let source = SyntheticFeed::new(seed, SyntheticConfig { coins, start, ..SyntheticConfig::default() })?;
    let assets = assets(&perps, &spot)?;
    let mut wires = Vec::new();
    for (place, asset) in assets.iter().enumerate() {
        wires.push((coin(&asset.base)?.id()?, place));
    }
    Ok((Box::new(source), assets, wires, opens, seed))
}

/// A coin of the synthetic market, with steps fine enough for the venue's own rules to round them.
fn coin(name: &str) -> Result<SyntheticCoin, ValueError> {
    let known = match name {
        "BTC" => SyntheticCoin::btc(),
        "ETH" => SyntheticCoin::eth(),
        "SOL" => SyntheticCoin::sol(),
        _ => {
            let listed = PRICES.iter().find(|listed| listed.0 == name).map(|listed| listed.1);
            let price = listed.unwrap_or(Decimal::TEN);
            let volume = Decimal::from(100_000).checked_div(price).unwrap_or(Decimal::ONE).round_dp(0);
            SyntheticCoin {
                base: name.parse()?,
                price: Price::new(price)?,
                tick: Price::new(Decimal::new(1, 5))?,
                lot: Quantity::new(Decimal::new(1, 2))?,
                volatility: Ratio::new(Decimal::new(9, 1))?,
                correlation: Ratio::new(Decimal::new(7, 1))?,
                volume: Quantity::new(volume)?,
                max_leverage: Ratio::new(Decimal::TEN)?,
            }
        }
    };
    Ok(known)
}

fn recorded(config: &SimServerConfig, tape: &[(String, Vec<Candle>)]) -> Result<Parts, SimServerError> {
    let mut series: Vec<Vec<Candle>> = Vec::new();
    let mut named: Vec<(&str, InstrumentId)> = Vec::new();
    for (coin, candles) in tape {
        if let Some(first) = candles.first() {
            named.push((coin, first.instrument().clone()));
            series.push(candles.clone());
        }
    }
    let first = series.iter().filter_map(|candles| candles.first()).map(Candle::open_time).min();
    let opens =
        config.opens.or(first).ok_or_else(|| ValueError::range("candles", "none", "at least one candle"))?;
    let (spot, perps): (Vec<_>, Vec<_>) = named.into_iter().partition(|(coin, _)| coin.contains('/'));
    let base = |coin: &&str| coin.split('/').next().unwrap_or_default().to_owned();
    let bases: Vec<String> = spot.iter().map(|(coin, _)| base(coin)).collect();
    let perp_names: Vec<&str> = perps.iter().map(|(coin, _)| *coin).collect();
    let assets = assets(&perp_names, &bases.iter().map(String::as_str).collect::<Vec<_>>())?;
    let wires = perps.into_iter().chain(spot).enumerate().map(|(place, (_, id))| (id, place)).collect();
    Ok((Box::new(CandleFeed::new(series)?), assets, wires, opens, 0))
}

//! What everybody may know.

use serde_json::{Map, Value, json};

use super::super::market::{
    Grouping, Market, auction, book_json, candle_json, is_interval, margin_table, meta, spot_meta,
};
use super::super::number::text;
use super::super::world::World;
use super::{Answer, Query, Unanswered};

/// Funding rates that one request brings at most.
const RATES: usize = 500;

pub(super) fn answer(world: &World, query: &Query) -> Answer {
    query.main_dex()?;
    let assets = || world.markets.iter().map(|market| &market.asset);
    let contexts = |spot: bool| -> Vec<Value> {
        let markets = world.markets.iter().filter(|market| market.asset.is_spot() == spot);
        markets.map(|market| market.context(world.now)).collect()
    };
    Ok(match query.kind.as_str() {
        "meta" => meta(assets()),
        "allPerpMetas" => json!([meta(assets())]),
        "metaAndAssetCtxs" => json!([meta(assets()), contexts(false)]),
        "spotMeta" => spot_meta(assets()),
        "spotMetaAndAssetCtxs" => json!([spot_meta(assets()), contexts(true)]),
        "perpDexs" => json!([null]),
        "allMids" => all_mids(world),
        "l2Book" => book(world, query)?,
        "candleSnapshot" => candles(world, query)?,
        "recentTrades" => {
            let market = named(world, query)?;
            market.prints.iter().rev().map(|print| market.print_json(print)).collect()
        }
        "activeAssetCtx" => json!({"coin": query.coin()?, "ctx": named(world, query)?.context(world.now)}),
        "fundingHistory" => rates(world, query)?,
        "predictedFundings" => predicted(world),
        "exchangeStatus" => json!({"time": world.time(), "specialStatuses": null}),
        "marginTable" => margin_table(query.id.ok_or(Unanswered::Unreadable)?),
        "perpDeployAuctionStatus" | "spotPairDeployAuctionStatus" => auction(world.time()),
        "perpDexStatus" => json!({"totalNetDeposit": "0.0"}),
        "perpDexLimits" | "vaultDetails" => Value::Null,
        "maxMarketOrderNtls" => json!([[15_000_000, "40.0"]]),
        // Lists of things that this venue does not have.
        _ => json!([]),
    })
}

/// `allMids`; perpetuals and spot pairs in one map.
pub(in crate::sim_server) fn all_mids(world: &World) -> Value {
    let mids = world.markets.iter().filter_map(|market| {
        let mid = market.mid().or(market.price.map(qtp_core::Price::get))?;
        Some((market.asset.coin.clone(), Value::String(text(mid))))
    });
    Value::Object(mids.collect::<Map<String, Value>>())
}

fn named<'a>(world: &'a World, query: &Query) -> Result<&'a Market, Unanswered> {
    let place = world.place_named(query.coin()?).ok_or(Unanswered::Unknown)?;
    world.markets.get(place).ok_or(Unanswered::Unknown)
}

fn book(world: &World, query: &Query) -> Answer {
    let market = named(world, query)?;
    let grouping = grouping(query.n_sig_figs, query.mantissa)?;
    let book = market.book.as_ref();
    let mut value = book.map_or_else(
        || json!({"coin": market.asset.coin, "levels": [[], []]}),
        |book| book_json(&market.asset.coin, book, grouping),
    );
    if let Some(map) = value.as_object_mut() {
        map.insert("time".to_owned(), json!(world.time()));
    }
    Ok(value)
}

/// `nSigFigs` from 2 to 5; `mantissa` 1, 2 or 5, only with 5 figures.
pub(in crate::sim_server) fn grouping(
    figures: Option<u32>,
    mantissa: Option<u32>,
) -> Result<Option<Grouping>, Unanswered> {
    match (figures, mantissa) {
        (None, None) => Ok(None),
        (Some(figures @ 2..=5), None) => Ok(Some(Grouping { figures, mantissa: 1 })),
        (Some(5), Some(mantissa @ (1 | 2 | 5))) => Ok(Some(Grouping { figures: 5, mantissa })),
        _ => Err(Unanswered::Unreadable),
    }
}

fn candles(world: &World, query: &Query) -> Answer {
    let req = query.req.as_ref().ok_or(Unanswered::Unreadable)?;
    if !is_interval(&req.interval) {
        return Err(Unanswered::Unreadable);
    }
    let market = named(world, query)?;
    let bars = market.candles.between(&req.interval, req.start_time, req.end_time.unwrap_or(i64::MAX));
    let bars = bars.unwrap_or_default();
    Ok(bars.iter().map(|bar| candle_json(&market.asset.coin, &req.interval, bar)).collect())
}

fn rates(world: &World, query: &Query) -> Answer {
    let market = named(world, query)?;
    let (from, to) = (query.start_time.ok_or(Unanswered::Unreadable)?, query.end_time.unwrap_or(i64::MAX));
    let within = market.rates.iter().filter(|rate| (from..=to).contains(&rate.time.as_millis())).take(RATES);
    Ok(within
        .map(|rate| {
            json!({"coin": market.asset.coin, "fundingRate": text(rate.rate), "premium": "0.0", "time": rate.time.as_millis()})
        })
        .collect())
}

fn predicted(world: &World) -> Value {
    let next = (world.time() / 3_600_000 + 1) * 3_600_000;
    let perps = world.markets.iter().filter(|market| !market.asset.is_spot());
    perps
        .map(|market| {
            json!([market.asset.coin, [["HlPerp", {"fundingRate": text(market.rate), "nextFundingTime": next,
                "fundingIntervalHours": 1}]]])
        })
        .collect()
}

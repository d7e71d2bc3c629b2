//! `/info`: reads that nobody signs.

mod account;
mod history;
mod market;

use serde::Deserialize;
use serde_json::Value;

use super::world::World;
use crate::hyperliquid::sign::Address;
use crate::hyperliquid::wire::Cloid;

pub(super) use account::{asset_data, clearinghouse, spot_state, web_data};
pub(super) use history::frontend_orders;
pub(super) use market::{all_mids, grouping};

/// A request. Which fields a type needs is checked where it is answered.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Query {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub user: Option<Address>,
    #[serde(default)]
    pub coin: Option<String>,
    #[serde(default)]
    dex: Option<String>,
    #[serde(default)]
    req: Option<CandleQuery>,
    #[serde(default)]
    oid: Option<OrderName>,
    #[serde(default)]
    start_time: Option<i64>,
    #[serde(default)]
    end_time: Option<i64>,
    #[serde(default)]
    aggregate_by_time: Option<bool>,
    #[serde(default)]
    n_sig_figs: Option<u32>,
    #[serde(default)]
    mantissa: Option<u32>,
    #[serde(default)]
    builder: Option<Address>,
    #[serde(default)]
    id: Option<u32>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CandleQuery {
    coin: String,
    interval: String,
    start_time: i64,
    #[serde(default)]
    end_time: Option<i64>,
}

/// An order by the venue's number or by the client's.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum OrderName {
    Oid(u64),
    Cloid(Cloid),
}

/// A request that cannot be answered: HTTP 422 for a wrong form, 500 for a coin that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// A field is missing or of the wrong form.
    Unreadable,
    /// The venue knows no such thing.
    Unknown,
}

type Answer = Result<Value, Unanswered>;

impl Query {
    fn user(&self) -> Result<Address, Unanswered> {
        self.user.ok_or(Unanswered::Unreadable)
    }

    fn coin(&self) -> Result<&str, Unanswered> {
        self.coin.as_deref().or(self.req.as_ref().map(|req| req.coin.as_str())).ok_or(Unanswered::Unreadable)
    }

    /// The coin that it names, for whoever counts or filters.
    pub(super) fn named_coin(&self) -> &str {
        self.coin().unwrap_or_default()
    }

    /// Only the venue's own exchange exists.
    fn main_dex(&self) -> Result<(), Unanswered> {
        if self.dex.as_deref().unwrap_or_default().is_empty() { Ok(()) } else { Err(Unanswered::Unknown) }
    }
}

/// Answers a request as text.
pub(super) fn answer_text(world: &mut World, query: &Query) -> Result<(String, usize), Unanswered> {
    if query.kind == "l2Book"
        && query.n_sig_figs.is_none()
        && query.mantissa.is_none()
        && query.main_dex().is_ok()
    {
        let (place, time) = (world.place_named(query.coin()?), world.time());
        let market = place.and_then(|place| world.markets.get_mut(place)).ok_or(Unanswered::Unknown)?;
        if let Some(text) = market.book_text(time) {
            return Ok((text, 0));
        }
    }
    let value = answer(world, query)?;
    let items = value.as_array().map_or(0, Vec::len);
    Ok((value.to_string(), items))
}

/// Answers a request.
pub(super) fn answer(world: &World, query: &Query) -> Answer {
    match query.kind.as_str() {
        "meta"
        | "metaAndAssetCtxs"
        | "spotMeta"
        | "spotMetaAndAssetCtxs"
        | "perpDexs"
        | "allMids"
        | "l2Book"
        | "candleSnapshot"
        | "recentTrades"
        | "fundingHistory"
        | "predictedFundings"
        | "exchangeStatus"
        | "perpsAtOpenInterestCap"
        | "allPerpMetas"
        | "liquidatable"
        | "maxMarketOrderNtls"
        | "activeAssetCtx"
        | "perpDeployAuctionStatus"
        | "spotPairDeployAuctionStatus"
        | "perpDexStatus"
        | "perpDexLimits"
        | "vaultDetails"
        | "validatorL1Votes"
        | "validatorSummaries"
        | "vaultSummaries"
        | "gossipRootIps"
        | "marginTable" => market::answer(world, query),
        "openOrders"
        | "frontendOpenOrders"
        | "historicalOrders"
        | "userFills"
        | "userFillsByTime"
        | "orderStatus"
        | "userFunding"
        | "userNonFundingLedgerUpdates"
        | "userTwapSliceFills"
        | "userTwapSliceFillsByTime"
        | "twapHistory" => history::answer(world, query),
        _ => account::answer(world, query),
    }
}

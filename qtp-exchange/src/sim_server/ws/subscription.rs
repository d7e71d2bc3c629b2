//! What a subscription's words mean.

use serde_json::Value;

use super::super::hub::Topic;
use super::super::info::grouping;
use super::super::market::is_interval;
use super::super::world::World;
use crate::hyperliquid::sign::Address;

/// The topic of a subscription; `None` if there is no such thing.
pub(super) fn topic(world: &World, words: &Value) -> Option<Topic> {
    let text = |name: &str| words.get(name).and_then(Value::as_str);
    let number =
        |name: &str| words.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    let place = || world.place_named(text("coin")?);
    let user = || text("user")?.parse::<Address>().ok();
    if text("dex").is_some_and(|dex| !dex.is_empty() && dex != "ALL_DEXS") {
        return None;
    }
    Some(match text("type")? {
        "allMids" => Topic::AllMids,
        "l2Book" => Topic::Book(place()?, grouping(number("nSigFigs"), number("mantissa")).ok()?),
        "trades" => Topic::Trades(place()?),
        "candle" => {
            Topic::Candle(place()?, text("interval").filter(|interval| is_interval(interval))?.to_owned())
        }
        "bbo" => Topic::Bbo(place()?),
        "activeAssetCtx" => Topic::Context(place()?),
        "activeAssetData" => Topic::AssetData(user()?, place()?),
        "orderUpdates" => Topic::OrderUpdates(user()?),
        "userFills" => Topic::UserFills(user()?),
        "userEvents" => Topic::UserEvents(user()?),
        "userFundings" => Topic::UserFundings(user()?),
        "userNonFundingLedgerUpdates" => Topic::Ledger(user()?),
        "webData2" => Topic::WebData(user()?),
        "clearinghouseState" => Topic::Clearinghouse(user()?),
        "openOrders" => Topic::OpenOrders(user()?),
        "spotState" => Topic::SpotState(user()?),
        name @ ("notification"
        | "webData3"
        | "twapStates"
        | "userTwapSliceFills"
        | "userTwapHistory"
        | "userHistoricalOrders"
        | "allDexsClearinghouseState"
        | "allDexsAssetCtxs") => {
            Topic::Silent(format!("{name}:{}", user().map(|user| user.to_string()).unwrap_or_default()))
        }
        _ => return None,
    })
}

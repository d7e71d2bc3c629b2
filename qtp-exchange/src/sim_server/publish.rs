//! What subscribers of markets are told after the tape moved.

use serde_json::{Value, json};

use super::hub::{ConnectionId, Hub, Topic};
use super::info;
use super::market::{book_json, candle_json, level_json};
use super::world::World;

/// Tells all subscribers of markets, if time has passed since they were told.
pub(super) fn markets(world: &mut World) {
    if !std::mem::take(&mut world.hub.market_moved) {
        return;
    }
    let since = std::mem::replace(&mut world.published, world.now).as_millis();
    for topic in world.hub.topics() {
        for data in news(world, &topic, since) {
            say(world, &topic, &data);
        }
    }
    for market in &mut world.markets {
        market.fresh.clear();
        market.told = market.version;
    }
}

fn say(world: &mut World, topic: &Topic, data: &Value) {
    let World { hub, faults, markets, .. } = world;
    let coin =
        topic.place().and_then(|place| markets.get(place)).map_or("", |market| market.asset.coin.as_str());
    hub.say(topic, data, coin, faults);
}

/// What a topic has to say about the time since an instant, in milliseconds.
fn news(world: &World, topic: &Topic, since: i64) -> Vec<Value> {
    let market = topic.place().and_then(|place| world.markets.get(place));
    match (topic, market) {
        (Topic::Bbo(_), Some(market)) if market.told == market.version => Vec::new(),
        (Topic::Trades(_), Some(market)) if market.fresh.is_empty() => Vec::new(),
        (Topic::Trades(_), Some(market)) => {
            vec![market.fresh.iter().map(|print| market.print_json(print)).collect()]
        }
        (Topic::Candle(_, interval), Some(market)) => {
            let bars = market.candles.grown_since(interval, since);
            bars.iter().map(|bar| candle_json(&market.asset.coin, interval, bar)).collect()
        }
        (
            Topic::UserFills(_)
            | Topic::UserFundings(_)
            | Topic::Ledger(_)
            | Topic::OrderUpdates(_)
            | Topic::UserEvents(_),
            _,
        ) => Vec::new(),
        _ => state(world, topic).into_iter().collect(),
    }
}

/// What a topic says to a new subscriber.
pub(super) fn first(world: &World, topic: &Topic) -> Option<Value> {
    let market = topic.place().and_then(|place| world.markets.get(place));
    match (topic, market) {
        (Topic::Trades(_), Some(market)) if market.prints.is_empty() => None,
        (Topic::Trades(_), Some(market)) => {
            Some(market.prints.iter().rev().take(10).map(|print| market.print_json(print)).collect())
        }
        (Topic::Candle(_, interval), Some(market)) => {
            let bars = market.candles.grown_since(interval, world.now.as_millis() - 60_000);
            bars.last().map(|bar| candle_json(&market.asset.coin, interval, bar))
        }
        (Topic::UserFills(user) | Topic::UserFundings(user) | Topic::Ledger(user), _) => {
            let account = world.accounts.get(user);
            let list: Vec<Value> = match (topic, account) {
                (Topic::UserFills(_), Some(account)) => {
                    account.fills.iter().rev().take(2_000).map(super::account::FillRecord::json).collect()
                }
                (Topic::UserFundings(_), Some(account)) => {
                    account.payments.iter().rev().take(500).map(super::account::PaymentRecord::flat).collect()
                }
                (_, Some(account)) => {
                    account.ledger.iter().rev().take(500).map(super::account::LedgerRecord::json).collect()
                }
                (_, None) => Vec::new(),
            };
            let name = match topic {
                Topic::UserFills(_) => "fills",
                Topic::UserFundings(_) => "fundings",
                _ => "nonFundingLedgerUpdates",
            };
            let mut data = json!({"isSnapshot": true, "user": user});
            if let Some(map) = data.as_object_mut() {
                map.insert(name.to_owned(), json!(list));
            }
            Some(data)
        }
        _ => state(world, topic),
    }
}

/// What a topic says whenever it is asked: the state now.
fn state(world: &World, topic: &Topic) -> Option<Value> {
    let market = topic.place().and_then(|place| world.markets.get(place));
    let account = topic.user().and_then(|user| world.accounts.get(&user));
    Some(match (topic, market) {
        (Topic::AllMids, _) => json!({"mids": info::all_mids(world)}),
        (Topic::Book(_, grouping), Some(market)) => {
            let mut book = book_json(&market.asset.coin, market.book.as_ref()?, *grouping);
            if let Some(map) = book.as_object_mut() {
                map.insert("time".to_owned(), json!(world.time()));
            }
            book
        }
        (Topic::Bbo(_), Some(market)) => {
            let (bid, ask) = market.best();
            json!({"coin": market.asset.coin, "time": world.time(), "bbo": [level_json(bid), level_json(ask)]})
        }
        (Topic::Context(_), Some(market)) => {
            json!({"coin": market.asset.coin, "ctx": market.context(world.now)})
        }
        (Topic::AssetData(user, place), _) => info::asset_data(world, *user, *place)?,
        (Topic::WebData(user), _) => info::web_data(world, *user),
        (Topic::Clearinghouse(user), _) => {
            json!({"dex": "", "user": user, "clearinghouseState": info::clearinghouse(world, account)})
        }
        (Topic::OpenOrders(user), _) => {
            json!({"dex": "", "user": user, "orders": account.map_or_else(|| json!([]), info::frontend_orders)})
        }
        (Topic::SpotState(user), _) => json!({"user": user, "spotState": info::spot_state(world, account)}),
        _ => return None,
    })
}

/// Says a topic's first words to one connection.
pub(super) fn greet(world: &mut World, id: ConnectionId, topic: &Topic) {
    let Some(data) = first(world, topic) else { return };
    let message = Hub::message(topic, &data);
    world.hub.send(id, &message, None);
}

/// State topics of a user follow everything that happens to him.
pub(super) fn account(world: &mut World, user: crate::hyperliquid::sign::Address) {
    for topic in [Topic::Clearinghouse(user), Topic::OpenOrders(user), Topic::SpotState(user)] {
        if world.hub.is_heard(&topic)
            && let Some(data) = state(world, &topic)
        {
            say(world, &topic, &data);
        }
    }
}

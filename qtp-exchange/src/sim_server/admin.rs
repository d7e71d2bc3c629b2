//! `/admin`: time, prices, accounts and faults, for whoever runs the venue.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use qtp_core::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::faults::{Stroke, Written, rules};
use super::number::text;
use super::server::Shared;
use super::{http, publish, strokes};
use crate::hyperliquid::sign::Address;
use crate::hyperliquid::wire::Number;

/// Longest step, in seconds: a month.
const STEP_MOST: f64 = 2_678_400.0;

type Answer = Result<Value, String>;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/state", get(state))
        .route("/step", post(step))
        .route("/market", post(market))
        .route("/fund", post(fund))
        .route("/liquidate", post(liquidate))
        .route("/adl", post(adl))
        .route("/order", post(order))
        .route("/disconnect", post(disconnect))
        .route("/clock", post(clock))
        .route("/faults", get(fault_report).post(faults))
}

/// Reads a body and acts; what is wrong is said with HTTP 400.
fn with<T: DeserializeOwned>(body: &Bytes, act: impl FnOnce(T) -> Answer) -> Response {
    let empty = Bytes::from_static(b"{}");
    let body = if body.is_empty() { &empty } else { body };
    let answer = serde_json::from_slice::<T>(body).map_err(|error| error.to_string()).and_then(act);
    match answer {
        Ok(value) => http::written(&value),
        Err(words) => {
            let mut response = http::written(&json!({"error": words}));
            *response.status_mut() = StatusCode::BAD_REQUEST;
            response
        }
    }
}

async fn state(State(shared): State<Arc<Shared>>) -> Response {
    let world = shared.lock();
    let markets: Vec<Value> = world.markets.iter().map(|market| {
        json!({"coin": market.asset.coin, "asset": market.asset.id, "mark": text(market.mark()), "halted": market.halted})
    }).collect();
    http::written(
        &json!({"time": world.now.to_string(), "ms": world.now.as_millis(), "stepped": shared.is_stepped(),
        "network": world.network.chain(), "accounts": world.accounts.len(), "connections": world.hub.connections(),
        "markets": markets}),
    )
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    seconds: f64,
}

async fn step(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    with(&body, |step: Step| {
        if !shared.is_stepped() {
            return Err("time passes by itself here: start the venue with --step".into());
        }
        if !(0.0..=STEP_MOST).contains(&step.seconds) {
            return Err(format!("seconds: must be from 0 to {STEP_MOST}"));
        }
        let now = shared.step(Duration::from_secs_f64(step.seconds));
        Ok(json!({"time": now.to_string(), "ms": now.as_millis()}))
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarketChange {
    coin: String,
    halted: Option<bool>,
    price: Option<Number>,
    /// A share, such as `-0.05`.
    r#move: Option<Number>,
    /// Hourly funding rate from now on.
    funding: Option<Number>,
}

async fn market(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    with(&body, |change: MarketChange| {
        let mut world = shared.lock();
        let place = world
            .place_named(&change.coin)
            .ok_or_else(|| format!("coin {:?} is not traded here", change.coin))?;
        let mut todo = Vec::new();
        todo.extend(change.halted.map(|halted| Stroke::Halt(change.coin.clone(), halted)));
        todo.extend(change.price.map(|price| Stroke::Price(change.coin.clone(), price.get())));
        todo.extend(change.r#move.map(|share| Stroke::Move(change.coin.clone(), share.get())));
        for stroke in &todo {
            strokes::run(&mut world, stroke)?;
        }
        if let (Some(rate), Some(market)) = (change.funding, world.markets.get_mut(place)) {
            market.rate = rate.get();
        }
        publish::markets(&mut world);
        let mark = world.markets.get(place).map(|market| text(market.mark()));
        Ok(json!({"coin": change.coin, "mark": mark}))
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fund {
    user: Address,
    /// Dollars, or coins if `coin` names a spot token.
    amount: Number,
    #[serde(default)]
    spot: bool,
    coin: Option<String>,
}

async fn fund(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    with(&body, |fund: Fund| {
        let mut world = shared.lock();
        let Some(coin) = fund.coin else {
            world.fund(fund.user, fund.amount.get(), fund.spot).map_err(|error| error.to_string())?;
            return Ok(json!({"user": fund.user}));
        };
        let place =
            world.markets.iter().position(|market| market.asset.is_spot() && market.asset.base == coin);
        let place = place.ok_or_else(|| format!("token {coin:?} is not traded here"))?;
        let price = world.markets.get(place).and_then(|market| market.price).ok_or("no price yet")?;
        world
            .move_coins(fund.user, place, fund.amount.get(), price)
            .map_err(|_| "the account cannot be made")?;
        Ok(json!({"user": fund.user}))
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    user: Address,
    coin: String,
    share: Option<Number>,
    /// Coins; negative sells.
    size: Option<Number>,
}

fn strike(shared: &Shared, stroke: &Stroke) -> Answer {
    strokes::run(&mut shared.lock(), stroke)?;
    Ok(json!({"done": true}))
}

async fn liquidate(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    with(&body, |on: Position| strike(&shared, &Stroke::Liquidate(on.user, on.coin)))
}

async fn adl(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    with(&body, |on: Position| {
        let share = on.share.map_or(Decimal::ONE, Number::get);
        if share <= Decimal::ZERO || share > Decimal::ONE {
            return Err("share: must be above 0 and at most 1".into());
        }
        strike(&shared, &Stroke::Adl(on.user, on.coin, share))
    })
}

async fn order(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    with(&body, |on: Position| {
        let size = on.size.ok_or("size: missing")?;
        strike(&shared, &Stroke::Manual(on.user, on.coin, size.get()))
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whom {
    user: Option<Address>,
}

async fn disconnect(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    with(&body, |whom: Whom| Ok(json!({"connections": shared.lock().hub.cut_all(whom.user)})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockError {
    ms: i64,
}

async fn clock(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    with(&body, |error: ClockError| strike(&shared, &Stroke::Clock(error.ms)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultChange {
    /// Forgets all rules first.
    #[serde(default)]
    clear: bool,
    #[serde(default)]
    fault: Vec<Written>,
}

async fn faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    with(&body, |change: FaultChange| {
        let rules = rules(change.fault).map_err(|error| error.to_string())?;
        let mut world = shared.lock();
        if change.clear {
            world.faults.clear();
        }
        world.faults.add(rules);
        Ok(world.faults.report())
    })
}

async fn fault_report(State(shared): State<Arc<Shared>>) -> Response {
    http::written(&shared.lock().faults.report())
}

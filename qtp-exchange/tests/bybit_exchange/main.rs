//! Bybit against a venue of a few lines: what is sent, what is believed, and what a bad network does.
#![cfg(feature = "bybit")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod account;
mod market;
mod orders;
#[path = "../venue_stub/mod.rs"]
#[allow(dead_code, reason = "the venues share it")]
mod stub;

use std::sync::Arc;

use qtp_core::Timestamp;
use qtp_core::port::SimClock;
use qtp_exchange::bybit::{BybitExchange, Category, ExchangeSettings, MarketSettings};
use qtp_exchange::transport::Credentials;
use stub::{Asked, Does, KEY, SECRET, Stub, ok};

/// The venue's clock; ours stands at the same time unless a test sets it otherwise.
const NOW: i64 = 1_700_000_000_000;
const SPOT: &str = "BTC-USDT@bybit";
const PERP: &str = "BTC-USDT-PERP@bybit-linear";

fn listing(symbol: &str, base: &str, contract: &str) -> String {
    format!(
        r#"{{"symbol":"{symbol}","status":"Trading","baseCoin":"{base}","quoteCoin":"USDT"{contract},
        "priceFilter":{{"tickSize":"0.1"}},"lotSizeFilter":{{}}}}"#
    )
}

/// Answers what every client asks for first; `does` answers the rest.
async fn venue(does: impl Fn(&Asked) -> Does + Send + Sync + 'static) -> Stub {
    Stub::new(move |asked| match asked.line.as_str() {
        "GET /v5/market/time" => result(&format!(r#"{{"timeNano":"{NOW}000000"}}"#)),
        "GET /v5/market/instruments-info" if asked.query.contains("category=linear") => {
            let contract = r#","settleCoin":"USDT","contractType":"LinearPerpetual""#;
            // In two pages.
            match asked.query.contains("cursor=second") {
                false => result(&format!(
                    r#"{{"list":[{}],"nextPageCursor":"second"}}"#,
                    listing("BTCUSDT", "BTC", contract)
                )),
                true => list(&listing("ETHUSDT", "ETH", contract)),
            }
        }
        "GET /v5/market/instruments-info" => {
            list(&format!("{},{}", listing("BTCUSDT", "BTC", ""), listing("ETHUSDT", "ETH", "")))
        }
        _ => does(asked),
    })
    .await
}

fn settings(stub: &Stub, category: Category, ours: i64) -> ExchangeSettings {
    let name = if category == Category::Spot { "bybit" } else { "bybit-linear" };
    let mut market = MarketSettings::new(name.parse().unwrap(), false);
    stub.http(&mut market.http);
    let mut settings =
        ExchangeSettings::new(market, category, "main".parse().unwrap(), Credentials::hmac(KEY, SECRET));
    settings.clock = Arc::new(SimClock::new(Timestamp::from_millis(ours)));
    settings
}

fn exchange(stub: &Stub, category: Category) -> BybitExchange {
    let mut settings = settings(stub, category, NOW);
    settings.instruments = vec![if category == Category::Spot { SPOT } else { PERP }.parse().unwrap()];
    BybitExchange::new(settings).unwrap()
}

/// The payload of a signed request, after the venue's own check of key and signature.
fn checked(asked: &Asked) -> String {
    let payload = if asked.body.is_empty() { &asked.query } else { &asked.body };
    let (time, window) = (&asked.headers["x-bapi-timestamp"], &asked.headers["x-bapi-recv-window"]);
    let signature = Credentials::hmac(KEY, SECRET).sign(&format!("{time}{KEY}{window}{payload}"));
    assert_eq!((asked.headers["x-bapi-api-key"].as_str(), &asked.headers["x-bapi-sign"]), (KEY, &signature));
    payload.clone()
}

fn result(text: &str) -> Does {
    ok(format!(r#"{{"retCode":0,"retMsg":"OK","result":{text},"time":{NOW}}}"#))
}

fn list(items: &str) -> Does {
    result(&format!(r#"{{"list":[{items}],"nextPageCursor":""}}"#))
}

/// A refusal: HTTP says 200.
fn refused(code: i64, words: &str) -> Does {
    ok(format!(r#"{{"retCode":{code},"retMsg":"{words}","result":{{}},"time":{NOW}}}"#))
}

/// An order as the venue tells of it.
fn told(id: &str, state: &str, filled: &str) -> String {
    format!(
        r#"{{"category":"linear","symbol":"BTCUSDT","orderId":"o-7","orderLinkId":"{id}","side":"Buy","price":"90000",
        "qty":"0.5","cumExecQty":"{filled}","orderStatus":"{state}","rejectReason":"EC_NoError","cancelType":"UNKNOWN",
        "updatedTime":"{NOW}"}}"#
    )
}

fn execution(id: &str, link: &str, kind: &str, time: i64) -> String {
    format!(
        r#"{{"category":"linear","symbol":"BTCUSDT","orderId":"o-7","orderLinkId":"{link}","side":"Buy","execId":"{id}",
        "execPrice":"90000","execQty":"0.1","execType":"{kind}","execFee":"0.05","isMaker":false,"execTime":"{time}"}}"#
    )
}

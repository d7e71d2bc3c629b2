//! Alpaca against a venue of a few lines: what is sent, what is believed, and what a bad network does.
#![cfg(feature = "alpaca")]
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
use qtp_exchange::alpaca::{AlpacaExchange, AssetClass, ExchangeSettings, MarketSettings};
use stub::{Asked, Does, KEY, SECRET, Stub, ok};

/// The venue's clock, 09:31 in New York.
const NOW: &str = "2024-01-02T14:31:00Z";
const AAPL: &str = "AAPL@alpaca";

/// Answers what every client asks for first; `does` answers the rest.
async fn venue(does: impl Fn(&Asked) -> Does + Send + Sync + 'static) -> Stub {
    Stub::new(move |asked| {
        assert_eq!(
            (asked.headers["apca-api-key-id"].as_str(), asked.headers["apca-api-secret-key"].as_str()),
            (KEY, SECRET)
        );
        match asked.line.as_str() {
            "GET /v2/clock" => ok(r#"{"timestamp":"2024-01-02T09:31:00-05:00","is_open":false,
                "next_open":"2024-01-03T09:30:00-05:00","next_close":"2024-01-03T16:00:00-05:00"}"#),
            "GET /v2/assets" => ok(r#"[{"symbol":"AAPL","tradable":true,"fractionable":true},
                {"symbol":"MSFT","tradable":true,"fractionable":false}]"#),
            _ => does(asked),
        }
    })
    .await
}

fn market(stub: &Stub) -> MarketSettings {
    let key = Some((KEY.to_owned(), SECRET.to_owned()));
    let mut settings = MarketSettings::new("alpaca".parse().unwrap(), AssetClass::Stock, true, key);
    stub.http(&mut settings.trading);
    stub.http(&mut settings.data);
    settings
}

fn settings(stub: &Stub) -> ExchangeSettings {
    let mut settings = ExchangeSettings::new(market(stub), true, "main".parse().unwrap());
    settings.clock = Arc::new(SimClock::new(now()));
    settings
}

fn exchange(stub: &Stub) -> AlpacaExchange {
    AlpacaExchange::new(settings(stub)).unwrap()
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// An order as the venue tells of it; numbers come as text or not at all.
fn told(number: &str, id: &str, state: &str, filled: &str) -> String {
    format!(
        r#"{{"id":"{number}","client_order_id":"{id}","symbol":"AAPL","side":"buy","status":"{state}","qty":"3",
        "filled_qty":"{filled}","limit_price":"180","stop_price":null,"updated_at":"{NOW}","legs":null}}"#
    )
}

//! Binance as an exchange against a venue of a few lines: what is sent, what is believed, and what a bad network does.
#![cfg(feature = "binance")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod account;
mod orders;
#[path = "../venue_stub/mod.rs"]
#[allow(dead_code, reason = "the venues share it")]
mod stub;

use std::sync::Arc;

use qtp_core::Timestamp;
use qtp_core::port::SimClock;
use qtp_exchange::binance::{BinanceExchange, ExchangeSettings, MarketSettings, Product};
use qtp_exchange::transport::Credentials;
use stub::{Asked, Does, KEY, SECRET, Stub, ok, status};

/// The venue's clock; ours stands at the same time unless a test sets it otherwise.
const NOW: i64 = 1_700_000_000_000;
const SPOT: &str = "BTC-USDT@binance";
const PERP: &str = "BTC-USDT-PERP@binance-usdm";

fn listing(symbol: &str, base: &str) -> String {
    format!(
        r#"{{"symbol":"{symbol}","status":"TRADING","baseAsset":"{base}","quoteAsset":"USDT","marginAsset":"USDT",
        "contractType":"PERPETUAL","filters":[{{"filterType":"PRICE_FILTER","tickSize":"0.01"}}]}}"#
    )
}

/// Answers what every client asks for first; `does` answers the rest.
async fn venue(does: impl Fn(&Asked) -> Does + Send + Sync + 'static) -> Stub {
    Stub::new(move |asked| match asked.line.as_str() {
        "GET /api/v3/time" | "GET /fapi/v1/time" => ok(format!(r#"{{"serverTime":{NOW}}}"#)),
        "GET /api/v3/exchangeInfo" | "GET /fapi/v1/exchangeInfo" => {
            ok(format!(r#"{{"symbols":[{},{}]}}"#, listing("BTCUSDT", "BTC"), listing("ETHUSDT", "ETH")))
        }
        _ => does(asked),
    })
    .await
}

fn settings(stub: &Stub, product: Product, ours: i64) -> ExchangeSettings {
    let name = if product == Product::Spot { "binance" } else { "binance-usdm" };
    let mut market = MarketSettings::new(name.parse().unwrap(), product, false);
    stub.http(&mut market.http);
    let credentials = Credentials::hmac(KEY, SECRET);
    let mut settings = ExchangeSettings::new(market, product, false, "main".parse().unwrap(), credentials);
    settings.clock = Arc::new(SimClock::new(Timestamp::from_millis(ours)));
    settings
}

fn spot(stub: &Stub) -> BinanceExchange {
    BinanceExchange::new(settings(stub, Product::Spot, NOW)).unwrap()
}

fn futures(stub: &Stub) -> BinanceExchange {
    BinanceExchange::new(settings(stub, Product::UsdMargin, NOW)).unwrap()
}

/// The pairs of a signed request, after the venue's own check of key and signature.
fn checked(asked: &Asked) -> String {
    let text = if asked.body.is_empty() { &asked.query } else { &asked.body };
    let (signed, signature) =
        text.rsplit_once("&signature=").unwrap_or_else(|| panic!("unsigned: {asked:?}"));
    assert_eq!(Credentials::hmac(KEY, SECRET).sign(signed), signature);
    assert_eq!(asked.headers["x-mbx-apikey"], KEY);
    signed.to_owned()
}

fn refused(code: i64, words: &str) -> Does {
    status(400, &format!(r#"{{"code":{code},"msg":"{words}"}}"#))
}

/// An order as the venue tells of it.
fn told(id: &str, number: u64, state: &str, filled: &str) -> String {
    format!(
        r#"{{"symbol":"BTCUSDT","orderId":{number},"clientOrderId":"{id}","price":"90000","origQty":"0.5",
        "executedQty":"{filled}","status":"{state}","side":"BUY","updateTime":{NOW}}}"#
    )
}

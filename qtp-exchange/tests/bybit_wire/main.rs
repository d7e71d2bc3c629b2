//! Recorded payloads of Bybit as domain values.
#![cfg(feature = "bybit")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../binance_wire/summary.rs"]
mod summary;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use qtp_core::{AccountId, ClientOrderId, ExchangeError, Instrument, RunId, Timeframe, Timestamp};
use qtp_exchange::bybit::wire::{
    self, AccountUpdate, MarketUpdate, Page, Ticker, account_updates, market_update,
};
use qtp_exchange::bybit::{Category, FeedBook, Step};
use qtp_exchange::native::Symbols;

const FOLDER: &str = "exchange-fixtures/bybit";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name)
}

fn present() -> bool {
    let there = path(FOLDER).is_dir();
    if !there {
        println!("skipped: recorded payloads are not there");
    }
    there
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(&format!("{FOLDER}/{name}.json")))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(path(FOLDER)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".json", "")).collect();
    names.sort();
    names
}

fn account() -> AccountId {
    "main".parse().unwrap()
}

fn symbols() -> Symbols {
    let natives = ["BTC", "ETH", "SOL", "LTC", "ICP", "APEX"];
    let instruments: Vec<(String, Instrument)> = natives
        .iter()
        .map(|base| {
            let id = format!("{base}-USDT-PERP@bybit-linear").parse().unwrap();
            (format!("{base}USDT"), Instrument::unrestricted(id).unwrap())
        })
        .collect();
    Symbols::new(instruments.iter().map(|(native, instrument)| (native.as_str(), instrument)))
}

fn lines(events: &[(Timestamp, qtp_core::Event)]) -> String {
    events.iter().map(|(time, event)| summary::event(*time, event)).collect::<Vec<_>>().join("; ")
}

fn user(name: &str) -> String {
    match account_updates(&text(name), Category::Linear, &symbols(), &account())
        .unwrap_or_else(|error| panic!("{name}: {error:?}"))
    {
        AccountUpdate::Events(events) => lines(&events),
        other => format!("{other:?}"),
    }
}

fn market(name: &str) -> String {
    match market_update(&text(name), &symbols()).unwrap_or_else(|error| panic!("{name}: {error:?}")) {
        MarketUpdate::Events(events) => lines(&events),
        MarketUpdate::Depth { symbol, update } => {
            format!(
                "depth {symbol} {} {} {} bids {} asks",
                update.snapshot,
                update.id,
                update.bids.len(),
                update.asks.len()
            )
        }
        MarketUpdate::Ticker { symbol, time, ticker } if symbol == "BTCUSDT" => {
            lines(&ticker.events(&"BTC-USDT-PERP@bybit-linear".parse().unwrap(), time))
        }
        MarketUpdate::Ticker { symbol, .. } => format!("ticker {symbol}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn every_recorded_message_has_its_values() {
    if !present() {
        return;
    }
    let messages = names().into_iter().filter(|name| name.starts_with("ws_"));
    let actual: Vec<(String, String)> = messages
        .map(|name| {
            let read = if name.starts_with("ws_account") { user(&name) } else { market(&name) };
            (name, read)
        })
        .collect();
    summary::assert_all(FOLDER, &actual, MESSAGES);
}

#[test]
fn messages_of_the_other_category_are_left_to_it() {
    if !present() {
        return;
    }
    let name = "ws_account_order_partially_filled_rejected";
    let update = account_updates(&text(name), Category::Spot, &symbols(), &account()).unwrap();
    let AccountUpdate::Events(events) = update else { panic!("{update:?}") };
    let shown = lines(&events);
    assert!(shown.contains("APEX-USDT-PERP buy Canceled 50/100 at 1.5"), "{shown}");
}

#[test]
fn orders_and_executions_over_rest() {
    if !present() {
        return;
    }
    let read = |name: &str| -> Vec<String> {
        let page = wire::orders("orders", &text(name), &symbols(), &account()).unwrap();
        page.items.iter().map(summary::report).collect()
    };
    assert_eq!(
        read("http_get_orders_history")[0],
        "1700000005000 BTC-USDT-PERP buy Canceled 0/0.01 at 30000 #abcdef123456"
    );
    assert_eq!(
        read("http_get_orders_realtime")[0],
        "1761355905606 ETH-USDT-PERP buy Open 0/0.01 at 3930.41 #open-order-1"
    );
    assert_eq!(read("http_get_orders_history_with_duplicate")[0], read("http_get_orders_realtime")[0]);
    let exits = [
        "1672364262457 BTC-USDT-PERP sell Open 0/0.5 at 55000 #tp-order-001",
        "1672364262457 BTC-USDT-PERP sell Open 0/0.5 at 47500 #sl-order-001",
    ];
    assert_eq!(read("http_get_orders_realtime_tp_sl"), exits);
    // Half of it was executed before the rest was refused.
    let partly = &read("http_get_order_partially_filled_rejected")[0];
    assert!(
        partly.contains("buy Canceled 0.005/0.01 at 30000 #5cf98598")
            && partly.ends_with("because insufficient_margin"),
        "{partly}"
    );

    let Page { items, next } =
        wire::fills(&text("http_get_executions"), Category::Linear, &symbols(), &account()).unwrap();
    let fills: Vec<String> = items.iter().map(summary::fill).collect();
    let first = "1672282722429 BTC-USDT-PERP buy 0.1 at 50000 fee 0.015 USDT Maker trade e0cbe81d-0f18-5866-9415-cf319b5dab3b #8c065341-7b52-4ca9-ac2c-37e31ac55c94 Some(Manual)";
    assert_eq!(
        (fills.len(), fills[0].as_str(), next.as_deref()),
        (2, first, Some("132766%3A2%2C132766%3A2"))
    );
}

#[test]
fn balances_and_positions() {
    if !present() {
        return;
    }
    let held = |name: &str| -> Vec<String> {
        wire::balances(&text(name))
            .unwrap()
            .iter()
            .map(|(coin, total)| format!("{coin} {}", total.normalize()))
            .collect()
    };
    assert_eq!(held("http_get_wallet_balance"), ["ETH -0.06142", "USDT 1000.5"]);
    assert_eq!(held("http_get_wallet_balance_spot_short"), ["ETH -0.06142", "USDT 2500"]);
    assert_eq!(held("http_get_wallet_balance_with_spot_borrow"), ["USDT 1000"]);
    let net = |name: &str| -> Vec<String> {
        let page = wire::positions(&text(name), &symbols()).unwrap();
        page.items.iter().map(|(id, size)| format!("{} {size}", id.base())).collect()
    };
    assert_eq!(net("http_get_positions")[..2], ["BTC 0.5", "ETH -5"]);
    assert_eq!(net("http_get_positions_with_open_time"), ["LTC 1"]);
    let hedged =
        text("http_get_positions_with_open_time").replace("\"positionIdx\": 0", "\"positionIdx\": 1");
    assert!(wire::positions(&hedged, &symbols()).unwrap_err().to_string().contains("hedge mode"));
}

#[test]
fn candles_books_prints_and_funding() {
    if !present() {
        return;
    }
    let id = "BTC-USDT-PERP@bybit-linear".parse().unwrap();
    let candles = wire::candles(&text("http_get_klines_linear"), &id, Timeframe::M1, Timestamp::MAX).unwrap();
    let shown =
        format!("{} {} {}", candles[0].open_time().as_millis(), candles[0].close(), candles[0].volume());
    assert_eq!(shown, "1709891679000 27455 123.45");
    let open = candles[0].close_time() - std::time::Duration::from_millis(1);
    assert!(wire::candles(&text("http_get_klines_linear"), &id, Timeframe::M1, open).unwrap().is_empty());
    let book = wire::order_book(&text("http_get_orderbook"), &symbols(), 2).unwrap();
    let prices = |levels: &[qtp_core::BookLevel]| {
        levels.iter().map(|level| level.price.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        (prices(&book.bids), prices(&book.asks)),
        (vec!["27450.5".into(), "27450".into()], vec!["27451".into(), "27451.5".to_owned()])
    );
    let trades = wire::trades(&text("http_get_trades_recent"), &symbols()).unwrap();
    assert_eq!(
        (trades[0].price.to_string().as_str(), trades[0].taker),
        ("27450.5", Some(qtp_core::Side::Buy))
    );
    let rates = wire::funding_rates(&text("http_get_funding_history"), &symbols()).unwrap();
    let rates: Vec<String> =
        rates.iter().map(|rate| format!("{} {}", rate.time.as_millis(), rate.rate)).collect();
    assert_eq!(rates, ["1709856000000 0.00015", "1709884800000 0.0001"]);
}

#[test]
fn filters_become_the_rules_of_an_instrument() {
    if !present() {
        return;
    }
    let read = |name: &str, category: Category| -> Vec<Instrument> {
        let page = wire::instruments(&text(name), category, &"bybit".parse().unwrap()).unwrap();
        page.items.into_iter().map(|listed| listed.instrument).collect()
    };
    let linear = &read("http_get_instruments_linear", Category::Linear)[0];
    assert_eq!(linear.id.to_string(), "BTC-USDT-PERP@bybit");
    assert_eq!(
        format!("{:?} {:?}", linear.price_rule, linear.size_rule),
        "Tick(Price(0.5)) Lot(Quantity(0.001))"
    );
    let bounds = [linear.min_quantity, linear.max_quantity, linear.max_market_quantity]
        .map(|q| q.unwrap().to_string());
    assert_eq!(
        (bounds, linear.min_notional.unwrap().to_string()),
        (["0.001", "100", "50"].map(str::to_owned), "5".into())
    );
    let stock = &read("http_get_instruments_linear_symbol_type", Category::Linear)[0];
    assert_eq!(stock.funding_interval.unwrap().as_secs(), 8 * 3600);
    let spot = &read("http_get_instruments_spot", Category::Spot)[0];
    assert_eq!(
        (spot.id.to_string().as_str(), spot.min_notional.unwrap().to_string().as_str()),
        ("BTC-USDT@bybit", "10")
    );
    assert_eq!(format!("{:?}", spot.size_rule), "Lot(Quantity(0.0001))");
    assert_eq!(
        read("http_get_instruments_spot_xstocks", Category::Spot)[0].id.to_string(),
        "AAPL-USDT@bybit"
    );
    // Options and contracts with their base as margin are not traded here.
    for name in [
        "http_get_instruments_option",
        "http_get_instruments_option_symbol_id",
        "http_get_instruments_inverse",
        "http_get_instruments_inverse_symbol_type",
    ] {
        assert!(read(name, Category::Linear).is_empty(), "{name}");
    }
}

/// Sub-accounts, keys and settings that no domain value stands for.
const NOT_READ: &[&str] = &[
    "http_get_account_info",
    "http_get_fee_rate",
    "http_get_user_escrow_sub_members",
    "http_get_user_query_api",
    "http_get_user_sub_apikeys",
    "http_get_user_sub_members",
    "http_get_user_sub_members_paged",
    "http_post_user_update_master_api",
    "http_post_user_update_sub_api",
];

#[test]
fn every_recorded_answer_is_read_here_or_named_as_not_read() {
    if !present() {
        return;
    }
    let source = include_str!("main.rs");
    for name in names().iter().filter(|name| name.starts_with("http_")) {
        let times = source.matches(&format!("\"{name}\"")).count();
        assert!(times > 0, "{name}");
        assert!(times == 1 || !NOT_READ.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn a_book_begins_with_a_snapshot_and_ends_with_a_gap() {
    if !present() {
        return;
    }
    let update = |name: &str| match market_update(&text(name), &symbols()).unwrap() {
        MarketUpdate::Depth { update, .. } => update,
        other => panic!("{other:?}"),
    };
    let (snapshot, delta) = (update("ws_orderbook_snapshot"), update("ws_orderbook_delta"));
    let mut book = FeedBook::default();
    assert_eq!(book.on_update(&delta), Step::NeedsSnapshot);
    assert_eq!(book.on_update(&snapshot), Step::InSync);
    assert_eq!(book.on_update(&delta), Step::InSync);
    let (bid, ask) = book.levels().unwrap().0.best();
    assert_eq!(
        (bid.unwrap().quantity.to_string(), ask.unwrap().price.to_string()),
        ("0.4".into(), "27451.5".into())
    );
    assert_eq!(book.on_update(&delta), Step::Old);
    let mut later = delta;
    later.id += 2;
    assert_eq!(book.on_update(&later), Step::NeedsSnapshot);
    assert!(book.levels().is_none());
}

#[test]
fn figures_that_did_not_change_stay_as_they_were() {
    let read = |text: &str| serde_json::from_str::<Ticker>(text).unwrap();
    let mut ticker =
        read(r#"{"markPrice":"100","fundingRate":"0.0001","nextFundingTime":"1000","bid1Price":""}"#);
    ticker.merge(&read(r#"{"fundingRate":"-0.0002"}"#));
    let shown =
        lines(&ticker.events(&"BTC-USDT-PERP@bybit-linear".parse().unwrap(), Timestamp::from_millis(5)));
    assert!(shown.ends_with("5: funding BTC-USDT-PERP -0.0002 paid 1000"), "{shown}");
}

#[test]
fn codes_become_what_can_be_done_about_them() {
    let of = |code: i64| {
        let text = format!(r#"{{"retCode":{code},"retMsg":"words","result":{{}}}}"#);
        wire::result("submit", &text).unwrap_err()
    };
    assert!(matches!(of(10_006), ExchangeError::RateLimited { .. }));
    assert!(matches!(of(10_003), ExchangeError::Auth { message, .. } if message == "words"));
    assert!(matches!(of(110_007), ExchangeError::Rejected { reason, .. } if reason.code == "110007"));
    let id = ClientOrderId::new(RunId(1), 2, 3);
    for lost in [r#"{"retCode":10016,"retMsg":"Server error"}"#, "<html>"] {
        let error = wire::submit_result(id, lost).unwrap_err();
        assert!(matches!(error, ExchangeError::OutcomeUnknown { .. }), "{error:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_payloads_never_panic(
        pick in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 1..6),
    ) {
        let mut texts = vec![r#"{"topic":"kline.1.BTCUSDT","data":[]}"#.to_owned()];
        if path(FOLDER).is_dir() {
            texts.extend(names().iter().map(|name| text(name)));
        }
        let mut text: Vec<char> = texts[pick.index(texts.len())].chars().collect();
        for (place, with) in edits {
            let place = place.index(text.len());
            text[place] = with;
        }
        let text: String = text.into_iter().collect();
        let (symbols, account) = (symbols(), account());
        let id = "BTC-USDT-PERP@bybit-linear".parse().unwrap();
        let _ = market_update(&text, &symbols);
        let _ = account_updates(&text, Category::Linear, &symbols, &account);
        let _ = wire::orders("orders", &text, &symbols, &account);
        let _ = wire::fills(&text, Category::Spot, &symbols, &account);
        let _ = wire::balances(&text);
        let _ = wire::positions(&text, &symbols);
        let _ = wire::candles(&text, &id, Timeframe::M1, Timestamp::MAX);
        let _ = wire::order_book(&text, &symbols, 5);
        let _ = wire::trades(&text, &symbols);
        let _ = wire::funding_rates(&text, &symbols);
        let _ = wire::instruments(&text, Category::Linear, &"bybit".parse().unwrap());
    }
}

const MESSAGES: &[(&str, &str)] = &[
    (
        "ws_account_execution",
        "1746270400353: fill 1746270400353 BTC-USDT-PERP sell 0.5 at 95900.1 fee 26.3725275 USDT Taker trade 0ab1bdf7-4219-438b-b30a-32ec863018f7 #9aac161b-8ed6-450d-9cab-c5cc67c21784 Some(Manual)",
    ),
    (
        "ws_account_execution_adl",
        "1746270400398: fill 1746270400398 BTC-USDT-PERP sell 0.5 at 95850 fee 0 USDT Taker trade 0ab1bdf7-4219-438b-b30a-32ec863018f8 #9aac161b-8ed6-450d-9cab-c5cc67c21785 Some(Adl)",
    ),
    ("ws_account_execution_fast", "Unused"),
    ("ws_account_execution_fast_envelope_id", "Unused"),
    (
        "ws_account_order",
        "1700000005000: report 1700000005000 BTC-USDT-PERP buy Canceled 0/0.01 at 30000 #abcdef123456",
    ),
    (
        "ws_account_order_buy_stop_market",
        "1672364262457: report 1672364262457 BTC-USDT-PERP buy Open 0/0.1 at 55000 #test-buy-stop-market-001",
    ),
    (
        "ws_account_order_filled",
        "1672364262457: report 1672364262457 BTC-USDT-PERP buy Filled 0.1/0.1 at 30000.5 #5cf98598-39a7-459e-97bf-76ca765ee020",
    ),
    (
        "ws_account_order_limit_if_touched",
        "1672364262457: report 1672364262457 BTC-USDT-PERP buy Open 0/0.1 at 55500 #test-lit-001",
    ),
    (
        "ws_account_order_market_if_touched",
        "1672364262457: report 1672364262457 BTC-USDT-PERP buy Open 0/0.1 at 55000 #test-mit-001",
    ),
    // One of spot.
    ("ws_account_order_partially_filled_rejected", ""),
    (
        "ws_account_order_sell_market_if_touched",
        "1672364262457: report 1672364262457 BTC-USDT-PERP sell Open 0/0.1 at 55000 #test-sell-mit-001",
    ),
    (
        "ws_account_order_stop_limit",
        "1672364262457: report 1672364262457 BTC-USDT-PERP sell Open 0/0.1 at 44500 #test-stop-limit-001",
    ),
    (
        "ws_account_order_stop_loss",
        "1672364262457: report 1672364262457 BTC-USDT-PERP sell Open 0/0.5 at 48000 #test-stop-loss-001",
    ),
    (
        "ws_account_order_stop_market",
        "1672364262457: report 1672364262457 BTC-USDT-PERP sell Open 0/0.1 at 45000 #test-stop-market-001",
    ),
    (
        "ws_account_order_take_profit",
        "1672364262457: report 1672364262457 BTC-USDT-PERP sell Open 0/0.5 at 55000 #test-take-profit-001",
    ),
    ("ws_account_position", "Unused"),
    ("ws_account_position_short", "Unused"),
    ("ws_account_position_with_open_time", "Unused"),
    ("ws_account_wallet", "Balances"),
    ("ws_account_wallet_locked_exceeds_total", "Balances"),
    ("ws_account_wallet_small_order", "Balances"),
    ("ws_auth_failure", "Answer { operation: \"auth\", error: Some(\"Invalid apikey\") }"),
    ("ws_auth_success", "Answer { operation: \"auth\", error: None }"),
    ("ws_kline", "Unused"),
    ("ws_order_response", "Answer { operation: \"order.create\", error: None }"),
    ("ws_orderbook_delta", "depth BTCUSDT false 123456790 1 bids 1 asks"),
    ("ws_orderbook_snapshot", "depth BTCUSDT true 123456789 2 bids 2 asks"),
    ("ws_public_trade", "1709891679000: trade BTC-USDT-PERP 0.01 at 27451 Some(Buy)"),
    ("ws_subscription_ack", "Answer { operation: \"subscribe\", error: None }"),
    (
        "ws_subscription_failure",
        "Answer { operation: \"subscribe\", error: Some(\"Invalid topic: invalid.topic.BTCUSDT\") }",
    ),
    (
        "ws_ticker_linear",
        "1673272861686: quote BTC-USDT-PERP 84.489 17215.5 17216 83.02; 1673272861686: mark BTC-USDT-PERP 17217.33 index 17227.36; 1673272861686: funding BTC-USDT-PERP -0.000212 paid 1673280000000; 1673272861686: open interest BTC-USDT-PERP 68744.761 worth 1183601235.91",
    ),
    ("ws_ticker_option", "ticker BTC-6JAN23-17500-C"),
];

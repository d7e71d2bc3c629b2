//! Recorded payloads of Alpaca as domain values.
#![cfg(feature = "alpaca")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../binance_wire/summary.rs"]
#[allow(dead_code, reason = "other venues have streams too")]
mod summary;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use qtp_core::{AccountId, ExchangeError, Instrument, Quote, Timeframe, Timestamp, Trade};
use qtp_exchange::alpaca::AssetClass;
use qtp_exchange::alpaca::wire::{self, Page};
use qtp_exchange::native::Symbols;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/exchange-fixtures/alpaca")
}

fn present() -> bool {
    let there = folder().is_dir();
    if !there {
        println!("skipped: recorded payloads are not there");
    }
    there
}

/// The answer in a recording, byte for byte: its digits are not to pass through a float.
fn text(name: &str) -> String {
    let path = folder().join(format!("{name}.json"));
    let whole = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let fields: std::collections::BTreeMap<String, Box<serde_json::value::RawValue>> =
        serde_json::from_str(&whole).unwrap();
    fields["response"].get().to_owned()
}

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".json", "")).collect();
    names.sort();
    names
}

fn account() -> AccountId {
    "main".parse().unwrap()
}

/// With the slip of the pen in two samples of the venue's own documentation.
fn symbols() -> Symbols {
    let natives = [
        ("AAPL", "AAPL"),
        ("AAPL`", "AAPL"),
        ("SPY`", "SPY"),
        ("SPY", "SPY"),
        ("TSLA", "TSLA"),
        ("BTC/USD", "BTC-USD"),
        ("ETH/USD", "ETH-USD"),
    ];
    let listed: Vec<(&str, Instrument)> = natives
        .iter()
        .map(|(native, id)| {
            (*native, Instrument::unrestricted(format!("{id}@alpaca").parse().unwrap()).unwrap())
        })
        .collect();
    Symbols::new(listed.iter().map(|(native, instrument)| (*native, instrument)))
}

#[test]
fn orders_in_every_form() {
    if !present() {
        return;
    }
    let read = |name: &str| -> Vec<String> {
        let orders = wire::orders("orders", &text(name), &symbols(), &account()).unwrap();
        orders.iter().map(summary::report).collect()
    };
    assert_eq!(read("get_orders"), ["1566656122000 SPY buy Open 0/1 #0b11f089-722d-4ced-9beb-e2eeed3637dc"]);
    let apple = "1615919881942 AAPL buy Open 0/1 #61e69015-8549-4bfd-b9c3-01e75843f47d";
    for name in ["market_order", "replace_order", "get_order_by_id", "get_order_by_client_id"] {
        assert_eq!(read(name), [apple], "{name}");
    }
    // A sum of money was ordered: how many shares it buys is known with its fills.
    for name in ["close_position_with_qty", "close_position_with_percentage"] {
        assert_eq!(read(name), [apple.replace("0/1", "0/0")], "{name}");
    }
    assert_eq!(read("limit_order"), [apple.replace(" #", " at 300 #")]);
    for name in ["order_position_intent", "order_position_intent_1"] {
        assert_eq!(read(name).len(), 1, "{name}");
    }
    // Answers to closing everything wrap the order of each position.
    let closed: serde_json::Value = serde_json::from_str(&text("close_all_positions")).unwrap();
    let orders = wire::orders("orders", &closed[0]["body"].to_string(), &symbols(), &account()).unwrap();
    let line = summary::report(&orders[0]);
    assert_eq!(line, "1658909553669 BTC-USD sell Open 0/0.0283 #e6419d12-56e4-4d67-a61b-f6e464e1f8a8");
}

#[test]
fn account_positions_and_assets() {
    if !present() {
        return;
    }
    assert_eq!(wire::cash(&text("get_account")).unwrap().to_string(), "-23140.2 USD");
    let blocked = text("get_account").replace("\"trading_blocked\": false", "\"trading_blocked\": true");
    assert!(matches!(wire::cash(&blocked), Err(ExchangeError::Auth { .. })));
    let net = wire::positions(&text("get_all_positions"), &symbols()).unwrap();
    let net: Vec<String> = net.iter().map(|(id, size)| format!("{} {size}", id.symbol())).collect();
    assert_eq!(net, ["AAPL 5"]);
    let short = text("get_all_positions").replace("\"long\"", "\"short\"");
    assert_eq!(wire::positions(&short, &symbols()).unwrap().values().next().unwrap().to_string(), "-5");
    for name in ["get_all_assets", "get_all_assets_params", "get_asset"] {
        let listed = wire::instruments(&text(name), AssetClass::Stock, &"alpaca".parse().unwrap()).unwrap();
        let (native, apple) = &listed[0];
        assert_eq!((native.as_str(), apple.id.to_string().as_str()), ("AAPL", "AAPL@alpaca"));
        let rules = format!("{:?} {:?}", apple.price_rule, apple.size_rule);
        assert_eq!(rules, "Tick(Price(0.01)) Lot(Quantity(0.000000001))", "{name}");
    }
}

#[test]
fn candles_of_one_symbol_and_of_many() {
    if !present() {
        return;
    }
    let read = |name: &str| wire::candles(&text(name), &symbols(), Timeframe::D1, Timestamp::MAX).unwrap();
    let Page { items, next } = read("get_bars");
    let shown: Vec<String> =
        items.iter().map(|c| format!("{} {} {}", c.open_time(), c.close(), c.volume())).collect();
    assert_eq!(shown, ["2022-02-01T05:00:00Z 174.61 85998033", "2022-02-02T05:00:00Z 175.84 84817432"]);
    assert!(next.is_some());
    // Asked for newest first; given oldest first.
    let times: Vec<Timestamp> = read("get_bars_desc").items.iter().map(qtp_core::Candle::open_time).collect();
    assert!(times.len() > 2 && times.is_sorted());
    for (name, last) in [("multisymbol_get_bars", "TSLA 858.97"), ("get_crypto_bars", "ETH-USD 858.97")] {
        let page = read(name);
        let candle = page.items.last().unwrap();
        assert_eq!(format!("{} {}", candle.instrument().symbol(), candle.close()), last, "{name}");
        assert_eq!((page.items.len(), page.next), (2, None));
    }
    for name in ["get_bars_multi_empty_response", "get_bars_single_empty_response"] {
        assert!(read(name).items.is_empty(), "{name}");
    }
}

fn trade(trade: &Trade) -> String {
    format!(
        "{} {} {} at {} {:?}",
        trade.time,
        trade.instrument.symbol(),
        trade.quantity,
        trade.price,
        trade.taker
    )
}

fn quote(quote: &Quote) -> String {
    format!(
        "{} {} {} {} {} {}",
        quote.time,
        quote.instrument.symbol(),
        quote.bid_quantity,
        quote.bid,
        quote.ask,
        quote.ask_quantity
    )
}

#[test]
fn prints_and_quotes() {
    if !present() {
        return;
    }
    let trades = |name: &str| -> Vec<String> {
        wire::trades(&text(name), &symbols()).unwrap().items.iter().map(trade).collect()
    };
    assert_eq!(trades("get_trades")[0], "2022-03-09T05:00:02.183Z AAPL 1 at 159.07 None");
    assert_eq!(trades("multisymbol_get_trades")[1], "2022-03-09T05:08:03.035Z TSLA 1 at 833 None");
    assert_eq!(
        trades("get_crypto_trades")[0],
        "2022-03-09T06:00:00.080264Z BTC-USD 0.00315427 at 41516.08 Some(Buy)"
    );
    assert!(trades("get_trades_multi_empty_response").is_empty());
    let last = |name: &str| -> Vec<String> {
        wire::last_trades(&text(name), &symbols()).unwrap().iter().map(trade).collect()
    };
    let apple = "2022-03-18T14:02:09.722539521Z AAPL 100 at 161.2958 None";
    assert_eq!(last("get_latest_trade"), [apple]);
    assert_eq!(last("get_multisymbol_latest_trade").len(), 2);
    assert_eq!(
        last("get_crypto_latest_trade"),
        ["2022-03-18T14:03:31.960672Z BTC-USD 0.1517 at 40650 Some(Buy)"]
    );
    assert!(last("get_latest_trade_multi_not_found").is_empty());

    let quotes = |name: &str| -> Vec<String> {
        wire::quotes(&text(name), &symbols()).unwrap().items.iter().map(quote).collect()
    };
    assert_eq!(quotes("get_quotes")[0], "2022-03-09T09:00:00.000059Z AAPL 4 159.52 158.65 1");
    assert_eq!(quotes("multisymbol_quotes").len(), 2);
    assert_eq!(
        quotes("get_crypto_quotes")[0],
        "2022-05-26T11:47:18.443471360Z BTC-USD 0.3544 29058 29059 3.252"
    );
    assert!(quotes("get_quotes_multi_empty_response").is_empty());
    let last = |name: &str| -> Vec<String> {
        wire::last_quotes(&text(name), &symbols()).unwrap().iter().map(quote).collect()
    };
    assert_eq!(last("get_latest_quote"), ["2022-03-18T14:02:43.651613184Z AAPL 2 161.1 161.11 13"]);
    assert_eq!(last("get_crypto_latest_quote").len(), 1);
    assert!(last("get_latest_quote_multi_empty_response").is_empty());
}

/// News, screens, settings, corporate actions, and forms that say again what the others say: no domain value stands
/// for them.
const NOT_READ: &[&str] = &[
    "cancel_orders",
    "crypto_get_snapshot",
    "crypto_latest_bar",
    "get_account_configurations",
    "get_account_configurations_without_deprecated_pdt_fields",
    "get_corporate_actions",
    "get_corporate_actions_1",
    "get_market_movers",
    "get_most_actives",
    "get_news",
    "get_news_1",
    "get_snapshot",
    "get_snapshot_multi_empty_response",
    "multi_stock_latest_bar",
    "stock_latest_bar",
    "stock_latest_bar_multi_empty_response",
];

#[test]
fn every_recorded_answer_is_read_here_or_named_as_not_read() {
    if !present() {
        return;
    }
    let source = include_str!("main.rs");
    for name in names() {
        let times = source.matches(&format!("\"{name}\"")).count();
        assert!(times > 0, "{name}");
        assert!(times == 1 || !NOT_READ.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn refusals_become_what_can_be_done_about_them() {
    let of = |status, text| wire::error_of("submit", status, text);
    let power = of(403, r#"{"code":40310000,"message":"insufficient buying power"}"#);
    assert!(
        matches!(&power, ExchangeError::Rejected { reason, .. } if reason.code == "40310000"),
        "{power:?}"
    );
    assert!(matches!(of(401, r#"{"message":"unauthorized"}"#), ExchangeError::Auth { .. }));
    assert!(matches!(of(403, r#"{"message":"subscription does not permit"}"#), ExchangeError::Auth { .. }));
    assert!(matches!(of(403, "<html>"), ExchangeError::Transport { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_payloads_never_panic(
        pick in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 1..6),
    ) {
        let mut texts = vec![r#"{"bars":{"AAPL":[{"t":"2022-02-01T05:00:00Z","o":1,"h":1,"l":1,"c":1,"v":1}]}}"#.to_owned()];
        if folder().is_dir() {
            texts.extend(names().iter().map(|name| text(name)));
        }
        let mut text: Vec<char> = texts[pick.index(texts.len())].chars().collect();
        for (place, with) in edits {
            let place = place.index(text.len());
            text[place] = with;
        }
        let text: String = text.into_iter().collect();
        let (symbols, venue) = (symbols(), "alpaca".parse().unwrap());
        let _ = wire::candles(&text, &symbols, Timeframe::D1, Timestamp::MAX);
        let _ = wire::trades(&text, &symbols);
        let _ = wire::last_trades(&text, &symbols);
        let _ = wire::quotes(&text, &symbols);
        let _ = wire::last_quotes(&text, &symbols);
        let _ = wire::orders("orders", &text, &symbols, &account());
        let _ = wire::positions(&text, &symbols);
        let _ = wire::cash(&text);
        for class in [AssetClass::Stock, AssetClass::Crypto] {
            let _ = wire::instruments(&text, class, &venue);
        }
    }
}

//! Whatever comes over the wire, reading it ends in a value or an error.

use proptest::prelude::*;
use qtp_core::{ExchangeError, Timeframe, Timestamp};
use qtp_exchange::binance::Product;
use qtp_exchange::binance::wire::{self, account_updates, market_update};

use crate::fixtures::{FUTURES, HTTP, SOCKET, SPOT, account, names, path, symbols};

/// Every reader, on one text.
fn read_all(text: &str) {
    let (symbols, account) = (symbols("b"), account());
    let id = "BTC-USDT@b".parse().unwrap();
    let _ = market_update(text, &symbols, Timestamp::EPOCH);
    let _ = account_updates(text, &symbols, &account);
    let _ = wire::orders("orders", text, &symbols, &account);
    let _ = wire::algo_orders("orders", text, &symbols, &account);
    let _ = wire::fills(text, &symbols, &account);
    let _ = wire::balances(text, &account, Timestamp::EPOCH);
    let _ = wire::futures_account(text, &symbols, &account, Timestamp::EPOCH);
    let _ = wire::positions(text, &symbols);
    let _ = wire::candles(text, &id, Timeframe::M1, Timestamp::MAX);
    let _ = wire::trades(text, &id);
    let _ = wire::depth(text);
    let _ = wire::premium(text, &symbols);
    let _ = wire::funding_rates(text, &symbols);
    let _ = wire::open_interest(text, &symbols);
    let _ = wire::server_time(text);
    let _ = wire::is_hedge_mode(text);
    for product in [Product::Spot, Product::UsdMargin] {
        let _ = wire::instruments(text, product, &"b".parse().unwrap());
    }
    let _ = wire::error_of("orders", 400, text);
}

/// All recorded payloads but the largest.
fn payloads() -> Vec<String> {
    let folders = [
        format!("{SPOT}/http_json"),
        format!("{SPOT}/user_data_json"),
        format!("{FUTURES}/http_json"),
        format!("{FUTURES}/user_data_json"),
        format!("{FUTURES}/market_data_json"),
        HTTP.to_owned(),
        SOCKET.to_owned(),
    ];
    let mut texts = vec![r#"{"e":"trade","s":"BTCUSDT","p":"1","q":"1","T":1,"m":true}"#.to_owned()];
    for folder in folders.iter().filter(|folder| path(folder).is_dir()) {
        for name in names(folder) {
            let text = std::fs::read_to_string(path(&format!("{folder}/{name}.json"))).unwrap();
            if text.len() < 10_000 {
                texts.push(text);
            }
        }
    }
    texts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_payloads_never_panic(
        pick in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 1..6),
    ) {
        let texts = payloads();
        let mut text: Vec<char> = texts[pick.index(texts.len())].chars().collect();
        for (place, with) in edits {
            let place = place.index(text.len());
            text[place] = with;
        }
        read_all(&text.into_iter().collect::<String>());
    }

    #[test]
    fn numbers_of_any_size_never_panic(number in "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e[0-9]{1,3})?") {
        let trade = format!(r#"{{"e":"trade","s":"BTCUSDT","p":"{number}","q":"{number}","T":{number},"m":true}}"#);
        read_all(&trade);
        read_all(&format!("[[{number},\"{number}\",\"{number}\",\"{number}\",\"{number}\",\"{number}\",{number},0,0,0,0,0]]"));
    }
}

#[test]
fn an_order_status_that_is_not_known_is_an_error() {
    let text = r#"{"symbol":"BTCUSDT","orderId":1,"clientOrderId":"a","price":"1","origQty":"1","executedQty":"0",
        "status":"SLEEPING","side":"BUY","updateTime":1}"#;
    let error = wire::orders("order", text, &symbols("b"), &account()).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(matches!(error, ExchangeError::Decode { .. }) && source.contains("SLEEPING"), "{source}");
}

#[test]
fn a_symbol_that_is_not_listed_is_named() {
    let text = r#"{"e":"trade","s":"PEPEUSDT","p":"1","q":"1","T":1,"m":true}"#;
    let error = market_update(text, &symbols("b"), Timestamp::EPOCH).unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("PEPEUSDT"));
}

#[test]
fn refusals_become_what_can_be_done_about_them() {
    let of = |code: i64| {
        let text = format!(r#"{{"code":{code},"msg":"words"}}"#);
        wire::error_of("submit", 400, &text)
    };
    assert!(matches!(of(-1003), ExchangeError::RateLimited { .. }));
    assert!(matches!(of(-2015), ExchangeError::Auth { message, .. } if message == "words"));
    assert!(matches!(of(-2010), ExchangeError::Rejected { reason, .. } if reason.code == "-2010"));
    let page = wire::error_of("submit", 403, "<html>");
    assert!(page.is_retryable(), "{page:?}");
}

#[test]
fn a_submit_that_the_venue_lost_itself_is_unknown() {
    let id = qtp_core::ClientOrderId::new(qtp_core::RunId(1), 2, 3);
    let lost = r#"{"code":-1007,"msg":"Timeout waiting for response from backend server."}"#;
    let error = wire::submit_error_of(id, 400, lost);
    assert!(matches!(error, ExchangeError::OutcomeUnknown { client_order_id, .. } if client_order_id == id));
    let refused = wire::submit_error_of(id, 400, r#"{"code":-2010,"msg":"no balance"}"#);
    assert!(matches!(refused, ExchangeError::Rejected { .. }));
    // A front end that turned it away: it was never an order.
    assert!(matches!(wire::submit_error_of(id, 403, "<html>"), ExchangeError::Transport { .. }));
}

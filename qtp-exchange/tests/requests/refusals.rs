//! What a venue has no words for is refused before it is sent; keys stay hidden; Ed25519 signs as the standard says.

use qtp_core::{
    ExchangeError, OrderGroup, OrderKind, OrderRequest, OrderRole, Side, TimeInForce, Timestamp, Trigger,
    TriggerSource,
};
use qtp_exchange::alpaca::{self, AssetClass};
use qtp_exchange::binance::{self, Product};
use qtp_exchange::bybit::{self, Attached, Category};
use qtp_exchange::transport::{Credentials, Priority, Request};

use crate::vectors::order;

const AT: Timestamp = Timestamp::from_millis(1_717_171_717_171);

fn spot() -> binance::Requests {
    binance::Requests::new(Product::Spot, Some(Credentials::hmac("key", "canary")))
}

fn futures() -> binance::Requests {
    binance::Requests::new(Product::UsdMargin, Some(Credentials::hmac("key", "canary")))
}

fn linear() -> bybit::Requests {
    bybit::Requests::new(Category::Linear, Some(Credentials::hmac("key", "canary")))
}

fn stop(source: TriggerSource) -> OrderKind {
    OrderKind::StopMarket { trigger: Trigger { price: "90".parse().unwrap(), source } }
}

fn limit() -> OrderKind {
    OrderKind::Limit { price: "100".parse().unwrap() }
}

fn refused(built: Result<Request, ExchangeError>) -> String {
    match built {
        Err(ExchangeError::Unsupported { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn orders_that_a_venue_cannot_say_are_refused_with_what_they_are() {
    let mut reduce = order(Side::Sell, OrderKind::Market);
    reduce.reduce_only = true;
    assert!(refused(spot().place("BTCUSDT", "a", &reduce, AT)).contains("reduce-only"));
    let by_mark = order(Side::Sell, stop(TriggerSource::Mark));
    assert!(refused(spot().place("BTCUSDT", "a", &by_mark, AT)).contains("Mark"));
    let by_index = order(Side::Sell, stop(TriggerSource::Index));
    assert!(refused(futures().place("BTCUSDT", "a", &by_index, AT)).contains("Index"));
    let until = OrderRequest { time_in_force: TimeInForce::Gtd(AT), ..order(Side::Buy, limit()) };
    assert!(refused(spot().place("BTCUSDT", "a", &until, AT)).contains("until"));
    assert!(refused(linear().place("BTCUSDT", None, &until, Attached::default(), AT)).contains("until"));
    let mut posted = order(Side::Buy, OrderKind::Market);
    posted.post_only = true;
    assert!(refused(futures().place("BTCUSDT", "a", &posted, AT)).contains("post-only"));
    assert!(refused(linear().place("BTCUSDT", None, &posted, Attached::default(), AT)).contains("post-only"));
}

#[test]
fn perpetual_stops_watch_the_mark() {
    let order = OrderRequest { role: OrderRole::Stop, ..order(Side::Sell, stop(TriggerSource::Mark)) };
    let request = futures().place("BTCUSDT", "a", &order, AT).unwrap();
    assert!(request.body.as_ref().unwrap().1.contains("&triggerPrice=90&workingType=MARK_PRICE&"));
    assert_eq!((request.path.as_str(), request.priority), ("/fapi/v1/algoOrder", Priority::Exit));
    let request = linear().place("BTCUSDT", Some("a"), &order, Attached::default(), AT).unwrap();
    let body = request.body.unwrap().1;
    assert!(body.contains(r#""triggerDirection":2,"triggerPrice":"90","triggerBy":"MarkPrice""#), "{body}");
    assert_eq!(request.priority, Priority::Exit);
}

#[test]
fn validity_of_an_order_is_the_receive_window() {
    let valid = OrderRequest {
        valid_until: Some(Timestamp::from_millis(AT.as_millis() + 1500)),
        ..order(Side::Buy, limit())
    };
    let request = spot().place("BTCUSDT", "a", &valid, AT).unwrap();
    assert!(request.body.unwrap().1.contains("&recvWindow=1500&"));
    assert_eq!(request.priority, Priority::Normal);
    let late =
        spot().place("BTCUSDT", "a", &valid, Timestamp::from_millis(AT.as_millis() + 1500)).unwrap_err();
    assert!(matches!(&late, ExchangeError::Rejected { reason, .. } if reason.code == "expired"), "{late:?}");
    let request = linear().place("BTCUSDT", None, &valid, Attached::default(), AT).unwrap();
    assert!(request.headers.contains(&("x-bapi-recv-window", "1500".into())));
}

#[test]
fn without_a_key_only_the_market_can_be_asked() {
    let requests = binance::Requests::new(Product::Spot, None);
    assert!(matches!(requests.account(AT), Err(ExchangeError::Auth { .. })));
    assert_eq!(requests.order_book("BTCUSDT", 5).query, "symbol=BTCUSDT&limit=5");
    assert!(matches!(
        bybit::Requests::new(Category::Spot, None).balances(AT),
        Err(ExchangeError::Auth { .. })
    ));
    let stocks = alpaca::Requests::new(AssetClass::Stock, None);
    assert!(matches!(stocks.ticker("AAPL"), Err(ExchangeError::Auth { .. })));
}

#[test]
fn stocks_go_as_brackets_and_fractions_for_a_day() {
    let requests = alpaca::Requests::new(AssetClass::Stock, Some(("id", "canary")));
    let body = |group: OrderGroup| requests.place("AAPL", "a", &group).map(|request| request.body.unwrap().1);
    let exit = |kind| Some(Box::new(order(Side::Sell, kind)));
    let target = OrderKind::Limit { price: "120".parse().unwrap() };
    let bracket = |quantity: &str| OrderGroup::Bracket {
        entry: OrderRequest { quantity: quantity.parse().unwrap(), ..order(Side::Buy, limit()) },
        stop: exit(stop(TriggerSource::Last)),
        target: exit(target),
    };
    let text = body(bracket("3")).unwrap();
    let exits =
        r#""order_class":"bracket","take_profit":{"limit_price":"120"},"stop_loss":{"stop_price":"90"}"#;
    assert!(text.contains(exits), "{text}");
    assert!(refused(requests.place("AAPL", "a", &bracket("0.5"))).contains("fraction"));
    let half = OrderRequest { quantity: "0.5".parse().unwrap(), ..order(Side::Buy, limit()) };
    assert!(body(OrderGroup::Single(half)).unwrap().contains(r#""time_in_force":"day""#));
    let oco =
        OrderGroup::Oco(order(Side::Sell, stop(TriggerSource::Last)), Box::new(order(Side::Sell, target)));
    let text = body(oco).unwrap();
    assert!(
        text.contains(r#""type":"limit","limit_price":"120""#) && text.contains(r#""order_class":"oco""#),
        "{text}"
    );
    let crypto = alpaca::Requests::new(AssetClass::Crypto, Some(("id", "canary")));
    assert!(refused(crypto.place("BTC/USD", "a", &bracket("3"))).contains("crypto"));
}

#[test]
fn keys_are_never_shown() {
    let text = format!(
        "{:?} {:?} {:?} {:?}",
        spot(),
        linear(),
        alpaca::Requests::new(AssetClass::Stock, Some(("canary", "canary"))),
        spot().account(AT).unwrap()
    );
    assert!(!text.contains("canary") && !text.contains("signature"), "{text}");
    let error = Credentials::ed25519("key", "canary").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn ed25519_signs_as_rfc_8032_does() {
    // Section 7.1, test 1: the secret key as PKCS#8, and its signature of nothing, in base64.
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    let credentials = Credentials::ed25519("key", pem).unwrap();
    let expected = "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==";
    assert_eq!(credentials.sign(""), expected);
}

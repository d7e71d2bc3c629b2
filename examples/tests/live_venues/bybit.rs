//! Bybit's linear contracts: margin, orders that only reduce, and a stop beside them.

use qtp_core::Decimal;
use qtp_exchange::bybit::{BybitExchange, Category, ExchangeSettings, MarketSettings};
use qtp_exchange::transport::Credentials;
use serde_json::{Value, json};

use crate::book::{Book, Execution, Order, Rules, State, millis};
use crate::stub::{Asked, Does, KEY, Peer, SECRET, Sockets, Stub, ok};
use crate::{Case, value};

const NAME: &str = "BTC-USDT-PERP@bybit-linear.testnet";

pub(crate) async fn case() -> Case {
    let rules = Rules { price: 90_000.into(), locks: false, fee_in_base: Decimal::ZERO, tell };
    let (book, said) = Case::book(rules);
    let venue = book.clone();
    let stub = Stub::new(move |asked| answer(asked, &venue)).await;
    let mut market = MarketSettings::new("bybit-linear.testnet".parse().unwrap(), true);
    stub.http(&mut market.http);
    let prints = Sockets::new(&mut market.socket).await;
    let credentials = Credentials::hmac(KEY, SECRET);
    let mut settings = ExchangeSettings::new(market, Category::Linear, "main".parse().unwrap(), credentials);
    settings.instruments = vec![NAME.parse().unwrap()];
    let account = Sockets::new(&mut settings.account_socket).await;
    drop(tokio::spawn(crate::forward(account, welcome, said)));
    drop(tokio::spawn(crate::prints(prints, subscribed, print)));
    let exchange = BybitExchange::new(settings).unwrap();
    Case { exchange: Box::new(exchange), book, instrument: NAME, size: "0.02" }
}

async fn welcome(peer: &mut Peer) {
    assert_eq!(peer.heard().await["op"], "auth");
    peer.say(json!({"op": "auth", "success": true, "retCode": 0, "retMsg": ""})).await;
    subscribed(peer).await;
}

async fn subscribed(peer: &mut Peer) {
    assert_eq!(peer.heard().await["op"], "subscribe");
    peer.say(json!({"op": "subscribe", "success": true, "ret_msg": ""})).await;
}

fn print() -> Value {
    let data = json!([{"T": millis(), "s": "BTCUSDT", "S": "Buy", "v": "0.5", "p": "90000", "i": "1"}]);
    json!({"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": millis(), "data": data})
}

const fn side(order: &Order) -> &'static str {
    if order.buy { "Buy" } else { "Sell" }
}

fn told(order: &Order) -> Value {
    let word = match order.state {
        State::Open if order.stop.is_some() => "Untriggered",
        State::Open => "New",
        State::Part => "PartiallyFilled",
        State::Filled => "Filled",
        State::Canceled => "Cancelled",
    };
    json!({"category": "linear", "symbol": "BTCUSDT", "orderId": order.number.to_string(), "orderLinkId": order.id,
        "side": side(order), "price": "", "triggerPrice": order.stop.map_or(String::new(), |stop| stop.to_string()),
        "qty": order.quantity, "cumExecQty": order.filled, "orderStatus": word, "rejectReason": "EC_NoError",
        "cancelType": "UNKNOWN", "updatedTime": millis().to_string()})
}

fn executed(execution: &Execution) -> Value {
    json!({"category": "linear", "symbol": "BTCUSDT", "orderId": execution.order.number.to_string(),
        "orderLinkId": execution.order.id, "side": side(&execution.order), "execId": format!("e-{}", execution.number),
        "execPrice": execution.price, "execQty": execution.quantity, "execType": "Trade", "execFee": "0.05",
        "isMaker": false, "execTime": execution.millis.to_string()})
}

fn tell(order: &Order, execution: Option<&Execution>) -> Vec<Value> {
    let message =
        |topic: &str, data: Value| json!({"topic": topic, "creationTime": millis(), "data": [data]});
    let execution = execution.map(|execution| message("execution", executed(execution)));
    execution.into_iter().chain([message("order", told(order))]).collect()
}

fn result(result: &Value) -> Does {
    ok(json!({"retCode": 0, "retMsg": "OK", "result": result, "time": millis()}).to_string())
}

fn list(items: Vec<Value>) -> Does {
    result(&json!({"list": items, "nextPageCursor": ""}))
}

fn answer(asked: &Asked, book: &Book) -> Does {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    let number = |name: &str| body[name].as_str().map(|text| text.parse::<Decimal>().unwrap());
    match asked.line.as_str() {
        "GET /v5/market/time" => result(&json!({"timeNano": format!("{}000000", millis())})),
        "GET /v5/market/instruments-info" => list(vec![json!({"symbol": "BTCUSDT", "status": "Trading",
            "baseCoin": "BTC", "quoteCoin": "USDT", "settleCoin": "USDT", "contractType": "LinearPerpetual",
            "priceFilter": {"tickSize": "0.1"}, "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001"}})]),
        "GET /v5/market/risk-limit" => list(vec![json!({"symbol": "BTCUSDT", "riskLimitValue": "2000000",
            "maintenanceMargin": "0.005", "maxLeverage": "100"})]),
        "GET /v5/user/query-api" => {
            let permissions = json!({"ContractTrade": ["Order", "Position"]});
            result(&json!({"readOnly": 0, "permissions": permissions, "ips": ["127.0.0.1"]}))
        }
        "GET /v5/account/info" => result(&json!({"marginMode": "REGULAR_MARGIN", "unifiedMarginStatus": 5})),
        "GET /v5/account/wallet-balance" => {
            list(vec![json!({"coin": [{"coin": "USDT", "walletBalance": "10000"}]})])
        }
        "GET /v5/account/transaction-log" => list(Vec::new()),
        "GET /v5/position/list" => {
            let (held, _) = book.balances();
            let side = if held.is_zero() { "" } else { "Buy" };
            list(vec![json!({"positionIdx": 0, "symbol": "BTCUSDT", "side": side, "size": held})])
        }
        "POST /v5/order/create" => {
            let stop = number("triggerPrice");
            assert_eq!(
                (text("orderType"), stop.is_some()),
                ("Market".to_owned(), body["triggerDirection"] == 2)
            );
            let buy = text("side") == "Buy";
            assert_eq!(body["reduceOnly"] == true, !buy, "what sells only reduces");
            let order = book.place(&text("orderLinkId"), buy, number("qty").unwrap(), stop).unwrap();
            result(&json!({"orderId": order.number.to_string(), "orderLinkId": order.id}))
        }
        "POST /v5/order/cancel" => match book.cancel(&text("orderLinkId")) {
            Some(order) => result(&json!({"orderId": order.number.to_string(), "orderLinkId": order.id})),
            None => ok(json!({"retCode": 110_001, "retMsg": "order not exists", "result": {}}).to_string()),
        },
        "GET /v5/order/realtime" | "GET /v5/order/history" => {
            let orders = match value(&asked.query, "orderLinkId") {
                Some(id) => book.order(&id).into_iter().collect(),
                None => book.open(),
            };
            list(orders.iter().map(told).collect())
        }
        "GET /v5/execution/list" => list(book.executions().iter().rev().map(executed).collect()),
        _ => panic!("{asked:?}"),
    }
}

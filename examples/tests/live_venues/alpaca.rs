//! Alpaca's stocks: a stop holds the shares, cancels go by the venue's number, and no order carries its end.

use qtp_core::{Decimal, Timestamp};
use qtp_exchange::alpaca::{AlpacaExchange, AssetClass, ExchangeSettings, MarketSettings};
use serde_json::{Value, json};

use crate::book::{Book, Execution, Order, Rules, State, millis};
use crate::stub::{Asked, Does, KEY, Peer, SECRET, Sockets, Stub, ok, status};
use crate::{Case, value};

pub(crate) async fn case() -> Case {
    let rules = Rules { price: 180.into(), locks: true, fee_in_base: Decimal::ZERO, tell };
    let (book, said) = Case::book(rules);
    let venue = book.clone();
    let stub = Stub::new(move |asked| answer(asked, &venue)).await;
    let key = Some((KEY.to_owned(), SECRET.to_owned()));
    let mut market = MarketSettings::new("alpaca.testnet".parse().unwrap(), AssetClass::Stock, true, key);
    stub.http(&mut market.trading);
    stub.http(&mut market.data);
    let prints = Sockets::new(&mut market.socket).await;
    let mut settings = ExchangeSettings::new(market, true, "main".parse().unwrap());
    let account = Sockets::new(&mut settings.account_socket).await;
    drop(tokio::spawn(crate::forward(account, welcome, said)));
    drop(tokio::spawn(crate::prints(prints, subscribed, print)));
    let exchange = AlpacaExchange::new(settings).unwrap();
    Case { exchange: Box::new(exchange), book, instrument: "AAPL@alpaca.testnet", size: "4" }
}

async fn welcome(peer: &mut Peer) {
    assert_eq!(peer.heard().await["action"], "auth");
    let done = json!({"status": "authorized", "action": "authenticate"});
    peer.say(json!({"stream": "authorization", "data": done})).await;
    assert_eq!(peer.heard().await["action"], "listen");
    peer.say(json!({"stream": "listening", "data": {"streams": ["trade_updates"]}})).await;
}

async fn subscribed(peer: &mut Peer) {
    peer.say(json!([{"T": "success", "msg": "connected"}])).await;
    assert_eq!(peer.heard().await["action"], "auth");
    peer.say(json!([{"T": "success", "msg": "authenticated"}])).await;
    assert_eq!(peer.heard().await["trades"], json!(["AAPL"]));
    peer.say(json!([{"T": "subscription", "trades": ["AAPL"]}])).await;
}

fn time(millis: i64) -> String {
    Timestamp::from_millis(millis).to_string()
}

fn print() -> Value {
    json!([{"T": "t", "S": "AAPL", "p": 180, "s": 100, "t": time(millis())}])
}

const fn side(order: &Order) -> &'static str {
    if order.buy { "buy" } else { "sell" }
}

fn told(order: &Order) -> Value {
    let word = match order.state {
        State::Open => "new",
        State::Part => "partially_filled",
        State::Filled => "filled",
        State::Canceled => "canceled",
    };
    json!({"id": order.number.to_string(), "client_order_id": order.id, "symbol": "AAPL", "side": side(order),
        "status": word, "qty": order.quantity, "filled_qty": order.filled, "limit_price": null,
        "stop_price": order.stop, "updated_at": time(millis()), "legs": null})
}

fn tell(order: &Order, execution: Option<&Execution>) -> Vec<Value> {
    let event = match (order.state, execution) {
        (State::Part, _) => "partial_fill",
        (_, Some(_)) => "fill",
        (State::Canceled, None) => "canceled",
        _ => "new",
    };
    let (price, quantity) =
        execution.map_or((Decimal::ZERO, Decimal::ZERO), |execution| (execution.price, execution.quantity));
    vec![json!({"stream": "trade_updates", "data": {"event": event, "price": price, "qty": quantity,
        "timestamp": time(millis()), "order": told(order)}})]
}

fn activity(execution: &Execution) -> Value {
    let order = &execution.order;
    json!({"activity_type": "FILL", "id": format!("2024::{}", execution.number), "order_id": order.number.to_string(),
        "symbol": "AAPL", "side": side(order), "type": "fill", "price": execution.price, "qty": execution.quantity,
        "cum_qty": order.filled, "leaves_qty": order.quantity - order.filled,
        "transaction_time": time(execution.millis)})
}

fn answer(asked: &Asked, book: &Book) -> Does {
    let unknown = || status(404, r#"{"code":40410000,"message":"order not found"}"#);
    let one = |order: Option<Order>| order.map_or_else(unknown, |order| ok(told(&order).to_string()));
    let path = asked.line.as_str();
    if let Some(number) = path.strip_prefix("DELETE /v2/orders/") {
        return book.cancel(number).map_or_else(unknown, |_| status(204, ""));
    }
    if let Some(number) = path.strip_prefix("GET /v2/orders/") {
        return one(book.order(number));
    }
    let (held, cash) = book.balances();
    match path {
        "GET /v2/clock" => ok(json!({"timestamp": time(millis()), "is_open": true,
            "next_open": time(millis() + 86_400_000), "next_close": time(millis() + 3_600_000)})
        .to_string()),
        "GET /v2/assets" => ok(r#"[{"symbol":"AAPL","tradable":true,"fractionable":false}]"#),
        "GET /v2/account" => ok(json!({"status": "ACTIVE", "cash": cash, "currency": "USD",
            "shorting_enabled": false})
        .to_string()),
        "GET /v2/positions" if held.is_zero() => ok("[]"),
        "GET /v2/positions" => ok(json!([{"symbol": "AAPL", "qty": held, "side": "long"}]).to_string()),
        "POST /v2/orders" => {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            let number = |name: &str| body[name].as_str().map(|text| text.parse::<Decimal>().unwrap());
            let stop = number("stop_price");
            assert_eq!(body["type"], if stop.is_some() { "stop" } else { "market" });
            let (id, buy) = (body["client_order_id"].as_str().unwrap(), body["side"] == "buy");
            match book.place(id, buy, number("qty").unwrap(), stop) {
                Some(order) => ok(told(&order).to_string()),
                None => status(403, r#"{"code":40310000,"message":"insufficient qty available for order"}"#),
            }
        }
        "GET /v2/orders:by_client_order_id" => {
            one(book.order(&value(&asked.query, "client_order_id").unwrap()))
        }
        "GET /v2/orders" => ok(Value::from(book.open().iter().map(told).collect::<Vec<_>>()).to_string()),
        "GET /v2/account/activities/FILL" => {
            ok(Value::from(book.executions().iter().map(activity).collect::<Vec<_>>()).to_string())
        }
        _ => panic!("{asked:?}"),
    }
}

//! Binance's spot: a stop holds the coins, and a purchase pays its fee in them.

use qtp_exchange::binance::{BinanceExchange, ExchangeSettings, MarketSettings, Product};
use qtp_exchange::transport::Credentials;
use serde_json::{Value, json};

use crate::book::{Book, Execution, Order, Rules, State, millis};
use crate::stub::{Asked, Does, KEY, Peer, SECRET, Sockets, Stub, ok, status};
use crate::{Case, value};

pub(crate) async fn case() -> Case {
    let rules = Rules { price: 90_000.into(), locks: true, fee_in_base: "0.001".parse().unwrap(), tell };
    let (book, said) = Case::book(rules);
    let venue = book.clone();
    let stub = Stub::new(move |asked| answer(asked, &venue)).await;
    let mut market = MarketSettings::new("binance.testnet".parse().unwrap(), Product::Spot, true);
    stub.http(&mut market.http);
    let prints = Sockets::new(&mut market.socket).await;
    let mut settings = ExchangeSettings::new(
        market,
        Product::Spot,
        true,
        "main".parse().unwrap(),
        Credentials::hmac(KEY, SECRET),
    );
    settings.instruments = vec!["BTC-USDT@binance.testnet".parse().unwrap()];
    let account = Sockets::new(&mut settings.account_socket).await;
    drop(tokio::spawn(crate::forward(account, welcome, said)));
    drop(tokio::spawn(crate::prints(prints, subscribed, print)));
    let exchange = BinanceExchange::new(settings).unwrap();
    Case { exchange: Box::new(exchange), book, instrument: "BTC-USDT@binance.testnet", size: "0.02" }
}

async fn welcome(peer: &mut Peer) {
    let asked = peer.heard().await;
    peer.say(json!({"id": asked["id"], "status": 200, "result": {"subscriptionId": 0}})).await;
}

pub(crate) async fn subscribed(peer: &mut Peer) {
    let asked = peer.heard().await;
    peer.say(json!({"id": asked["id"], "result": null})).await;
}

fn print() -> Value {
    json!({"stream": "btcusdt@trade", "data": {"e": "trade", "s": "BTCUSDT", "p": "90000", "q": "0.5", "T": millis(),
        "m": false}})
}

pub(crate) const fn word(state: State) -> &'static str {
    match state {
        State::Open => "NEW",
        State::Part => "PARTIALLY_FILLED",
        State::Filled => "FILLED",
        State::Canceled => "CANCELED",
    }
}

pub(crate) const fn side(order: &Order) -> &'static str {
    if order.buy { "BUY" } else { "SELL" }
}

fn tell(order: &Order, execution: Option<&Execution>) -> Vec<Value> {
    let canceled = order.state == State::Canceled;
    let (id, original) = if canceled { ("of-the-cancel", &*order.id) } else { (&*order.id, "") };
    let kind = if execution.is_some() { "TRADE" } else { word(order.state) };
    let mut event = json!({"e": "executionReport", "s": "BTCUSDT", "c": id, "C": original, "S": side(order),
        "q": order.quantity, "p": "0", "P": order.stop.unwrap_or_default(), "x": kind, "X": word(order.state),
        "i": order.number, "l": "0", "z": order.filled, "L": "0", "n": "0", "N": null, "T": millis(), "t": -1,
        "m": false});
    if let Some(execution) = execution {
        (event["l"], event["L"]) = (json!(execution.quantity), json!(execution.price));
        (event["t"], event["n"]) = (json!(execution.number), json!(execution.fee));
        event["N"] = json!(if order.buy { "BTC" } else { "USDT" });
    }
    vec![json!({"subscriptionId": 0, "event": event})]
}

fn told(order: &Order) -> Value {
    json!({"symbol": "BTCUSDT", "orderId": order.number, "clientOrderId": order.id, "price": "0",
        "stopPrice": order.stop.unwrap_or_default(), "origQty": order.quantity, "executedQty": order.filled,
        "status": word(order.state), "side": side(order), "updateTime": millis()})
}

fn trade(execution: &Execution) -> Value {
    let fee = if execution.order.buy { "BTC" } else { "USDT" };
    json!({"symbol": "BTCUSDT", "id": execution.number, "orderId": execution.order.number, "price": execution.price,
        "qty": execution.quantity, "commission": execution.fee, "commissionAsset": fee, "time": execution.millis,
        "isBuyer": execution.order.buy, "isMaker": false})
}

/// What a request says under a name, in its address or in its body.
pub(crate) fn pair_of(asked: &Asked, name: &str) -> Option<String> {
    value(if asked.body.is_empty() { &asked.query } else { &asked.body }, name)
}

/// The refusal of an order that is not there.
pub(crate) fn unknown(code: i64) -> Does {
    status(400, &json!({"code": code, "msg": "no such order"}).to_string())
}

fn answer(asked: &Asked, book: &Book) -> Does {
    let pair = |name: &str| pair_of(asked, name);
    let known = || pair("origClientOrderId").or_else(|| pair("orderId")).unwrap();
    match asked.line.as_str() {
        "GET /api/v3/time" => ok(json!({"serverTime": millis()}).to_string()),
        "GET /api/v3/exchangeInfo" => ok(json!({"symbols": [{"symbol": "BTCUSDT", "status": "TRADING",
            "baseAsset": "BTC", "quoteAsset": "USDT", "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": "0.01"},
                {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
                {"filterType": "NOTIONAL", "minNotional": "5"}]}]})
        .to_string()),
        "GET /api/v3/account" => {
            let (held, cash) = book.balances();
            ok(json!({"balances": [{"asset": "BTC", "free": held, "locked": "0"},
                {"asset": "USDT", "free": cash, "locked": "0"}]})
            .to_string())
        }
        "POST /api/v3/order" => {
            let (buy, stop) = (pair("side").unwrap() == "BUY", pair("stopPrice"));
            assert_eq!(pair("type").unwrap(), if stop.is_some() { "STOP_LOSS" } else { "MARKET" });
            let quantity = pair("quantity").unwrap().parse().unwrap();
            let stop = stop.map(|stop| stop.parse().unwrap());
            match book.place(&pair("newClientOrderId").unwrap(), buy, quantity, stop) {
                Some(order) => ok(told(&order).to_string()),
                None => {
                    let words = "Account has insufficient balance for requested action.";
                    status(400, &json!({"code": -2010, "msg": words}).to_string())
                }
            }
        }
        "DELETE /api/v3/order" => {
            book.cancel(&known()).map_or_else(|| unknown(-2011), |order| ok(told(&order).to_string()))
        }
        "GET /api/v3/order" => {
            book.order(&known()).map_or_else(|| unknown(-2013), |order| ok(told(&order).to_string()))
        }
        "GET /api/v3/openOrders" => {
            ok(Value::from(book.open().iter().map(told).collect::<Vec<_>>()).to_string())
        }
        "GET /api/v3/myTrades" => {
            ok(Value::from(book.executions().iter().map(trade).collect::<Vec<_>>()).to_string())
        }
        _ => panic!("{asked:?}"),
    }
}

//! Binance's USD-M futures: conditional orders have a list, a door and messages of their own.

use qtp_core::Decimal;
use qtp_exchange::binance::{BinanceExchange, ExchangeSettings, MarketSettings, Product};
use qtp_exchange::transport::Credentials;
use serde_json::{Value, json};

use crate::Case;
use crate::binance::{pair_of, side, unknown, word};
use crate::book::{Book, Execution, Order, Rules, millis};
use crate::stub::{Asked, Does, KEY, Peer, SECRET, Sockets, Stub, ok};

const NAME: &str = "BTC-USDT-PERP@binance-usdm.testnet";

pub(crate) async fn case() -> Case {
    let rules = Rules { price: 90_000.into(), locks: false, fee_in_base: Decimal::ZERO, tell };
    let (book, said) = Case::book(rules);
    let venue = book.clone();
    let stub = Stub::new(move |asked| answer(asked, &venue)).await;
    let mut market = MarketSettings::new("binance-usdm.testnet".parse().unwrap(), Product::UsdMargin, true);
    stub.http(&mut market.http);
    let prints = Sockets::new(&mut market.socket).await;
    let (account, credentials) = ("main".parse().unwrap(), Credentials::hmac(KEY, SECRET));
    let mut settings = ExchangeSettings::new(market, Product::UsdMargin, true, account, credentials);
    settings.instruments = vec![NAME.parse().unwrap()];
    let account = Sockets::new(&mut settings.account_socket).await;
    drop(tokio::spawn(crate::forward(account, welcome, said)));
    drop(tokio::spawn(crate::prints(prints, crate::binance::subscribed, print)));
    let exchange = BinanceExchange::new(settings).unwrap();
    Case { exchange: Box::new(exchange), book, instrument: NAME, size: "0.02" }
}

async fn welcome(peer: &mut Peer) {
    assert_eq!(peer.target, "/private/ws?listenKey=listen-1");
}

fn print() -> Value {
    json!({"e": "aggTrade", "s": "BTCUSDT", "p": "90000", "q": "0.5", "T": millis(), "m": false})
}

fn tell(order: &Order, execution: Option<&Execution>) -> Vec<Value> {
    let algo = |word: &str, filled: Decimal| {
        let told = json!({"caid": order.id, "aid": order.number, "s": "BTCUSDT", "S": side(order),
            "q": order.quantity, "X": word, "aq": filled, "tp": order.stop, "rm": "none"});
        json!({"e": "ALGO_UPDATE", "T": millis(), "o": told})
    };
    match (order.stop, execution) {
        (None, _) => vec![traded(order, order.number, execution)],
        (Some(_), None) => vec![algo(word(order.state), Decimal::ZERO)],
        // An order with a number of its own does what the stop was for, under the stop's id.
        (Some(_), Some(_)) => vec![
            algo("TRIGGERING", Decimal::ZERO),
            algo("TRIGGERED", Decimal::ZERO),
            traded(order, 10_000 + order.number, execution),
            algo("FINISHED", order.filled),
        ],
    }
}

fn traded(order: &Order, number: u64, execution: Option<&Execution>) -> Value {
    let kind = if execution.is_some() { "TRADE" } else { "NEW" };
    let mut told = json!({"s": "BTCUSDT", "c": order.id, "S": side(order), "q": order.quantity, "p": "0", "x": kind,
        "X": word(order.state), "i": number, "l": "0", "z": order.filled, "L": "0", "n": "0", "N": "USDT",
        "T": millis(), "t": 0, "m": false});
    if let Some(execution) = execution {
        (told["l"], told["L"]) = (json!(execution.quantity), json!(execution.price));
        told["t"] = json!(execution.number);
    }
    json!({"e": "ORDER_TRADE_UPDATE", "T": millis(), "o": told})
}

fn waiting(order: &Order) -> Value {
    json!({"algoId": order.number, "clientAlgoId": order.id, "symbol": "BTCUSDT", "side": side(order),
        "quantity": order.quantity, "algoStatus": word(order.state), "triggerPrice": order.stop,
        "updateTime": millis()})
}

fn told(order: &Order) -> Value {
    json!({"symbol": "BTCUSDT", "orderId": order.number, "clientOrderId": order.id, "price": "0",
        "origQty": order.quantity, "executedQty": order.filled, "status": word(order.state), "side": side(order),
        "updateTime": millis()})
}

fn trade(execution: &Execution) -> Value {
    json!({"symbol": "BTCUSDT", "id": execution.number, "orderId": execution.order.number, "price": execution.price,
        "qty": execution.quantity, "commission": "0", "commissionAsset": "USDT", "time": execution.millis,
        "side": side(&execution.order), "maker": false})
}

fn answer(asked: &Asked, book: &Book) -> Does {
    let pair = |name: &str| pair_of(asked, name);
    let list = |orders: Vec<Order>, one: fn(&Order) -> Value| {
        ok(Value::from(orders.iter().map(one).collect::<Vec<_>>()).to_string())
    };
    let conditional = asked.line.contains("algo") || asked.line.contains("Algo");
    let own = |order: &Order| order.stop.is_some() == conditional;
    let names = ["clientAlgoId", "algoId", "origClientOrderId", "orderId"];
    let named = || names.iter().find_map(|name| pair(name)).unwrap();
    let one = if conditional { waiting } else { told };
    match asked.line.as_str() {
        "GET /fapi/v1/time" => ok(json!({"serverTime": millis()}).to_string()),
        "GET /fapi/v1/exchangeInfo" => ok(json!({"symbols": [{"symbol": "BTCUSDT", "status": "TRADING",
            "baseAsset": "BTC", "quoteAsset": "USDT", "marginAsset": "USDT", "contractType": "PERPETUAL", "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
                {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
                {"filterType": "MIN_NOTIONAL", "notional": "100"}]}]})
        .to_string()),
        "GET /fapi/v1/leverageBracket" => ok(r#"[{"symbol":"BTCUSDT","brackets":[{"initialLeverage":125,
            "notionalCap":10000000,"maintMarginRatio":0.004}]}]"#),
        "GET /fapi/v1/positionSide/dual" => ok(r#"{"dualSidePosition":false}"#),
        "GET /fapi/v1/multiAssetsMargin" => ok(r#"{"multiAssetsMargin":false}"#),
        "GET /fapi/v1/symbolConfig" => ok(r#"[{"symbol":"BTCUSDT","marginType":"CROSSED","leverage":20}]"#),
        "POST /fapi/v1/listenKey" => ok(r#"{"listenKey":"listen-1"}"#),
        "GET /fapi/v3/account" => {
            let (held, _) = book.balances();
            ok(json!({"assets": [{"asset": "USDT", "walletBalance": "10000"}],
                "positions": [{"symbol": "BTCUSDT", "positionAmt": held, "positionSide": "BOTH"}]})
            .to_string())
        }
        "POST /fapi/v1/order" | "POST /fapi/v1/algoOrder" => {
            let (buy, stop) = (pair("side").unwrap() == "BUY", pair("triggerPrice"));
            assert_eq!((conditional, pair("reduceOnly").is_some()), (stop.is_some(), !buy), "{asked:?}");
            let id = if conditional { pair("clientAlgoId") } else { pair("newClientOrderId") };
            let quantity = pair("quantity").unwrap().parse().unwrap();
            let order = book.place(&id.unwrap(), buy, quantity, stop.map(|stop| stop.parse().unwrap())).unwrap();
            ok(one(&order).to_string())
        }
        "DELETE /fapi/v1/order" | "DELETE /fapi/v1/algoOrder" => {
            let known = book.order(&named()).filter(own).and_then(|order| book.cancel(&order.id));
            known.map_or_else(|| unknown(-2011), |order| ok(one(&order).to_string()))
        }
        "GET /fapi/v1/order" | "GET /fapi/v1/algoOrder" => {
            let known = book.order(&named()).filter(own);
            known.map_or_else(|| unknown(-2013), |order| ok(one(&order).to_string()))
        }
        "GET /fapi/v1/openOrders" | "GET /fapi/v1/openAlgoOrders" => {
            list(book.open().into_iter().filter(own).collect(), one)
        }
        "GET /fapi/v1/userTrades" => {
            ok(Value::from(book.executions().iter().map(trade).collect::<Vec<_>>()).to_string())
        }
        _ => panic!("{asked:?}"),
    }
}

//! Calls of the other client in the words of our builder.

use qtp_core::{ExchangeError, Price, Quantity, Ratio, Timeframe, Timestamp};
use qtp_exchange::bybit::{self, Attached, Category, Requests};
use qtp_exchange::transport::{Credentials, OrderRef, Request};

use crate::vectors::Vector;

const SYMBOL: &str = "BTCUSDT";

pub(crate) fn build(vector: &Vector) -> Result<(&'static str, Request), ExchangeError> {
    let category = if vector.venue == "bybit-spot" { Category::Spot } else { Category::Linear };
    let mut requests = Requests::new(category, Some(Credentials::hmac(&vector.api_key, &vector.secret)));
    requests.referer = Some("CCXT".into());
    let at = vector.at();
    let request = match vector.call.as_str() {
        "create_order" => {
            let params = vector.params();
            let price = |name: &str| {
                let price = params.get(name)?.get("triggerPrice")?.to_string();
                Some(price.parse::<Price>().unwrap())
            };
            let attached = Attached { stop: price("stopLoss"), target: price("takeProfit") };
            let id = vector.sent(&["orderLinkId"]);
            requests.place(SYMBOL, id.as_deref(), &vector.order(), attached, at)?
        }
        "edit_order" => {
            let quantity = Quantity::new(vector.number(4)).unwrap();
            let price = Price::new(vector.number(5)).unwrap();
            requests.amend(SYMBOL, OrderRef::Venue(vector.text(0)), quantity, Some(price), at)?
        }
        "cancel_order" => requests.cancel(SYMBOL, OrderRef::Venue(vector.text(0)), false, at)?,
        "cancel_all_orders" => requests.cancel_all(SYMBOL, at)?,
        "fetch_open_orders" => requests.open_orders(SYMBOL, None, at)?,
        "fetch_order" => requests.order(SYMBOL, OrderRef::Venue(vector.text(0)), at)?,
        "fetch_balance" => requests.balances(at)?,
        "fetch_my_trades" => requests.fills(SYMBOL, None, None, at)?,
        "fetch_ohlcv" => {
            let timeframe: Timeframe = vector.text(1).parse().unwrap();
            requests.candles(SYMBOL, timeframe, vector.time(2), vector.count(3))
        }
        "fetch_order_book" => requests.order_book(SYMBOL, vector.count(1)),
        "fetch_ticker" => requests.ticker(SYMBOL),
        "set_leverage" => requests.set_leverage(SYMBOL, Ratio::new(vector.number(0)).unwrap(), at)?,
        "set_margin_mode" => {
            let leverage = u32::try_from(vector.params()["leverage"].as_u64().unwrap()).unwrap();
            requests.set_margin_mode(vector.text(0) == "isolated", Some(leverage), at)?
        }
        "set_position_mode" => requests.set_position_mode(SYMBOL, vector.args[0] == true, at)?,
        "fetch_positions" => requests.positions(SYMBOL, at)?,
        // The other client ends at its own idea of now, which is not in the arguments.
        "fetch_funding_rate_history" => {
            let end = Timestamp::from_millis(1_717_171_718_171);
            requests.funding_history(SYMBOL, vector.time(1), end, vector.count(2))
        }
        other => panic!("{other}"),
    };
    Ok((bybit::rest_url(false), request))
}

//! Calls of the other client in the words of our builder.

use std::time::Duration;

use qtp_core::{ExchangeError, Price, Quantity, Side};
use qtp_exchange::binance::{Amendment, FillPage, Product, Requests};
use qtp_exchange::transport::{Credentials, OrderRef, Request};

use crate::vectors::Vector;

const SYMBOL: &str = "BTCUSDT";

pub(crate) fn build(vector: &Vector) -> Result<(&'static str, Request), ExchangeError> {
    let product = if vector.venue == "binance" { Product::Spot } else { Product::UsdMargin };
    let credentials = Credentials::hmac(&vector.api_key, &vector.secret);
    let mut requests = Requests::new(product, Some(credentials));
    requests.receive_window = Duration::from_secs(10);
    requests.name_position_side = vector.params()["positionSide"] == "BOTH";
    let at = vector.at();
    let request = match vector.call.as_str() {
        "create_order" => {
            let id = vector.sent(&["newClientOrderId", "clientAlgoId"]).unwrap();
            requests.place(SYMBOL, &id, &vector.order(), at)?
        }
        "edit_order" => {
            let quantity = Quantity::new(vector.number(4)).unwrap();
            let to = Amendment { side: Side::Buy, quantity, price: Price::new(vector.number(5)).unwrap() };
            requests.amend(SYMBOL, OrderRef::Venue(vector.text(0)), to, at)?
        }
        "cancel_order" => requests.cancel(SYMBOL, OrderRef::Venue(vector.text(0)), false, at)?,
        "cancel_all_orders" => requests.cancel_all(SYMBOL, at)?,
        "fetch_open_orders" => requests.open_orders(SYMBOL, at)?,
        "fetch_order" => requests.order(SYMBOL, OrderRef::Venue(vector.text(0)), at)?,
        "fetch_balance" => requests.account(at)?,
        "fetch_my_trades" => requests.fills(SYMBOL, FillPage::Latest, at)?,
        "fetch_ohlcv" => requests.candles(SYMBOL, vector.text(1), vector.time(2), vector.count(3)),
        "fetch_order_book" => requests.order_book(SYMBOL, vector.count(1)),
        "fetch_ticker" => requests.ticker(SYMBOL),
        "set_leverage" => requests.set_leverage(SYMBOL, vector.count(0), at)?,
        "set_margin_mode" => requests.set_margin_mode(SYMBOL, vector.text(0) == "isolated", at)?,
        "set_position_mode" => requests.set_position_mode(vector.args[0] == true, at)?,
        // The other client asks for the tiers first, and its call ends there.
        "fetch_positions" => requests.leverage_brackets(at)?,
        "fetch_funding_rate_history" => requests.funding_history(SYMBOL, vector.time(1), vector.count(2))?,
        "add_margin" => requests.add_margin(SYMBOL, Quantity::new(vector.number(1)).unwrap(), at)?,
        other => panic!("{other}"),
    };
    Ok((product.rest_url(false), request))
}

//! Calls of the other client in the words of our builder.

use qtp_core::{ExchangeError, OrderGroup};
use qtp_exchange::alpaca::{AssetClass, DATA_URL, Requests, trading_url};
use qtp_exchange::transport::Request;

use crate::vectors::Vector;

const SYMBOL: &str = "BTC/USD";

pub(crate) fn build(vector: &Vector) -> Result<(&'static str, Request), ExchangeError> {
    let requests = Requests::new(AssetClass::Crypto, Some((&vector.api_key, &vector.secret)));
    let request = match vector.call.as_str() {
        "create_order" => {
            let id = vector.sent(&["client_order_id"]).unwrap();
            requests.place(SYMBOL, &id, &OrderGroup::Single(vector.order()))?
        }
        "cancel_order" => requests.cancel(vector.text(0))?,
        "cancel_all_orders" => requests.cancel_all()?,
        "fetch_open_orders" => requests.open_orders(SYMBOL)?,
        "fetch_order" => requests.order(vector.text(0))?,
        "fetch_balance" => requests.account()?,
        "fetch_my_trades" => requests.fills(None, None)?,
        "fetch_ohlcv" => {
            let timeframe = vector.text(1).parse().unwrap();
            let candles = requests.candles(SYMBOL, timeframe, vector.time(2), vector.count(3), None)?;
            return Ok((DATA_URL, candles));
        }
        "fetch_order_book" => return Ok((DATA_URL, requests.order_book(SYMBOL)?)),
        "fetch_ticker" => return Ok((DATA_URL, requests.ticker(SYMBOL)?)),
        other => panic!("{other}"),
    };
    Ok((trading_url(false), request))
}

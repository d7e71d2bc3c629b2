//! Requests, exactly as they go out.

mod account;

use std::time::Duration;

use qtp_core::{ExchangeError, OrderRequest, OrderRole, Price, Quantity, Ratio, Timeframe, Timestamp};
use serde::Serialize;

use super::Category;
pub use super::order::Attached;
use super::order::OrderBody;
use crate::transport::{Credentials, OrderRef, Pairs, Request, receive_window};

/// Builds requests for one category and key. `at` is the venue's time: the local clock plus its offset.
#[derive(Debug, Clone)]
pub struct Requests {
    category: Category,
    credentials: Option<Credentials>,
    /// How long after `at` the venue may still act on a signed request.
    pub receive_window: Duration,
    /// What the `Referer` header of orders names: the venue's programme for clients.
    pub referer: Option<String>,
}

impl Requests {
    /// Without credentials only market data can be asked for.
    pub const fn new(category: Category, credentials: Option<Credentials>) -> Self {
        Self { category, credentials, receive_window: Duration::from_secs(5), referer: None }
    }

    /// Places one order, with prices at which the venue closes what it opens. Its `valid_until` shortens the receive
    /// window.
    ///
    /// # Errors
    /// `Unsupported` for what the venue has no words for, `Rejected` for an order that is no longer valid, `Auth`
    /// without credentials.
    pub fn place(
        &self,
        symbol: &str,
        client_id: Option<&str>,
        order: &OrderRequest,
        attached: Attached,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        let body = OrderBody::of(self.category, symbol, client_id, order, attached)?;
        let window = receive_window(self.receive_window, order.valid_until, at)?;
        let request = self.post_within(window, "submit", "/v5/order/create", &body, at)?;
        let opens = order.role == OrderRole::Entry && !order.reduce_only;
        let request = request.charge(1, 1);
        Ok(if opens { request } else { request.exit() })
    }

    /// Changes price and size of a working order.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn amend(
        &self,
        symbol: &str,
        order: OrderRef<'_>,
        quantity: Quantity,
        price: Option<Price>,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        #[derive(Serialize)]
        struct Body<'a> {
            symbol: &'a str,
            #[serde(flatten)]
            order: Id<'a>,
            category: &'static str,
            qty: Quantity,
            #[serde(skip_serializing_if = "Option::is_none")]
            price: Option<Price>,
        }
        let (order, category) = (order.into(), self.category.as_str());
        let body = Body { symbol, order, category, qty: quantity, price };
        // A change never enlarges an order: it moves or shrinks protection.
        Ok(self.post("modify", "/v5/order/amend", &body, at)?.charge(1, 1).exit())
    }

    /// Cancels one order; `conditional` for a spot order that still waits for its trigger.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn cancel(
        &self,
        symbol: &str,
        order: OrderRef<'_>,
        conditional: bool,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            symbol: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            order_filter: Option<&'static str>,
            #[serde(flatten)]
            order: Id<'a>,
            category: &'static str,
        }
        let filter = if conditional { "StopOrder" } else { "Order" };
        let order_filter = (self.category == Category::Spot).then_some(filter);
        let body = Body { symbol, order_filter, order: order.into(), category: self.category.as_str() };
        Ok(self.post("cancel", "/v5/order/cancel", &body, at)?.charge(1, 1))
    }

    /// Cancels all orders of a symbol, foreign ones too.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn cancel_all(&self, symbol: &str, at: Timestamp) -> Result<Request, ExchangeError> {
        let body = Symbol { symbol, category: self.category.as_str() };
        Ok(self.post("cancel_all", "/v5/order/cancel-all", &body, at)?.charge(1, 1))
    }

    /// Asks for one order, working or done lately.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn order(&self, symbol: &str, order: OrderRef<'_>, at: Timestamp) -> Result<Request, ExchangeError> {
        let (name, id) = match order {
            OrderRef::Venue(id) => ("orderId", id),
            OrderRef::Client(id) => ("orderLinkId", id),
        };
        let query = self.categorised(Pairs::new().with("symbol", symbol).with(name, id));
        self.get("order", "/v5/order/realtime", query, at)
    }

    /// Asks for the working orders of a symbol, a page at a time.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn open_orders(
        &self,
        symbol: &str,
        cursor: Option<&str>,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        let query = self.categorised(Pairs::new().with("symbol", symbol)).with_some("cursor", cursor);
        self.get("open_orders", "/v5/order/realtime", query, at)
    }

    /// Asks for the balances of the unified account.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn balances(&self, at: Timestamp) -> Result<Request, ExchangeError> {
        let query = Pairs::new().with("accountType", "UNIFIED");
        self.get("account_snapshot", "/v5/account/wallet-balance", query, at)
    }

    /// Asks for the positions of a symbol.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn positions(&self, symbol: &str, at: Timestamp) -> Result<Request, ExchangeError> {
        let query = self.categorised(Pairs::new().with("symbol", symbol).with("limit", 200));
        self.get("account_snapshot", "/v5/position/list", query, at)
    }

    /// Asks for executions in a symbol, newest first, a page at a time.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn fills(
        &self,
        symbol: &str,
        since: Option<Timestamp>,
        cursor: Option<&str>,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        let query = self.categorised(Pairs::new().with("execType", "Trade").with("symbol", symbol));
        let query = query.with_some("startTime", since.map(Timestamp::as_millis)).with_some("cursor", cursor);
        self.get("fills_since", "/v5/execution/list", query, at)
    }

    /// Sets the leverage of a symbol, of both sides.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn set_leverage(
        &self,
        symbol: &str,
        leverage: Ratio,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            symbol: &'a str,
            buy_leverage: Ratio,
            sell_leverage: Ratio,
            category: &'static str,
        }
        let category = self.category.as_str();
        let body = Body { symbol, buy_leverage: leverage, sell_leverage: leverage, category };
        self.post("set_leverage", "/v5/position/set-leverage", &body, at)
    }

    /// Sets isolated or cross margin of the whole account.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn set_margin_mode(
        &self,
        isolated: bool,
        leverage: Option<u32>,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            set_margin_mode: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            leverage: Option<u32>,
        }
        let set_margin_mode = if isolated { "ISOLATED_MARGIN" } else { "REGULAR_MARGIN" };
        let body = Body { set_margin_mode, leverage };
        self.post("set_leverage", "/v5/account/set-margin-mode", &body, at)
    }

    /// Sets one-way or hedge mode of a symbol.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn set_position_mode(
        &self,
        symbol: &str,
        hedge: bool,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        #[derive(Serialize)]
        struct Body<'a> {
            mode: u8,
            #[serde(flatten)]
            symbol: Symbol<'a>,
        }
        let symbol = Symbol { symbol, category: self.category.as_str() };
        let body = Body { mode: if hedge { 3 } else { 0 }, symbol };
        self.post("set_position_mode", "/v5/position/switch-mode", &body, at)
    }

    /// Asks for the filters of all symbols, a page at a time.
    pub fn instruments(&self, cursor: Option<&str>) -> Request {
        let query = self.categorised(Pairs::new()).with("limit", 1000).with_some("cursor", cursor);
        market("instruments", "/v5/market/instruments-info", query)
    }

    /// Asks for the venue's time.
    pub fn time(&self) -> Request {
        market("time", "/v5/market/time", Pairs::new())
    }

    /// Asks for candles that open at `start` or later, newest first.
    pub fn candles(&self, symbol: &str, timeframe: Timeframe, start: Timestamp, limit: u32) -> Request {
        // The first whole candle: the venue would begin with the one that `start` lies in.
        let floor = timeframe.floor(start);
        let first = if floor == start { start } else { floor + timeframe.as_duration() };
        let query = Pairs::new()
            .with("symbol", symbol)
            .with("start", first.as_millis())
            .with("limit", limit)
            .with("interval", interval(timeframe));
        market("candles", "/v5/market/kline", self.categorised(query))
    }

    /// Asks for the latest candles that open before `end`, newest first.
    pub fn candles_before(&self, symbol: &str, timeframe: Timeframe, end: Timestamp, limit: u32) -> Request {
        let query = Pairs::new()
            .with("symbol", symbol)
            .with("end", end.as_millis().saturating_sub(1))
            .with("limit", limit)
            .with("interval", interval(timeframe));
        market("candles", "/v5/market/kline", self.categorised(query))
    }

    /// Asks for the margin tiers of all contracts, a page at a time.
    pub fn margin_tiers(&self, cursor: Option<&str>) -> Request {
        let query = self.categorised(Pairs::new()).with_some("cursor", cursor);
        market("instruments", "/v5/market/risk-limit", query)
    }

    /// Asks for the book.
    pub fn order_book(&self, symbol: &str, limit: u32) -> Request {
        let query = self.categorised(Pairs::new().with("symbol", symbol)).with("limit", limit);
        market("order_book", "/v5/market/orderbook", query)
    }

    /// Asks for last price, best bid and ask, funding and open interest.
    pub fn ticker(&self, symbol: &str) -> Request {
        market("ticker", "/v5/market/tickers", self.categorised(Pairs::new().with("symbol", symbol)))
    }

    /// Asks for paid funding rates, newest first.
    pub fn funding_history(&self, symbol: &str, start: Timestamp, end: Timestamp, limit: u32) -> Request {
        let query = self.categorised(Pairs::new().with("limit", limit).with("symbol", symbol));
        let query = query.with("startTime", start.as_millis()).with("endTime", end.as_millis());
        market("funding_rate", "/v5/market/funding/history", query)
    }

    fn categorised(&self, pairs: Pairs) -> Pairs {
        pairs.with("category", self.category.as_str())
    }

    fn get(
        &self,
        operation: &'static str,
        path: &str,
        query: Pairs,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        let query = query.into_string();
        let request = Request::get(operation, path).header("content-type", "application/json");
        let request = self.signed(request, self.receive_window, &query, at)?;
        Ok(request.query(query).charge(0, 1))
    }

    fn post(
        &self,
        operation: &'static str,
        path: &str,
        body: &impl Serialize,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        self.post_within(self.receive_window, operation, path, body, at)
    }

    fn post_within(
        &self,
        window: Duration,
        operation: &'static str,
        path: &str,
        body: &impl Serialize,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        let body = serde_json::to_string(body).map_err(|source| ExchangeError::Decode {
            operation,
            what: "our own request".into(),
            source: Box::new(source),
        })?;
        let request = Request::post_json(operation, path, body.as_str());
        let request = self.signed(request, window, &body, at)?;
        let request = match &self.referer {
            Some(referer) => request.header("referer", referer.as_str()),
            None => request,
        };
        Ok(request.charge(0, 1))
    }

    fn credentials(&self, operation: &'static str) -> Result<&Credentials, ExchangeError> {
        let without = || ExchangeError::Auth { operation, message: "no key was given".into() };
        self.credentials.as_ref().ok_or_else(without)
    }

    /// With key, time, window and the signature over these and the payload.
    fn signed(
        &self,
        request: Request,
        window: Duration,
        payload: &str,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        let credentials = self.credentials(request.operation)?;
        let (time, window) = (at.as_millis().to_string(), window.as_millis().to_string());
        let signature = credentials.sign(&[&time, credentials.key(), &window, payload].concat());
        Ok(request
            .header("x-bapi-api-key", credentials.key())
            .header("x-bapi-timestamp", time)
            .header("x-bapi-recv-window", window)
            .header("x-bapi-sign", signature))
    }
}

fn market(operation: &'static str, path: &str, query: Pairs) -> Request {
    Request::get(operation, path).query(query.into_string()).charge(0, 1)
}

/// Minutes, or a letter from a day on.
pub(super) fn interval(timeframe: Timeframe) -> String {
    match timeframe.as_duration().as_secs() {
        86_400 => "D".into(),
        604_800 => "W".into(),
        seconds => (seconds / 60).to_string(),
    }
}

#[derive(Serialize)]
struct Symbol<'a> {
    symbol: &'a str,
    category: &'static str,
}

/// An order by one of its ids.
#[derive(Serialize)]
enum Id<'a> {
    #[serde(rename = "orderId")]
    Venue(&'a str),
    #[serde(rename = "orderLinkId")]
    Client(&'a str),
}

impl<'a> From<OrderRef<'a>> for Id<'a> {
    fn from(order: OrderRef<'a>) -> Self {
        match order {
            OrderRef::Venue(id) => Self::Venue(id),
            OrderRef::Client(id) => Self::Client(id),
        }
    }
}

//! Requests, exactly as they go out.

mod account;

use std::time::Duration;

use qtp_core::{ExchangeError, OrderRequest, OrderRole, Price, Quantity, Side, Timestamp};

use super::Product;
use super::order::{Words, side};
use crate::transport::{Credentials, Method, OrderRef, Pairs, Request, receive_window};

const FORM: &str = "application/x-www-form-urlencoded";
/// Most executions of one answer.
pub(super) const FILL_PAGE: usize = 1000;

/// Which executions are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillPage {
    /// The latest.
    Latest,
    /// From an instant on, to another if it is given: at most seven days of futures.
    Between(Timestamp, Option<Timestamp>),
    /// From a trade on, by the venue's number.
    From(u64),
}

/// What a working order is changed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amendment {
    /// Its side, which stays.
    pub side: Side,
    /// New total size.
    pub quantity: Quantity,
    /// New price.
    pub price: Price,
}

/// Builds requests for one product and key. `at` is the venue's time: the local clock plus its offset.
#[derive(Debug, Clone)]
pub struct Requests {
    product: Product,
    credentials: Option<Credentials>,
    /// How long after `at` the venue may still act on a signed request.
    pub receive_window: Duration,
    /// Says `positionSide=BOTH` on every futures order.
    pub name_position_side: bool,
}

impl Requests {
    /// Without credentials only market data can be asked for.
    pub const fn new(product: Product, credentials: Option<Credentials>) -> Self {
        let receive_window = Duration::from_secs(5);
        Self { product, credentials, receive_window, name_position_side: false }
    }

    /// Places one order. Its `valid_until` shortens the receive window.
    ///
    /// # Errors
    /// `Unsupported` for what the venue has no words for, `Rejected` for an order that is no longer valid, `Auth`
    /// without credentials.
    pub fn place(
        &self,
        symbol: &str,
        client_id: &str,
        order: &OrderRequest,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        let words = Words::of(self.product, order)?;
        let window = receive_window(self.receive_window, order.valid_until, at)?;
        // Since December 2025 conditional futures orders have a door of their own.
        let conditional = self.product == Product::UsdMargin && order.kind.is_conditional();
        let (path, id_name) = match (self.product, conditional) {
            (Product::Spot, _) => ("/api/v3/order", "newClientOrderId"),
            (Product::UsdMargin, false) => ("/fapi/v1/order", "newClientOrderId"),
            (Product::UsdMargin, true) => ("/fapi/v1/algoOrder", "clientAlgoId"),
        };
        let answer = if self.product == Product::Spot { "FULL" } else { "RESULT" };
        let request =
            self.signed_within(window, Request::new("submit", Method::Post, path), at, |pairs| {
                let pairs = pairs
                    .with("symbol", symbol)
                    .with("side", side(order.side))
                    .with(id_name, client_id)
                    .with("newOrderRespType", answer);
                words.add(self.product, order, self.name_position_side, pairs)
            })?;
        let request = counted(request).charge(0, self.weight(1, 0));
        let opens = order.role == OrderRole::Entry && !order.reduce_only;
        Ok(if opens { request } else { request.exit() })
    }

    /// Changes price and size of a futures limit order.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn amend(
        &self,
        symbol: &str,
        order: OrderRef<'_>,
        to: Amendment,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        self.futures("modify")?;
        let request = self.signed(Request::new("modify", Method::Put, "/fapi/v1/order"), at, |pairs| {
            let pairs = pairs.with("symbol", symbol).with("side", side(to.side));
            named(pairs, order, ["orderId", "origClientOrderId"])
                .with("quantity", to.quantity)
                .with("price", to.price)
        })?;
        // A change never enlarges an order: it moves or shrinks protection.
        Ok(counted(request).exit())
    }

    /// Cancels one order; `conditional` for a futures order that still waits for its trigger.
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
        if conditional && self.product == Product::UsdMargin {
            return self.signed(Request::new("cancel", Method::Delete, "/fapi/v1/algoOrder"), at, |pairs| {
                named(pairs, order, ["algoId", "clientAlgoId"])
            });
        }
        self.signed(Request::new("cancel", Method::Delete, self.path("order")), at, |pairs| {
            named(pairs.with("symbol", symbol), order, ["orderId", "origClientOrderId"])
        })
    }

    /// Cancels all plain orders of a symbol, foreign ones too.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn cancel_all(&self, symbol: &str, at: Timestamp) -> Result<Request, ExchangeError> {
        let path = match self.product {
            Product::Spot => "/api/v3/openOrders",
            Product::UsdMargin => "/fapi/v1/allOpenOrders",
        };
        self.signed(Request::new("cancel_all", Method::Delete, path), at, |pairs| {
            pairs.with("symbol", symbol)
        })
    }

    /// Asks for one order.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn order(&self, symbol: &str, order: OrderRef<'_>, at: Timestamp) -> Result<Request, ExchangeError> {
        let request = self.signed(Request::new("order", Method::Get, self.path("order")), at, |pairs| {
            named(pairs.with("symbol", symbol), order, ["orderId", "origClientOrderId"])
        })?;
        Ok(request.charge(0, self.weight(4, 1)))
    }

    /// Asks for the working orders of a symbol.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn open_orders(&self, symbol: &str, at: Timestamp) -> Result<Request, ExchangeError> {
        let add = |pairs: Pairs| pairs.with("symbol", symbol);
        let request =
            self.signed(Request::new("open_orders", Method::Get, self.path("openOrders")), at, add)?;
        Ok(request.charge(0, self.weight(6, 1)))
    }

    /// Asks for balances, and on futures for positions.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn account(&self, at: Timestamp) -> Result<Request, ExchangeError> {
        let path = match self.product {
            Product::Spot => "/api/v3/account",
            Product::UsdMargin => "/fapi/v3/account",
        };
        let request = self.signed(Request::new("account_snapshot", Method::Get, path), at, |pairs| pairs)?;
        Ok(request.charge(0, self.weight(20, 5)))
    }

    /// Asks for executions in a symbol: the latest, those of a stretch of time, or those from a trade on.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn fills(&self, symbol: &str, which: FillPage, at: Timestamp) -> Result<Request, ExchangeError> {
        let path = match self.product {
            Product::Spot => "/api/v3/myTrades",
            Product::UsdMargin => "/fapi/v1/userTrades",
        };
        let request = self.signed(Request::new("fills_since", Method::Get, path), at, |pairs| {
            let pairs = pairs.with("symbol", symbol);
            match which {
                FillPage::Latest => pairs,
                FillPage::Between(start, end) => pairs
                    .with("startTime", start.as_millis())
                    .with_some("endTime", end.map(Timestamp::as_millis))
                    .with("limit", FILL_PAGE),
                FillPage::From(id) => pairs.with("fromId", id).with("limit", FILL_PAGE),
            }
        })?;
        Ok(request.charge(0, self.weight(20, 5)))
    }

    /// Sets the leverage of a futures symbol.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn set_leverage(&self, symbol: &str, leverage: u32, at: Timestamp) -> Result<Request, ExchangeError> {
        self.futures("set_leverage")?;
        self.signed(Request::new("set_leverage", Method::Post, "/fapi/v1/leverage"), at, |pairs| {
            pairs.with("symbol", symbol).with("leverage", leverage)
        })
    }

    /// Sets isolated or cross margin of a futures symbol.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn set_margin_mode(
        &self,
        symbol: &str,
        isolated: bool,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        self.futures("set_leverage")?;
        let mode = if isolated { "ISOLATED" } else { "CROSSED" };
        self.signed(Request::new("set_leverage", Method::Post, "/fapi/v1/marginType"), at, |pairs| {
            pairs.with("symbol", symbol).with("marginType", mode)
        })
    }

    /// Sets one-way or hedge mode of the futures account.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn set_position_mode(&self, hedge: bool, at: Timestamp) -> Result<Request, ExchangeError> {
        self.futures("set_position_mode")?;
        self.signed(
            Request::new("set_position_mode", Method::Post, "/fapi/v1/positionSide/dual"),
            at,
            |pairs| pairs.with("dualSidePosition", hedge),
        )
    }

    /// Adds isolated margin to a futures position.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn add_margin(
        &self,
        symbol: &str,
        amount: Quantity,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        self.futures("add_margin")?;
        self.signed(Request::new("add_margin", Method::Post, "/fapi/v1/positionMargin"), at, |pairs| {
            pairs.with("type", 1).with("symbol", symbol).with("amount", amount)
        })
    }

    /// Asks for the margin tiers of all futures.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn leverage_brackets(&self, at: Timestamp) -> Result<Request, ExchangeError> {
        self.futures("instruments")?;
        let request =
            self.signed(Request::new("instruments", Method::Get, "/fapi/v1/leverageBracket"), at, |pairs| {
                pairs
            })?;
        Ok(request.charge(0, 1))
    }

    /// Asks for the filters of all symbols.
    pub fn exchange_info(&self) -> Request {
        Request::get("instruments", self.path("exchangeInfo")).charge(0, self.weight(20, 1))
    }

    /// Asks for the venue's time.
    pub fn time(&self) -> Request {
        Request::get("time", self.path("time")).charge(0, 1)
    }

    /// Asks for candles from an open time on, oldest first.
    pub fn candles(&self, symbol: &str, interval: &str, start: Timestamp, limit: u32) -> Request {
        self.klines(symbol, interval, limit, |query| query.with("startTime", start.as_millis()))
    }

    /// Asks for the latest candles that open before `end`, oldest first.
    pub fn candles_before(&self, symbol: &str, interval: &str, end: Timestamp, limit: u32) -> Request {
        let last = end.as_millis().saturating_sub(1);
        self.klines(symbol, interval, limit, |query| query.with("endTime", last))
    }

    fn klines(&self, symbol: &str, interval: &str, limit: u32, add: impl FnOnce(Pairs) -> Pairs) -> Request {
        let query = Pairs::new().with("interval", interval).with("limit", limit).with("symbol", symbol);
        let weight = match limit {
            0..100 => 1,
            100..500 => 2,
            500..=1000 => 5,
            _ => 10,
        };
        let request = Request::get("candles", self.path("klines")).query(add(query).into_string());
        request.charge(0, self.weight(2, weight))
    }

    /// Asks for mark, index and the next funding payment.
    ///
    /// # Errors
    /// `Unsupported` on spot.
    pub fn premium(&self, symbol: &str) -> Result<Request, ExchangeError> {
        self.futures("funding_rate")?;
        let query = Pairs::new().with("symbol", symbol).into_string();
        Ok(Request::get("funding_rate", "/fapi/v1/premiumIndex").query(query).charge(0, 1))
    }

    /// Asks for open interest.
    ///
    /// # Errors
    /// `Unsupported` on spot.
    pub fn open_interest(&self, symbol: &str) -> Result<Request, ExchangeError> {
        self.futures("open_interest")?;
        let query = Pairs::new().with("symbol", symbol).into_string();
        Ok(Request::get("open_interest", "/fapi/v1/openInterest").query(query).charge(0, 1))
    }

    /// Asks for the book.
    pub fn order_book(&self, symbol: &str, limit: u32) -> Request {
        let query = Pairs::new().with("symbol", symbol).with("limit", limit);
        let (spot, futures) = match limit {
            0..=50 => (5, 2),
            51..=100 => (5, 5),
            101..=500 => (25, 10),
            501..=1000 => (50, 20),
            _ => (250, 20),
        };
        let request = Request::get("order_book", self.path("depth")).query(query.into_string());
        request.charge(0, self.weight(spot, futures))
    }

    /// Asks for the figures of the last 24 hours.
    pub fn ticker(&self, symbol: &str) -> Request {
        let query = Pairs::new().with("symbol", symbol);
        let request = Request::get("ticker", self.path("ticker/24hr")).query(query.into_string());
        request.charge(0, self.weight(2, 1))
    }

    /// Asks for paid funding rates, oldest first.
    ///
    /// # Errors
    /// `Unsupported` on spot.
    pub fn funding_history(
        &self,
        symbol: &str,
        start: Timestamp,
        limit: u32,
    ) -> Result<Request, ExchangeError> {
        self.futures("funding_rate")?;
        let query =
            Pairs::new().with("symbol", symbol).with("startTime", start.as_millis()).with("limit", limit);
        Ok(Request::get("funding_rate", "/fapi/v1/fundingRate").query(query.into_string()).charge(0, 1))
    }

    fn futures(&self, operation: &'static str) -> Result<(), ExchangeError> {
        match self.product {
            Product::UsdMargin => Ok(()),
            Product::Spot => Err(ExchangeError::Unsupported { operation, what: "this on spot".into() }),
        }
    }

    const fn weight(&self, spot: u32, futures: u32) -> u32 {
        match self.product {
            Product::Spot => spot,
            Product::UsdMargin => futures,
        }
    }

    fn path(&self, name: &str) -> String {
        match self.product {
            Product::Spot => format!("/api/v3/{name}"),
            Product::UsdMargin => format!("/fapi/v1/{name}"),
        }
    }

    fn credentials(&self, operation: &'static str) -> Result<&Credentials, ExchangeError> {
        let without = || ExchangeError::Auth { operation, message: "no key was given".into() };
        self.credentials.as_ref().ok_or_else(without)
    }

    fn signed(
        &self,
        request: Request,
        at: Timestamp,
        add: impl FnOnce(Pairs) -> Pairs,
    ) -> Result<Request, ExchangeError> {
        let request = self.signed_within(self.receive_window, request, at, add)?;
        // Reads say their own weight; what changes something weighs one.
        Ok(if request.method == Method::Get { request } else { request.charge(0, 1) })
    }

    fn signed_within(
        &self,
        window: Duration,
        request: Request,
        at: Timestamp,
        add: impl FnOnce(Pairs) -> Pairs,
    ) -> Result<Request, ExchangeError> {
        let credentials = self.credentials(request.operation)?;
        let pairs = add(Pairs::new().with("timestamp", at.as_millis()));
        let pairs = pairs.with("recvWindow", window.as_millis());
        let signature = credentials.sign(pairs.as_str());
        let text = pairs.with("signature", signature).into_string();
        let request = request.header("x-mbx-apikey", credentials.key());
        Ok(match request.method {
            Method::Post | Method::Put => Request { body: Some((FORM, text)), ..request },
            _ => request.query(text),
        })
    }
}

/// An order counts in the limits of orders too.
fn counted(request: Request) -> Request {
    request.charge(1, 1).charge(2, 1)
}

fn named(pairs: Pairs, order: OrderRef<'_>, [venue, client]: [&str; 2]) -> Pairs {
    match order {
        OrderRef::Venue(id) => pairs.with(venue, id),
        OrderRef::Client(id) => pairs.with(client, id),
    }
}

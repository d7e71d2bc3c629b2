//! Requests, exactly as they go out.

use std::fmt;

use qtp_core::{ExchangeError, OrderGroup, OrderRole, Timeframe, Timestamp};

use super::AssetClass;
use super::order::OrderBody;
use crate::transport::{Method, Pairs, Request};

/// Builds requests for one class of assets and one key. `Debug` shows no key.
#[derive(Clone)]
pub struct Requests {
    class: AssetClass,
    key: Option<(Box<str>, Box<str>)>,
    /// Where stock data comes from, such as `iex` or `sip`; the plan's best if it is not said.
    pub feed: Option<String>,
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").field("class", &self.class).finish_non_exhaustive()
    }
}

impl Requests {
    /// With the key's id and secret, which go into headers. Crypto data needs none.
    pub fn new(class: AssetClass, key: Option<(&str, &str)>) -> Self {
        Self { class, key: key.map(|(id, secret)| (id.trim().into(), secret.trim().into())), feed: None }
    }

    /// Places an order, or an entry with its exits.
    ///
    /// # Errors
    /// `Unsupported` for what the venue has no words for, `Auth` without a key.
    pub fn place(&self, symbol: &str, client_id: &str, group: &OrderGroup) -> Result<Request, ExchangeError> {
        let body = OrderBody::of(self.class, symbol, client_id, group)?;
        let body = serde_json::to_string(&body).map_err(|source| ExchangeError::Decode {
            operation: "submit",
            what: "our own request".into(),
            source: Box::new(source),
        })?;
        let request = self.with_key(Request::post_json("submit", "/v2/orders", body))?;
        let opens = group.orders().any(|order| order.role == OrderRole::Entry && !order.reduce_only);
        Ok(if opens { request } else { request.exit() })
    }

    /// Cancels one order, by the venue's id.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn cancel(&self, id: &str) -> Result<Request, ExchangeError> {
        self.with_key(Request::new("cancel", Method::Delete, format!("/v2/orders/{id}")))
    }

    /// Cancels all orders of the account, foreign ones too.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn cancel_all(&self) -> Result<Request, ExchangeError> {
        self.with_key(Request::new("cancel_all", Method::Delete, "/v2/orders"))
    }

    /// Asks for one order, by the venue's id.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn order(&self, id: &str) -> Result<Request, ExchangeError> {
        self.with_key(Request::get("order", format!("/v2/orders/{id}")))
    }

    /// Asks for one order, by our id.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn order_by_client_id(&self, id: &str) -> Result<Request, ExchangeError> {
        let query = Pairs::new().with("client_order_id", id).into_string();
        self.with_key(Request::get("order", "/v2/orders:by_client_order_id").query(query))
    }

    /// Asks for the working orders of a symbol.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn open_orders(&self, symbol: &str) -> Result<Request, ExchangeError> {
        let query = Pairs::new().with("status", "open").with("symbols", symbol).into_string();
        self.with_key(Request::get("open_orders", "/v2/orders").query(query))
    }

    /// Asks for cash, equity and what the account may do.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn account(&self) -> Result<Request, ExchangeError> {
        self.with_key(Request::get("account_snapshot", "/v2/account"))
    }

    /// Asks for all positions.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn positions(&self) -> Result<Request, ExchangeError> {
        self.with_key(Request::get("account_snapshot", "/v2/positions"))
    }

    /// Asks for executions, newest first unless `since` is given, a page at a time.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn fills(&self, since: Option<Timestamp>, page: Option<&str>) -> Result<Request, ExchangeError> {
        let query = Pairs::new()
            .with_some("after", since)
            .with_some("direction", since.map(|_| "asc"))
            .with_some("page_token", page)
            .into_string();
        self.with_key(Request::get("fills_since", "/v2/account/activities/FILL").query(query))
    }

    /// Asks whether the market is open, and when it opens or closes next.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn clock(&self) -> Result<Request, ExchangeError> {
        self.with_key(Request::get("clock", "/v2/clock"))
    }

    /// Asks for all tradable assets of the class.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn assets(&self) -> Result<Request, ExchangeError> {
        let class = match self.class {
            AssetClass::Stock => "us_equity",
            AssetClass::Crypto => "crypto",
        };
        let query = Pairs::new().with("status", "active").with("asset_class", class).into_string();
        self.with_key(Request::get("instruments", "/v2/assets").query(query))
    }

    /// Asks the data host for candles, oldest first, unadjusted, a page at a time.
    ///
    /// # Errors
    /// `Unsupported` for a width that the venue does not have, `Auth` without a key for stocks.
    pub fn candles(
        &self,
        symbol: &str,
        timeframe: Timeframe,
        start: Timestamp,
        limit: u32,
        page: Option<&str>,
    ) -> Result<Request, ExchangeError> {
        let query = Pairs::new()
            .with("symbols", symbol)
            .with("limit", limit)
            .with("start", start)
            .with("timeframe", width(self.class, timeframe)?)
            .with_some("page_token", page)
            .into_string();
        self.data(Request::get("candles", self.data_path("bars")).query(query))
    }

    /// Asks the data host for candles that open before `end`, newest first, unadjusted, a page at a time.
    ///
    /// # Errors
    /// As [`Self::candles`].
    pub fn candles_before(
        &self,
        symbol: &str,
        timeframe: Timeframe,
        stretch: (Timestamp, Timestamp),
        limit: u32,
        page: Option<&str>,
    ) -> Result<Request, ExchangeError> {
        let (start, end) = stretch;
        let feed = self.feed.as_deref().filter(|_| self.class == AssetClass::Stock);
        let query = Pairs::new()
            .with("symbols", symbol)
            .with("timeframe", width(self.class, timeframe)?)
            .with("start", start)
            // The venue's end is inclusive.
            .with("end", end - std::time::Duration::from_millis(1))
            .with("limit", limit)
            .with("sort", "desc")
            .with_some("feed", feed)
            .with_some("page_token", page)
            .into_string();
        self.data(Request::get("candles", self.data_path("bars")).query(query))
    }

    /// Asks for the sessions of these days, both included, such as `2024-01-31`.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn calendar(&self, first: &str, last: &str) -> Result<Request, ExchangeError> {
        let query = Pairs::new().with("start", first).with("end", last).into_string();
        self.with_key(Request::get("calendar", "/v2/calendar").query(query))
    }

    /// Asks for the working orders of all symbols, at most 500, with the legs of brackets.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn all_open_orders(&self) -> Result<Request, ExchangeError> {
        let query = Pairs::new().with("status", "open").with("limit", 500).with("nested", true).into_string();
        self.with_key(Request::get("open_orders", "/v2/orders").query(query))
    }

    /// The first message on a socket, of market data or (`trading`) of the account.
    ///
    /// # Errors
    /// `Auth` without a key.
    pub fn stream_login(&self, trading: bool) -> Result<String, ExchangeError> {
        let Some((id, secret)) = &self.key else {
            let operation = if trading { "subscribe_account" } else { "subscribe" };
            return Err(ExchangeError::Auth { operation, message: "no key was given".into() });
        };
        let message = serde_json::json!({"action": "auth", "key": &**id, "secret": &**secret});
        Ok(message.to_string())
    }

    /// Asks the data host for the book of a crypto symbol.
    ///
    /// # Errors
    /// `Unsupported` for stocks.
    pub fn order_book(&self, symbol: &str) -> Result<Request, ExchangeError> {
        if self.class == AssetClass::Stock {
            let what = "the book of a stock".into();
            return Err(ExchangeError::Unsupported { operation: "order_book", what });
        }
        let query = Pairs::new().with("symbols", symbol).into_string();
        self.data(Request::get("order_book", self.data_path("latest/orderbooks")).query(query))
    }

    /// Asks the data host for last trade, quote and bars.
    ///
    /// # Errors
    /// `Auth` without a key for stocks.
    pub fn ticker(&self, symbol: &str) -> Result<Request, ExchangeError> {
        let query = Pairs::new().with("symbols", symbol).into_string();
        self.data(Request::get("ticker", self.data_path("snapshots")).query(query))
    }

    fn data_path(&self, name: &str) -> String {
        match self.class {
            AssetClass::Stock => format!("/v2/stocks/{name}"),
            AssetClass::Crypto => format!("/v1beta3/crypto/us/{name}"),
        }
    }

    fn data(&self, request: Request) -> Result<Request, ExchangeError> {
        match self.class {
            AssetClass::Stock => self.with_key(request),
            AssetClass::Crypto => Ok(request.charge(0, 1)),
        }
    }

    fn with_key(&self, request: Request) -> Result<Request, ExchangeError> {
        let Some((id, secret)) = &self.key else {
            let operation = request.operation;
            return Err(ExchangeError::Auth { operation, message: "no key was given".into() });
        };
        let request = request.header("apca-api-key-id", &**id).header("apca-api-secret-key", &**secret);
        Ok(request.charge(0, 1))
    }
}

/// `5Min`, `1Hour`, `1Day`; for crypto in lower case, as clients of that path write it.
fn width(class: AssetClass, timeframe: Timeframe) -> Result<String, ExchangeError> {
    let seconds = timeframe.as_duration().as_secs();
    let text = match seconds {
        86_400 => "1Day".to_owned(),
        604_800 => "1Week".to_owned(),
        _ if seconds.is_multiple_of(3600) && seconds < 86_400 => format!("{}Hour", seconds / 3600),
        _ if seconds.is_multiple_of(60) && seconds > 0 && seconds < 3600 => format!("{}Min", seconds / 60),
        _ => {
            let what = format!("candles of {timeframe}");
            return Err(ExchangeError::Unsupported { operation: "candles", what });
        }
    };
    Ok(if class == AssetClass::Crypto { text.to_lowercase() } else { text })
}

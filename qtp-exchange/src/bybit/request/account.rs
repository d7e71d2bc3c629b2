//! Requests about the whole account and its stream.

use std::time::Duration;

use qtp_core::{ExchangeError, Timestamp};

use super::Requests;
use crate::transport::{OrderRef, Pairs, Request};

/// Entries of one answer.
const PAGE: u32 = 100;
/// For how long a login on a socket may be on its way.
const LOGIN: Duration = Duration::from_secs(10);

impl Requests {
    /// Asks for one order among those that ended some time ago.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn past_order(
        &self,
        symbol: &str,
        order: OrderRef<'_>,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        let (name, id) = match order {
            OrderRef::Venue(id) => ("orderId", id),
            OrderRef::Client(id) => ("orderLinkId", id),
        };
        let query = self.categorised(Pairs::new().with("symbol", symbol).with(name, id));
        self.get("order", "/v5/order/history", query, at)
    }

    /// Asks for the working orders of all symbols that settle in a coin (spot: of all symbols), a page at a time.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn all_open_orders(
        &self,
        settle: Option<&str>,
        cursor: Option<&str>,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        let query = self.categorised(Pairs::new()).with_some("settleCoin", settle).with("limit", 50);
        self.get("open_orders", "/v5/order/realtime", query.with_some("cursor", cursor), at)
    }

    /// Asks for all positions that settle in a coin, a page at a time.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn all_positions(
        &self,
        settle: &str,
        cursor: Option<&str>,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        let query = self.categorised(Pairs::new()).with("settleCoin", settle).with("limit", 200);
        self.get("account_snapshot", "/v5/position/list", query.with_some("cursor", cursor), at)
    }

    /// Asks for executions of every kind in all symbols, newest first, a page at a time; at most seven days.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn executions(
        &self,
        start: Timestamp,
        end: Timestamp,
        cursor: Option<&str>,
        at: Timestamp,
    ) -> Result<Request, ExchangeError> {
        let query = self
            .categorised(Pairs::new())
            .with("startTime", start.as_millis())
            .with("endTime", end.as_millis())
            .with("limit", PAGE)
            .with_some("cursor", cursor);
        self.get("fills_since", "/v5/execution/list", query, at)
    }

    /// Asks for transfers into the unified account or out of it, newest first.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn transfers(&self, into: bool, since: Timestamp, at: Timestamp) -> Result<Request, ExchangeError> {
        let query = Pairs::new()
            .with("accountType", "UNIFIED")
            .with("type", if into { "TRANSFER_IN" } else { "TRANSFER_OUT" })
            .with("startTime", since.as_millis())
            .with("limit", 50);
        self.get("transfers", "/v5/account/transaction-log", query, at)
    }

    /// Asks for the margin mode of the account.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn account_settings(&self, at: Timestamp) -> Result<Request, ExchangeError> {
        self.get("preflight", "/v5/account/info", Pairs::new(), at)
    }

    /// Asks what the key may do.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn key_restrictions(&self, at: Timestamp) -> Result<Request, ExchangeError> {
        self.get("preflight", "/v5/user/query-api", Pairs::new(), at)
    }

    /// The first message on a private socket.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn stream_login(&self, at: Timestamp) -> Result<String, ExchangeError> {
        let credentials = self.credentials("subscribe_account")?;
        let expires = (at + LOGIN).as_millis();
        let signature = credentials.sign(&format!("GET/realtime{expires}"));
        let message = serde_json::json!({"op": "auth", "args": [credentials.key(), expires, signature]});
        Ok(message.to_string())
    }
}

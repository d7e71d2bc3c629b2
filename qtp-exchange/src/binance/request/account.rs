//! Requests about the whole account and its streams.

use qtp_core::{ExchangeError, Timestamp};

use super::{Requests, named};
use crate::binance::Product;
use crate::transport::{Method, OrderRef, Pairs, Request};

impl Requests {
    /// Asks for the working orders of all symbols; `conditional` for futures orders that wait for their trigger.
    ///
    /// # Errors
    /// `Auth` without credentials.
    pub fn all_open_orders(&self, conditional: bool, at: Timestamp) -> Result<Request, ExchangeError> {
        let path = if conditional { self.path("openAlgoOrders") } else { self.path("openOrders") };
        let request = self.signed(Request::new("open_orders", Method::Get, path), at, |pairs| pairs)?;
        Ok(request.charge(0, self.weight(80, 40)))
    }

    /// Asks for one conditional futures order.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn conditional_order(&self, order: OrderRef<'_>, at: Timestamp) -> Result<Request, ExchangeError> {
        self.futures("order")?;
        let request = self.signed(Request::new("order", Method::Get, "/fapi/v1/algoOrder"), at, |pairs| {
            named(pairs, order, ["algoId", "clientAlgoId"])
        })?;
        Ok(request.charge(0, 1))
    }

    /// Asks whether the futures account is in one-way or hedge mode.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn position_mode(&self, at: Timestamp) -> Result<Request, ExchangeError> {
        self.setting("/fapi/v1/positionSide/dual", 30, at)
    }

    /// Asks whether all stablecoins of the futures account are margin for all positions.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn multi_assets_mode(&self, at: Timestamp) -> Result<Request, ExchangeError> {
        self.setting("/fapi/v1/multiAssetsMargin", 30, at)
    }

    /// Asks for leverage and margin mode of every futures symbol.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn symbol_settings(&self, at: Timestamp) -> Result<Request, ExchangeError> {
        self.setting("/fapi/v1/symbolConfig", 5, at)
    }

    fn setting(&self, path: &str, weight: u32, at: Timestamp) -> Result<Request, ExchangeError> {
        self.futures("preflight")?;
        let request = self.signed(Request::new("preflight", Method::Get, path), at, |pairs| pairs)?;
        Ok(request.charge(0, weight))
    }

    /// Asks the spot host what the key may do.
    ///
    /// # Errors
    /// `Unsupported` on futures, `Auth` without credentials.
    pub fn key_restrictions(&self, at: Timestamp) -> Result<Request, ExchangeError> {
        if self.product != Product::Spot {
            let what = "this on futures".to_owned();
            return Err(ExchangeError::Unsupported { operation: "preflight", what });
        }
        let path = "/sapi/v1/account/apiRestrictions";
        let request = self.signed(Request::new("preflight", Method::Get, path), at, |pairs| pairs)?;
        Ok(request.charge(0, 1))
    }

    /// Asks for funding that the futures account paid or received, oldest first.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn funding_payments(&self, since: Timestamp, at: Timestamp) -> Result<Request, ExchangeError> {
        self.futures("funding_payments")?;
        let request =
            self.signed(Request::new("funding_payments", Method::Get, "/fapi/v1/income"), at, |pairs| {
                pairs
                    .with("incomeType", "FUNDING_FEE")
                    .with("startTime", since.as_millis())
                    .with("limit", 1000)
            })?;
        Ok(request.charge(0, 30))
    }

    /// Asks for a key of the futures account's stream, or keeps it alive for another hour.
    ///
    /// # Errors
    /// `Unsupported` on spot, `Auth` without credentials.
    pub fn listen_key(&self, keep: bool) -> Result<Request, ExchangeError> {
        self.futures("subscribe_account")?;
        let method = if keep { Method::Put } else { Method::Post };
        let request = Request::new("subscribe_account", method, "/fapi/v1/listenKey").charge(0, 1);
        Ok(request.header("x-mbx-apikey", self.credentials("subscribe_account")?.key()))
    }

    /// The first message on a socket of the spot account: it asks for the account's stream.
    ///
    /// # Errors
    /// `Unsupported` on futures, `Auth` without credentials.
    pub fn stream_login(&self, id: u64, at: Timestamp) -> Result<String, ExchangeError> {
        if self.product != Product::Spot {
            let what = "this on futures: they have listen keys".to_owned();
            return Err(ExchangeError::Unsupported { operation: "subscribe_account", what });
        }
        let credentials = self.credentials("subscribe_account")?;
        let (time, window) = (at.as_millis(), self.receive_window.as_millis());
        // Signed in the order of the alphabet.
        let signed =
            Pairs::new().with("apiKey", credentials.key()).with("recvWindow", window).with("timestamp", time);
        let signature = credentials.sign(signed.as_str());
        let params = serde_json::json!({"apiKey": credentials.key(), "recvWindow": window,
            "timestamp": time, "signature": signature});
        let message =
            serde_json::json!({"id": id, "method": "userDataStream.subscribe.signature", "params": params});
        Ok(message.to_string())
    }
}

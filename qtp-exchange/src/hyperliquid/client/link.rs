//! Requests: unsigned reads, and signed actions of three kinds.

use std::time::Duration;

use qtp_core::{ClientOrderId, ExchangeError, Reason, Timestamp};
use serde_json::Value;

use crate::hyperliquid::HyperliquidConfig;
use crate::hyperliquid::nonce::Nonces;
use crate::hyperliquid::payload::{Answer, NOT_AUTHORISED, RATE_LIMITED, answer, unread};
use crate::hyperliquid::sign::{Address, Network, PrivateKey};
use crate::hyperliquid::wire::{self, Action};
use crate::transport::{Budget, Charge, Http, HttpSettings, Limit, Reply, Request};

/// Weight that an address may use in a minute.
const MINUTE: Limit = Limit { name: "weight a minute", capacity: 1200, window: Duration::from_secs(60) };
/// Orders or cancels of a request that cost nothing more.
const BATCH: usize = 40;

/// The venue's HTTP side.
#[derive(Debug)]
pub(super) struct Link {
    http: Http,
    nonces: Nonces,
    network: Network,
    key: Option<PrivateKey>,
    vault: Option<Address>,
}

impl Link {
    pub(super) fn new(config: &HyperliquidConfig) -> Result<Self, ExchangeError> {
        let mut settings = HttpSettings::new(&config.rest_urls);
        settings.allow_plaintext = config.allow_plaintext;
        settings.budget = std::sync::Arc::new(Budget::new([MINUTE]));
        Ok(Self {
            http: Http::new(settings)?,
            nonces: Nonces::new(config.clock.clone(), config.nonces.clone()),
            network: config.network,
            key: config.key.clone(),
            vault: config.vault,
        })
    }

    /// Asks for something.
    pub(super) async fn info(
        &self,
        operation: &'static str,
        weight: u32,
        body: &Value,
    ) -> Result<Reply, ExchangeError> {
        let body = body.to_string();
        let build = || Ok(Request::post_json(operation, "/info", body.as_str()).charge(0, weight));
        let reply = self.http.read(build).await?;
        if reply.is_success() { Ok(reply) } else { Err(refused(operation, &reply)) }
    }

    /// Counts what an answer weighed beyond its request.
    pub(super) fn also(&self, weight: usize) {
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        self.http.budget().charge(Charge { limit: 0, weight });
    }

    /// Sends orders, or a change of one, once.
    pub(super) async fn submit(
        &self,
        operation: &'static str,
        id: ClientOrderId,
        action: &Action,
        (expires, exit): (Timestamp, bool),
    ) -> Result<Answer, ExchangeError> {
        let mut request = self.signed(operation, action, Some(expires))?;
        if exit {
            request = request.exit();
        }
        let reply = self.http.submit(id, request).await?;
        // An answer that says nothing clear may stand for an order.
        let lost = |error: ExchangeError| match error {
            ExchangeError::Decode { .. } => {
                ExchangeError::OutcomeUnknown { client_order_id: id, source: error.into() }
            }
            error => error,
        };
        read(operation, &reply).map_err(lost)
    }

    /// Cancels something; tried again, each time under another number.
    pub(super) async fn cancel(
        &self,
        operation: &'static str,
        action: &Action,
    ) -> Result<Answer, ExchangeError> {
        read(operation, &self.http.cancel(|| self.signed(operation, action, None)).await?)
    }

    /// Sets something that may be set twice.
    pub(super) async fn set(
        &self,
        operation: &'static str,
        action: &Action,
    ) -> Result<Answer, ExchangeError> {
        read(operation, &self.http.read(|| self.signed(operation, action, None)).await?)
    }

    fn signed(
        &self,
        operation: &'static str,
        action: &Action,
        expires: Option<Timestamp>,
    ) -> Result<Request, ExchangeError> {
        let key = self.key.as_ref().ok_or_else(|| ExchangeError::Auth {
            operation,
            message: "there is no private key: this client only reads".to_owned(),
        })?;
        let expires = expires.map(|at| u64::try_from(at.as_millis()).unwrap_or(0));
        let text = wire::Request::signed(key, self.network, action, self.nonces.next(), self.vault, expires)
            .map_err(|error| unread(operation, "our own request", error))?;
        let items = match action {
            Action::Order { orders, .. } => orders.len(),
            Action::CancelByCloid { cancels } => cancels.len(),
            Action::BatchModify { modifies } => modifies.len(),
            _ => 1,
        };
        let weight = u32::try_from(1 + items / BATCH).unwrap_or(u32::MAX);
        Ok(Request::post_json(operation, "/exchange", text).charge(0, weight))
    }
}

/// The answer of a signed request, with refusals as a whole as errors.
fn read(operation: &'static str, reply: &Reply) -> Result<Answer, ExchangeError> {
    if !reply.is_success() {
        return Err(refused(operation, reply));
    }
    match answer(operation, reply.text())? {
        Answer::Refused(reason) => Err(refusal(operation, reason)),
        taken => Ok(taken),
    }
}

/// A refusal in the venue's words.
pub(super) fn refusal(operation: &'static str, reason: Reason) -> ExchangeError {
    match reason.code.as_str() {
        RATE_LIMITED => ExchangeError::RateLimited { operation, retry_after: Some(Duration::from_secs(10)) },
        NOT_AUTHORISED => ExchangeError::Auth { operation, message: reason.message },
        _ => ExchangeError::Rejected { operation, reason },
    }
}

/// A status of 4xx: the venue did not take the request.
fn refused(operation: &'static str, reply: &Reply) -> ExchangeError {
    let words: String = reply.text().chars().take(256).collect();
    match reply.status() {
        401 | 403 => ExchangeError::Auth { operation, message: words },
        400 | 404 | 405 | 413 | 415 | 422 => {
            ExchangeError::Rejected { operation, reason: Reason::new("unreadable_request", words) }
        }
        status => unread(operation, format!("status {status}"), words),
    }
}

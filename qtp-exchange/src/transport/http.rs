//! Calls over HTTP: reads and cancels are tried again, a submit never is.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use qtp_core::{ClientOrderId, ExchangeError, Source};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, redirect, retry};

use super::backoff::Backoff;
use super::budget::{Budget, Exhausted};
use super::endpoint::Endpoints;
use super::request::{Reply, Request};
use super::tls;

/// The pause after a 429 that names none.
const PAUSE_AFTER_429: Duration = Duration::from_secs(1);
/// The pause after a 418 that names none: the shortest ban known.
const PAUSE_AFTER_418: Duration = Duration::from_secs(120);
/// A connection that was idle for longer is not used again, so that a submit seldom meets one that the venue closed.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// A header in which the venue says how much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageHeader {
    /// Its name in lower case, such as `x-mbx-used-weight-1m`.
    pub name: &'static str,
    /// The budget's limit that it counts.
    pub limit: usize,
}

/// How to reach a venue.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Addresses in the order in which they are tried, such as `https://api.example.com`.
    pub base_urls: Vec<String>,
    /// Clear text to other machines too, for a simulated venue in a network of one's own.
    pub allow_plaintext: bool,
    /// Limit of an attempt, connecting included.
    pub timeout: Duration,
    /// Limit of connecting. Shorter than `timeout`: what fails in it was never sent.
    pub connect_timeout: Duration,
    /// Attempts of reads and cancels after the first.
    pub retries: usize,
    /// Waits between them.
    pub backoff: Backoff,
    /// How long a read or cancel may wait for the budget.
    pub patience: Duration,
    /// How long a submit may wait for the budget; what it was decided on gets old.
    pub submit_patience: Duration,
    /// Longest answer, in bytes.
    pub body_max: usize,
    /// The venue's limits.
    pub budget: Arc<Budget>,
    /// Where the venue counts them.
    pub usage: Vec<UsageHeader>,
}

impl HttpSettings {
    /// 10 s an attempt, 5 s to connect, three retries, 32 MiB, no request limits.
    pub fn new(base_urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            base_urls: base_urls.into_iter().map(Into::into).collect(),
            allow_plaintext: false,
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            retries: 3,
            backoff: Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(5) },
            patience: Duration::from_secs(60),
            submit_patience: Duration::from_secs(1),
            body_max: 32 << 20,
            budget: Arc::new(Budget::unlimited()),
            usage: Vec::new(),
        }
    }
}

/// A venue's HTTP side.
///
/// | Call | Tried again | No whole answer means |
/// |---|---|---|
/// | [`Self::read`] | yes, at the next address | `Transport` or `Timeout` |
/// | [`Self::cancel`] | the same, and may use the reserve | the same |
/// | [`Self::submit`] | never | `OutcomeUnknown`, unless no byte was sent |
///
/// A request that is built again for each attempt gets a time stamp, nonce and signature of its own.
#[derive(Debug)]
pub struct Http {
    client: Client,
    endpoints: Endpoints,
    settings: HttpSettings,
}

impl Http {
    /// A client. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for a base URL that cannot be used, `Transport` if TLS cannot be set up.
    pub fn new(settings: HttpSettings) -> Result<Self, ExchangeError> {
        tls::install();
        let endpoints = Endpoints::new(&settings.base_urls, ["https", "http"], settings.allow_plaintext)?;
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            // Who may repeat a request is decided here, by what it does, and nowhere else.
            .retry(retry::never())
            .pool_idle_timeout(IDLE_MAX)
            .connect_timeout(settings.connect_timeout)
            .user_agent(concat!("qtp-exchange/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ExchangeError::Transport { operation: "connect", source: cause(error) })?;
        Ok(Self { client, endpoints, settings })
    }

    /// The venue's limits.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.settings.budget
    }

    /// Asks for something, or sets something that may be set twice. `build` runs once an attempt.
    ///
    /// # Errors
    /// What `build` returns; `RateLimited`, `Timeout` or `Transport` after the last attempt; `Decode` for a body
    /// that is no text.
    pub async fn read(
        &self,
        build: impl FnMut() -> Result<Request, ExchangeError> + Send,
    ) -> Result<Reply, ExchangeError> {
        self.repeat(build).await
    }

    /// Cancels something. `build` runs once an attempt. May use the part of the budget that is kept for exits.
    ///
    /// # Errors
    /// As [`Self::read`]. Whether it had an effect is then not known; cancelling again is safe.
    pub async fn cancel(
        &self,
        mut build: impl FnMut() -> Result<Request, ExchangeError> + Send,
    ) -> Result<Reply, ExchangeError> {
        self.repeat(move || build().map(Request::exit)).await
    }

    /// Sends an order or a change of one, once.
    ///
    /// # Errors
    /// `OutcomeUnknown` if any byte may have left and no whole answer came back: time-out, reset, truncated body,
    /// 5xx. `Transport` if it never left; `RateLimited` if the venue or the budget refused it.
    pub async fn submit(&self, id: ClientOrderId, request: Request) -> Result<Reply, ExchangeError> {
        let operation = request.operation;
        self.attempt(request, self.settings.submit_patience).await.map_err(|failure| match failure {
            Failure::Unsent(source) => ExchangeError::Transport { operation, source },
            Failure::Limited(retry_after) => ExchangeError::RateLimited { operation, retry_after },
            Failure::Slow(limit) => ExchangeError::OutcomeUnknown {
                client_order_id: id,
                source: format!("no answer within {limit:?}").into(),
            },
            Failure::Lost(source) | Failure::Unreadable(source) => {
                ExchangeError::OutcomeUnknown { client_order_id: id, source }
            }
        })
    }

    async fn repeat(
        &self,
        mut build: impl FnMut() -> Result<Request, ExchangeError> + Send,
    ) -> Result<Reply, ExchangeError> {
        let mut waits = self.settings.backoff.waits().take(self.settings.retries);
        loop {
            let request = build()?;
            let operation = request.operation;
            let failure = match self.attempt(request, self.settings.patience).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let error = match failure {
                Failure::Unreadable(source) => {
                    let what = "answer".to_owned();
                    return Err(ExchangeError::Decode { operation, what, source });
                }
                Failure::Limited(retry_after) => ExchangeError::RateLimited { operation, retry_after },
                Failure::Slow(limit) => ExchangeError::Timeout { operation, limit },
                Failure::Unsent(source) | Failure::Lost(source) => {
                    ExchangeError::Transport { operation, source }
                }
            };
            // A wait that the budget would refuse is left to the caller, with the hint.
            let hopeless = matches!(error, ExchangeError::RateLimited { retry_after, .. }
                if retry_after.is_none_or(|hint| hint > self.settings.patience));
            match waits.next().filter(|_| !hopeless) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }

    /// One attempt at the address in use. A failure of the address makes the next one the address in use.
    async fn attempt(&self, request: Request, patience: Duration) -> Result<Reply, Failure> {
        let budget = &self.settings.budget;
        budget.acquire(&request.charges, request.priority, patience).await?;
        let (place, base) = self.endpoints.current();
        let limit = request.timeout.unwrap_or(self.settings.timeout);
        // Dropping the future at the limit aborts the exchange: an answer that comes later is never read.
        let done = tokio::time::timeout(limit, self.exchange(base, &request)).await;
        let done = done.unwrap_or(Err(Failure::Slow(limit)));
        if matches!(done, Err(Failure::Unsent(_) | Failure::Lost(_) | Failure::Slow(_))) {
            self.endpoints.failed(place);
        }
        done
    }

    async fn exchange(&self, base: &str, request: &Request) -> Result<Reply, Failure> {
        let built = self.built(base, request)?;
        let response = self.client.execute(built).await.map_err(|error| {
            // Connecting ends before the first byte of the request: TCP and TLS, nothing else.
            let unsent = error.is_connect() || error.is_builder();
            if unsent { Failure::Unsent(cause(error)) } else { Failure::Lost(cause(error)) }
        })?;
        self.observe(response.headers());
        let status = response.status().as_u16();
        if let 418 | 429 = status {
            let named = retry_after(response.headers());
            let pause = named.unwrap_or(if status == 418 { PAUSE_AFTER_418 } else { PAUSE_AFTER_429 });
            self.settings.budget.pause(pause);
            return Err(Failure::Limited(Some(pause)));
        }
        if !matches!(status, 200..300 | 400..500) || status == 408 {
            return Err(Failure::Lost(format!("HTTP status {status}").into()));
        }
        let headers = response.headers().clone();
        let text = self.text(response).await?;
        Ok(Reply { operation: request.operation, status, headers, text })
    }

    fn built(&self, base: &str, request: &Request) -> Result<reqwest::Request, Failure> {
        let method = reqwest::Method::from_bytes(request.method.as_str().as_bytes())
            .map_err(|error| Failure::Unsent(error.into()))?;
        let mut url = format!("{base}{}", request.path);
        if !request.query.is_empty() {
            url.push('?');
            url.push_str(&request.query);
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &request.headers {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| Failure::Unsent(format!("header {name} cannot be sent").into()))?;
            value.set_sensitive(true);
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| Failure::Unsent(format!("{name} cannot be a header").into()))?;
            headers.insert(name, value);
        }
        let mut builder = self.client.request(method, url);
        if let Some((content_type, body)) = &request.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            builder = builder.body(body.clone());
        }
        builder.headers(headers).build().map_err(|error| Failure::Unsent(cause(error)))
    }

    fn observe(&self, headers: &HeaderMap) {
        for usage in &self.settings.usage {
            let value = headers.get(usage.name).and_then(|value| value.to_str().ok());
            if let Some(used) = value.and_then(|value| value.trim().parse().ok()) {
                self.settings.budget.observe(usage.limit, used);
            }
        }
    }

    async fn text(&self, mut response: Response) -> Result<String, Failure> {
        let max = self.settings.body_max;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Failure::Lost(cause(error)))? {
            if body.len().saturating_add(chunk.len()) > max {
                return Err(Failure::Unreadable(format!("answer is over {max} bytes").into()));
            }
            body.extend_from_slice(&chunk);
        }
        String::from_utf8(body).map_err(|error| Failure::Unreadable(error.utf8_error().into()))
    }
}

/// Why an attempt brought no whole answer.
#[derive(Debug)]
enum Failure {
    /// No byte of the request left.
    Unsent(Source),
    /// The venue or the budget refused it; it had no effect.
    Limited(Option<Duration>),
    /// No answer in time.
    Slow(Duration),
    /// It may have arrived; the answer did not, not whole, or says nothing about the effect.
    Lost(Source),
    /// The answer is too long or no text. Asking again brings the same.
    Unreadable(Source),
}

impl From<Exhausted> for Failure {
    fn from(exhausted: Exhausted) -> Self {
        Self::Limited(exhausted.retry_after)
    }
}

/// Whole seconds. The form with a date would need a clock; the default pause stands in for it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get("retry-after")?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The whole chain of causes in one line, without the URL: its query may be signed.
fn cause(error: reqwest::Error) -> Source {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut inner = error.source();
    while let Some(error) = inner {
        text.push_str(": ");
        text.push_str(&error.to_string());
        inner = error.source();
    }
    text.into()
}

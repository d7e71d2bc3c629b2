//! One POST over HTTP: bounded, without redirects, and with the key in one header only.

use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use qtp_core::{DecisionError, Timestamp};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Proxy, Response, Url, redirect};
use serde_json::Value;

use crate::error::LlmError;
use crate::model::{ProviderError, cut};
use crate::secret::Secret;
use crate::settings::ChatSettings;

/// Longest hint that is taken from a server.
const RETRY_AFTER_MAX: u64 = 3600;

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub(super) struct HttpAnswer {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// Server-sent events instead of one JSON document.
    pub(super) is_stream: bool,
    pub(super) body: Vec<u8>,
}

impl HttpAnswer {
    /// The body as text, for people.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The one address that a model is asked at.
pub(super) struct Endpoint {
    provider: &'static str,
    client: Client,
    url: Url,
    headers: HeaderMap,
    key: Option<Secret>,
    body_max: usize,
}

/// What tells one provider's address from another's.
pub(super) struct Address<'a> {
    pub(super) provider: &'static str,
    pub(super) base: &'a str,
    /// What follows the base, with its query.
    pub(super) path: String,
    /// The header that the key travels in, and what precedes it there.
    pub(super) key: Option<(&'static str, &'static str, &'a Secret)>,
    /// Other headers.
    pub(super) headers: Vec<(&'static str, &'a str)>,
}

impl Endpoint {
    pub(super) fn new(address: &Address<'_>, settings: &ChatSettings) -> Result<Self, LlmError> {
        // An application that installed its own provider keeps it: the error only says so.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = url(address)?;
        let headers = headers(address)?;
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .user_agent(concat!("qtp-llm/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &settings.proxy {
            builder = builder.proxy(Proxy::all(proxy).map_err(|_| problem("proxy is not a URL"))?);
        }
        let client = builder.build().map_err(|source| LlmError::Client { source: Box::new(source) })?;
        let key = address.key.map(|(_, _, key)| key.clone());
        Ok(Self {
            provider: address.provider,
            client,
            url,
            headers,
            key,
            body_max: settings.max_response_bytes,
        })
    }

    /// Sends one JSON body and reads the whole answer. Dropping the future abandons the call.
    pub(super) async fn post(&self, body: &impl serde::Serialize) -> Result<HttpAnswer, DecisionError> {
        let body = serde_json::to_vec(body).map_err(|source| self.failed(false, source.to_string()))?;
        let request = self.client.post(self.url.clone()).headers(self.headers.clone()).body(body);
        let response = request.send().await.map_err(|error| self.broken(error))?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_stream = kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/event-stream"));
        let body = self.read(response).await?;
        Ok(HttpAnswer { status, retry_after, is_stream, body })
    }

    /// The error behind an answer that is not a success; `None` for one that is.
    pub(super) fn refusal(&self, answer: &HttpAnswer) -> Option<DecisionError> {
        if (200..300).contains(&answer.status) {
            return None;
        }
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|_| answer.text().into());
        // Some wrap one error into a list.
        let value = value.get(0).unwrap_or(&value);
        Some(self.refused(answer.status, value.get("error").unwrap_or(value), answer.retry_after))
    }

    /// The provider's own error: in its words, or whole where they stand in no field that is known.
    pub(super) fn refused(&self, status: u16, error: &Value, retry_after: Option<Duration>) -> DecisionError {
        let field = |name: &str| error.get(name).map(words).unwrap_or_default();
        let codes = [field("status"), field("code"), field("type")];
        let code = codes.into_iter().find(|code| !code.is_empty() && *code != status.to_string());
        let message = Some(field("message")).filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| words(error));
        let code = self.clean(&code.unwrap_or_default());
        ProviderError { status, code, message: self.clean(&message) }
            .into_decision_error(self.provider, retry_after)
    }

    /// A call that brought nothing usable.
    pub(super) fn failed(&self, retryable: bool, problem: impl Into<String>) -> DecisionError {
        let engine = self.provider.to_owned();
        DecisionError::Call { engine, retryable, source: problem.into().into() }
    }

    /// A provider's words: bounded, on one line, and without the key, which some servers quote.
    pub(super) fn clean(&self, text: &str) -> String {
        match &self.key {
            Some(key) if !key.is_empty() => cut(&text.replace(key.expose(), "***")),
            _ => cut(text),
        }
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, DecisionError> {
        let max = self.body_max;
        let too_long = || self.failed(false, format!("response is over {max} bytes"));
        if response.content_length().is_some_and(|length| length > max as u64) {
            return Err(too_long());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(error))? {
            if body.len().saturating_add(chunk.len()) > max {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The whole chain of causes in one line: the outermost one alone only says that sending failed.
    fn broken(&self, error: reqwest::Error) -> DecisionError {
        let retryable = !error.is_builder();
        let error = error.without_url();
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        self.failed(retryable, text)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("provider", &self.provider)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

fn problem(problem: &str) -> LlmError {
    LlmError::Settings { what: "chat", problems: vec![problem.to_owned()] }
}

/// `base` with the path behind it. A key travels in clear text to this machine only.
fn url(address: &Address<'_>) -> Result<Url, LlmError> {
    let base = Url::parse(address.base).map_err(|_| problem("base_url is not a URL"))?;
    if base.query().is_some() || base.fragment().is_some() {
        return Err(problem("base_url must end before any ? or #"));
    }
    let text = format!("{}{}", address.base.trim_end_matches('/'), address.path);
    let url = Url::parse(&text).map_err(|_| problem("base_url is not a URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(problem("base_url must not hold a user or password"));
    }
    let local = url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    });
    match url.scheme() {
        "https" => Ok(url),
        "http" if local || address.key.is_none() => Ok(url),
        "http" => Err(problem("base_url must be https where a key is sent, except to this machine")),
        _ => Err(problem("base_url must be http or https")),
    }
}

fn headers(address: &Address<'_>) -> Result<HeaderMap, LlmError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    if let Some((name, prefix, key)) = address.key {
        let mut value = HeaderValue::from_str(&format!("{prefix}{}", key.expose()))
            .map_err(|_| problem("the API key has characters that cannot be sent"))?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    for (name, text) in &address.headers {
        let value = HeaderValue::from_str(text).map_err(|_| problem("referer or title cannot be sent"))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

/// In milliseconds, in seconds, or as a date, which counts from the answer's own: no clock of ours is needed.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim());
    let number = |name: &str| text(name)?.parse::<u64>().ok();
    let dated = || Some(date(text("retry-after")?)?.since(date(text("date")?)?));
    let wait = number("retry-after-ms")
        .map(Duration::from_millis)
        .or_else(|| number("retry-after").map(Duration::from_secs))
        .or_else(dated)?;
    Some(wait.min(Duration::from_secs(RETRY_AFTER_MAX)))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(text: &str) -> Option<Timestamp> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let mut words = text.strip_suffix(" GMT")?.split_once(", ")?.1.split(' ');
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.find(month).filter(|at| at % 3 == 0 && month.len() == 3)? / 3 + 1;
    format!("{year}-{month:02}-{day}T{time}Z").parse().ok()
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

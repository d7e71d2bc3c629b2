//! One POST over HTTP: bounded, without redirects, and with the key in one header only.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::Source;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Proxy, Response, Url, redirect};

use super::provider::Provider;
use crate::error::LlmError;
use crate::secret::Secret;
use crate::settings::ChatSettings;

/// Longest hint that is taken from a server.
const RETRY_AFTER_MAX: u64 = 3600;

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub(super) struct HttpAnswer {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// Why nothing usable came back.
#[derive(Debug)]
pub(super) struct TransportError {
    pub(super) retryable: bool,
    pub(super) source: Source,
}

/// The seam between the engine and the network.
#[async_trait]
pub(super) trait Transport: Send + Sync {
    /// Sends one JSON body. Dropping the future abandons the call.
    async fn post(&self, body: Vec<u8>) -> Result<HttpAnswer, TransportError>;
}

/// The network.
pub(super) struct Http {
    client: Client,
    url: Url,
    headers: HeaderMap,
    body_max: usize,
}

impl Http {
    pub(super) fn new(
        provider: Provider,
        key: Option<&Secret>,
        settings: &ChatSettings,
    ) -> Result<Self, LlmError> {
        // An application that installed its own provider keeps it: the error only says so.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = settings.base_url.as_deref().unwrap_or(provider.base_url());
        let url = endpoint(base, key.is_some())?;
        let headers = headers(provider, key, settings)?;
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .user_agent(concat!("qtp-llm/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &settings.proxy {
            builder = builder.proxy(Proxy::all(proxy).map_err(|_| problem("proxy is not a URL"))?);
        }
        let client = builder.build().map_err(|source| LlmError::Client { source: Box::new(source) })?;
        Ok(Self { client, url, headers, body_max: settings.max_response_bytes })
    }
}

#[async_trait]
impl Transport for Http {
    async fn post(&self, body: Vec<u8>) -> Result<HttpAnswer, TransportError> {
        let request = self.client.post(self.url.clone()).headers(self.headers.clone()).body(body);
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let body = read_body(response, self.body_max).await?;
        Ok(HttpAnswer { status, retry_after, body })
    }
}

fn problem(problem: &str) -> LlmError {
    LlmError::Settings { what: "chat", problems: vec![problem.to_owned()] }
}

/// `base` with `/chat/completions` behind it. A key travels in clear text to this machine only.
fn endpoint(base: &str, has_key: bool) -> Result<Url, LlmError> {
    let text = format!("{}/chat/completions", base.trim_end_matches('/'));
    let url = Url::parse(&text).map_err(|_| problem("base_url is not a URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(problem("base_url must not hold a user or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(problem("base_url must end before any ? or #"));
    }
    let local = url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    });
    match url.scheme() {
        "https" => Ok(url),
        "http" if local || !has_key => Ok(url),
        "http" => Err(problem("base_url must be https where a key is sent, except to this machine")),
        _ => Err(problem("base_url must be http or https")),
    }
}

fn headers(provider: Provider, key: Option<&Secret>, settings: &ChatSettings) -> Result<HeaderMap, LlmError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(key) = key {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
            .map_err(|_| problem("the API key has characters that cannot be sent"))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    if provider == Provider::OpenRouter {
        for (name, text) in [("http-referer", &settings.referer), ("x-title", &settings.title)] {
            let Some(text) = text else { continue };
            let value =
                HeaderValue::from_str(text).map_err(|_| problem("referer or title cannot be sent"))?;
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(headers)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    // The form with a date would need a clock; such a server is retried by our own schedule.
    let millis =
        number("retry-after-ms").or_else(|| number("retry-after").map(|s| s.saturating_mul(1000)))?;
    Some(Duration::from_millis(millis.min(RETRY_AFTER_MAX * 1000)))
}

async fn read_body(mut response: Response, max: usize) -> Result<Vec<u8>, TransportError> {
    let too_long =
        || TransportError { retryable: false, source: format!("response is over {max} bytes").into() };
    if response.content_length().is_some_and(|length| length > max as u64) {
        return Err(too_long());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len().saturating_add(chunk.len()) > max {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The whole chain of causes in one line: the outermost one alone only says that sending failed.
fn failed(error: reqwest::Error) -> TransportError {
    let retryable = !error.is_builder();
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    TransportError { retryable, source: text.into() }
}

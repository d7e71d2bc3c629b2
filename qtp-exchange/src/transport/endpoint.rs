//! Base URLs of one venue, and which of them is in use.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use qtp_core::ExchangeError;
use reqwest::Url;

/// Checked addresses. The one in use stays in use until it fails.
#[derive(Debug)]
pub(super) struct Endpoints {
    urls: Vec<String>,
    current: AtomicUsize,
}

impl Endpoints {
    /// # Errors
    /// `Unsupported` for no URL, a URL of another scheme, one with user, query or fragment, and one in clear text to
    /// another machine unless `allow_plaintext`.
    pub(super) fn new(
        urls: &[String],
        schemes: [&str; 2],
        allow_plaintext: bool,
    ) -> Result<Self, ExchangeError> {
        if urls.is_empty() {
            return Err(problem("no base URL".into()));
        }
        for url in urls {
            check(url, schemes, allow_plaintext)?;
        }
        let urls = urls.iter().map(|url| url.trim_end_matches('/').to_owned()).collect();
        Ok(Self { urls, current: AtomicUsize::new(0) })
    }

    /// The address in use, and its place for [`Self::failed`].
    pub(super) fn current(&self) -> (usize, &str) {
        let place = self.current.load(Ordering::Relaxed) % self.urls.len();
        (place, self.urls.get(place).map_or("", String::as_str))
    }

    /// Goes on to the next address, once, however many calls saw this one fail.
    pub(super) fn failed(&self, place: usize) {
        let next = (place + 1) % self.urls.len();
        let _ = self.current.compare_exchange(place, next, Ordering::Relaxed, Ordering::Relaxed);
    }
}

fn problem(what: String) -> ExchangeError {
    ExchangeError::Unsupported { operation: "connect", what }
}

/// The error names the host alone: a path may hold a listen key.
fn check(text: &str, [secure, plain]: [&str; 2], allow_plaintext: bool) -> Result<(), ExchangeError> {
    let url = Url::parse(text).map_err(|_| problem("a base URL that is not a URL".into()))?;
    let Some(host) = url.host_str() else {
        return Err(problem("a base URL without a host".into()));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(problem(format!("a user or password in the base URL of {host}")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(problem(format!("? or # in the base URL of {host}")));
    }
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let local = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        scheme if scheme == secure => Ok(()),
        scheme if scheme == plain && (local || allow_plaintext) => Ok(()),
        scheme if scheme == plain => {
            Err(problem(format!("{plain} to {host}: only {secure}, except to this machine")))
        }
        _ => Err(problem(format!("the base URL of {host}: neither {secure} nor {plain}"))),
    }
}

//! What the venues' adapters share: HTTP and WebSocket over a bad network.
//!
//! | Type | What it holds |
//! |---|---|
//! | [`Http`] | three ways to call: [`read`](Http::read) and [`cancel`](Http::cancel) are tried again, [`submit`](Http::submit) never is |
//! | [`Budget`] | a venue's request limits, a fifth of them kept for exits |
//! | [`Credentials`], [`Pairs`] | keys, signatures, and the encoded text that is signed |
//! | [`Socket`] | a WebSocket that connects again, subscribes again and notices silence |
//! | [`VenueClock`] | the venue's time, which signed requests carry |
//!
//! No error, `Debug` text or event of this module holds a query string, a header's value or a body.

mod backoff;
mod budget;
mod endpoint;
mod http;
mod order_ref;
mod pairs;
mod request;
mod sign;
mod socket;
mod tls;
#[cfg(any(feature = "binance", feature = "bybit"))]
mod validity;
mod venue_clock;

pub use backoff::Backoff;
pub use budget::{Budget, Charge, Exhausted, Limit, Priority};
pub use http::{Http, HttpSettings, UsageHeader};
pub use order_ref::OrderRef;
pub use pairs::Pairs;
pub use request::{Method, Reply, Request};
pub use sign::Credentials;
pub use socket::{Cause, Change, Dialect, Heartbeat, Socket, SocketEvent, SocketSettings, Topics};
#[cfg(any(feature = "binance", feature = "bybit"))]
pub(crate) use validity::receive_window;
pub use venue_clock::VenueClock;

//! What the venues' adapters share: HTTP and WebSocket over a bad network.
//!
//! | Type | What it holds |
//! |---|---|
//! | [`Http`] | three ways to call: [`read`](Http::read) and [`cancel`](Http::cancel) are tried again, [`submit`](Http::submit) never is |
//! | [`Budget`] | a venue's request limits, a fifth of them kept for exits |
//! | [`Socket`] | a WebSocket that connects again, subscribes again and notices silence |
//!
//! No error, `Debug` text or event of this module holds a query string, a header's value or a body.

mod backoff;
mod budget;
mod endpoint;
mod http;
mod request;
mod socket;
mod tls;

pub use backoff::Backoff;
pub use budget::{Budget, Charge, Exhausted, Limit, Priority};
pub use http::{Http, HttpSettings, UsageHeader};
pub use request::{Method, Reply, Request};
pub use socket::{Cause, Change, Dialect, Heartbeat, Socket, SocketEvent, SocketSettings, Topics};

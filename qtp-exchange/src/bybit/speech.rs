//! How the venue's sockets speak.

use async_trait::async_trait;

use crate::transport::{Change, Dialect};

/// Topics in one message: spot takes no more.
const BATCH: usize = 10;

/// Topics of a public socket, and of a private one after its login.
pub(super) struct Speech;

#[async_trait]
impl Dialect for Speech {
    fn encode(&self, change: Change, topics: &[String]) -> Vec<String> {
        let op = match change {
            Change::Subscribe => "subscribe",
            Change::Unsubscribe => "unsubscribe",
        };
        let message = |topics: &[String]| serde_json::json!({ "op": op, "args": topics }).to_string();
        topics.chunks(BATCH).map(message).collect()
    }
}

//! The real venue's limits, as a setting.

use std::collections::HashMap;
use std::net::IpAddr;

use qtp_core::Timestamp;

/// Weight of requests that one address may send in a minute.
const WEIGHT: f64 = 1_200.0;
/// WebSocket connections, topics and users of one address, and messages that it may send in a minute.
const CONNECTIONS: usize = 10;
pub(super) const TOPICS: usize = 1_000;
pub(super) const USERS: usize = 10;
const MESSAGES: f64 = 2_000.0;

/// What is left of an allowance that refills evenly.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    seen: Timestamp,
}

impl Bucket {
    fn take(&mut self, amount: f64, most: f64, now: Timestamp) -> bool {
        self.left = (self.left + now.since(self.seen).as_secs_f64() * most / 60.0).min(most);
        self.seen = now;
        let enough = self.left >= amount;
        if enough {
            self.left -= amount;
        }
        enough
    }
}

#[derive(Debug)]
struct Peer {
    weight: Bucket,
    messages: Bucket,
    connections: usize,
}

/// What each address has used. Without limits nothing is kept.
#[derive(Debug, Default)]
pub(super) struct Limits {
    enforced: bool,
    peers: HashMap<IpAddr, Peer>,
}

impl Limits {
    pub(super) fn new(enforced: bool) -> Self {
        Self { enforced, ..Self::default() }
    }

    fn peer(&mut self, address: IpAddr, now: Timestamp) -> &mut Peer {
        // Addresses that have their whole allowance again need not be remembered.
        if self.peers.len() > 10_000 {
            self.peers.retain(|_, peer| peer.connections > 0 || now.since(peer.weight.seen).as_secs() < 60);
        }
        let full = |most| Bucket { left: most, seen: now };
        self.peers.entry(address).or_insert_with(|| Peer {
            weight: full(WEIGHT),
            messages: full(MESSAGES),
            connections: 0,
        })
    }

    /// False if the address must be answered with 429.
    pub(super) fn request(&mut self, address: IpAddr, weight: u32, now: Timestamp) -> bool {
        !self.enforced || self.peer(address, now).weight.take(f64::from(weight), WEIGHT, now)
    }

    pub(super) fn message(&mut self, address: IpAddr, now: Timestamp) -> bool {
        !self.enforced || self.peer(address, now).messages.take(1.0, MESSAGES, now)
    }

    pub(super) fn connect(&mut self, address: IpAddr, now: Timestamp) -> bool {
        if !self.enforced {
            return true;
        }
        let peer = self.peer(address, now);
        let room = peer.connections < CONNECTIONS;
        peer.connections += usize::from(room);
        room
    }

    pub(super) fn disconnect(&mut self, address: IpAddr) {
        if let Some(peer) = self.peers.get_mut(&address) {
            peer.connections = peer.connections.saturating_sub(1);
        }
    }
}

/// Weight of a read.
pub(super) fn info_weight(kind: &str) -> u32 {
    match kind {
        "l2Book"
        | "allMids"
        | "clearinghouseState"
        | "orderStatus"
        | "spotClearinghouseState"
        | "exchangeStatus" => 2,
        "userRole" => 60,
        _ => 20,
    }
}

/// Weight of items in an answer, beyond that of the request.
pub(super) fn item_weight(kind: &str, items: usize) -> u32 {
    let per = match kind {
        "candleSnapshot" => 60,
        "recentTrades"
        | "historicalOrders"
        | "userFills"
        | "userFillsByTime"
        | "fundingHistory"
        | "userFunding"
        | "userNonFundingLedgerUpdates"
        | "twapHistory"
        | "userTwapSliceFills" => 20,
        _ => return 0,
    };
    u32::try_from(items / per).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weight_refills_in_a_minute() {
        let mut limits = Limits::new(true);
        let (peer, at) = (IpAddr::from([127, 0, 0, 1]), Timestamp::from_secs);
        assert!((0..60).all(|_| limits.request(peer, 20, at(0))));
        assert!(!limits.request(peer, 20, at(0)));
        assert!(limits.request(peer, 20, at(1)));
        assert!(!limits.request(peer, 20, at(1)));
        assert!((0..60).all(|_| limits.request(peer, 20, at(61))));
    }
}

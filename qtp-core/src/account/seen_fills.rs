//! Which executions were booked already: a venue may say the same one twice.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use serde::{Deserialize, Serialize};

use crate::order::Fill;

/// How many fills are remembered.
const ROOM: usize = 1024;

/// The last 1024 fills of one account, by instrument, trade id and order.
///
/// An older fill that comes again would be booked again: whoever asks a venue for fills asks from the last known
/// one on, with an overlap far below this bound. Kept as 128-bit FNV-1a hashes, so that a fill costs no allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<(u64, u64)>", from = "Vec<(u64, u64)>")]
pub struct SeenFills {
    order: VecDeque<u128>,
    /// Only asked, never walked through: its order reaches nothing.
    keys: HashSet<u128, BuildHasherDefault<Folded>>,
}

impl SeenFills {
    /// True if the fill was noted before and is still remembered.
    pub fn contains(&self, fill: &Fill) -> bool {
        self.keys.contains(&key(fill))
    }

    /// Notes a fill. Returns false if it was there already.
    pub fn insert(&mut self, fill: &Fill) -> bool {
        self.add(key(fill))
    }

    fn add(&mut self, key: u128) -> bool {
        if !self.keys.insert(key) {
            return false;
        }
        if self.order.len() == ROOM
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        self.order.push_back(key);
        true
    }
}

impl From<Vec<(u64, u64)>> for SeenFills {
    fn from(halves: Vec<(u64, u64)>) -> Self {
        let mut seen = Self::default();
        for (high, low) in halves {
            seen.add(u128::from(high) << 64 | u128::from(low));
        }
        seen
    }
}

impl From<SeenFills> for Vec<(u64, u64)> {
    fn from(seen: SeenFills) -> Self {
        seen.order.into_iter().map(|key| ((key >> 64) as u64, key as u64)).collect()
    }
}

/// The venue's id of the order, which every message about a fill bears, else ours, else nothing.
fn key(fill: &Fill) -> u128 {
    let mut hash = Fnv::new();
    hash.text(fill.instrument.as_str());
    hash.text(fill.trade_id.as_str());
    match (&fill.venue_order_id, fill.client_order_id) {
        (Some(id), _) => hash.text(id.as_str()),
        (None, Some(id)) => hash.bytes(&id.bits().to_be_bytes()),
        (None, None) => {}
    }
    hash.0
}

/// The keys are hashes already.
#[derive(Debug, Clone, Copy, Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn write_u128(&mut self, key: u128) {
        self.0 = (key >> 64) as u64 ^ key as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// FNV-1a, <http://www.isthe.com/chongo/tech/comp/fnv/>.
struct Fnv(u128);

impl Fnv {
    const fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        // No id holds this byte, so that no two pairs of texts run into one.
        self.bytes(&[0xff]);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}

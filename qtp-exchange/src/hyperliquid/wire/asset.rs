//! Numbers of assets in orders.

use serde::{Deserialize, Serialize};

/// Which asset an order is for.
///
/// ```
/// use qtp_exchange::hyperliquid::wire::AssetId;
/// assert_eq!(AssetId::perpetual(4), Some(AssetId(4)));
/// assert_eq!(AssetId::spot(107), Some(AssetId(10_107)));
/// assert_eq!(AssetId::of_dex(1, 3), Some(AssetId(110_003)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssetId(pub u32);

const SPOT: u32 = 10_000;
const BUILT: u32 = 100_000;
const PER_DEX: u32 = 10_000;

impl AssetId {
    /// A perpetual of the venue itself, by its place in the list of all.
    pub fn perpetual(index: u32) -> Option<Self> {
        (index < SPOT).then_some(Self(index))
    }

    /// A spot pair, by its index.
    pub fn spot(index: u32) -> Option<Self> {
        (index < BUILT - SPOT).then_some(Self(SPOT + index))
    }

    /// A perpetual of a builder's exchange (HIP-3), by the places of exchange and coin; the first such exchange is 1.
    pub fn of_dex(dex: u32, index: u32) -> Option<Self> {
        let first = dex.checked_mul(PER_DEX)?.checked_add(BUILT)?;
        (dex > 0 && index < PER_DEX).then(|| first.checked_add(index).map(Self)).flatten()
    }

    /// True for a spot pair.
    pub const fn is_spot(self) -> bool {
        self.0 >= SPOT && self.0 < BUILT
    }
}

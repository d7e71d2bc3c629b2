//! What a tool may see, and the proof that it saw nothing later.

use crate::decision::{AssetView, DecisionRequest};
use crate::event::Reason;
use crate::id::InstrumentId;
use crate::market::OpenInterest;
use crate::money::Notional;
use crate::time::Timestamp;

/// A picture of the market and the account as of one instant.
///
/// # Contract
/// - Nothing that it returns is later than [`AsOfView::as_of`]: candles have closed by then, books, funding and
///   positions are those of that instant.
/// - It never changes: the same question gives the same answer.
pub trait AsOfView: Send + Sync {
    /// The instant.
    fn as_of(&self) -> Timestamp;

    /// Equity in the reporting currency, where it is known.
    fn equity(&self) -> Option<Notional>;

    /// A halt is in force: only exits can be carried out.
    fn halted(&self) -> bool;

    /// The assets that the decision is about.
    fn assets(&self) -> &[AssetView];

    /// Contracts that are open in an instrument, where a source of them is connected.
    fn open_interest(&self, instrument: &InstrumentId) -> Option<AsOf<OpenInterest>> {
        let asset = self.assets().iter().find(|asset| asset.instrument == *instrument)?;
        AsOf::admit(asset.open_interest.clone()?, Some(asset.open_interest.as_ref()?.time), self.as_of()).ok()
    }
}

impl AsOfView for DecisionRequest {
    fn as_of(&self) -> Timestamp {
        self.as_of
    }

    fn equity(&self) -> Option<Notional> {
        self.equity
    }

    fn halted(&self) -> bool {
        self.halted
    }

    fn assets(&self) -> &[AssetView] {
        &self.assets
    }
}

/// A value that was known at the instant of a picture. There are two ways to one: reading the picture, and admitting
/// something from elsewhere with its time.
///
/// ```
/// use qtp_core::port::AsOf;
/// use qtp_core::Timestamp;
///
/// let now = Timestamp::from_secs(1_700_000_000);
/// let item = AsOf::admit("rates unchanged", Some(Timestamp::from_secs(1_699_999_999)), now)?;
/// assert_eq!(*item.get(), "rates unchanged");
/// assert!(AsOf::admit("rates cut", Some(Timestamp::from_secs(1_700_000_001)), now).is_err());
/// assert!(AsOf::admit("some day", None, now).is_err());
/// # Ok::<(), qtp_core::Reason>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf<T>(T);

impl<T> AsOf<T> {
    /// What a picture shows.
    pub fn read(view: &dyn AsOfView, read: impl FnOnce(&dyn AsOfView) -> T) -> Self {
        Self(read(view))
    }

    /// Something from elsewhere that became known at `time`.
    ///
    /// # Errors
    /// A [`Reason`] if it became known after `now`, or nobody knows when.
    pub fn admit(value: T, time: Option<Timestamp>, now: Timestamp) -> Result<Self, Reason> {
        match time {
            None => Err(Reason::new("no_timestamp", "an item without a time could be from the future")),
            Some(time) if time > now => Err(Reason::new("later_than_now", format!("{time} is after {now}"))),
            Some(_) => Ok(Self(value)),
        }
    }

    /// All of them as one.
    pub fn all(items: impl IntoIterator<Item = Self>) -> AsOf<Vec<T>> {
        AsOf(items.into_iter().map(Self::into_inner).collect())
    }

    /// Another form of the value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> AsOf<U> {
        AsOf(change(self.0))
    }

    /// The value.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// The value, without the proof.
    pub fn into_inner(self) -> T {
        self.0
    }
}

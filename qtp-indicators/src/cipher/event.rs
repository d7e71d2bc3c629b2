//! What Cipher B reports, each on the candle that makes it known.

use serde::{Deserialize, Serialize};

/// Something that Cipher B sees. The variants' comments say when, in terms of `docs/reference/quantum-cipher.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
#[non_exhaustive]
pub enum CipherEvent {
    /// `wt1` crosses above `wt2`: small green dot.
    CrossUp,
    /// `wt1` crosses below `wt2`: small red dot.
    CrossDown,
    /// Cross up while oversold: green circle.
    Buy,
    /// Cross down while overbought: red circle.
    Sell,
    /// Gold dot: often marks a coming flush, not an instant buy.
    Gold,
    /// Regular bullish divergence of `wt2`.
    WtBull,
    /// Regular bearish divergence of `wt2`.
    WtBear,
    /// Hidden bullish divergence of `wt2`.
    WtBullHidden,
    /// Hidden bearish divergence of `wt2`.
    WtBearHidden,
    /// Regular bullish divergence of `wt2` in the second range.
    Wt2Bull,
    /// Regular bearish divergence of `wt2` in the second range.
    Wt2Bear,
    /// Hidden bullish divergence of `wt2` in the second range.
    Wt2BullHidden,
    /// Hidden bearish divergence of `wt2` in the second range.
    Wt2BearHidden,
    /// Regular bullish divergence of the RSI.
    RsiBull,
    /// Regular bearish divergence of the RSI.
    RsiBear,
    /// Hidden bullish divergence of the RSI.
    RsiBullHidden,
    /// Hidden bearish divergence of the RSI.
    RsiBearHidden,
    /// Regular bullish divergence of the stochastic RSI's K.
    StochBull,
    /// Regular bearish divergence of K.
    StochBear,
    /// Hidden bullish divergence of K.
    StochBullHidden,
    /// Hidden bearish divergence of K.
    StochBearHidden,
    /// Any bullish divergence that the parameters enable: divergence dot.
    BullDot,
    /// Any bearish divergence that the parameters enable: divergence dot.
    BearDot,
    /// Sommi flag up.
    BullFlag,
    /// Sommi flag down.
    BearFlag,
    /// Sommi diamond up.
    BullDiamond,
    /// Sommi diamond down.
    BearDiamond,
}

impl CipherEvent {
    /// Every event, in the order of the variants.
    pub const ALL: [Self; 27] = [
        Self::CrossUp,
        Self::CrossDown,
        Self::Buy,
        Self::Sell,
        Self::Gold,
        Self::WtBull,
        Self::WtBear,
        Self::WtBullHidden,
        Self::WtBearHidden,
        Self::Wt2Bull,
        Self::Wt2Bear,
        Self::Wt2BullHidden,
        Self::Wt2BearHidden,
        Self::RsiBull,
        Self::RsiBear,
        Self::RsiBullHidden,
        Self::RsiBearHidden,
        Self::StochBull,
        Self::StochBear,
        Self::StochBullHidden,
        Self::StochBearHidden,
        Self::BullDot,
        Self::BearDot,
        Self::BullFlag,
        Self::BearFlag,
        Self::BullDiamond,
        Self::BearDiamond,
    ];

    /// How many candles before the reporting one the event is drawn: 2 where it hangs on a fractal, else 0.
    #[must_use]
    pub fn delay(self) -> usize {
        match self {
            Self::CrossUp | Self::CrossDown | Self::Buy | Self::Sell => 0,
            Self::BullFlag | Self::BearFlag | Self::BullDiamond | Self::BearDiamond => 0,
            _ => 2,
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The events of one candle.
///
/// ```
/// use qtp_indicators::cipher::{CipherEvent, CipherEvents};
///
/// let events = CipherEvents::of(&[CipherEvent::CrossUp, CipherEvent::Buy]);
/// assert!(events.contains(CipherEvent::Buy) && !events.contains(CipherEvent::Gold));
/// assert_eq!(events.iter().count(), 2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CipherEvents(u32);

impl CipherEvents {
    /// The set of these events.
    #[must_use]
    pub fn of(events: &[CipherEvent]) -> Self {
        events.iter().fold(Self::default(), |set, event| set.with(*event, true))
    }

    /// Whether the event is among them.
    #[must_use]
    pub fn contains(self, event: CipherEvent) -> bool {
        self.0 & event.bit() != 0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The events that both sets have.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The events in the order of the variants.
    pub fn iter(self) -> impl Iterator<Item = CipherEvent> {
        CipherEvent::ALL.into_iter().filter(move |event| self.contains(*event))
    }

    /// The set with `event` added if it happened.
    #[must_use]
    pub(super) fn with(self, event: CipherEvent, happened: bool) -> Self {
        if happened { Self(self.0 | event.bit()) } else { self }
    }

    /// 1 for the first event alone, -1 for the second alone, else 0.
    pub(super) fn sign(self, up: CipherEvent, down: CipherEvent) -> f64 {
        f64::from(u8::from(self.contains(up))) - f64::from(u8::from(self.contains(down)))
    }
}

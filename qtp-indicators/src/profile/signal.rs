//! What a candle does at the levels of a profile that was there before it.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::{Levels, ValueArea};
use crate::{SpecError, error::check_period};

/// A candle's behaviour at the value area or the POC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum ProfileSignal {
    /// Closes above the area after a close that was not above.
    VahBreakout,
    /// Closes below the area after a close that was not below.
    ValBreakout,
    /// Closes above the area on a volume above half of the POC's: the documented signal.
    VahBreakoutConfirmed,
    /// Closes below the area on a volume above half of the POC's.
    ValBreakoutConfirmed,
    /// The given number of closes in a row above the area.
    AcceptanceAbove,
    /// The given number of closes in a row below the area.
    AcceptanceBelow,
    /// Trades above the area and closes back inside or below.
    RejectionHigh,
    /// Trades below the area and closes back inside or above.
    RejectionLow,
    /// Reaches the POC for the first time after a close outside the area.
    ReversionToPoc,
}

/// Finds [`ProfileSignal`]s candle by candle.
///
/// Hand it the levels that were known *before* the candle (the developing levels after the candle before, or those of the
/// session before): levels that contain the candle would make it confirm itself.
///
/// ```
/// use qtp_core::Ohlcv;
/// use qtp_indicators::profile::{Levels, ProfileSignal, ProfileSignals, ValueArea};
///
/// let area = ValueArea { low: 95.0, high: 105.0 };
/// let levels =
///     Levels { poc: 100.0, poc_volume: 50.0, documented: area, classic: area, volume: 200.0, delta: None };
/// let mut signals = ProfileSignals::new(2)?;
/// let candle = |close, volume| Ohlcv { open: close, high: close, low: close, close, volume };
/// assert_eq!(signals.update(&candle(104.0, 10.0), &levels, &area), []);
/// let breakout = signals.update(&candle(106.0, 30.0), &levels, &area);
/// assert_eq!(breakout, [ProfileSignal::VahBreakout, ProfileSignal::VahBreakoutConfirmed]);
/// assert_eq!(signals.update(&candle(100.0, 10.0), &levels, &area), [ProfileSignal::ReversionToPoc]);
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProfileSignals {
    accept: usize,
    /// Closes in a row above (positive) or below (negative) the area.
    run: i64,
    /// Whether the last close was known.
    started: bool,
    /// Whether a close outside has not come back to the POC yet.
    away: bool,
}

impl ProfileSignals {
    /// Calls `accept` closes in a row outside the area acceptance, 1 to 100,000.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for another number.
    pub fn new(accept: usize) -> Result<Self, SpecError> {
        Ok(Self { accept: check_period("accept", accept, 1)?, run: 0, started: false, away: false })
    }

    /// Takes a closed candle with the levels known before it; `area` is the value area to judge by.
    pub fn update(&mut self, candle: &Ohlcv, levels: &Levels, area: &ValueArea) -> Vec<ProfileSignal> {
        use ProfileSignal as S;
        let (above, below) = (candle.close > area.high, candle.close < area.low);
        let before = self.run;
        self.run = match (above, below) {
            (true, _) => before.max(0).saturating_add(1),
            (_, true) => before.min(0).saturating_sub(1),
            _ => 0,
        };
        let heavy = candle.volume > 0.5 * levels.poc_volume;
        let accepted = self.run.unsigned_abs() == self.accept as u64;
        let reverts = self.away && (candle.low..=candle.high).contains(&levels.poc);
        let found = [
            (S::VahBreakout, self.started && above && before <= 0),
            (S::ValBreakout, self.started && below && before >= 0),
            (S::VahBreakoutConfirmed, above && heavy),
            (S::ValBreakoutConfirmed, below && heavy),
            (S::AcceptanceAbove, above && accepted),
            (S::AcceptanceBelow, below && accepted),
            (S::RejectionHigh, candle.high > area.high && !above),
            (S::RejectionLow, candle.low < area.low && !below),
            (S::ReversionToPoc, reverts),
        ];
        self.started = true;
        self.away = (self.away && !reverts) || above || below;
        found.into_iter().filter(|(_, happened)| *happened).map(|(signal, _)| signal).collect()
    }
}

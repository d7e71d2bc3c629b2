//! Instants, candle widths.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ValueError;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * NANOS_PER_SECOND;

/// Nanoseconds since 1970-01-01T00:00:00Z. An integer in the journal, RFC 3339 on screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// The latest instant.
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From milliseconds, saturating.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// From seconds, saturating.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds, rounded towards negative infinity.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole seconds, rounded towards negative infinity.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// Days since the epoch, of the UTC day shifted by `midnight` after 00:00.
    pub fn day(self, midnight: Duration) -> i64 {
        self.saturating_sub(midnight).0.div_euclid(DAY)
    }

    /// True on that day.
    pub(crate) fn is_on(self, day: i64, midnight: Duration) -> bool {
        // Asked at every record: a product and a comparison, where a division would take the time of an average.
        let start = Self(day.saturating_mul(DAY)).saturating_add(midnight);
        self >= start && self.0 - start.0 < DAY
    }

    /// Time since `earlier`; zero if this is not later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Later by a duration, saturating.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// Earlier by a duration, saturating.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// Year, month (1 to 12) and day of the UTC date.
    pub fn date(self) -> (i32, u32, u32) {
        use chrono::Datelike as _;
        let date = DateTime::from_timestamp_nanos(self.0).date_naive();
        (date.year(), date.month(), date.day())
    }

    /// `HH:MM:SS` of the UTC day.
    pub fn time_of_day(self) -> String {
        let second = self.as_secs().rem_euclid(86_400);
        format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        self.saturating_sub(duration)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&DateTime::from_timestamp_nanos(self.0).to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl FromStr for Timestamp {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .and_then(|time| time.timestamp_nanos_opt())
            .map(Self)
            .ok_or_else(|| ValueError::parse("time", text, "RFC 3339, such as 2024-04-16T01:00:00Z"))
    }
}

/// The width of a candle: a whole number of milliseconds, at least one.
///
/// ```
/// use qtp_core::Timeframe;
/// let four_hours: Timeframe = "4h".parse()?;
/// assert_eq!(four_hours.to_string(), "4h");
/// assert_eq!(four_hours.as_duration().as_secs(), 14_400);
/// # Ok::<(), qtp_core::ValueError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeframe {
    nanos: i64,
}

impl Timeframe {
    /// One minute.
    pub const M1: Self = Self::seconds(60);
    /// Five minutes.
    pub const M5: Self = Self::seconds(300);
    /// One hour.
    pub const H1: Self = Self::seconds(3600);
    /// Four hours.
    pub const H4: Self = Self::seconds(14_400);
    /// One day.
    pub const D1: Self = Self::seconds(86_400);

    const fn seconds(seconds: i64) -> Self {
        Self { nanos: seconds * NANOS_PER_SECOND }
    }

    /// From nanoseconds.
    ///
    /// # Errors
    /// [`ValueError::OutOfRange`] unless a positive whole number of milliseconds.
    pub fn from_nanos(nanos: i64) -> Result<Self, ValueError> {
        if nanos <= 0 || nanos % 1_000_000 != 0 {
            return Err(ValueError::range("timeframe", nanos, "a positive whole number of milliseconds"));
        }
        Ok(Self { nanos })
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.nanos
    }

    /// As a duration.
    pub const fn as_duration(self) -> Duration {
        Duration::from_nanos(self.nanos.unsigned_abs())
    }

    /// The start of the UTC-aligned interval that holds `time`.
    pub const fn floor(self, time: Timestamp) -> Timestamp {
        Timestamp(time.0.saturating_sub(time.0.rem_euclid(self.nanos)))
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, i64); 5] =
            [("w", 7 * DAY), ("d", DAY), ("h", DAY / 24), ("m", DAY / 1440), ("s", NANOS_PER_SECOND)];
        for (unit, width) in UNITS {
            if self.nanos % width == 0 {
                return write!(f, "{}{unit}", self.nanos / width);
            }
        }
        write!(f, "{}ms", self.nanos / 1_000_000)
    }
}

impl FromStr for Timeframe {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let error = || ValueError::parse("timeframe", text, "a number and ms, s, m, h, d or w, such as 5m");
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
        let count: i64 = text[..split].parse().map_err(|_| error())?;
        let unit = match &text[split..] {
            "ms" => 1_000_000,
            "s" => NANOS_PER_SECOND,
            "m" => DAY / 1440,
            "h" => DAY / 24,
            "d" => DAY,
            "w" => 7 * DAY,
            _ => return Err(error()),
        };
        count.checked_mul(unit).and_then(|nanos| Self::from_nanos(nanos).ok()).ok_or_else(error)
    }
}

impl Serialize for Timeframe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timeframe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::serde_text::deserialize(deserializer)
    }
}

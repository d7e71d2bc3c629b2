//! Candles.

use serde::{Deserialize, Serialize};

use super::Ohlcv;
use crate::error::ValueError;
use crate::id::InstrumentId;
use crate::money::{Price, Quantity};
use crate::time::{Timeframe, Timestamp};

/// How a stock's history was changed for splits and dividends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// As traded.
    #[default]
    Raw,
    /// Splits removed.
    Split,
    /// Splits and dividends removed. Trading live on such history is an error.
    All,
}

/// The five exact numbers and their place in time, before they are checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandleParts {
    /// Instrument.
    pub instrument: InstrumentId,
    /// Width.
    pub timeframe: Timeframe,
    /// First instant of the interval.
    pub open_time: Timestamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Traded base quantity.
    pub volume: Quantity,
}

/// A closed candle: exact prices, and the same five numbers as floats for indicators.
///
/// ```
/// use qtp_core::{Candle, CandleParts, Timeframe, Timestamp};
/// let candle = Candle::new(CandleParts {
///     instrument: "BTC-USDT@binance".parse()?,
///     timeframe: Timeframe::H1,
///     open_time: Timestamp::from_secs(0),
///     open: "100".parse()?, high: "110".parse()?, low: "95".parse()?, close: "105".parse()?,
///     volume: "12.5".parse()?,
/// })?;
/// assert_eq!(candle.close_time(), Timestamp::from_secs(3600));
/// assert_eq!(candle.ohlcv().close, 105.0);
/// # Ok::<(), qtp_core::ValueError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "CandleParts", into = "CandleParts")]
pub struct Candle {
    parts: CandleParts,
    ohlcv: Ohlcv,
}

impl Candle {
    /// A candle from exact numbers.
    ///
    /// # Errors
    /// [`ValueError::OutOfRange`] if high < low or the volume is negative. An open or close outside
    /// [low, high] is kept as it is: some venues report it.
    pub fn new(parts: CandleParts) -> Result<Self, ValueError> {
        let ohlcv = Ohlcv {
            open: parts.open.to_f64(),
            high: parts.high.to_f64(),
            low: parts.low.to_f64(),
            close: parts.close.to_f64(),
            volume: parts.volume.to_f64(),
        };
        Self::with_ohlcv(parts, ohlcv)
    }

    /// A candle whose floats the reader has already: `ohlcv` must hold the nearest floats to `parts`.
    ///
    /// # Errors
    /// As [`Candle::new`].
    pub fn with_ohlcv(parts: CandleParts, ohlcv: Ohlcv) -> Result<Self, ValueError> {
        if parts.high < parts.low {
            return Err(ValueError::range("high", parts.high, "at least the low"));
        }
        if parts.volume.signum() < 0 {
            return Err(ValueError::range("volume", parts.volume, "at least 0"));
        }
        Ok(Self { parts, ohlcv })
    }

    /// Instrument.
    pub const fn instrument(&self) -> &InstrumentId {
        &self.parts.instrument
    }

    /// Width.
    pub const fn timeframe(&self) -> Timeframe {
        self.parts.timeframe
    }

    /// First instant of the interval.
    pub const fn open_time(&self) -> Timestamp {
        self.parts.open_time
    }

    /// First instant after the interval.
    pub const fn close_time(&self) -> Timestamp {
        Timestamp::from_nanos(self.parts.open_time.as_nanos().saturating_add(self.parts.timeframe.as_nanos()))
    }

    /// First price.
    pub const fn open(&self) -> Price {
        self.parts.open
    }

    /// Highest price.
    pub const fn high(&self) -> Price {
        self.parts.high
    }

    /// Lowest price.
    pub const fn low(&self) -> Price {
        self.parts.low
    }

    /// Last price.
    pub const fn close(&self) -> Price {
        self.parts.close
    }

    /// Traded base quantity.
    pub const fn volume(&self) -> Quantity {
        self.parts.volume
    }

    /// The five numbers as floats, for indicators.
    pub const fn ohlcv(&self) -> Ohlcv {
        self.ohlcv
    }

    /// The exact parts.
    pub const fn parts(&self) -> &CandleParts {
        &self.parts
    }
}

impl TryFrom<CandleParts> for Candle {
    type Error = ValueError;

    fn try_from(parts: CandleParts) -> Result<Self, ValueError> {
        Self::new(parts)
    }
}

impl From<Candle> for CandleParts {
    fn from(candle: Candle) -> Self {
        candle.parts
    }
}

/// Which candles to fetch: closed ones with `start <= open_time < end`, ascending, at most `limit` of the latest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandleQuery {
    /// Instrument.
    pub instrument: InstrumentId,
    /// Width.
    pub timeframe: Timeframe,
    /// First open time.
    pub start: Timestamp,
    /// Open times before this.
    pub end: Timestamp,
    /// At most so many, the latest ones; `None` means all.
    pub limit: Option<usize>,
}

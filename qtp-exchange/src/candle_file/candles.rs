//! Candle files.

use std::path::{Path, PathBuf};

use qtp_core::{Candle, CandleParts, DataRef, InstrumentId, Ohlcv, Price, Quantity, Timeframe, Timestamp};

use super::error::{CandleFileError, Problem};
use super::steps::Steps;
use super::table::{Column, Table};
use super::time::TimeUnit;
use super::time_column::TimeColumn;

/// Which end of a candle its time names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeIs {
    /// The first instant of the interval.
    #[default]
    Open,
    /// The first instant after the interval.
    Close,
}

impl std::str::FromStr for TimeIs {
    type Err = qtp_core::ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self::Open),
            "close" => Ok(Self::Close),
            _ => Err(qtp_core::ValueError::parse("time-is", text, "open or close")),
        }
    }
}

/// What a candle file does not say of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandleFileOptions {
    /// Whose candles they are.
    pub instrument: InstrumentId,
    /// Width; the most frequent step between rows if `None`.
    pub timeframe: Option<Timeframe>,
    /// Which end of a candle its time names.
    pub time_is: TimeIs,
    /// Unit of Unix times; told from the first row if `None`.
    pub time_unit: Option<TimeUnit>,
}

impl CandleFileOptions {
    /// Open times, with the unit and the timeframe told from the rows.
    pub const fn new(instrument: InstrumentId) -> Self {
        Self { instrument, timeframe: None, time_is: TimeIs::Open, time_unit: None }
    }
}

/// A candle file that was read whole.
#[derive(Debug, Clone, PartialEq)]
pub struct CandleFile {
    /// Where it was read from.
    pub path: PathBuf,
    /// Instrument.
    pub instrument: InstrumentId,
    /// The candles, strictly ascending by open time.
    pub candles: Vec<Candle>,
    /// Width of every candle.
    pub timeframe: Timeframe,
    /// SHA-256 of the file's bytes as they are on disk, in hex.
    pub sha256: String,
    /// Rows below the header; one a candle.
    pub rows: u64,
    /// Candles that are missing between the first and the last.
    pub gaps: u64,
    /// Steps between rows that are not a whole number of timeframes, as between months.
    pub irregular: u64,
    /// Rows whose open or close lies outside low to high.
    pub outside_range: u64,
    /// True if the volume column is empty throughout, as in files of mark prices; volumes are then 0.
    pub without_volume: bool,
}

impl CandleFile {
    /// The journal's reference to this file.
    pub fn data_ref(&self) -> DataRef {
        DataRef {
            instrument: self.instrument.clone(),
            path: self.path.display().to_string(),
            sha256: self.sha256.clone(),
            rows: self.rows,
        }
    }

    /// One sentence for everything in the file that is legal but unusual.
    pub fn warnings(&self) -> Vec<String> {
        let counts = [
            (self.gaps, "missing candles"),
            (self.irregular, "steps that are not a whole number of timeframes"),
            (self.outside_range, "rows with an open or close outside low to high"),
            (u64::from(self.without_volume) * self.rows, "rows without a volume"),
        ];
        let found = counts.into_iter().filter(|(count, _)| *count > 0);
        found.map(|(count, what)| format!("{}: {count} {what}", self.path.display())).collect()
    }
}

/// Reads a candle file, CSV or a JSON object a line (told by its first character), plain or gzip (told by its first bytes),
/// in bounded memory besides the candles.
///
/// ```
/// use qtp_exchange::candle_file::{self, CandleFileOptions};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("btc.csv");
/// std::fs::write(&path, "time,open,high,low,close,volume\n\
///     2024-01-01 00:00,100,110,95,105,12.5\n\
///     2024-01-01 01:00,105,107,101,102,9\n")?;
/// let file = candle_file::read(&path, &CandleFileOptions::new("BTC-USDT@binance".parse()?))?;
/// assert_eq!(file.timeframe.to_string(), "1h");
/// assert_eq!(file.candles[1].close().to_string(), "102");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`CandleFileError`] with file, line and column if the file cannot be read or any row is malformed: nothing
/// is skipped.
pub fn read(path: &Path, options: &CandleFileOptions) -> Result<CandleFile, CandleFileError> {
    let mut table = Table::open(path)?;
    let mut reader = CandleReader::new(&table, options)?;
    while table.advance()? {
        reader.push(&table)?;
    }
    reader.finish(table, options)
}

#[derive(Debug)]
struct CandleReader {
    time: TimeColumn,
    prices: [Column; 4],
    volume: Column,
    instrument: InstrumentId,
    time_is: TimeIs,
    /// As far as it is known: named, or the step of the first two rows.
    timeframe: Timeframe,
    named: bool,
    candles: Vec<Candle>,
    steps: Steps,
    outside_range: u64,
    empty_volumes: u64,
}

impl CandleReader {
    fn new(table: &Table, options: &CandleFileOptions) -> Result<Self, CandleFileError> {
        let time = TimeColumn::new(table.require_time()?, options.time_unit);
        let [open, high, low, close] = ["open", "high", "low", "close"].map(|name| table.require(name));
        Ok(Self {
            time,
            prices: [open?, high?, low?, close?],
            volume: table.require("volume")?,
            instrument: options.instrument.clone(),
            time_is: options.time_is,
            timeframe: options.timeframe.unwrap_or(Timeframe::M1),
            named: options.timeframe.is_some(),
            candles: Vec::new(),
            steps: Steps::default(),
            outside_range: 0,
            empty_volumes: 0,
        })
    }

    fn push(&mut self, table: &Table) -> Result<(), CandleFileError> {
        let time = self.time.read(table)?;
        self.steps.push(time);
        if self.candles.len() == 1
            && !self.named
            && let Some(Ok(step)) = self.steps.first().map(Timeframe::from_nanos)
        {
            self.timeframe = step;
        }
        let [open, high, low, close] = self.prices;
        let (open, high) = (table.price(open)?, table.price(high)?);
        let (low, close) = (table.price(low)?, table.price(close)?);
        if below(high, low) {
            let problem = Problem::HighBelowLow { high: high.0.get(), low: low.0.get() };
            return Err(table.error(self.prices[1], problem));
        }
        let volume = self.volume(table)?;
        let outside = |price| below(high, price) || below(price, low);
        self.outside_range += u64::from(outside(open) || outside(close));
        let ohlcv = Ohlcv { open: open.1, high: high.1, low: low.1, close: close.1, volume: volume.1 };
        let (instrument, timeframe) = (self.instrument.clone(), self.timeframe);
        let open_time = open_time(time, timeframe, self.time_is);
        let (open, high, low, close, volume) = (open.0, high.0, low.0, close.0, volume.0);
        let parts = CandleParts { instrument, timeframe, open_time, open, high, low, close, volume };
        let candle = Candle::with_ohlcv(parts, ohlcv);
        // Both of its conditions were checked above, with the column at hand.
        self.candles.push(candle.map_err(|_| table.row_error(Problem::PartlyEmpty))?);
        Ok(())
    }

    fn volume(&mut self, table: &Table) -> Result<(Quantity, f64), CandleFileError> {
        let empty = table.is_empty(self.volume);
        if empty != (self.empty_volumes > 0) && !(self.candles.is_empty()) {
            return Err(table.error(self.volume, Problem::PartlyEmpty));
        }
        if empty {
            self.empty_volumes += 1;
            return Ok((Quantity::ZERO, 0.0));
        }
        table.quantity(self.volume)
    }

    fn finish(mut self, table: Table, options: &CandleFileOptions) -> Result<CandleFile, CandleFileError> {
        let path = table.file().to_owned();
        let timeframe = match table.rows() {
            0 => self.timeframe,
            _ => self.steps.timeframe(options.timeframe).map_err(|problem| table.row_error(problem))?,
        };
        let rows = table.rows();
        let sha256 = table.finish()?;
        self.set_timeframe(timeframe);
        let (gaps, irregular) = self.steps.gaps(timeframe);
        Ok(CandleFile {
            path,
            instrument: self.instrument,
            candles: self.candles,
            timeframe,
            sha256,
            rows,
            gaps,
            irregular,
            outside_range: self.outside_range,
            without_volume: self.empty_volumes > 0,
        })
    }

    /// Gives every candle the final timeframe. Only the first was built with another, unless the file begins
    /// with a gap.
    fn set_timeframe(&mut self, timeframe: Timeframe) {
        let guess = self.timeframe;
        let wrong = if guess == timeframe { 1 } else { self.candles.len() };
        for candle in self.candles.iter_mut().take(wrong) {
            let time = match self.time_is {
                TimeIs::Open => candle.open_time(),
                TimeIs::Close => candle.close_time(),
            };
            let open_time = open_time(time, timeframe, self.time_is);
            let parts = CandleParts { timeframe, open_time, ..candle.parts().clone() };
            if let Ok(changed) = Candle::with_ohlcv(parts, candle.ohlcv()) {
                *candle = changed;
            }
        }
    }
}

/// Exact comparison: rounding to the nearest float keeps the order, so only equal floats leave a doubt.
#[inline]
fn below(left: (Price, f64), right: (Price, f64)) -> bool {
    left.1 < right.1 || (left.1 == right.1 && left.0 < right.0)
}

fn open_time(time: Timestamp, timeframe: Timeframe, time_is: TimeIs) -> Timestamp {
    match time_is {
        TimeIs::Open => time,
        TimeIs::Close => Timestamp::from_nanos(time.as_nanos().saturating_sub(timeframe.as_nanos())),
    }
}

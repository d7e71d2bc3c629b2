//! Signal files: what somebody else's research decided, one row a candle.

use std::path::Path;

use qtp_core::{Price, Quantity, Timestamp};

use super::error::{CandleFileError, Problem, excerpt};
use super::table::Table;
use super::time::TimeUnit;
use super::time_column::TimeColumn;

/// One row of a signal file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalRow {
    /// Time of the candle as its own file writes it; `None` in a file without times, whose rows stand in the order
    /// of the candles.
    pub time: Option<Timestamp>,
    /// -1 short, 0 flat, 1 long.
    pub signal: i8,
    /// Base quantity to hold, if the file says so.
    pub size: Option<Quantity>,
    /// Stop price, if the file says so.
    pub stop: Option<Price>,
    /// Target price, if the file says so.
    pub take: Option<Price>,
}

/// Reads a signal file, plain or gzip: `signal` (-1, 0 or 1), and where there are such columns a time as in candle
/// files, `size`, `stop` and `take`, each of which may be empty in a row.
///
/// # Errors
/// [`CandleFileError`] with file, line and column; nothing is skipped.
pub fn read_signals(path: &Path, time_unit: Option<TimeUnit>) -> Result<Vec<SignalRow>, CandleFileError> {
    let mut table = Table::open(path)?;
    let mut time = table.find_time()?.map(|column| TimeColumn::new(column, time_unit));
    let signal = table.require("signal")?;
    let (size, stop, take) = (table.find("size")?, table.find("stop")?, table.find("take")?);
    let mut rows = Vec::new();
    while table.advance()? {
        let (value, float) = table.number(signal)?;
        if !(value.is_integer() && float.abs() <= 1.0) {
            return Err(table.error(signal, Problem::NotASignal { text: excerpt(table.field(signal)) }));
        }
        rows.push(SignalRow {
            time: time.as_mut().map(|time| time.read(&table)).transpose()?,
            signal: float as i8,
            size: table.optional(size, Table::quantity)?.map(|(size, _)| size),
            stop: table.optional(stop, Table::price)?.map(|(price, _)| price),
            take: table.optional(take, Table::price)?.map(|(price, _)| price),
        });
    }
    table.finish()?;
    Ok(rows)
}

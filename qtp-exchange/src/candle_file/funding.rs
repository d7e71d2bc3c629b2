//! Funding files.

use std::path::Path;

use qtp_core::{FundingRate, InstrumentId, Price, Ratio};

use super::error::{CandleFileError, Problem};
use super::table::Table;
use super::time::TimeUnit;
use super::time_column::TimeColumn;

/// Accepted names of the rate; `open` is where candle-shaped files keep it.
const RATE_NAMES: [&str; 4] = ["rate", "funding_rate", "fundingRate", "open"];
const RATE_EXPECTED: &str = "rate, funding_rate, fundingRate, open";
/// Accepted names of the price that a payment is reckoned on.
const REFERENCE_NAMES: [&str; 3] = ["mark_price", "markPrice", "reference"];

/// Reads a funding file, plain or gzip: a time column as in candle files, a rate (`rate`, `funding_rate`,
/// `fundingRate`, else `open`; 0.0001 is one basis point, positive means longs pay), and where there is one the
/// reference price (`mark_price`, `markPrice`, `reference`; may be empty in a row).
///
/// # Errors
/// [`CandleFileError`] with file, line and column; nothing is skipped.
pub fn read_funding(
    path: &Path,
    instrument: &InstrumentId,
    time_unit: Option<TimeUnit>,
) -> Result<Vec<FundingRate>, CandleFileError> {
    let mut table = Table::open(path)?;
    let mut time = TimeColumn::new(table.require_time()?, time_unit);
    let rate = table.require_one_of(&RATE_NAMES, RATE_EXPECTED)?;
    let reference = table.find_one_of(&REFERENCE_NAMES)?;
    let mut rates = Vec::new();
    while table.advance()? {
        let (value, _) = table.number(rate)?;
        rates.push(FundingRate {
            instrument: instrument.clone(),
            time: time.read(&table)?,
            rate: Ratio::new(value).map_err(|_| table.error(rate, Problem::too_large(table.field(rate))))?,
            reference: table.optional(reference, Table::price)?.map(|(price, _): (Price, f64)| price),
        });
    }
    table.finish()?;
    Ok(rates)
}

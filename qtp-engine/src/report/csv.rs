//! CSV files: times in RFC 3339 UTC, decimals in their canonical form.

use std::io::{Result, Write};

use qtp_core::{Notional, Price, Timestamp};

use crate::stats::RoundTrip;

/// Writes closed round trips with a header.
///
/// # Errors
/// What the writer returns.
pub fn write_trips<'a>(mut out: impl Write, trips: impl IntoIterator<Item = &'a RoundTrip>) -> Result<()> {
    writeln!(
        out,
        "instrument,side,quantity,entry_time,exit_time,entry_price,exit_price,gross,fees,funding,net,fills,stop"
    )?;
    for trip in trips {
        let RoundTrip { instrument, quantity, entry_time, exit_time, entry_price, exit_price, .. } = trip;
        let RoundTrip { gross, fees, funding, net, fills, .. } = trip;
        let (side, stop) = (trip.side.as_str(), optional(trip.stop));
        write!(out, "{instrument},{side},{quantity},{entry_time},{exit_time},{entry_price},{exit_price},")?;
        writeln!(out, "{gross},{fees},{funding},{net},{fills},{stop}")?;
    }
    out.flush()
}

/// Writes `time,equity` as the run goes.
///
/// ```
/// use qtp_engine::report::csv::EquityCsv;
/// let mut csv = EquityCsv::new(Vec::new())?;
/// csv.row("2024-04-16T01:00:00Z".parse()?, "10000.50".parse()?)?;
/// assert_eq!(csv.finish()?, b"time,equity\n2024-04-16T01:00:00Z,10000.5\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EquityCsv<W: Write> {
    out: W,
}

impl<W: Write> EquityCsv<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn new(mut out: W) -> Result<Self> {
        out.write_all(b"time,equity\n")?;
        Ok(Self { out })
    }

    /// Writes one mark.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn row(&mut self, time: Timestamp, equity: Notional) -> Result<()> {
        writeln!(self.out, "{time},{equity}")
    }

    /// Flushes, and hands the writer back.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn finish(mut self) -> Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn optional(price: Option<Price>) -> String {
    price.map(|price| price.to_string()).unwrap_or_default()
}

//! Summary, CSV files and report of a backtest.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use qtp_engine::driver::{EquitySink, Recorder};
use qtp_engine::report::{PriceSeries, ReportData, csv, render};
use qtp_engine::stats::Summary;

use super::args::BacktestArgs;
use super::build::Built;
use crate::exit::Failure;

/// Writes everything that was asked for.
///
/// # Errors
/// A file that cannot be written.
pub(super) fn write(
    args: &BacktestArgs,
    built: &Built,
    recorder: &Recorder,
    summary: &Summary,
) -> Result<(), Failure> {
    if let Some(path) = &args.trades_csv {
        csv::write_trips(BufWriter::new(create(path)?), recorder.ledger().trips())?;
    }
    if let Some(path) = &args.report {
        let page = page(built, recorder, summary);
        std::fs::write(path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let mut out = crate::say::Out;
    if args.json {
        serde_json::to_writer(&mut out, summary)?;
        writeln!(out)?;
    } else {
        for warning in &built.warnings {
            writeln!(out, "warning: {warning}")?;
        }
        write!(out, "{}", summary.to_text())?;
    }
    Ok(())
}

/// Writes each mark of the equity as it comes.
///
/// # Errors
/// If the file cannot be created.
pub(super) fn equity_sink(path: &Path) -> Result<EquitySink, Failure> {
    let mut file = BufWriter::new(create(path)?);
    writeln!(file, "time,equity")?;
    let name = path.display().to_string();
    Ok(Box::new(move |time, equity| {
        if let Err(error) = writeln!(file, "{time},{equity}") {
            eprintln!("warning: {name}: {error}");
        }
    }))
}

/// The report of a run.
fn page(built: &Built, recorder: &Recorder, summary: &Summary) -> String {
    let Some(equity) = recorder.equity() else { return String::new() };
    let mut data = ReportData::new(summary.clone(), equity, recorder.ledger());
    for instrument in &built.instruments {
        if let Some(chart) = recorder.chart(&instrument.id) {
            data.prices.push(PriceSeries::new(instrument.id.as_str(), chart));
        }
    }
    render(&data)
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

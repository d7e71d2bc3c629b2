//! `indicators --chart`: which candles are drawn, and into which file.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use qtp_core::Timestamp;
use qtp_engine::chart::{Bar, Chart, ChartOptions, Profile, Theme};
use qtp_exchange::candle_file::CandleFile;
use qtp_indicators::Spec;

use crate::exit::Failure;

/// Candles that are drawn where nothing else is asked for.
const CANDLES: usize = 200;
/// Rows of a volume profile.
const ROWS: usize = 80;

/// What is drawn, and how.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "Chart")]
pub struct ChartArgs {
    /// Draws candles and indicators into this file
    #[arg(long, value_name = "FILE.svg|FILE.png", value_parser = picture)]
    chart: Option<PathBuf>,
    /// Adds the volume profile of the candles drawn
    #[arg(long, requires = "chart")]
    profile: bool,
    /// First candle drawn: a date or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = time, requires = "chart")]
    from: Option<Timestamp>,
    /// Draws only candles that open before this time
    #[arg(long, value_name = "TIME", value_parser = time, requires = "chart")]
    to: Option<Timestamp>,
    /// Draws so many candles at most, the newest of them [default: 200, or all from --from]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "chart")]
    last: Option<u32>,
    /// Headline [default: the candle file's name and its timeframe]
    #[arg(long, value_name = "TEXT", requires = "chart")]
    title: Option<String>,
    /// Width in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 1280, value_parser = size())]
    width: u32,
    /// Height in pixels [default: 560, and 160 for each pane]
    #[arg(long, value_name = "PIXELS", value_parser = size())]
    height: Option<u32>,
    /// Light or dark
    #[arg(long, value_name = "light|dark", default_value = "light")]
    theme: Theme,
    /// Pixels of a PNG for each pixel of --width and --height: 2 for dense screens
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=4))]
    scale: u8,
}

impl ChartArgs {
    /// Draws the chart, if one is asked for.
    ///
    /// # Errors
    ///
    /// If no candle is in the range, an indicator cannot be drawn, or the file cannot be written.
    pub fn draw(&self, file: &CandleFile, specs: &[Spec]) -> Result<(), Failure> {
        let Some(path) = &self.chart else { return Ok(()) };
        let name = path.display();
        let chart = self.chart(file, specs).map_err(|error| format!("--chart {name}: {error}"))?;
        let bytes = self.bytes(path, &chart)?;
        Ok(fs::write(path, bytes).map_err(|error| format!("{name}: {error}"))?)
    }

    fn chart(&self, file: &CandleFile, specs: &[Spec]) -> Result<Chart, Failure> {
        let bar = |candle: &qtp_core::Candle| Bar { time: candle.open_time(), ohlcv: candle.ohlcv() };
        let title = self.title.clone().unwrap_or_else(|| title(file));
        let mut chart = Chart::new(title, file.candles.iter().map(bar).collect());
        for spec in specs {
            chart.study(spec)?;
        }
        let start = self.from.map_or(0, |from| chart.bars.partition_point(|bar| bar.time < from));
        let end = self.to.map_or(chart.bars.len(), |to| chart.bars.partition_point(|bar| bar.time < to));
        if start >= end {
            return Err("no candle is in the range that --from and --to give".into());
        }
        let asked = self.last.map(|last| last as usize);
        let most = asked.unwrap_or(if self.from.is_some() { usize::MAX } else { CANDLES });
        // A profile takes room from the candles, so it is there before they are counted.
        chart.profile = self.profile.then(Profile::default);
        let fits = chart.capacity(&self.options());
        let wanted = most.min(end - start);
        if wanted > fits {
            eprintln!(
                "warning: the newest {fits} of {wanted} candles are drawn: more do not fit into --width {}",
                self.width
            );
        }
        let mut chart = chart.window(end - wanted.min(fits)..end);
        if self.profile {
            chart.profile = Profile::of(&chart.bars, ROWS)?;
            if chart.profile.is_none() {
                eprintln!("warning: no volume profile: the candles have no volume, or one price only");
            }
        }
        Ok(chart)
    }

    fn options(&self) -> ChartOptions {
        ChartOptions { width: self.width, height: self.height, theme: self.theme }
    }

    fn bytes(&self, path: &Path, chart: &Chart) -> Result<Vec<u8>, Failure> {
        if is(path, "png") {
            return self.png(chart);
        }
        Ok(chart.svg(&self.options())?.into_bytes())
    }

    #[cfg(feature = "png")]
    fn png(&self, chart: &Chart) -> Result<Vec<u8>, Failure> {
        Ok(chart.png(&self.options(), f64::from(self.scale))?)
    }

    #[cfg(not(feature = "png"))]
    fn png(&self, _: &Chart) -> Result<Vec<u8>, Failure> {
        Err("PNG needs the feature `png`, which this binary was built without".into())
    }
}

/// `BTCUSDT_1h.csv.gz` of hourly candles as `BTCUSDT_1h · 1h`.
fn title(file: &CandleFile) -> String {
    let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = stem.strip_suffix(".csv").unwrap_or(stem);
    format!("{stem} \u{b7} {}", file.timeframe)
}

fn picture(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if is(&path, "svg") || is(&path, "png") {
        Ok(path)
    } else {
        Err("the name must end in .svg or .png".to_owned())
    }
}

fn is(path: &Path, kind: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(kind))
}

fn time(text: &str) -> Result<Timestamp, String> {
    let midnight = || format!("{text}T00:00:00Z").parse();
    text.parse().or_else(|_| midnight()).map_err(|_| "not a date or an RFC 3339 time".to_owned())
}

fn size() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(200..=20_000)
}

//! Candles of a venue, window by window.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use qtp_core::port::{Clock as _, MarketData, SystemClock};
use qtp_core::{CandleQuery, InstrumentId, Timeframe, Timestamp};
use qtp_exchange::clean::{self, clean};

use super::args::{DataArgs, DataCommand, DownloadArgs};
use super::candle_csv::CandleCsv;
use crate::exit::Failure;
use crate::venues;

/// Candles that are asked for at a time: what they bring is on the disk before the next ones are asked for.
const WINDOW: u32 = 5_000;
/// A window grows to so many of these while a venue has nothing.
const GROWTH: u32 = 64;
/// Gaps that are printed one by one.
const SHOWN: usize = 20;

/// Runs `data`.
///
/// # Errors
/// A venue, instrument or file that cannot be used.
pub fn run(args: &DataArgs) -> Result<(), Failure> {
    let DataCommand::Download(args) = &args.command;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(download(args))
}

async fn download(args: &DownloadArgs) -> Result<(), Failure> {
    let (instrument, width) = (args.instrument()?, args.timeframe);
    let now = SystemClock.now();
    let to = args.to.unwrap_or(now).min(now);
    if args.from >= to {
        return Err(format!("--from {} is not before --to {to}", args.from).into());
    }
    let environment = std::env::vars().collect();
    let market = venues::data(&args.venue, &instrument, args.symbol.as_deref(), &environment)?;
    let known = market.instruments().await?;
    if !known.iter().any(|known| known.id == instrument) {
        return Err(format!("{}: no instrument {instrument}", args.venue.id()).into());
    }
    let mut file = CandleCsv::open(&args.out, &instrument, width)?;
    let before = file.series.count;
    // A source answers in pages of its own, and some count every question.
    let window = if args.venue.is_source() { u32::MAX } else { WINDOW };
    let mut cleaned = fetch(&*market, (&instrument, width), (args.from, to), window, &mut file).await?;
    report(args, (&instrument, to), &file, before);
    // What is missing was reported already, at both ends too.
    cleaned.gaps.clear();
    for warning in cleaned.warnings() {
        say!("cleaned: {warning}");
    }
    Ok(())
}

async fn fetch(
    market: &dyn MarketData,
    (instrument, width): (&InstrumentId, Timeframe),
    (from, to): (Timestamp, Timestamp),
    window: u32,
    file: &mut CandleCsv,
) -> Result<clean::Report, Failure> {
    let mut cleaned = clean::Report::default();
    let mut start = file.series.next.unwrap_or(from).max(from);
    let total = to.since(start).as_nanos() / width.as_duration().as_nanos();
    let bar = progress(u64::try_from(total).unwrap_or(u64::MAX));
    let mut windows = 1;
    while start < to {
        let end = (start + width.as_duration().saturating_mul(window.saturating_mul(windows))).min(to);
        let query = CandleQuery { instrument: instrument.clone(), timeframe: width, start, end, limit: None };
        let (candles, report) = clean(market.candles(&query).await?, SystemClock.now());
        file.append(&candles)?;
        cleaned.add(&report);
        // Before its first candle a venue has long stretches of nothing.
        windows = if file.series.count == 0 { (windows * 2).min(GROWTH) } else { 1 };
        let passed = end.since(start).as_nanos() / width.as_duration().as_nanos();
        bar.inc(u64::try_from(passed).unwrap_or(0));
        start = end;
    }
    bar.finish_and_clear();
    Ok(cleaned)
}

fn progress(total: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} candles, {eta} left");
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn report(args: &DownloadArgs, (instrument, to): (&InstrumentId, Timestamp), file: &CandleCsv, before: u64) {
    let (series, width, out) = (&file.series, args.timeframe, args.out.display());
    say!("{out}: {} candles of {instrument}, {width}, {} of them new", series.count, series.count - before);
    if let (Some(first), Some(next)) = (series.first, series.next) {
        say!("from {first} to {next}");
    }
    // The candle that is still forming is not missing.
    let gaps = series.report((args.from, width.floor(to)), width);
    let missing: u64 = gaps.iter().map(|gap| gap.missing).sum();
    say!("gaps: {}, {missing} candles missing", gaps.len());
    for gap in gaps.iter().take(SHOWN) {
        say!("  {} to {}: {} missing", gap.from, gap.until, gap.missing);
    }
    if gaps.len() > SHOWN {
        say!("  and {} more", gaps.len() - SHOWN);
    }
}

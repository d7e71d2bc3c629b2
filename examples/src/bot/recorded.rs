//! A recorded market: candle files of one minute, and the longer candles that are made of them.

use std::path::Path;

use qtp_core::{
    Candle, Decimal, Instrument, InstrumentId, InstrumentKind, MarginTier, Ratio, Timeframe, Timestamp,
};
use qtp_exchange::candle_file::{self, CandleFeed, CandleFileOptions};
use qtp_indicators::resample::{Alignment, CandleResampler, GapPolicy, LatePolicy, ResamplePolicy};

use super::build::BASE;
use super::settings::Trading;
use crate::exit::Failure;

/// The instrument of an asset: a perpetual without tick, lot or minimum, on the venue `file`.
fn instrument_id(asset: &str) -> Result<InstrumentId, Failure> {
    Ok(format!("{asset}-USD-PERP@file").parse()?)
}

/// What is traded on the recorded market.
///
/// # Errors
/// An asset that cannot be part of an id.
pub(super) fn instruments(trading: &Trading) -> Result<Vec<Instrument>, Failure> {
    let one = |asset: &String| {
        let mut instrument = Instrument::unrestricted(instrument_id(asset)?)?;
        instrument.kind = InstrumentKind::Perpetual;
        // A common first tier.
        let (max_leverage, maintenance) = (Ratio::new(Decimal::from(50))?, Ratio::new(Decimal::new(1, 2))?);
        instrument.margin_tiers = vec![MarginTier { up_to: None, max_leverage, maintenance }];
        Ok(instrument)
    };
    trading.assets.iter().map(one).collect()
}

/// The candles of all assets from the beginning of the run on, in three widths.
///
/// # Errors
/// A file that cannot be read, that has no candles of one minute, or that ends before the run begins.
pub(super) fn feed(trading: &Trading) -> Result<CandleFeed, Failure> {
    let mut series = Vec::new();
    for asset in &trading.assets {
        let candles = candles(trading, asset)?;
        let mut wider = vec![trading.interval, Timeframe::H1];
        wider.retain(|timeframe| *timeframe != BASE);
        wider.dedup();
        for timeframe in wider {
            series.push(resample(&candles, timeframe)?);
        }
        series.push(candles);
    }
    Ok(CandleFeed::new(series)?)
}

/// The minutes of one asset from the beginning of the run on.
///
/// # Errors
/// As [`feed`].
pub(super) fn candles(trading: &Trading, asset: &str) -> Result<Vec<Candle>, Failure> {
    let path = trading.candles.get(asset).ok_or_else(|| format!("--candles: there is no file of {asset}"))?;
    let mut candles = read(asset, path)?;
    if let Some(from) = trading.from {
        candles.retain(|candle| candle.open_time() >= from);
    }
    if candles.is_empty() {
        return Err(format!("{}: no candle is in the period of the run", path.display()).into());
    }
    Ok(candles)
}

/// When the recorded market begins.
pub(super) fn begin(feed: &CandleFeed) -> Timestamp {
    feed.next_close().map_or(Timestamp::EPOCH, |close| close - BASE.as_duration())
}

fn read(asset: &str, path: &Path) -> Result<Vec<Candle>, Failure> {
    let file = candle_file::read(path, &CandleFileOptions::new(instrument_id(asset)?))?;
    if file.timeframe != BASE {
        let found = file.timeframe;
        return Err(
            format!("{}: has candles of {found}; the venue is driven by {BASE}", path.display()).into()
        );
    }
    for warning in file.warnings() {
        eprintln!("{warning}");
    }
    Ok(file.candles)
}

/// Longer candles of which every part is there or skipped; the first one may be partial and is left out.
fn resample(finer: &[Candle], wanted: Timeframe) -> Result<Vec<Candle>, Failure> {
    let policy = ResamplePolicy { gap: GapPolicy::Skip, late: LatePolicy::Skip };
    let mut resampler = CandleResampler::new(wanted, Alignment::Utc, policy)?;
    let mut candles = Vec::new();
    for candle in finer {
        candles.extend(resampler.update(candle)?.into_iter().map(|done| done.candle));
    }
    let whole = finer.first().is_some_and(|first| wanted.floor(first.open_time()) == first.open_time());
    if !whole && !candles.is_empty() {
        candles.remove(0);
    }
    Ok(candles)
}

//! A recorded market: candle files, the longer candles that are made of them, and funding.

use qtp_core::{
    Candle, Decimal, Instrument, InstrumentId, InstrumentKind, MarginTier, Ratio, Timeframe, Timestamp,
};
use qtp_exchange::candle_file::{self, CandleFeed, CandleFileOptions};
use qtp_indicators::resample::{Alignment, CandleResampler, GapPolicy, LatePolicy, ResamplePolicy};

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

/// A recorded market.
pub(super) struct Recorded {
    /// Candles of all assets from the beginning of the run on: those of the files, and the longer ones that decisions rest on.
    pub(super) feed: CandleFeed,
    /// Width of the files' candles, which drive the venue.
    pub(super) timeframe: Timeframe,
}

impl Recorded {
    /// Reads the files of the settings.
    ///
    /// # Errors
    /// A file that cannot be read, that ends before the run begins, or whose candles differ in width from those of the first or
    /// cannot be put together to what the decisions rest on.
    pub(super) fn read(trading: &Trading) -> Result<Self, Failure> {
        let (mut series, mut funding, mut drives) = (Vec::new(), Vec::new(), None);
        for asset in &trading.assets {
            let (candles, timeframe) = candles(trading, asset)?;
            let first = *drives.get_or_insert(timeframe);
            if timeframe != first {
                return Err(format!(
                    "--candles: {asset} has candles of {timeframe}, {} those of {first}",
                    trading.assets[0]
                )
                .into());
            }
            let mut wider = vec![trading.interval, Timeframe::H1];
            wider.retain(|wider| *wider != timeframe);
            wider.dedup();
            for wider in wider {
                series.push(resample(&candles, wider)?);
            }
            if let (Some(path), Some(first)) = (trading.funding.get(asset), candles.first()) {
                let rates = candle_file::read_funding(path, &instrument_id(asset)?, None)?;
                funding.extend(rates.into_iter().filter(|rate| rate.time >= first.open_time()));
            }
            series.push(candles);
        }
        let timeframe = drives.ok_or("--candles: there is no asset")?;
        Ok(Self { feed: CandleFeed::new(series)?.with_funding(funding), timeframe })
    }

    /// When it begins.
    pub(super) fn begin(&self) -> Timestamp {
        self.feed.next_close().map_or(Timestamp::EPOCH, |close| close - self.timeframe.as_duration())
    }
}

/// The candles of one asset from the beginning of the run on, and their width.
///
/// # Errors
/// As [`Recorded::read`].
pub(super) fn candles(trading: &Trading, asset: &str) -> Result<(Vec<Candle>, Timeframe), Failure> {
    let path = trading.candles.get(asset).ok_or_else(|| format!("--candles: there is no file of {asset}"))?;
    let file = candle_file::read(path, &CandleFileOptions::new(instrument_id(asset)?))?;
    let (place, found) = (path.display(), file.timeframe);
    for wanted in [trading.interval, Timeframe::H1] {
        if wanted.as_nanos() % found.as_nanos() != 0 {
            return Err(format!(
                "{place}: has candles of {found}; those of {wanted} that decisions rest on cannot be made of them"
            )
            .into());
        }
    }
    for warning in file.warnings() {
        eprintln!("{warning}");
    }
    let mut candles = file.candles;
    if let Some(from) = trading.from {
        candles.retain(|candle| candle.open_time() >= from);
    }
    if candles.is_empty() {
        return Err(format!("{place}: no candle is in the period of the run").into());
    }
    Ok((candles, found))
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

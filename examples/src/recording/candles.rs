//! The candles of a recording, for a backtest or a venue.

use std::collections::BTreeMap;
use std::path::Path;

use qtp_core::{Candle, InstrumentId, Timeframe};
use qtp_exchange::candle_file::CandleFile;
use qtp_exchange::decorator::{Played, read};
use sha2::{Digest, Sha256};

use crate::exit::Failure;

/// The candles of each instrument, of the finest timeframe that was recorded of it or of the one that is asked for.
///
/// # Errors
/// A recording that cannot be read, or that holds no such candles.
pub fn candle_files(recording: &Path, timeframe: Option<Timeframe>) -> Result<Vec<CandleFile>, Failure> {
    let played = Played::load(recording, "recording".parse()?, Vec::new())?;
    let mut finest: BTreeMap<&InstrumentId, Timeframe> = BTreeMap::new();
    for (instrument, width) in played.feed().keys() {
        let kept = finest.entry(instrument).or_insert(width);
        *kept = if timeframe == Some(width) { width } else { width.min(*kept) };
    }
    let sha256 = digest(recording)?;
    let file = |(instrument, width): (&InstrumentId, Timeframe)| {
        let candles = played.feed().series(instrument, width).unwrap_or_default().to_vec();
        let (rows, gaps) = (candles.len() as u64, missing(&candles, width));
        CandleFile {
            path: recording.to_owned(),
            instrument: instrument.clone(),
            candles,
            timeframe: width,
            sha256: sha256.clone(),
            rows,
            gaps,
            irregular: 0,
            outside_range: 0,
            without_volume: false,
        }
    };
    let files: Vec<CandleFile> = finest
        .into_iter()
        .filter(|(_, width)| timeframe.is_none_or(|wanted| wanted == *width))
        .map(file)
        .collect();
    if files.is_empty() {
        let wanted = timeframe.map_or_else(String::new, |timeframe| format!(" of {timeframe}"));
        return Err(format!("{}: no candles{wanted} in this recording", recording.display()).into());
    }
    Ok(files)
}

/// The candles by coin, as a venue's tape.
///
/// # Errors
/// As [`candle_files`].
pub fn tape_of(recording: &Path) -> Result<Vec<(String, Vec<Candle>)>, Failure> {
    let coin = |instrument: &InstrumentId| match instrument.symbol().strip_suffix("-USDC") {
        // A pair of spot keeps its name: it is another market than the perpetual.
        Some(base) => format!("{base}/USDC"),
        None => instrument.base().to_owned(),
    };
    let files = candle_files(recording, None)?;
    Ok(files.into_iter().map(|file| (coin(&file.instrument), file.candles)).collect())
}

/// Hash of the recorded events, in order: the same however they lie in files.
fn digest(recording: &Path) -> Result<String, Failure> {
    let mut hasher = Sha256::new();
    for event in read(recording)? {
        hasher.update(serde_json::to_vec(&event?)?);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn missing(candles: &[Candle], width: Timeframe) -> u64 {
    let steps = candles.windows(2).filter_map(|pair| {
        let [before, after] = pair else { return None };
        let apart = after.open_time().since(before.open_time()).as_nanos() / width.as_duration().as_nanos();
        u64::try_from(apart).ok()?.checked_sub(1)
    });
    steps.sum()
}

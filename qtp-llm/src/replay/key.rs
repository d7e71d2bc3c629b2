//! What makes two requests the same question.

use std::fmt::Write as _;
use std::io;

use qtp_core::{
    AccountId, AssetView, CandleParts, DecisionError, DecisionRequest, Notional, StrategyId, Timeframe,
    Timestamp,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The key under which an answer is recorded: SHA-256, in hex, of engine, model and picture, candles included.
///
/// The request's number, its owner's number and the record number of its snapshot stay out: they count how the run was
/// wired, not what the market looked like.
///
/// # Errors
/// [`DecisionError::Call`] if the request cannot be written as JSON, which no request built from this crate's types
/// causes.
pub fn request_key(
    engine: &str,
    model: Option<&str>,
    request: &DecisionRequest,
) -> Result<String, DecisionError> {
    hash(engine, &(engine, model, Picture::of(request)))
}

/// SHA-256, in hex, of everything in the request.
pub(super) fn request_digest(engine: &str, request: &DecisionRequest) -> Result<String, DecisionError> {
    hash(engine, &(request, Picture::of(request).candles))
}

/// What the answer may depend on. `AssetView` leaves its candles out of JSON, so they follow separately.
#[derive(Serialize)]
struct Picture<'a> {
    strategy: &'a StrategyId,
    account: &'a AccountId,
    as_of: Timestamp,
    equity: Option<Notional>,
    halted: bool,
    assets: &'a [AssetView],
    candles: Vec<Vec<(Timeframe, Vec<&'a CandleParts>)>>,
}

impl<'a> Picture<'a> {
    fn of(request: &'a DecisionRequest) -> Self {
        let series = |asset: &'a AssetView| {
            let parts =
                |candles: &'a [qtp_core::Candle]| candles.iter().map(qtp_core::Candle::parts).collect();
            asset.candles.iter().map(|(timeframe, candles)| (*timeframe, parts(candles))).collect()
        };
        Self {
            strategy: &request.strategy,
            account: &request.account,
            as_of: request.as_of,
            equity: request.equity,
            halted: request.halted,
            assets: &request.assets,
            candles: request.assets.iter().map(series).collect(),
        }
    }
}

/// Feeds JSON into the hash without holding it in memory.
struct Sink(Sha256);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hash(engine: &str, value: &impl Serialize) -> Result<String, DecisionError> {
    let mut sink = Sink(Sha256::new());
    serde_json::to_writer(&mut sink, value).map_err(|source| DecisionError::Call {
        engine: engine.to_owned(),
        retryable: false,
        source: Box::new(source),
    })?;
    let mut text = String::with_capacity(64);
    for byte in sink.0.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

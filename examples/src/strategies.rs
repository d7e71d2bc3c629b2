//! Strategies by name, with parameters from the command line.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use qtp_core::port::Strategy;
use qtp_core::{InstrumentId, Ratio, StrategyId, Timeframe};
use qtp_engine::strategy::{
    EmaCross, Momentum, Scalping, SignalFile, SignalFileConfig, SignalRow, Size, Swing,
};
use qtp_exchange::candle_file;

use crate::every_candle::EveryCandle;
use crate::exit::Failure;

/// Names that [`build`] knows.
pub const NAMES: [&str; 7] =
    ["none", "ema-cross", "momentum", "scalping", "swing", "signal-file", "every-candle"];

/// What a strategy is built from besides its own parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategyInputs {
    /// Size of a position.
    pub size: Size,
    /// Never short.
    pub long_only: bool,
    /// Stop as a share of the close.
    pub stop: Option<Ratio>,
    /// Target as a share of the close.
    pub take: Option<Ratio>,
}

/// Builds a strategy for one market; `None` for the name `none`.
///
/// # Errors
/// An unknown name or parameter, or a value that the strategy refuses.
pub fn build(
    name: &str,
    id: StrategyId,
    market: (InstrumentId, Timeframe),
    params: &BTreeMap<String, String>,
    inputs: &StrategyInputs,
) -> Result<Option<Box<dyn Strategy>>, Failure> {
    let mut params = Parameters { strategy: name, values: params.clone() };
    let size = inputs.size;
    let strategy: Option<Box<dyn Strategy>> = match name {
        "none" => None,
        "ema-cross" => {
            let periods = (params.take("fast", 12)?, params.take("slow", 26)?);
            Some(Box::new(EmaCross::new(id, market, periods, size)?))
        }
        "momentum" => Some(Box::new(Momentum::new(id, market, params.take("trend", 200)?, size)?)),
        "scalping" => Some(Box::new(Scalping::new(id, market, params.take("patience", 20)?, size)?)),
        "swing" => {
            let periods = (params.take("fast", 20)?, params.take("slow", 50)?);
            Some(Box::new(Swing::new(id, market, periods, size)?))
        }
        "every-candle" => Some(Box::new(EveryCandle::new(id, market, size))),
        "signal-file" => {
            let file: String = params.need("file")?;
            let rows = candle_file::read_signals(Path::new(&file), None)?;
            let row = |row: candle_file::SignalRow| SignalRow {
                time: row.time,
                signal: row.signal,
                size: row.size,
                stop: row.stop,
                take: row.take,
            };
            let rows = rows.into_iter().map(row).collect();
            let (stop, take) = (inputs.stop, inputs.take);
            let config = SignalFileConfig { size, long_only: inputs.long_only, stop, take };
            Some(Box::new(SignalFile::new(id, market, rows, config)))
        }
        other => return Err(format!("unknown strategy {other:?}: known are {}", NAMES.join(", ")).into()),
    };
    params.finish()?;
    let only_signals = inputs.long_only || inputs.stop.is_some() || inputs.take.is_some();
    if only_signals && !matches!(name, "signal-file" | "none") {
        return Err(
            format!("--long-only, --stop-pct and --take-pct go with signal-file, not with {name}").into()
        );
    }
    Ok(strategy)
}

/// Parameters that are taken one by one, so that what is left was not known.
struct Parameters<'a> {
    strategy: &'a str,
    values: BTreeMap<String, String>,
}

impl Parameters<'_> {
    fn take<T: FromStr<Err: Display>>(&mut self, name: &str, default: T) -> Result<T, Failure> {
        match self.values.remove(name) {
            Some(text) => text.parse().map_err(|error| {
                let strategy = self.strategy;
                format!("strategy {strategy}: parameter {name}: cannot read {text:?}: {error}").into()
            }),
            None => Ok(default),
        }
    }

    fn need<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, Failure> {
        if !self.values.contains_key(name) {
            return Err(format!("strategy {}: --param {name}=... is needed", self.strategy).into());
        }
        let text = self.values.remove(name).unwrap_or_default();
        text.parse().map_err(|error| format!("parameter {name}: cannot read {text:?}: {error}").into())
    }

    fn finish(self) -> Result<(), Failure> {
        match self.values.keys().next() {
            Some(name) => Err(format!("strategy {} has no parameter {name:?}", self.strategy).into()),
            None => Ok(()),
        }
    }
}

//! Where strategy documents are tried.

use thiserror::Error;

use crate::error::Source;
use crate::id::InstrumentId;
use crate::strategy_file::{StrategyFile, StrategyFileError};
use crate::time::Timestamp;

/// Which part of the data a document is tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sample {
    /// The earlier part, on which documents are improved.
    InSample,
    /// The later part, which says whether the improvement holds on what was not looked at.
    OutOfSample,
}

/// What a document came to on one part of the data, after costs. Shares are fractions: 0.1 is ten percent.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct LabResult {
    /// Candles that were run.
    pub candles: u64,
    /// Closed round trips.
    pub round_trips: u64,
    /// Change of equity over the equity at the start.
    pub total_return: f64,
    /// Return of buying at the first close and holding.
    pub buy_and_hold_return: Option<f64>,
    /// Deepest fall from a peak, as a share of the peak.
    pub max_drawdown: f64,
    /// Annualised Sharpe ratio of daily returns; `None` under 20 days.
    pub sharpe: Option<f64>,
    /// Share of the round trips that won.
    pub win_rate: Option<f64>,
    /// Returns from daily close to daily close; empty under 20 days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub daily_returns: Vec<f64>,
    /// What it came to on each market, where there are several: then the figures above are those of an account that was split
    /// evenly among them, and the drawdown is the deepest of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markets: Vec<MarketResult>,
}

/// What a document came to on one of several markets.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MarketResult {
    /// Instrument.
    pub market: InstrumentId,
    /// What it came to.
    pub result: LabResult,
}

/// A run that could not be carried out, by no fault of the document.
#[derive(Debug, Error)]
#[error("the lab cannot run {strategy}")]
pub struct LabError {
    /// Name of the document.
    pub strategy: String,
    /// The cause.
    #[source]
    pub source: Source,
}

/// Checks documents and runs them over past data.
///
/// # Contract
/// - The same document on the same part gives the same result.
/// - In-sample runs see nothing of the later part; out-of-sample runs trade on nothing of the earlier part, and use it to
///   warm indicators up at most.
pub trait StrategyLab: Send + Sync {
    /// Market, candles, costs and account, in words for the author of a document. Nothing in it tells what the later part
    /// looks like.
    fn description(&self) -> String;

    /// The end of its data.
    fn as_of(&self) -> Timestamp;

    /// Reads a document and resolves every name in it.
    ///
    /// # Errors
    /// The first problem, with its place.
    fn check(&self, text: &str) -> Result<StrategyFile, StrategyFileError>;

    /// Runs a document over a part of the data.
    ///
    /// # Errors
    /// If the run could not be carried out.
    fn run(&self, file: &StrategyFile, sample: Sample) -> Result<LabResult, LabError>;
}

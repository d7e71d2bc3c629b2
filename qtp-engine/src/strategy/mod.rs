//! Strategies that come with the engine.

mod decision_loop;
mod ema_cross;
mod exits;
mod file;
mod level;
mod momentum;
mod plan;
mod plan_book;
mod scalping;
mod signal_file;
mod size;
mod swing;

pub use decision_loop::{DecisionLoop, DecisionLoopConfig};
pub use ema_cross::EmaCross;
pub use file::FileStrategy;
pub use momentum::Momentum;
pub use scalping::Scalping;
pub use signal_file::{SignalFile, SignalFileConfig, SignalRow};
pub use size::Size;
pub use swing::Swing;

use qtp_core::{StateBlob, StrategyError, StrategyId};
use serde::de::DeserializeOwned;

/// An error about one parameter of a strategy.
fn parameter(strategy: &StrategyId, parameter: &str, problem: impl ToString) -> StrategyError {
    StrategyError::Parameter {
        strategy: strategy.clone(),
        parameter: parameter.to_owned(),
        problem: problem.to_string(),
    }
}

/// A saved state, read back.
fn restored<T: DeserializeOwned>(strategy: &StrategyId, state: &StateBlob) -> Result<T, StrategyError> {
    serde_json::from_str(&state.0)
        .map_err(|error| StrategyError::Restore { strategy: strategy.clone(), source: error.into() })
}

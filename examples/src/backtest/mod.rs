//! The `backtest` command: candle files, a strategy and a simulated venue in; a summary out.

mod args;
mod build;
mod lab;
mod output;
mod run;

pub use args::{AccountChoice, BacktestArgs, CandleArg, ParamArg};
pub use build::{Built, build};
pub use lab::lab;
pub use run::run;

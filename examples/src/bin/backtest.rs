//! Runs a strategy over candle files on a simulated venue.

use std::process::ExitCode;

use clap::Parser as _;
use qtp_examples::backtest::{self, BacktestArgs};

fn main() -> ExitCode {
    let args = BacktestArgs::parse();
    qtp_examples::exit::report(backtest::run(&args))
}

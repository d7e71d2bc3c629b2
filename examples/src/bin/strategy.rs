//! Checks strategy files, prints their schema, and has a model write them.

use std::process::ExitCode;

use clap::Parser as _;
use qtp_examples::strategy_tool::{self, StrategyArgs};

fn main() -> ExitCode {
    let args = StrategyArgs::parse();
    let environment = std::env::vars().collect();
    qtp_examples::exit::report(strategy_tool::run(&args, &environment))
}

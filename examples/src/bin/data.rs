//! Downloads candles of a venue into files.

use std::process::ExitCode;

use clap::Parser as _;
use qtp_examples::data::{self, DataArgs};

fn main() -> ExitCode {
    let args = DataArgs::parse();
    qtp_examples::exit::report(data::run(&args))
}

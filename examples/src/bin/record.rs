//! Records market data of a venue.

use std::process::ExitCode;

use clap::Parser as _;
use qtp_examples::recording::{self, RecordArgs};

fn main() -> ExitCode {
    let args = RecordArgs::parse();
    qtp_examples::logs::start();
    qtp_examples::exit::report(recording::record(&args))
}

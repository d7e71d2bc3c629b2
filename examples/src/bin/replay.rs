//! Rebuilds the state of a run from its journal.

use std::process::ExitCode;

use clap::Parser as _;
use qtp_examples::replay::{self, ReplayArgs};

fn main() -> ExitCode {
    qtp_examples::exit::report(replay::run(&ReplayArgs::parse()))
}

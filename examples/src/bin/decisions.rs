//! Lists the decisions of a run, and shows one as a page.

use std::process::ExitCode;

use clap::Parser as _;
use qtp_examples::decisions::{self, DecisionsArgs};

fn main() -> ExitCode {
    qtp_examples::exit::report(decisions::run(&DecisionsArgs::parse()))
}

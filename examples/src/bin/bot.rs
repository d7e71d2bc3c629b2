//! The full bot. With no arguments: the demo on a synthetic market, with no key and no network.

use std::process::ExitCode;

use clap::Parser as _;
use qtp_examples::bot::{self, BotArgs};

fn main() -> ExitCode {
    let args = BotArgs::parse();
    qtp_examples::logs::start();
    let environment = std::env::vars().collect();
    qtp_examples::exit::report(bot::run(&args, &environment))
}

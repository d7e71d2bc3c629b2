//! Compares models over the same market.

use std::process::ExitCode;

use clap::Parser as _;
use qtp_examples::leaderboard::{self, LeaderboardArgs};

fn main() -> ExitCode {
    let environment = std::env::vars().collect();
    qtp_examples::exit::report(leaderboard::run(&LeaderboardArgs::parse(), &environment))
}

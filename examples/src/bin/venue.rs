//! A simulated venue on a port, speaking Hyperliquid's protocol.

use std::process::ExitCode;

use clap::Parser as _;
use qtp_examples::venue::{self, VenueArgs};

fn main() -> ExitCode {
    let args = VenueArgs::parse();
    qtp_examples::exit::report(venue::run(args))
}

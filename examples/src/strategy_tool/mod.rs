//! The `strategy` command: checks strategy files, prints their schema, and has a model write them.

mod args;
mod generate;

use std::collections::BTreeMap;

use qtp_core::StrategyFile;
use qtp_core::port::Strategy as _;
use qtp_engine::strategy::{FileStrategy, Size};

pub use args::{CheckArgs, GenerateArgs, StrategyArgs, StrategyCommand};

use crate::exit::Failure;
use crate::strategy_file::StrategyDocument;

/// Runs `strategy`.
///
/// # Errors
/// A file that is no strategy, input that cannot be read, or no document that passed.
pub fn run(args: &StrategyArgs, environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    match &args.command {
        StrategyCommand::Schema => {
            say!("{}", serde_json::to_string_pretty(&StrategyFile::json_schema())?);
            Ok(())
        }
        StrategyCommand::Check(args) => check(args),
        StrategyCommand::Generate(args) => generate::run(args, environment),
    }
}

fn check(args: &CheckArgs) -> Result<(), Failure> {
    let document = StrategyDocument::read(&args.file)?;
    let file = document.parse()?;
    let timeframe = file.timeframe.unwrap_or(args.timeframe);
    let instrument = match file.instruments.first() {
        Some(instrument) => instrument.clone(),
        None => "ASSET-USD@check".parse()?,
    };
    // Any size: whether one is needed depends on where it runs.
    let size = Size::EquityShare { share: qtp_core::Ratio::ONE, whole_units: false };
    let strategy = FileStrategy::parse(file.name.parse()?, (instrument, timeframe), &document.text, size)
        .map_err(|error| format!("{}: {error}", document.file))?;
    let warmup = strategy.warmup().candles;
    let (name, path) = (&file.name, &document.file);
    say!("{path}: {name} is a strategy; on {timeframe} candles it acts from candle {warmup} on");
    if file.stop.is_none() {
        say!("warning: it sets no stop, so the bot does not take it");
    }
    Ok(())
}

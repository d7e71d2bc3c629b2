//! A bot on paper, once more, from its recording.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use qtp_core::port::JournalWriter;
use qtp_engine::driver::NoObserver;

use super::build::{build_engine, instruments};
use super::live::{decision_engine, setup};
use super::market;
use super::settings::BotSettings;
use crate::exit::Failure;
use crate::recording::{Outcome, Started, rerun};

/// Runs the bot of a recording again: its settings, strategies, risk rules and paper venue, over the market that it heard,
/// at the instants at which it heard it. Operators did not act in it.
///
/// # Errors
/// Settings of another version, or a recording that cannot be used.
pub fn again(
    recording: &Path,
    begun: &Started,
    journal: Box<dyn JournalWriter>,
    environment: &BTreeMap<String, String>,
) -> Result<Outcome, Failure> {
    let settings: BotSettings = serde_json::from_value(begun.start.configuration.clone())
        .map_err(|error| format!("{}: settings of its run: {error}", recording.display()))?;
    let traded = instruments(&settings)?;
    let venue = traded.first().ok_or("the recorded run traded nothing")?.id.venue()?;
    let engine = build_engine(&settings, begun.start.run_id)?;
    let decider = decision_engine(&settings, environment)?;
    rerun(recording, begun, (venue, traded), |heard, clock| {
        let exchange = market::paper(&settings, heard, Arc::clone(&clock), &[])?;
        let mut setup = setup(&settings, (engine, Box::new(NoObserver), journal), clock, exchange)?;
        setup.start = begun.start.clone();
        setup.decider = Some(decider.into());
        Ok(setup)
    })
}

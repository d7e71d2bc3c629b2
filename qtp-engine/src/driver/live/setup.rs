//! What a run is built from, and what it comes to.

use std::sync::Arc;

use qtp_core::port::{Clock, DecisionEngine, Exchange, JournalWriter};
use qtp_core::{MarketTopic, RunStarted};

use super::settings::LiveSettings;
use crate::driver::{CommandHash, Observer};
use crate::engine::Engine;

/// What a driver is built from.
#[allow(missing_debug_implementations, reason = "it holds trait objects and is taken apart at once")]
pub struct LiveSetup {
    /// The engine, with its strategies, made with `EngineConfig::await_connection`. Its accounts are those of the
    /// exchanges, its run id is [`random_run_id`](super::random_run_id) or that of the journal.
    pub engine: Engine,
    /// One exchange for each account.
    pub exchanges: Vec<Arc<dyn Exchange>>,
    /// Topics beyond those of the strategies: what a paper exchange fills by, or what observers need.
    pub topics: Vec<MarketTopic>,
    /// Who answers decision requests; without one the answer is always hold.
    pub decider: Option<Arc<dyn DecisionEngine>>,
    /// Our time.
    pub clock: Arc<dyn Clock>,
    /// Where records go. For real money it must survive a power loss.
    pub journal: Box<dyn JournalWriter>,
    /// Who watches.
    pub observer: Box<dyn Observer + Send>,
    /// Record 0.
    pub start: RunStarted,
    /// Times and bounds.
    pub settings: LiveSettings,
}

/// How a run ended.
#[allow(missing_debug_implementations, reason = "it holds a trait object")]
pub struct LiveOutcome {
    /// The engine.
    pub engine: Engine,
    /// Who watched.
    pub observer: Box<dyn Observer + Send>,
    /// Hash of all commands.
    pub command_hash: CommandHash,
    /// How often the clock stood before the last record and was held there.
    pub clamped: u64,
    /// Orders and cancels without an answer when the run ended. They are looked up when it goes on.
    pub unsettled: usize,
}

/// Everything that does not fit together.
pub(super) fn problems(setup: &LiveSetup) -> Vec<String> {
    let mut problems = setup.settings.validate();
    let mut check = |ok: bool, problem: String| {
        if !ok {
            problems.push(problem);
        }
    };
    check(
        setup.engine.config().await_connection,
        "engine: await_connection must be set: no order may leave before the account is known".to_owned(),
    );
    check(setup.start.run_id == setup.engine.run_id(), "start: its run id is not the engine's".to_owned());
    for account in &setup.engine.state().accounts {
        let id = account.portfolio.account();
        let count = setup.exchanges.iter().filter(|exchange| exchange.account() == *id).count();
        check(count == 1, format!("account {id}: {count} exchanges, not one"));
    }
    for exchange in &setup.exchanges {
        let id = exchange.account();
        let declared = setup.engine.capabilities(&id);
        check(
            declared == Some(&exchange.capabilities()),
            format!("account {id}: other capabilities than declared"),
        );
    }
    for topic in setup.engine.topics().iter().chain(&setup.topics) {
        let venue = topic.instrument().venue_str();
        let served = setup.exchanges.iter().any(|exchange| exchange.venue().as_str() == venue);
        check(served, format!("{}: no exchange for its venue", topic.instrument()));
    }
    problems
}

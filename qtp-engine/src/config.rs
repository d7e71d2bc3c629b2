//! Settings of the engine itself.

use std::time::Duration;

use qtp_core::{Decimal, Ratio, TriggerSource, VenueCapabilities};
use serde::{Deserialize, Serialize};

/// Whether new risk waits for an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Signals go straight to sizing and the risk gate.
    #[default]
    Auto,
    /// Signals that add risk become proposals.
    Manual,
}

/// What happens to a position that we did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForeignPosition {
    /// Stop new risk until an operator looks.
    #[default]
    Halt,
    /// Treat it as ours: the owner's target takes it over.
    Adopt,
    /// Leave it be.
    Ignore,
}

/// What happens to positions when a rule halts new risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBreach {
    /// They stay, with their protection.
    #[default]
    Block,
    /// They are closed.
    Flatten,
}

/// Settings of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineConfig {
    /// Automatic or manual.
    pub approval: Approval,
    /// How long a proposal stands.
    pub proposal_expiry: Duration,
    /// Most that the price may move between a view and its order, in average true ranges.
    pub max_drift_atr: Ratio,
    /// How long a position may stand without the stop that was asked for.
    pub stop_grace: Duration,
    /// How often a rejected stop is placed again before the position is closed.
    pub stop_attempts: u32,
    /// How long a submit is valid at the venue; none where the venue has no such field.
    pub order_validity: Option<Duration>,
    /// Which price triggers protective stops.
    pub trigger_source: TriggerSource,
    /// Positions that we did not open.
    pub foreign_position: ForeignPosition,
    /// Positions when a rule halts new risk.
    pub on_breach: OnBreach,
    /// Most orders that may work at once on one account; a fifth is kept for exits.
    pub max_open_orders: usize,
    /// From the first record on nothing may add risk until the account is reported as healthy: its state at the
    /// venue is not known yet. The live driver asks for it.
    pub await_connection: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            approval: Approval::Auto,
            proposal_expiry: Duration::from_secs(600),
            max_drift_atr: Ratio::new(Decimal::new(5, 1)).unwrap_or(Ratio::ONE),
            stop_grace: Duration::from_secs(3),
            stop_attempts: 3,
            order_validity: None,
            trigger_source: TriggerSource::Mark,
            foreign_position: ForeignPosition::Halt,
            on_breach: OnBreach::Block,
            max_open_orders: 1000,
            await_connection: false,
        }
    }
}

impl EngineConfig {
    /// Every problem, alone and against what the venue can do.
    pub fn validate(&self, venue: &VenueCapabilities) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, problem: &str| {
            if !ok {
                problems.push(problem.to_owned());
            }
        };
        check(self.max_drift_atr.signum() > 0, "max_drift_atr: must be above 0");
        check(self.stop_attempts > 0, "stop_attempts: must be at least 1");
        check(self.max_open_orders >= 10, "max_open_orders: must be at least 10");
        check(
            venue.trigger_sources.is_empty() || venue.trigger_sources.contains(&self.trigger_source),
            "trigger_source: the venue has no such trigger",
        );
        check(
            self.order_validity.is_none() || venue.validity,
            "order_validity: the venue has no field for the validity of an order",
        );
        problems
    }
}

//! When a position is to be left: a plan that code follows at every closed candle.

use serde::{Deserialize, Serialize};

use crate::expression::{DocumentProblem, Expression, ExpressionKind};
use crate::strategy_file::Level;
use crate::time::Timestamp;

/// Most conditions of one plan.
pub const MAX_INVALIDATIONS: usize = 8;
/// Most candles of a time stop or a cooldown.
const MAX_CANDLES: u32 = 10_000;

/// What makes a position be left besides its stop and target.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExitPlan {
    /// Conditions of which any one, at the close of a candle, says that the idea was wrong: the position is closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invalidation: Vec<Expression>,
    /// Where the stop is drawn to at every close; it only comes nearer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trailing_stop: Option<Level>,
    /// Leave after so many closed candles in the position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_stop_candles: Option<u32>,
    /// Closed candles after the end of the position in which no new one is opened.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cooldown_candles: u32,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl ExitPlan {
    /// True if it asks for nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks types and ranges; names are checked where they are resolved.
    ///
    /// # Errors
    /// The first problem with its JSON pointer.
    pub fn check(&self) -> Result<(), DocumentProblem> {
        if self.invalidation.len() > MAX_INVALIDATIONS {
            let problem = format!("more than {MAX_INVALIDATIONS} conditions");
            return Err(DocumentProblem::new("/invalidation", problem));
        }
        for (index, condition) in self.invalidation.iter().enumerate() {
            let within = |problem: DocumentProblem| problem.within(&format!("/invalidation/{index}"));
            condition.check(ExpressionKind::Condition).map_err(within)?;
        }
        if let Some(level) = &self.trailing_stop {
            level.check().map_err(|problem| problem.within("/trailing_stop"))?;
            if matches!(level, Level::StopDistance { .. }) {
                return Err(DocumentProblem::new("/trailing_stop", "`stop_distance` is for targets only"));
            }
        }
        if self.time_stop_candles.is_some_and(|candles| !(1..=MAX_CANDLES).contains(&candles)) {
            let problem = format!("not 1 to {MAX_CANDLES} candles");
            return Err(DocumentProblem::new("/time_stop_candles", problem));
        }
        if self.cooldown_candles > MAX_CANDLES {
            let problem = format!("more than {MAX_CANDLES} candles");
            return Err(DocumentProblem::new("/cooldown_candles", problem));
        }
        Ok(())
    }

    /// Takes over what another plan adds, and nothing that would loosen this one: more conditions, the earlier time
    /// stop, the longer cooldown; a trailing stop only where there was none.
    pub fn tighten(&mut self, other: &Self) {
        for condition in &other.invalidation {
            if self.invalidation.len() < MAX_INVALIDATIONS && !self.invalidation.contains(condition) {
                self.invalidation.push(condition.clone());
            }
        }
        if self.trailing_stop.is_none() {
            self.trailing_stop.clone_from(&other.trailing_stop);
        }
        let earlier = [self.time_stop_candles, other.time_stop_candles].into_iter().flatten().min();
        self.time_stop_candles = earlier;
        self.cooldown_candles = self.cooldown_candles.max(other.cooldown_candles);
    }
}

/// Why a position was opened and when it is to be left: shown with every later question about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryThesis {
    /// The instant of the picture that the decision rests on.
    pub decided: Timestamp,
    /// Why it was opened, in the words of the decision.
    pub rationale: String,
    /// When to leave, in the words of the decision.
    pub exit_plan: String,
    /// What code watches.
    #[serde(default)]
    pub plan: ExitPlan,
    /// Candles that have closed with the position open.
    #[serde(default)]
    pub candles: u32,
}

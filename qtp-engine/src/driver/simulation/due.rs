//! What is due at an instant: timers, and answers to decision requests.

use qtp_core::{
    DecisionAnswer, DecisionOutcome, DecisionRequest, DecisionResult, Event, Reason, TimerId, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{Observer, Simulation};
use crate::error::EngineError;

/// Something that is due at an instant.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Due {
    Timer(TimerId),
    Decision(Box<DecisionOutcome>),
}

impl Simulation {
    pub(super) fn run_due(
        &mut self,
        until: Timestamp,
        observer: &mut dyn Observer,
    ) -> Result<(), EngineError> {
        while self.due.first_key_value().is_some_and(|((time, _), _)| *time <= until) {
            self.run_next_due(observer)?;
        }
        Ok(())
    }

    pub(super) fn run_next_due(&mut self, observer: &mut dyn Observer) -> Result<(), EngineError> {
        if let Some(((time, _), due)) = self.due.pop_first() {
            let event = match due {
                Due::Timer(timer) => Event::Timer(timer),
                Due::Decision(outcome) => Event::Decision(outcome),
            };
            self.queue.push_back((time, event));
        }
        self.drain(observer)
    }

    pub(super) fn schedule(&mut self, at: Timestamp, due: Due) {
        self.due.insert((at.max(self.now), self.next_due), due);
        self.next_due += 1;
    }

    /// Answers that are there and that the engine does not know yet, because their modelled delay has not passed.
    pub fn undelivered(&self) -> impl Iterator<Item = &DecisionOutcome> {
        self.due.values().filter_map(|due| match due {
            Due::Decision(outcome) => Some(&**outcome),
            Due::Timer(_) => None,
        })
    }

    pub(super) fn decide(&mut self, request: &DecisionRequest) {
        let outcome = self.past_decisions.remove(&request.id).unwrap_or_else(|| {
            let hold = || {
                let reason = Reason::new("no_engine", "no decision engine is configured");
                DecisionAnswer::from(DecisionResult::Hold(reason))
            };
            self.decider.as_mut().map_or_else(hold, |decide| decide(request)).outcome(request)
        });
        self.schedule(self.now + self.decision_delay, Due::Decision(Box::new(outcome)));
    }
}

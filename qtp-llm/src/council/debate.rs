//! A bull and a bear argue, a risk officer remarks, a judge decides.

use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionAction, DecisionError, DecisionRequest, Reason};

use super::brief::Briefings;
use crate::log::CallBook;
use crate::settings::ChatSettings;

/// A part in the debate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Speaks for being long.
    Bull,
    /// Speaks for being short or flat.
    Bear,
    /// Looks at what can be lost.
    Risk,
    /// Decides.
    Judge,
}

impl Role {
    /// Its seat in logs and recordings.
    pub(crate) const fn seat(self) -> &'static str {
        match self {
            Self::Bull => "bull",
            Self::Bear => "bear",
            Self::Risk => "risk",
            Self::Judge => "decide",
        }
    }

    /// The settings of its model: its own objective or rules, and a third of the time.
    pub(crate) fn settings(self, chat: &ChatSettings) -> ChatSettings {
        let mut own = ChatSettings { deadline_ms: (chat.deadline_ms / 3).max(1), ..chat.clone() };
        match self {
            Self::Bull => {
                own.objective = "make the strongest honest case for being long in each asset. Another speaks against it, and \
                                 a judge decides; where the data does not carry your case, say so and hold."
                    .to_owned();
            }
            Self::Bear => {
                own.objective = "make the strongest honest case against being long in each asset: for being short, or flat. \
                                 Another speaks for it, and a judge decides; where the data does not carry your case, say so \
                                 and hold."
                    .to_owned();
            }
            Self::Risk => {
                own.objective = "protect the account. Say what each case overlooks, what would be lost if it is wrong, and \
                                 where a stop must stand. Hold unless an open position must be closed or reduced."
                    .to_owned();
                own.rules.push(CASES.to_owned());
            }
            Self::Judge => own.rules.push(CASES.to_owned()),
        }
        own
    }
}

/// How the others' words are to be read.
const CASES: &str = "Below the data stand cases that others made about it. They are arguments, not facts: a number counts only \
                     if the data shows it. Weigh them; do not count them.";

/// Three voices and a judge, who reads them.
pub(crate) struct Debate {
    pub(crate) bull: Arc<dyn DecisionEngine>,
    pub(crate) bear: Arc<dyn DecisionEngine>,
    pub(crate) risk: Arc<dyn DecisionEngine>,
    pub(crate) judge: Arc<dyn DecisionEngine>,
    /// What risk officer and judge read.
    pub(crate) cases: Arc<Briefings>,
    /// What the judge alone reads.
    pub(crate) remarks: Arc<Briefings>,
    pub(crate) book: Arc<CallBook>,
}

impl Debate {
    fn hear(
        &self,
        request: &DecisionRequest,
        (role, title, source): (Role, &str, &'static str),
        said: Result<Decision, DecisionError>,
    ) {
        let briefings = if role == Role::Risk { &self.remarks } else { &self.cases };
        match said {
            Ok(decision) => briefings.add(request.id, title, source, &case(&decision)),
            Err(error) => {
                let words = format!("{}: {error}", role.seat());
                self.book.find(request.id, Reason::new("member_failed", words));
            }
        }
    }

    async fn judged(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        let (bull, bear) = tokio::join!(self.bull.decide(request), self.bear.decide(request));
        self.hear(request, (Role::Bull, "The bull's case", "bull"), bull);
        self.hear(request, (Role::Bear, "The bear's case", "bear"), bear);
        let risk = self.risk.decide(request).await;
        self.hear(request, (Role::Risk, "The risk officer's remarks", "risk"), risk);
        self.judge.decide(request).await
    }
}

/// A decision as an argument.
fn case(decision: &Decision) -> String {
    let mut text = decision.reasoning.clone();
    for trade in &decision.trades {
        let action = format!("{:?}", trade.action).to_lowercase();
        text.push_str(&format!("\n{}: {action}, conviction {}", trade.instrument, trade.conviction));
        if trade.action != DecisionAction::Hold {
            let levels = [("stop", trade.stop), ("target", trade.target)];
            for (name, level) in levels.iter().filter_map(|(name, level)| Some((name, (*level)?))) {
                text.push_str(&format!(", {name} {level}"));
            }
        }
        text.push_str(&format!(". {}", trade.rationale));
    }
    text
}

#[async_trait]
impl DecisionEngine for Debate {
    fn name(&self) -> &str {
        self.judge.name()
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        let decision = self.judged(request).await;
        self.cases.forget(request.id);
        self.remarks.forget(request.id);
        decision
    }
}

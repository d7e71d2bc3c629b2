//! Several models answer the same question, and the weight of their votes decides.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionError, DecisionRequest, Reason};
use tokio::task::JoinSet;

use super::vote::{Vote, count};
use crate::calibration::{Forecast, Reliability};
use crate::error::LlmError;
use crate::log::CallBook;
use crate::track::TrackRecord;

/// Closed trades from which on a member's record changes its weight.
const TRADES_MIN: usize = 20;
/// Brier score of a coin.
const COIN: f64 = 0.25;

/// One of the models.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) weight: f64,
    pub(crate) engine: Arc<dyn DecisionEngine>,
}

/// Asks all members at the same time. One that fails abstains, which counts against every majority.
pub(crate) struct Ensemble {
    members: Vec<Member>,
    quorum: f64,
    record: Mutex<TrackRecord>,
    book: Arc<CallBook>,
}

impl Ensemble {
    pub(crate) fn new(
        members: Vec<Member>,
        quorum: f64,
        record: Option<&Path>,
        book: Arc<CallBook>,
    ) -> Result<Self, LlmError> {
        Ok(Self { members, quorum, record: Mutex::new(TrackRecord::open(record)?), book })
    }

    /// The members' weights, by their record: a member that is as good as a coin keeps its own, the best one has twice
    /// that, the worst a quarter.
    fn weights(&self) -> Vec<f64> {
        let record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let weight = |member: &Member| {
            let own = record.closed().iter().filter(|trade| trade.seat == member.name);
            let forecasts: Vec<Forecast> =
                own.map(|trade| Forecast { stated: trade.conviction, happened: trade.right }).collect();
            let brier = Reliability::of(&forecasts).brier.filter(|_| forecasts.len() >= TRADES_MIN);
            member.weight * brier.map_or(1.0, |brier| (1.0 + (COIN - brier) / COIN).clamp(0.25, 2.0))
        };
        self.members.iter().map(weight).collect()
    }

    async fn ask(&self, request: &DecisionRequest) -> Vec<Option<Decision>> {
        let picture = Arc::new(request.clone());
        let mut running = JoinSet::new();
        for (index, member) in self.members.iter().enumerate() {
            let (engine, picture) = (Arc::clone(&member.engine), Arc::clone(&picture));
            running.spawn(async move { (index, engine.decide(&picture).await) });
        }
        let mut decisions: Vec<Option<Decision>> = self.members.iter().map(|_| None).collect();
        let mut failures: Vec<Option<String>> =
            self.members.iter().map(|_| Some("it failed".to_owned())).collect();
        while let Some(done) = running.join_next().await {
            // A member that panicked has no entry.
            let Ok((index, result)) = done else { continue };
            let (Some(decision), Some(failure)) = (decisions.get_mut(index), failures.get_mut(index)) else {
                continue;
            };
            match result {
                Ok(answer) => (*decision, *failure) = (Some(answer), None),
                Err(error) => *failure = Some(error.to_string()),
            }
        }
        // In the members' order, whoever was first.
        for (member, failure) in self.members.iter().zip(failures) {
            if let Some(words) = failure {
                self.book.find(request.id, Reason::new("member_failed", format!("{}: {words}", member.name)));
            }
        }
        decisions
    }
}

#[async_trait]
impl DecisionEngine for Ensemble {
    fn name(&self) -> &str {
        "council"
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).observe(request);
        let decisions = self.ask(request).await;
        let weights = self.weights();
        let total: f64 = weights.iter().sum();
        let mut reasoning = String::new();
        let mut prompt = None;
        for (member, decision) in self.members.iter().zip(&decisions) {
            let Some(decision) = decision else { continue };
            reasoning.push_str(&format!("[{}] {}\n", member.name, decision.reasoning));
            prompt = prompt.or_else(|| decision.prompt.clone());
            let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
            record.advise(&member.name, request, decision);
        }
        if decisions.iter().all(Option::is_none) {
            let problem = "no member of the council gave an answer".to_owned();
            return Err(DecisionError::Invalid { engine: self.name().to_owned(), problem });
        }
        let trades = request.assets.iter().map(|asset| {
            let said = self.members.iter().zip(&decisions).zip(&weights);
            let votes: Vec<Vote<'_>> = said
                .filter_map(|((member, decision), weight)| {
                    let trades = &decision.as_ref()?.trades;
                    let trade = trades.iter().find(|trade| trade.instrument == asset.instrument);
                    Some(Vote { member: &member.name, weight: *weight, trade })
                })
                .collect();
            count(&votes, asset, (self.quorum, total))
        });
        let trades = trades.collect();
        let names: Vec<_> = self.members.iter().map(|member| member.name.as_str()).collect();
        let (engine, model) = (self.name().to_owned(), Some(names.join("+")));
        Ok(Decision { engine, model, reasoning: reasoning.trim_end().to_owned(), prompt, trades })
    }
}

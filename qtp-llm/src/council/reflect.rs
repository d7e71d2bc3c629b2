//! Closed trades become short lessons, and a model reads those whose market was like the present one.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionError, DecisionRequest};

use super::brief::Briefings;
use crate::error::LlmError;
use crate::track::{ClosedTrade, Conditions, TrackRecord};

/// Whose trades they are.
const SEAT: &str = "decide";
/// Markets further apart than this have nothing to say to each other.
const FAR: f64 = 2.5;

/// Lets a model read its own past. No model writes the lessons: each is put together from the record, so that it says what
/// happened and nothing else, and a replay has the same.
pub(crate) struct Reflecting {
    inner: Arc<dyn DecisionEngine>,
    /// Most lessons for one decision.
    most: usize,
    record: Mutex<TrackRecord>,
    briefings: Arc<Briefings>,
}

impl Reflecting {
    pub(crate) fn new(
        inner: Arc<dyn DecisionEngine>,
        most: usize,
        record: Option<&Path>,
        briefings: Arc<Briefings>,
    ) -> Result<Self, LlmError> {
        Ok(Self { inner, most, record: Mutex::new(TrackRecord::open(record)?), briefings })
    }

    /// The lessons for a picture, the most similar first.
    fn lessons(&self, request: &DecisionRequest, record: &TrackRecord) -> Vec<String> {
        let present: Vec<Conditions> = request.assets.iter().filter_map(Conditions::of).collect();
        let distance = |trade: &ClosedTrade| {
            let then = trade.conditions?;
            present.iter().map(|now| now.distance(&then)).min_by(f64::total_cmp)
        };
        let mut near: Vec<(f64, &ClosedTrade)> = record
            .closed()
            .iter()
            .filter(|trade| trade.seat == SEAT)
            .filter_map(|trade| Some((distance(trade)?, trade)))
            .filter(|(distance, _)| *distance <= FAR)
            .collect();
        // The newer one of two that are as near.
        near.sort_by(|left, right| left.0.total_cmp(&right.0).then(right.1.ended.cmp(&left.1.ended)));
        near.iter().take(self.most).map(|(_, trade)| lesson(trade)).collect()
    }
}

/// One trade in a line.
fn lesson(trade: &ClosedTrade) -> String {
    let side = if trade.direction > 0 { "long" } else { "short" };
    let end = if trade.right { "won" } else { "lost" };
    let minutes = trade.ended.since(trade.advised).as_secs() / 60;
    let market = trade.conditions.map_or_else(String::new, |then| {
        format!(
            " with the averages {:.1} true ranges apart, rsi {:.0}, volatility {:.2} %",
            then.trend,
            then.rsi,
            then.volatility * 100.0
        )
    });
    format!(
        "- {side} {}{market}, conviction {:.2}: {end} after {minutes} minutes. Entered because: {}",
        trade.instrument, trade.conviction, trade.rationale
    )
}

#[async_trait]
impl DecisionEngine for Reflecting {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        let lessons = {
            let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
            record.observe(request);
            self.lessons(request, &record)
        };
        if !lessons.is_empty() {
            let title = "Earlier trades in markets like this one";
            self.briefings.add(request.id, title, "lessons", &lessons.join(" "));
        }
        let decision = self.inner.decide(request).await;
        self.briefings.forget(request.id);
        if let Ok(decision) = &decision {
            let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
            record.advise(SEAT, request, decision);
        }
        decision
    }
}

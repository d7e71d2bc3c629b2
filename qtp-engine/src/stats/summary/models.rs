//! What models were asked in a run, what that cost, and how much of the run they may have known beforehand.

use std::collections::BTreeMap;

use qtp_core::{Decimal, DecisionOutcome, DecisionResult, Notional, Reason, Timestamp, TokenUsage};
use serde::{Deserialize, Serialize, Serializer};

use crate::stats::format::{date, percent, signed_money};
use crate::stats::ledger::{RoundTrip, TradeLedger};

/// Counts what decisions cost, exactly. Part of a run's checkpoint.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelUse {
    /// Answers, holds for a cause included.
    pub decisions: u64,
    /// Holds for a cause: a failed call, a budget, an answer that could not be used.
    pub held: u64,
    /// Holds because a budget was used up.
    pub over_budget: u64,
    /// Calls of models.
    pub calls: u64,
    /// Tries without a reply. Nobody knows whether they are billed.
    pub failed: u64,
    /// Replies whose cost is not known.
    pub unpriced: u64,
    /// Questions that were asked again because the answer could not be used.
    pub repairs: u64,
    /// What all replies used.
    pub used: TokenUsage,
    /// What checks found, by code.
    pub findings: BTreeMap<String, u64>,
}

impl ModelUse {
    /// Counts one answer.
    pub fn add(&mut self, outcome: &DecisionOutcome) {
        self.decisions += 1;
        if let DecisionResult::Hold(reason) = &outcome.result {
            self.held += 1;
            self.over_budget += u64::from(reason.code == "budget");
        }
        for call in &outcome.calls {
            // What a budget turned away was never sent.
            let sent = |reason: &&Reason| reason.code != "budget";
            let failed = call.failed.iter().filter(sent).count() as u64;
            let unanswered = call.error.as_ref().filter(sent).is_some();
            if call.error.is_some() && failed == 0 && !unanswered {
                continue;
            }
            self.calls += 1;
            self.repairs += u64::from(call.repair);
            // A call without a reply repeats its last failed try.
            self.failed += failed.max(u64::from(unanswered));
            if call.error.is_none() {
                self.unpriced += u64::from(call.used.cost.is_none());
                self.used.add(&call.used);
            }
        }
        for finding in &outcome.findings {
            *self.findings.entry(finding.code.clone()).or_default() += 1;
        }
    }

    /// USD that the replies cost, as far as it is known.
    pub fn cost(&self) -> Decimal {
        self.used.cost.unwrap_or_default()
    }
}

/// The cost of models as a summary shows it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ModelCosts {
    /// Answers, holds for a cause included.
    pub decisions: u64,
    /// Holds for a cause.
    pub held: u64,
    /// Holds because a budget was used up.
    pub over_budget: u64,
    /// Calls of models.
    pub calls: u64,
    /// Tries without a reply: whether they are billed is not known.
    pub failed: u64,
    /// Replies whose cost is not known: the cost below is too low then.
    pub unpriced: u64,
    /// Questions that were asked again because the answer could not be used.
    pub repairs: u64,
    /// Tokens of the prompts.
    pub prompt_tokens: u64,
    /// Tokens of the answers.
    pub completion_tokens: u64,
    /// USD.
    pub cost_usd: f64,
    /// Net profit less that cost; `None` if the account is not counted in USD.
    pub net_after_models: Option<f64>,
    /// The cost over the magnitude of the net profit; `None` if the account is not counted in USD.
    pub cost_share: Option<f64>,
    /// What checks found, by code.
    pub findings: BTreeMap<String, u64>,
}

impl ModelCosts {
    pub(super) fn new(models: &ModelUse, net: f64, currency: &str) -> Self {
        let cost_usd = Notional::from_decimal(models.cost()).to_f64();
        let in_usd = currency == "USD";
        Self {
            decisions: models.decisions,
            held: models.held,
            over_budget: models.over_budget,
            calls: models.calls,
            failed: models.failed,
            unpriced: models.unpriced,
            repairs: models.repairs,
            prompt_tokens: models.used.prompt_tokens,
            completion_tokens: models.used.completion_tokens,
            cost_usd,
            net_after_models: in_usd.then_some(net - cost_usd),
            cost_share: if in_usd { super::share(cost_usd, net.abs()) } else { None },
            findings: models.findings.clone(),
        }
    }
}

/// Until when a model's training data goes, and how much of the run that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnowledgeCutoff {
    /// The model.
    pub model: String,
    /// End of its last day of training data.
    pub until: Timestamp,
    /// Candles that closed by then.
    pub candles_before: u64,
}

/// A run in two parts: what the model may remember, and what it cannot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Knowledge {
    /// The model.
    pub model: String,
    /// End of its last day of training data.
    #[serde(serialize_with = "text")]
    pub until: Timestamp,
    /// Share of the candles that closed by then.
    pub candles_before_share: f64,
    /// Round trips that began by then: they are no evidence.
    pub before: Part,
    /// Round trips that began later.
    pub after: Part,
}

/// The round trips of one part.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Part {
    /// Closed round trips.
    pub round_trips: u64,
    /// Those with a net above zero.
    pub wins: u64,
    /// Sum of their nets.
    pub net: f64,
}

impl Knowledge {
    pub(super) fn new(cutoff: KnowledgeCutoff, candles: u64, ledger: &TradeLedger) -> Self {
        let part = |known: bool| {
            let own = ledger.trips().filter(|trip| (trip.entry_time <= cutoff.until) == known);
            Part::of(own)
        };
        Self {
            candles_before_share: super::share(cutoff.candles_before as f64, candles as f64).unwrap_or(0.0),
            before: part(true),
            after: part(false),
            model: cutoff.model,
            until: cutoff.until,
        }
    }

    /// What the reader must know, if some of the run may be remembered.
    pub(super) fn warning(&self) -> Option<String> {
        let (before, after) = (&self.before, &self.after);
        (self.candles_before_share > 0.0).then(|| {
            format!(
                "{} of the candles lie before the end of {}'s training data ({}): what it decides there may be memory. \
                 Until then {} round trips, net {}; after it {} round trips, net {}",
                percent(self.candles_before_share),
                self.model,
                date(self.until),
                before.round_trips,
                signed_money(before.net),
                after.round_trips,
                signed_money(after.net),
            )
        })
    }
}

impl Part {
    fn of<'a>(trips: impl Iterator<Item = &'a RoundTrip>) -> Self {
        let (mut part, mut net) = (Self::default(), Notional::ZERO);
        for trip in trips {
            part.round_trips += 1;
            part.wins += u64::from(trip.is_win());
            net += trip.net;
        }
        Self { net: net.to_f64(), ..part }
    }
}

fn text<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

#[cfg(test)]
mod tests {
    use qtp_core::{DecisionAnswer, ModelCall};

    use super::*;

    fn call(cost: Option<&str>, error: Option<&str>) -> ModelCall {
        ModelCall {
            seat: "decide".into(),
            provider: "p".into(),
            model: "m".into(),
            sent: Vec::new(),
            reply: String::new(),
            tools: Vec::new(),
            used: TokenUsage {
                prompt_tokens: 100,
                completion_tokens: 10,
                cost: cost.map(|cost| cost.parse().unwrap()),
                ..TokenUsage::default()
            },
            repair: false,
            failed: Vec::new(),
            error: error.map(|code| Reason::new(code, "")),
        }
    }

    fn outcome(result: DecisionResult, calls: Vec<ModelCall>) -> DecisionOutcome {
        let DecisionAnswer { result, .. } = result.into();
        DecisionOutcome {
            request: 1,
            owner: 0,
            account: "main".parse().unwrap(),
            snapshot_seq: 1,
            as_of: Timestamp::EPOCH,
            result,
            calls,
            findings: vec![Reason::new("grounding", "")],
        }
    }

    #[test]
    fn costs_are_exact_and_what_is_unknown_is_counted() {
        let mut models = ModelUse::default();
        let hold = |code: &str| DecisionResult::Hold(Reason::new(code, ""));
        models.add(&outcome(hold("budget"), vec![call(Some("0.1"), None), call(Some("0.2"), None)]));
        let turned_away = call(None, Some("budget"));
        models
            .add(&outcome(hold("timeout"), vec![call(None, None), call(None, Some("timeout")), turned_away]));
        assert_eq!((models.decisions, models.held, models.over_budget), (2, 2, 1));
        assert_eq!((models.calls, models.failed, models.unpriced), (4, 1, 1));
        assert_eq!(models.cost(), "0.3".parse::<Decimal>().unwrap());
        assert_eq!(models.used.prompt_tokens, 300, "a call without a reply used nothing that is known");
        assert_eq!(models.findings.get("grounding"), Some(&2));

        let costs = ModelCosts::new(&models, -1.0, "USD");
        assert_eq!((costs.net_after_models, costs.cost_share), (Some(-1.3), Some(0.3)));
        let costs = ModelCosts::new(&models, -1.0, "EUR");
        assert_eq!((costs.net_after_models, costs.cost_usd), (None, 0.3));
    }
}

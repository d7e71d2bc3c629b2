//! What a generated strategy must come to.

use qtp_core::port::LabResult;
use serde::{Deserialize, Serialize};

use crate::error::LlmError;

/// Most attempts of one run.
const MAX_ATTEMPTS: u32 = 100;

/// Thresholds and bounds of a generator. Shares are fractions: 0.1 is ten percent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GeneratorSettings {
    /// Documents that the model may hand in.
    pub attempts: u32,
    /// Fewest closed round trips in sample.
    pub min_round_trips: u64,
    /// Fewest closed round trips out of sample.
    pub min_round_trips_out_of_sample: u64,
    /// Return after costs in sample, which must be passed.
    pub min_return: f64,
    /// Deepest fall from a peak, in either part.
    pub max_drawdown: f64,
    /// Growth for each candle out of sample, over that in sample, at least.
    pub min_out_of_sample_ratio: f64,
    /// Most tokens of one answer, reasoning included.
    pub max_tokens: u32,
    /// Limit of one answer with its retries, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for GeneratorSettings {
    fn default() -> Self {
        Self {
            attempts: 8,
            min_round_trips: 30,
            min_round_trips_out_of_sample: 10,
            min_return: 0.0,
            max_drawdown: 0.25,
            min_out_of_sample_ratio: 0.5,
            max_tokens: 8192,
            timeout_ms: 180_000,
        }
    }
}

impl GeneratorSettings {
    /// Checks every field.
    ///
    /// # Errors
    /// [`LlmError::Settings`] with every problem.
    pub fn validate(&self) -> Result<(), LlmError> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, problem: &str| {
            if !ok {
                problems.push(problem.to_owned());
            }
        };
        check((1..=MAX_ATTEMPTS).contains(&self.attempts), "attempts must be 1 to 100");
        check(self.min_round_trips >= 1, "min_round_trips must be 1 at least");
        check(self.min_round_trips_out_of_sample >= 1, "min_round_trips_out_of_sample must be 1 at least");
        check(self.min_return >= 0.0 && self.min_return.is_finite(), "min_return must be 0 at least");
        check(
            self.max_drawdown > 0.0 && self.max_drawdown <= 1.0,
            "max_drawdown must be above 0 and at most 1",
        );
        let ratio = self.min_out_of_sample_ratio;
        check(ratio > 0.0 && ratio.is_finite(), "min_out_of_sample_ratio must be above 0");
        check((256..=1_000_000).contains(&self.max_tokens), "max_tokens must be 256 to 1000000");
        check((1_000..=3_600_000).contains(&self.timeout_ms), "timeout_ms must be 1000 to 3600000");
        if problems.is_empty() { Ok(()) } else { Err(LlmError::Settings { what: "generator", problems }) }
    }

    /// Why a document is not good enough in sample, on every market; empty if it is.
    pub(super) fn in_sample(&self, result: &LabResult) -> Vec<String> {
        let on = |(place, result): (String, &LabResult)| at(&place, self.in_sample_of_one(result));
        markets(result).flat_map(on).collect()
    }

    /// Why it does not hold out of sample, on every market; empty if it does.
    pub(super) fn out_of_sample(&self, inside: &LabResult, outside: &LabResult) -> Vec<String> {
        let both = markets(inside).zip(markets(outside));
        both.flat_map(|((place, inside), (_, outside))| {
            at(&place, self.out_of_sample_of_one(inside, outside))
        })
        .collect()
    }

    fn in_sample_of_one(&self, result: &LabResult) -> Vec<String> {
        let mut reasons = Vec::new();
        let (trips, least) = (result.round_trips, self.min_round_trips);
        if trips < least {
            reasons.push(format!("{trips} round trips, at least {least} are needed to judge it"));
        }
        // A result that is not a number passes nothing.
        if !result.total_return.is_finite() || result.total_return <= self.min_return {
            let (value, least) = (percent(result.total_return), percent(self.min_return));
            reasons.push(format!("return after costs {value}, above {least} is needed"));
        }
        reasons.extend(self.drawdown(result));
        reasons
    }

    fn out_of_sample_of_one(&self, inside: &LabResult, outside: &LabResult) -> Vec<String> {
        let mut reasons = Vec::new();
        let (trips, least) = (outside.round_trips, self.min_round_trips_out_of_sample);
        if trips < least {
            reasons.push(format!("{trips} round trips, at least {least} are needed to judge it"));
        }
        match growth_ratio(inside, outside) {
            Some(ratio) if ratio >= self.min_out_of_sample_ratio => {}
            Some(ratio) => {
                let least = self.min_out_of_sample_ratio;
                reasons.push(format!(
                    "growth for each candle is {ratio:.2} of that in sample, {least} is needed"
                ));
            }
            None => reasons.push("there is no growth to compare".to_owned()),
        }
        reasons.extend(self.drawdown(outside));
        reasons
    }

    fn drawdown(&self, result: &LabResult) -> Option<String> {
        let fits = result.max_drawdown <= self.max_drawdown;
        let (value, most) = (percent(result.max_drawdown), percent(self.max_drawdown));
        (!fits).then(|| format!("drawdown {value}, at most {most} is allowed"))
    }
}

/// The result on each market, with what names it in a text: nothing if there is one.
pub(super) fn markets(result: &LabResult) -> impl Iterator<Item = (String, &LabResult)> {
    let one = result.markets.is_empty().then(|| (String::new(), result));
    let several = result.markets.iter().map(|one| (format!("{}: ", one.market), &one.result));
    one.into_iter().chain(several)
}

fn at(place: &str, reasons: Vec<String>) -> Vec<String> {
    reasons.into_iter().map(|reason| format!("{place}{reason}")).collect()
}

/// Logarithmic growth for each candle out of sample, over that in sample; `None` if one is not known or the latter is not
/// above 0.
pub(super) fn growth_ratio(inside: &LabResult, outside: &LabResult) -> Option<f64> {
    let growth = |result: &LabResult| {
        let growth = (1.0 + result.total_return).ln() / result.candles as f64;
        growth.is_finite().then_some(growth)
    };
    let (inside, outside) = (growth(inside)?, growth(outside)?);
    (inside > 0.0).then(|| outside / inside)
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

//! What came of a generator: every attempt, and how far the best one can be believed.

use qtp_core::StrategyFile;
use qtp_core::port::LabResult;
use qtp_indicators::statistic::{expected_best_sharpe, period_sharpe, probabilistic_sharpe};
use serde::Serialize;

use crate::decision::Usage;

/// One document of the model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// The model's words, cut to a bounded length.
    pub reply: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: AttemptOutcome,
}

/// What came of a document.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It is no strategy that could be run.
    Invalid {
        /// The first problem, with its place.
        problem: String,
    },
    /// It was run before, word for word.
    Repeated {
        /// The attempt that it repeats.
        of: u32,
    },
    /// It was run and is not good enough.
    Rejected {
        /// Its name.
        name: String,
        /// Every threshold that it missed.
        reasons: Vec<String>,
        /// The earlier part.
        in_sample: Box<LabResult>,
        /// The later part, if the earlier one was good enough to look at it.
        out_of_sample: Option<Box<LabResult>>,
    },
    /// It passed every threshold.
    Accepted {
        /// Its name.
        name: String,
        /// The earlier part.
        in_sample: Box<LabResult>,
        /// The later part.
        out_of_sample: Box<LabResult>,
    },
}

impl AttemptOutcome {
    /// The result in sample, if it was run.
    pub fn in_sample(&self) -> Option<&LabResult> {
        match self {
            Self::Rejected { in_sample, .. } | Self::Accepted { in_sample, .. } => Some(in_sample),
            Self::Invalid { .. } | Self::Repeated { .. } => None,
        }
    }

    /// The result out of sample, if it was looked at.
    pub fn out_of_sample(&self) -> Option<&LabResult> {
        match self {
            Self::Rejected { out_of_sample, .. } => out_of_sample.as_deref(),
            Self::Accepted { out_of_sample, .. } => Some(out_of_sample),
            Self::Invalid { .. } | Self::Repeated { .. } => None,
        }
    }
}

/// What trying several documents does to the best one's figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MultipleTesting {
    /// Documents that were run in sample.
    pub trials: u32,
    /// How often the later part was looked at: from the second time on it is no longer unseen.
    pub out_of_sample_looks: u32,
    /// Sharpe ratio for a day that the best of as many documents without skill is expected to show in sample; `None` under
    /// two trials with a ratio.
    pub expected_best_sharpe: Option<f64>,
    /// Probability that the accepted document's true Sharpe ratio in sample is above that (above 0, with one trial):
    /// the deflated Sharpe ratio.
    pub deflated_sharpe: Option<f64>,
    /// The same in one sentence.
    pub sentence: String,
}

/// A generator's run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GeneratorReport {
    /// Every attempt, in order.
    pub attempts: Vec<Attempt>,
    /// The document that passed.
    pub accepted: Option<StrategyFile>,
    /// Why it ended before its attempts were used up, such as a spent budget.
    pub stopped: Option<String>,
    /// How far the figures can be believed.
    pub multiple_testing: MultipleTesting,
    /// What the model used.
    #[serde(skip)]
    pub usage: Usage,
}

impl MultipleTesting {
    pub(super) fn of(attempts: &[Attempt]) -> Self {
        let run: Vec<&LabResult> =
            attempts.iter().filter_map(|attempt| attempt.outcome.in_sample()).collect();
        let looks = attempts.iter().filter(|attempt| attempt.outcome.out_of_sample().is_some()).count();
        let sharpes: Vec<f64> =
            run.iter().filter_map(|result| period_sharpe(&result.daily_returns)).collect();
        let expected = expected_best_sharpe(&sharpes);
        let accepted = attempts.iter().find_map(|attempt| match &attempt.outcome {
            AttemptOutcome::Accepted { in_sample, .. } => Some(in_sample),
            _ => None,
        });
        let benchmark = if run.len() < 2 { Some(0.0) } else { expected };
        let deflated = accepted
            .zip(benchmark)
            .and_then(|(result, benchmark)| probabilistic_sharpe(&result.daily_returns, benchmark));
        let (trials, looks) = (run.len() as u32, looks as u32);
        let sentence = sentence((trials, looks), accepted.is_some(), deflated);
        Self {
            trials,
            out_of_sample_looks: looks,
            expected_best_sharpe: expected,
            deflated_sharpe: deflated,
            sentence,
        }
    }
}

fn sentence((trials, looks): (u32, u32), accepted: bool, deflated: Option<f64>) -> String {
    let tried = match trials {
        1 => "1 document was tried".to_owned(),
        trials => format!("{trials} documents were tried"),
    };
    let looked = match looks {
        0 | 1 => String::new(),
        looks => format!("; the later data was looked at {looks} times, so it is not unseen"),
    };
    let believed = match deflated {
        _ if !accepted => "none passed".to_owned(),
        Some(probability) => format!(
            "with that counted, the probability that the accepted one has any skill in sample is {:.1} %",
            probability * 100.0
        ),
        None => {
            "how far the accepted one is luck cannot be said: too few days or too little variation".to_owned()
        }
    };
    format!("{tried}{looked}: {believed}.")
}

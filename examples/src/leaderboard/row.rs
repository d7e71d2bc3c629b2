//! One model's figures over its repeats.

use qtp_engine::stats::{Knowledge, student_95};
use qtp_llm::{Forecast, ProbeReport, Reliability};
use serde::Serialize;

use crate::bot::Trial;

/// 80 % point of the normal distribution.
const NORMAL_80: f64 = 0.841_621_234;

/// One model.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its spec.
    pub model: String,
    /// Returns of the repeats.
    pub returns: Vec<f64>,
    /// Their mean.
    pub mean_return: f64,
    /// 95 % confidence interval of the mean over repeats: how the model's own chance moves it. It says nothing of other
    /// markets.
    pub return_interval: Option<(f64, f64)>,
    /// About the smallest difference of two models' means that so many repeats find 4 times out of 5; `None` for one.
    pub detectable_difference: Option<f64>,
    /// Deepest drawdown of all repeats.
    pub max_drawdown: f64,
    /// Closed round trips of all repeats.
    pub round_trips: u64,
    /// Share of them that won.
    pub win_rate: Option<f64>,
    /// Convictions against outcomes, all repeats.
    pub reliability: Reliability,
    /// USD of all repeats, as far as it is known.
    pub cost_usd: f64,
    /// Mean net profit of a repeat less its cost, in an account that is counted in USD.
    pub net_after_models: Option<f64>,
    /// Decisions of all repeats.
    pub decisions: u64,
    /// Holds for a cause.
    pub held: u64,
    /// Answers with a number or name that was not in the picture.
    pub grounding_failures: u64,
    /// Answers that had to be asked for again.
    pub repairs: u64,
    /// What the model may remember, by its card.
    pub knowledge: Option<Knowledge>,
    /// What it does remember.
    pub memory: Option<ProbeReport>,
}

impl Row {
    /// The figures of a model's repeats.
    pub fn new(model: String, trials: &[Trial], memory: Option<ProbeReport>) -> Self {
        let returns: Vec<f64> = trials.iter().map(|trial| trial.summary.total_return).collect();
        let (mean_return, error) = mean(&returns);
        let n = returns.len() as f64;
        let margin = error.map(|error| student_95(returns.len().saturating_sub(1) as u64) * error);
        let sum = |figure: &dyn Fn(&Trial) -> u64| trials.iter().map(figure).sum::<u64>();
        let models = |trial: &Trial| trial.summary.models.clone().unwrap_or_default();
        let forecasts: Vec<Forecast> = trials.iter().flat_map(|trial| trial.forecasts.clone()).collect();
        let round_trips = sum(&|trial| trial.summary.round_trips);
        let wins = sum(&|trial| trial.summary.wins);
        let net = |trial: &Trial| match &trial.summary.models {
            Some(models) => models.net_after_models,
            None => (trial.summary.currency == "USD").then_some(trial.summary.net_profit),
        };
        let nets: Option<Vec<f64>> = trials.iter().map(net).collect();
        Self {
            model,
            mean_return,
            return_interval: margin.map(|margin| (mean_return - margin, mean_return + margin)),
            // The standard error of a difference of two means is sqrt(2) times that of one; both have n - 1 degrees.
            detectable_difference: error.map(|error| {
                let degrees = 2 * returns.len().saturating_sub(1) as u64;
                (student_95(degrees) + NORMAL_80) * error * 2.0_f64.sqrt()
            }),
            returns,
            max_drawdown: trials.iter().map(|trial| trial.summary.max_drawdown).fold(0.0, f64::max),
            round_trips,
            win_rate: (round_trips > 0).then(|| wins as f64 / round_trips as f64),
            reliability: Reliability::of(&forecasts),
            cost_usd: trials.iter().map(|trial| models(trial).cost_usd).sum(),
            net_after_models: nets.map(|nets| nets.iter().sum::<f64>() / n),
            decisions: sum(&|trial| models(trial).decisions),
            held: sum(&|trial| models(trial).held),
            grounding_failures: sum(&|trial| models(trial).findings.get("grounding").copied().unwrap_or(0)),
            repairs: sum(&|trial| models(trial).repairs),
            knowledge: trials.first().and_then(|trial| trial.summary.knowledge.clone()),
            memory,
        }
    }
}

/// Mean and its standard error, which takes two values.
fn mean(values: &[f64]) -> (f64, Option<f64>) {
    let n = values.len() as f64;
    if values.is_empty() {
        return (0.0, None);
    }
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, None);
    }
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, Some((variance / n).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_standard_error_are_those_of_the_sample() {
        let (mean, error) = mean(&[0.01, 0.03, 0.02]);
        assert!((mean - 0.02).abs() < 1e-15);
        assert!((error.unwrap() - 0.01 / 3.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(super::mean(&[0.5]), (0.5, None));
    }
}

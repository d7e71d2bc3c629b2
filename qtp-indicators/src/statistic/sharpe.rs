//! How far a Sharpe ratio can be believed after several were tried.

/// Euler's constant.
const GAMMA: f64 = 0.577_215_664_901_532_9;

/// The Sharpe ratio that the best of several strategies without any skill is expected to show, in the unit of `sharpes`
/// (per period). `None` under two trials or without variation among them.
///
/// `sd * ((1 - g) * z(1 - 1/n) + g * z(1 - 1/(n e)))` with `z` the normal quantile, `g` Euler's constant and `sd` the sample
/// deviation of the trials' ratios: Bailey and López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio
/// Management 40 (2014).
#[must_use]
pub fn expected_best_sharpe(sharpes: &[f64]) -> Option<f64> {
    let trials = sharpes.len() as f64;
    if sharpes.len() < 2 {
        return None;
    }
    let mean = sharpes.iter().sum::<f64>() / trials;
    let variance = sharpes.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (trials - 1.0);
    let best = (1.0 - GAMMA) * normal_quantile(1.0 - 1.0 / trials)
        + GAMMA * normal_quantile(1.0 - 1.0 / (trials * std::f64::consts::E));
    (variance > 0.0).then(|| libm::sqrt(variance) * best)
}

/// The Sharpe ratio of returns per period, at no risk-free rate; `None` under two returns or without variation.
#[must_use]
pub fn period_sharpe(returns: &[f64]) -> Option<f64> {
    let moments = Moments::of(returns)?;
    Some(moments.mean / moments.deviation)
}

/// The probability that the true Sharpe ratio is above `benchmark` (per period), by the length, skew and tails of the
/// returns. `None` under three returns or without variation.
///
/// `cdf((sr - benchmark) * sqrt(n - 1) / sqrt(1 - skew * sr + (kurtosis - 1) / 4 * sr^2))`: Bailey and López de Prado, "The
/// Sharpe Ratio Efficient Frontier", Journal of Risk 15 (2012). With the benchmark of [`expected_best_sharpe`] it is the
/// deflated Sharpe ratio.
///
/// ```
/// use qtp_indicators::statistic::probabilistic_sharpe;
///
/// let returns = [0.01, -0.005, 0.02, 0.0, 0.015, -0.01, 0.01, 0.005];
/// let alone = probabilistic_sharpe(&returns, 0.0).unwrap();
/// assert!(alone > 0.9 && alone < 1.0);
/// assert!(probabilistic_sharpe(&returns, 0.5).unwrap() < alone);
/// ```
#[must_use]
pub fn probabilistic_sharpe(returns: &[f64], benchmark: f64) -> Option<f64> {
    let moments = Moments::of(returns).filter(|_| returns.len() >= 3)?;
    let sharpe = moments.mean / moments.deviation;
    let spread = 1.0 - moments.skew * sharpe + (moments.kurtosis - 1.0) / 4.0 * sharpe * sharpe;
    let periods = libm::sqrt(returns.len() as f64 - 1.0);
    (spread > 0.0).then(|| normal_cdf((sharpe - benchmark) * periods / libm::sqrt(spread)))
}

struct Moments {
    mean: f64,
    /// Of the sample.
    deviation: f64,
    skew: f64,
    /// 3 for normal returns.
    kurtosis: f64,
}

impl Moments {
    fn of(values: &[f64]) -> Option<Self> {
        if values.len() < 2 || values.iter().any(|x| !x.is_finite()) {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let moment = |power: i32| values.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / count;
        let variance = moment(2);
        // Rounding leaves a trace of variance in equal returns.
        if variance <= 1e-24 * mean * mean || variance == 0.0 {
            return None;
        }
        Some(Self {
            mean,
            deviation: libm::sqrt(variance * count / (count - 1.0)),
            skew: moment(3) / libm::pow(variance, 1.5),
            kurtosis: moment(4) / (variance * variance),
        })
    }
}

/// The standard normal distribution.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Its inverse, for a probability between 0 and 1, by halving: it is asked for a few times a run.
fn normal_quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if normal_cdf(middle) < probability { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (probability, z) in [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (0.99, 2.326_347_874_040_841)] {
            assert!((normal_quantile(probability) - z).abs() < 1e-9, "{probability}");
            assert!((normal_cdf(z) - probability).abs() < 1e-12, "{probability}");
        }
    }

    /// The numerical example of the paper: 100 trials with a variance of 1/2 of annual ratios over 1250 days give an
    /// expected best of 0.1132 a day, and 2.5 a year with skew -3 and kurtosis 10 deflates to 0.9004.
    #[test]
    fn the_example_of_the_paper() {
        let deviation = libm::sqrt(0.5 / 250.0);
        let count = 100.0_f64;
        // Half of the trials above, half below: their sample deviation is the wanted one.
        let off = deviation * libm::sqrt((count - 1.0) / count);
        let sharpes: Vec<f64> = (0..100).map(|i| if i % 2 == 0 { off } else { -off }).collect();
        let best = expected_best_sharpe(&sharpes).unwrap();
        assert!((best - 0.1132).abs() < 5e-5, "{best}");
        let (sharpe, skew, kurtosis) = (2.5 / libm::sqrt(250.0), -3.0, 10.0);
        let spread = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe;
        let deflated = normal_cdf((sharpe - best) * libm::sqrt(1249.0) / libm::sqrt(spread));
        assert!((deflated - 0.9004).abs() < 5e-4, "{deflated}");
    }

    #[test]
    fn what_does_not_vary_has_no_ratio() {
        assert_eq!(period_sharpe(&[0.1; 9]), None);
        assert_eq!(probabilistic_sharpe(&[0.0; 9], 0.0), None);
        assert_eq!(expected_best_sharpe(&[0.3]), None);
        assert_eq!(period_sharpe(&[f64::NAN, 1.0, 2.0]), None);
    }
}

//! Brier score and reliability curve.

use serde::Serialize;

/// Bins of the reliability curve.
const BINS: usize = 10;

/// A probability that was stated, and whether it happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// From 0 to 1.
    pub stated: f64,
    /// It happened.
    pub happened: bool,
}

/// How stated probabilities compare with what happened.
///
/// ```
/// use qtp_llm::{Forecast, Reliability};
///
/// let forecast = |stated, happened| Forecast { stated, happened };
/// let found = Reliability::of(&[forecast(0.8, true), forecast(0.8, true), forecast(0.3, false), forecast(0.6, false)]);
/// assert!((found.brier.unwrap() - 0.1325).abs() < 1e-12);
/// assert_eq!(found.curve.len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Reliability {
    /// How many forecasts.
    pub count: usize,
    /// Mean squared distance between what was stated and what happened (Brier 1950): 0 is perfect, 0.25 is a coin.
    pub brier: Option<f64>,
    /// The same for always stating the share of what happened: a forecaster that knows nothing of the single case.
    pub brier_of_base_rate: Option<f64>,
    /// Mean distance between stated and observed, weighted by bin (expected calibration error).
    pub calibration_error: Option<f64>,
    /// Ten bins of equal width; empty ones are left out.
    pub curve: Vec<Bin>,
}

/// One bin of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Forecasts in it.
    pub count: usize,
    /// Their mean.
    pub stated: f64,
    /// Share of them that happened.
    pub observed: f64,
}

impl Reliability {
    /// Scores forecasts; a stated probability outside of 0 to 1 counts as the nearer end.
    pub fn of(forecasts: &[Forecast]) -> Self {
        let count = forecasts.len();
        if count == 0 {
            return Self::default();
        }
        let n = count as f64;
        let value = |forecast: &Forecast| if forecast.happened { 1.0 } else { 0.0 };
        let stated = |forecast: &Forecast| forecast.stated.clamp(0.0, 1.0);
        let rate = forecasts.iter().map(value).sum::<f64>() / n;
        let mean = |distance: &dyn Fn(&Forecast) -> f64| forecasts.iter().map(distance).sum::<f64>() / n;
        let mut curve = Vec::new();
        let mut error = 0.0;
        for bin in 0..BINS {
            let inside: Vec<&Forecast> = forecasts.iter().filter(|f| place(stated(f)) == bin).collect();
            if inside.is_empty() {
                continue;
            }
            let size = inside.len() as f64;
            let said = inside.iter().map(|f| stated(f)).sum::<f64>() / size;
            let observed = inside.iter().map(|f| value(f)).sum::<f64>() / size;
            error += (said - observed).abs() * size / n;
            curve.push(Bin { count: inside.len(), stated: said, observed });
        }
        Self {
            count,
            brier: Some(mean(&|f| (stated(f) - value(f)).powi(2))),
            brier_of_base_rate: Some(rate * (1.0 - rate)),
            calibration_error: Some(error),
            curve,
        }
    }

    /// What was stated says more about the single case than the share of all that happened.
    pub fn has_skill(&self) -> bool {
        matches!((self.brier, self.brier_of_base_rate), (Some(brier), Some(base)) if brier < base)
    }
}

/// The bin of a probability: a value on an edge belongs to the lower one.
fn place(stated: f64) -> usize {
    let edge = |index: usize| index as f64 / BINS as f64;
    (1..BINS).filter(|index| stated > edge(*index)).count()
}

//! State of an evaluator as JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Evaluator;
use crate::SpecError;

/// Unknown values are null.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    indicators: Vec<Value>,
    values: Vec<Option<f64>>,
    previous: Vec<Option<f64>>,
    rings: Vec<(usize, Vec<Option<f64>>)>,
    seen: u64,
}

fn known(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().map(|value| value.is_finite().then_some(*value)).collect()
}

fn take(values: Vec<Option<f64>>) -> Vec<f64> {
    values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}

fn refused(reason: impl Into<String>) -> SpecError {
    SpecError::Snapshot { spec: "expressions".to_owned(), reason: reason.into() }
}

impl Evaluator {
    /// Returns the state as JSON; as text it restores to the same bits.
    ///
    /// # Errors
    /// [`SpecError::Snapshot`] if the state cannot be written as JSON.
    pub fn save(&self) -> Result<Value, SpecError> {
        let indicators =
            self.indicators.iter().map(|indicator| indicator.save()).collect::<Result<_, _>>()?;
        let rings = self.rings.iter().map(|ring| (ring.at, known(&ring.values))).collect();
        let (values, previous) = (known(&self.values), known(&self.previous));
        let saved = Saved { indicators, values, previous, rings, seen: self.seen };
        serde_json::to_value(saved).map_err(|error| refused(error.to_string()))
    }

    /// Takes over a state that `save` of the same expressions returned; on an error nothing changes.
    ///
    /// # Errors
    /// [`SpecError::Snapshot`] if the state is of other expressions or damaged.
    pub fn restore(&mut self, state: &Value) -> Result<(), SpecError> {
        let saved = Saved::deserialize(state).map_err(|error| refused(error.to_string()))?;
        let rings_fit = saved.rings.len() == self.rings.len()
            && saved
                .rings
                .iter()
                .zip(&self.rings)
                .all(|((at, values), ring)| values.len() == ring.values.len() && *at < ring.values.len());
        if saved.indicators.len() != self.indicators.len()
            || saved.values.len() != self.nodes.len()
            || saved.previous.len() != self.nodes.len()
            || !rings_fit
        {
            return Err(refused("it was saved from other expressions"));
        }
        let mut indicators = self.indicators.clone();
        for (indicator, state) in indicators.iter_mut().zip(&saved.indicators) {
            indicator.restore(state)?;
        }
        self.indicators = indicators;
        self.values = take(saved.values);
        self.previous = take(saved.previous);
        for (ring, (at, values)) in self.rings.iter_mut().zip(saved.rings) {
            (ring.at, ring.values) = (at, take(values));
        }
        self.seen = saved.seen;
        Ok(())
    }
}

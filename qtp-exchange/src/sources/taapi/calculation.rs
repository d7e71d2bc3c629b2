//! What is to be computed.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::transport::Pairs;

/// An indicator by the source's name, with its parameters, for the last closed candle.
///
/// ```
/// use qtp_exchange::sources::Calculation;
///
/// let macd = Calculation::new("macd").with("optInFastPeriod", "12");
/// assert_eq!(macd.back, 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calculation {
    /// Name, such as `rsi` or `macd`.
    pub indicator: String,
    /// Parameters by the source's names.
    pub parameters: BTreeMap<String, String>,
    /// How many candles back: 0 is the one that forms.
    pub back: u32,
}

impl Calculation {
    /// Without parameters, one candle back.
    pub fn new(indicator: impl Into<String>) -> Self {
        Self { indicator: indicator.into(), parameters: BTreeMap::new(), back: 1 }
    }

    /// With a parameter.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    pub(super) fn id(&self) -> String {
        let parameters = self.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let parts: Vec<String> = std::iter::once(self.indicator.clone()).chain(parameters).collect();
        format!("{}_{}", parts.join("_"), self.back)
    }

    pub(super) fn add(&self, pairs: Pairs) -> Pairs {
        let pairs = pairs.with("backtrack", self.back);
        self.parameters.iter().fold(pairs, |pairs, (name, value)| pairs.with(name, value))
    }

    /// Parameters that are numbers go out as such.
    pub(super) fn json(&self, id: &str) -> Value {
        let mut map = Map::new();
        map.insert("id".to_owned(), id.into());
        map.insert("indicator".to_owned(), self.indicator.clone().into());
        map.insert("backtrack".to_owned(), self.back.into());
        for (name, value) in &self.parameters {
            let number = serde_json::from_str::<serde_json::Number>(value).map(Value::Number);
            map.insert(name.clone(), number.unwrap_or_else(|_| value.clone().into()));
        }
        Value::Object(map)
    }
}

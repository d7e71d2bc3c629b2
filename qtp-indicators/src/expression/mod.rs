//! Evaluates the rules of a strategy file or an exit plan once a closed candle.

mod build;
mod fact;
mod node;
mod state;
mod warm;

use qtp_core::Ohlcv;

pub use build::EvaluatorBuilder;
pub use fact::Facts;
pub use warm::History;

use crate::resample::HigherIndicator;
use node::{FALSE, Node, TRUE};

/// Several expressions over the same candles. Indicators that they share run once.
///
/// # Contract
///
/// - **Order**: candles arrive oldest first, each once, after it has closed. A value depends on the candles so far and
///   on nothing else, so cutting the input short never changes an earlier value.
/// - **Unknown**: a value is unknown while an indicator that it needs is not warm, where it is divided by zero, and where
///   it asks for the entry of a position that is not there. `all` is false once one condition is, `any` is true once
///   one is; else one unknown makes both unknown.
/// - **Cost**: no allocation per candle; an indicator's own cost beside it.
/// - **State**: `save` and `restore` carry everything; a restored copy continues bit for bit.
///
/// ```
/// use qtp_core::{Expression, ExpressionKind, Ohlcv, Timeframe};
/// use qtp_indicators::expression::{EvaluatorBuilder, Facts};
///
/// let rule: Expression = serde_json::from_str(r#"{"crosses_above": ["close", "sma(2)"]}"#)?;
/// let mut builder = EvaluatorBuilder::new(Timeframe::H1);
/// let crossed = builder.add(&rule, ExpressionKind::Condition)?;
/// let mut rules = builder.build();
/// assert_eq!(rules.warmup(), 3); // two candles for the average, one more for the cross
///
/// let mut seen = Vec::new();
/// for (hour, close) in [3.0, 2.0, 1.0, 4.0].into_iter().enumerate() {
///     let candle = Ohlcv { open: close, high: close, low: close, close, volume: 1.0 };
///     rules.update(&candle, hour as i64 * 3_600_000_000_000, &Facts::FLAT);
///     seen.push(rules.condition(crossed));
/// }
/// assert_eq!(seen, [None, None, Some(false), Some(true)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Evaluator {
    indicators: Vec<HigherIndicator>,
    nodes: Vec<Node>,
    /// Arguments of nodes that have any number of them.
    lists: Vec<usize>,
    /// What every node gave for the last candle: NaN is unknown, conditions are 1 or 0.
    values: Vec<f64>,
    /// What it gave for the candle before.
    previous: Vec<f64>,
    rings: Vec<Ring>,
    seen: u64,
    warmup: usize,
}

/// Which expression of an [`Evaluator`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle(usize);

/// The last values of a node, for `previous`.
#[derive(Debug, Clone, PartialEq)]
struct Ring {
    of: usize,
    values: Vec<f64>,
    at: usize,
}

impl Evaluator {
    /// Closed candles until every indicator is warm and every look back has something to see. What is known earlier is
    /// given earlier; a strategy acts from here on.
    #[must_use]
    pub const fn warmup(&self) -> usize {
        self.warmup
    }

    /// True once [`Evaluator::warmup`] candles have been taken.
    #[must_use]
    pub const fn is_warm(&self) -> bool {
        self.seen >= self.warmup as u64
    }

    /// Takes a closed candle; `open_time` is in nanoseconds since 1970-01-01 UTC.
    pub fn update(&mut self, candle: &Ohlcv, open_time: i64, facts: &Facts) {
        for indicator in &mut self.indicators {
            indicator.update(candle, open_time);
        }
        self.evaluate(candle, facts);
    }

    /// Computes every value from the indicators as they are.
    fn evaluate(&mut self, candle: &Ohlcv, facts: &Facts) {
        std::mem::swap(&mut self.values, &mut self.previous);
        for index in 0..self.nodes.len() {
            let value = self.value(&self.nodes[index], candle, facts);
            self.values[index] = if value.is_finite() { value } else { f64::NAN };
        }
        for ring in &mut self.rings {
            ring.values[ring.at] = self.values[ring.of];
            ring.at = (ring.at + 1) % ring.values.len();
        }
        self.seen += 1;
    }

    /// A number for the last candle; `None` if it is unknown.
    #[must_use]
    pub fn number(&self, handle: Handle) -> Option<f64> {
        self.values.get(handle.0).copied().filter(|value| value.is_finite())
    }

    /// A condition for the last candle; `None` if it is unknown.
    #[must_use]
    pub fn condition(&self, handle: Handle) -> Option<bool> {
        self.number(handle).map(|value| value == TRUE)
    }

    /// True if a condition is known and true.
    #[must_use]
    pub fn holds(&self, handle: Handle) -> bool {
        self.condition(handle) == Some(true)
    }

    fn value(&self, node: &Node, candle: &Ohlcv, facts: &Facts) -> f64 {
        let now = |index: usize| self.values[index];
        let before = |index: usize| self.previous[index];
        match *node {
            Node::Number(number) => number,
            Node::Candle(source) => source.read(candle),
            Node::Fact(fact) => fact.read(facts),
            Node::Indicator { index, column } => self.indicators[index].row()[column],
            Node::Pair(pair, a, b) => pair.value(now(a), now(b)),
            Node::Cross { above, a, b } => node::cross(above, (before(a), before(b)), (now(a), now(b))),
            Node::Absolute(a) => now(a).abs(),
            Node::Not(a) if now(a).is_nan() => f64::NAN,
            Node::Not(a) => TRUE - now(a),
            Node::All { from, to } => self.joined(from..to, FALSE),
            Node::Any { from, to } => self.joined(from..to, TRUE),
            Node::Previous(ring) => {
                let ring = &self.rings[ring];
                ring.values[ring.at]
            }
        }
    }

    /// `decides` if one condition is it, unknown if one is unknown, else the opposite.
    fn joined(&self, list: std::ops::Range<usize>, decides: f64) -> f64 {
        let mut joined = TRUE - decides;
        for argument in &self.lists[list] {
            let value = self.values[*argument];
            if value == decides {
                return decides;
            }
            if value.is_nan() {
                joined = f64::NAN;
            }
        }
        joined
    }
}

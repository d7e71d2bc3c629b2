//! Rules as data: a small typed tree of numbers and conditions, written as JSON. There is no code in it.

mod operation;
mod read;
#[cfg(feature = "schema")]
mod schema;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};

pub use operation::{ExpressionKind, Operation};

/// Most levels of one expression.
pub const MAX_EXPRESSION_DEPTH: usize = 16;
/// Most parts of one expression.
pub const MAX_EXPRESSION_PARTS: usize = 200;
/// Most candles that `previous` looks back.
pub const MAX_PREVIOUS: u32 = 500;
/// Longest name, in bytes.
pub const MAX_EXPRESSION_NAME: usize = 120;

/// A number or a condition over the candles seen so far.
///
/// In JSON a number stands for itself; a text names a value: a candle's field (`close`, `hl2`), a fact of the position
/// (`entry_price`, `bars_held`, `unrealized_return`, `position`), a named indicator or an indicator's spec (`rsi(14)@1h`);
/// an object with one field is an [`Operation`] on its arguments.
///
/// What is not known yet, such as an indicator that is not warm or a division by zero, is *unknown*, and so is
/// what is computed from it. A condition that is unknown is not true, and neither is its opposite.
///
/// ```
/// use qtp_core::{Expression, ExpressionKind};
///
/// let text = r#"{"all": [{"crosses_above": ["ema(12)", "ema(26)"]}, {"below": ["rsi(14)@4h", 70]}]}"#;
/// let rule: Expression = serde_json::from_str(text)?;
/// assert_eq!(rule.check(ExpressionKind::Condition), Ok(()));
/// assert_eq!(serde_json::to_string(&rule)?, r#"{"all":[{"crosses_above":["ema(12)","ema(26)"]},{"below":["rsi(14)@4h",70]}]}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number, finite.
    Number(f64),
    /// The name of a value.
    Name(String),
    /// An operation on its arguments, in order.
    Call(Operation, Vec<Self>),
}

/// What is wrong in a document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", at(.pointer))]
pub struct DocumentProblem {
    /// JSON pointer of the part, such as `/entry/long/above/0`; empty for the whole.
    pub pointer: String,
    /// What is wrong.
    pub problem: String,
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!("{pointer}: ") }
}

impl DocumentProblem {
    /// A problem of the part at `pointer`.
    pub fn new(pointer: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), problem: problem.into() }
    }

    /// The same problem in a document that holds this one at `prefix`.
    #[must_use]
    pub fn within(self, prefix: &str) -> Self {
        Self { pointer: format!("{prefix}{}", self.pointer), problem: self.problem }
    }
}

impl Expression {
    /// Whether it gives a number or a condition.
    pub const fn kind(&self) -> ExpressionKind {
        match self {
            Self::Number(_) | Self::Name(_) => ExpressionKind::Number,
            Self::Call(operation, _) => operation.gives(),
        }
    }

    /// Checks types, numbers of arguments and bounds; names are checked where they are resolved.
    ///
    /// # Errors
    /// The first problem with its place.
    pub fn check(&self, wanted: ExpressionKind) -> Result<(), DocumentProblem> {
        let mut parts = 0;
        self.check_part(wanted, 1, &mut parts)
    }

    fn check_part(
        &self,
        wanted: ExpressionKind,
        depth: usize,
        parts: &mut usize,
    ) -> Result<(), DocumentProblem> {
        let refused = |problem: String| Err(DocumentProblem::new("", problem));
        *parts += 1;
        if depth > MAX_EXPRESSION_DEPTH {
            return refused(format!("more than {MAX_EXPRESSION_DEPTH} levels"));
        }
        if *parts > MAX_EXPRESSION_PARTS {
            return refused(format!("more than {MAX_EXPRESSION_PARTS} parts"));
        }
        if self.kind() != wanted {
            return refused(format!("a {wanted} is needed here, this is a {}", self.kind()));
        }
        match self {
            Self::Number(number) if !number.is_finite() => refused(format!("{number} is not finite")),
            Self::Number(_) => Ok(()),
            Self::Name(name) if name.len() > MAX_EXPRESSION_NAME => {
                refused(format!("longer than {MAX_EXPRESSION_NAME} bytes"))
            }
            Self::Name(name) if name.trim().is_empty() => refused("an empty name".to_owned()),
            Self::Name(_) => Ok(()),
            Self::Call(operation, arguments) => {
                operation.check(arguments)?;
                for (index, argument) in arguments.iter().enumerate() {
                    argument
                        .check_part(operation.takes(), depth + 1, parts)
                        .map_err(|problem| problem.within(&operation.place(index)))?;
                }
                Ok(())
            }
        }
    }

    /// Every name in it with its place, in order.
    pub fn names(&self) -> Vec<(String, &str)> {
        let mut names = Vec::new();
        self.collect(String::new(), &mut names);
        names
    }

    fn collect<'a>(&'a self, place: String, names: &mut Vec<(String, &'a str)>) {
        match self {
            Self::Number(_) => {}
            Self::Name(name) => names.push((place, name)),
            Self::Call(operation, arguments) => {
                for (index, argument) in arguments.iter().enumerate() {
                    argument.collect(format!("{place}{}", operation.place(index)), names);
                }
            }
        }
    }
}

impl std::fmt::Display for Expression {
    /// The JSON text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // A whole number is written as one: `70`, not `70.0`.
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                serializer.serialize_i64(*number as i64)
            }
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Name(name) => serializer.serialize_str(name),
            Self::Call(operation, arguments) => {
                let mut map = serializer.serialize_map(Some(1))?;
                match arguments.as_slice() {
                    [only] if operation.is_unary() => map.serialize_entry(operation.name(), only)?,
                    arguments => map.serialize_entry(operation.name(), arguments)?,
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read::expression(deserializer)
    }
}

//! The operations: names, arguments, types.

use std::fmt;

use super::{DocumentProblem, Expression, MAX_PREVIOUS};

/// What an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpressionKind {
    /// A number.
    Number,
    /// True, false or unknown.
    Condition,
}

impl fmt::Display for ExpressionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "number",
            Self::Condition => "condition",
        })
    }
}

/// What can be done with values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// The sum of two numbers.
    Add,
    /// The first number less the second.
    Subtract,
    /// The product of two numbers.
    Multiply,
    /// The first number by the second; unknown if that is zero.
    Divide,
    /// The smaller of two numbers.
    Minimum,
    /// The larger of two numbers.
    Maximum,
    /// A number without its sign.
    Absolute,
    /// The first number is above the second.
    Above,
    /// The first number is above the second or equal.
    AtLeast,
    /// The first number is below the second.
    Below,
    /// The first number is below the second or equal.
    AtMost,
    /// Above now, and at most equal one candle earlier.
    CrossesAbove,
    /// Below now, and at least equal one candle earlier.
    CrossesBelow,
    /// Every condition is true.
    All,
    /// At least one condition is true.
    Any,
    /// The condition is false.
    Not,
    /// The number that the first argument gave as many candles ago as the second says, a plain whole number.
    Previous,
}

impl Operation {
    /// Every operation with its name in JSON.
    pub const NAMES: [(&'static str, Self); 17] = [
        ("add", Self::Add),
        ("subtract", Self::Subtract),
        ("multiply", Self::Multiply),
        ("divide", Self::Divide),
        ("minimum", Self::Minimum),
        ("maximum", Self::Maximum),
        ("absolute", Self::Absolute),
        ("above", Self::Above),
        ("at_least", Self::AtLeast),
        ("below", Self::Below),
        ("at_most", Self::AtMost),
        ("crosses_above", Self::CrossesAbove),
        ("crosses_below", Self::CrossesBelow),
        ("all", Self::All),
        ("any", Self::Any),
        ("not", Self::Not),
        ("previous", Self::Previous),
    ];

    /// Name in JSON.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize].0
    }

    /// The operation of a name.
    pub fn find(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, operation)| *operation)
    }

    /// Its one argument stands in JSON without a list around it.
    pub const fn is_unary(self) -> bool {
        matches!(self, Self::Absolute | Self::Not)
    }

    /// What it gives.
    pub const fn gives(self) -> ExpressionKind {
        match self {
            Self::Add
            | Self::Subtract
            | Self::Multiply
            | Self::Divide
            | Self::Minimum
            | Self::Maximum
            | Self::Absolute
            | Self::Previous => ExpressionKind::Number,
            _ => ExpressionKind::Condition,
        }
    }

    /// What its arguments must be.
    pub(super) const fn takes(self) -> ExpressionKind {
        match self {
            Self::All | Self::Any | Self::Not => ExpressionKind::Condition,
            _ => ExpressionKind::Number,
        }
    }

    /// Where argument `index` stands, seen from the operation's object.
    pub(super) fn place(self, index: usize) -> String {
        if self.is_unary() { format!("/{}", self.name()) } else { format!("/{}/{index}", self.name()) }
    }

    /// Checks the number of arguments, and what `previous` looks back.
    pub(super) fn check(self, arguments: &[Expression]) -> Result<(), DocumentProblem> {
        let count = arguments.len();
        let (fits, wanted) = match self {
            Self::All | Self::Any => (count >= 1, "at least one argument"),
            Self::Not | Self::Absolute => (count == 1, "one argument"),
            _ => (count == 2, "two arguments"),
        };
        if !fits {
            let problem = format!("`{}` takes {wanted}, here are {count}", self.name());
            return Err(DocumentProblem::new("", problem));
        }
        if let (Self::Previous, [_, candles]) = (self, arguments) {
            let most = f64::from(MAX_PREVIOUS);
            let legal =
                matches!(candles, Expression::Number(n) if n.fract() == 0.0 && (1.0..=most).contains(n));
            if !legal {
                let problem = format!("a whole number of candles from 1 to {MAX_PREVIOUS} is needed here");
                return Err(DocumentProblem::new(self.place(1), problem));
            }
        }
        Ok(())
    }
}

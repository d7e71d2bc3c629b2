//! One step of an evaluation. Arguments are earlier steps.

use qtp_core::Operation;

use super::fact::Fact;
use crate::Source;

pub(super) const TRUE: f64 = 1.0;
pub(super) const FALSE: f64 = 0.0;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Node {
    Number(f64),
    Candle(Source),
    Fact(Fact),
    Indicator { index: usize, column: usize },
    Pair(Pair, usize, usize),
    Cross { above: bool, a: usize, b: usize },
    Absolute(usize),
    Not(usize),
    All { from: usize, to: usize },
    Any { from: usize, to: usize },
    Previous(usize),
}

/// An operation on two numbers of the same candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    Add,
    Subtract,
    Multiply,
    Divide,
    Minimum,
    Maximum,
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Pair {
    pub(super) const fn of(operation: Operation) -> Option<Self> {
        Some(match operation {
            Operation::Add => Self::Add,
            Operation::Subtract => Self::Subtract,
            Operation::Multiply => Self::Multiply,
            Operation::Divide => Self::Divide,
            Operation::Minimum => Self::Minimum,
            Operation::Maximum => Self::Maximum,
            Operation::Above => Self::Above,
            Operation::AtLeast => Self::AtLeast,
            Operation::Below => Self::Below,
            Operation::AtMost => Self::AtMost,
            _ => return None,
        })
    }

    pub(super) fn value(self, a: f64, b: f64) -> f64 {
        if a.is_nan() || b.is_nan() {
            return f64::NAN;
        }
        let truth = |holds: bool| if holds { TRUE } else { FALSE };
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Minimum => a.min(b),
            Self::Maximum => a.max(b),
            Self::Above => truth(a > b),
            Self::AtLeast => truth(a >= b),
            Self::Below => truth(a < b),
            Self::AtMost => truth(a <= b),
        }
    }
}

/// Whether `a` has passed to the other side of `b` since the candle before.
pub(super) fn cross(above: bool, before: (f64, f64), now: (f64, f64)) -> f64 {
    if [before.0, before.1, now.0, now.1].iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let crossed =
        if above { before.0 <= before.1 && now.0 > now.1 } else { before.0 >= before.1 && now.0 < now.1 };
    if crossed { TRUE } else { FALSE }
}

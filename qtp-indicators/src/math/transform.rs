//! Functions of one number. Outside a function's domain the output is NaN or infinite, as in TA-Lib.
//!
//! The streaming form calls `libm`; the batch form works several numbers out together. Its
//! results lie within 4 units in the last place of the streaming ones.

use serde::{Deserialize, Serialize};

use super::{
    angle,
    several::{self, blocks},
};
use crate::{
    node::{Gate, Node, indicator, peek_by_copy},
    registry::{Entry, OutputInfo, over},
    sweep,
};

/// Makes the node, the public type and the function of each transform.
macro_rules! transforms {
    ($($node:ident $name:ident $function:ident $scalar:expr, $batch:expr, $summary:literal;)*) => {$(
        #[doc = concat!("The ", $summary, " of each input.")]
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $node;

        impl Node for $node {
            type In = f64;
            type Out = f64;

            fn next(&mut self, x: f64) -> Option<f64> {
                Some($scalar(x))
            }

            peek_by_copy!();

            fn warmup(&self) -> usize {
                1
            }

            fn reset(&mut self) {}

            fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
                // Unchecked: what is not admissible spoils no output but its own.
                let input = gate.columns();
                for column in out {
                    let batch: fn(&[f64], &mut [f64]) = $batch;
                    batch(input, column);
                }
            }
        }

        indicator! {
            #[doc = concat!("The ", $summary, " of each input.")]
            $name() = || Ok($node) => $node, f64 => f64;
            $function(&[f64]) -> one
        }
    )*};
}

transforms! {
    AcosNode Acos acos libm::acos, |input, out| sweep::map(input, out, angle::acos), "arc cosine";
    AsinNode Asin asin libm::asin, |input, out| sweep::map(input, out, angle::asin), "arc sine";
    AtanNode Atan atan libm::atan, |input, out| sweep::map(input, out, angle::atan), "arc tangent";
    CeilNode Ceil ceil libm::ceil, |input, out| sweep::map(input, out, f64::ceil), "next whole number";
    CosNode Cos cos libm::cos, |input, out| blocks(input, out, angle::near, angle::cos, f64::cos), "cosine";
    CoshNode Cosh cosh libm::cosh, |input, out| blocks(input, out, several::away, several::cosh, f64::cosh), "hyperbolic cosine";
    ExpNode Exp exp libm::exp, |input, out| blocks(input, out, several::moderate, several::exp, f64::exp), "exponential";
    FloorNode Floor floor libm::floor, |input, out| sweep::map(input, out, f64::floor), "whole number below";
    LnNode Ln ln libm::log, |input, out| blocks(input, out, several::normal, several::ln, f64::ln), "natural logarithm";
    Log10Node Log10 log10 libm::log10, |input, out| blocks(input, out, several::normal, several::log10, f64::log10), "logarithm to base 10";
    SinNode Sin sin libm::sin, |input, out| blocks(input, out, angle::near, angle::sin, f64::sin), "sine";
    SinhNode Sinh sinh libm::sinh, |input, out| blocks(input, out, several::away, several::sinh, f64::sinh), "hyperbolic sine";
    SqrtNode Sqrt sqrt libm::sqrt, |input, out| sweep::map(input, out, f64::sqrt), "square root";
    TanNode Tan tan libm::tan, |input, out| blocks(input, out, angle::near, angle::tan, f64::tan), "tangent";
    TanhNode Tanh tanh libm::tanh, |input, out| blocks(input, out, several::away, several::tanh, f64::tanh), "hyperbolic tangent";
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "talib.acos",
        "TA-Lib ACOS: arc cosine of each input",
        &[],
        &[OutputInfo::new("real", "radians")],
        "1",
        |args| Ok(over(AcosNode, args.source())),
    ),
    Entry::series(
        "talib.asin",
        "TA-Lib ASIN: arc sine of each input",
        &[],
        &[OutputInfo::new("real", "radians")],
        "1",
        |args| Ok(over(AsinNode, args.source())),
    ),
    Entry::series(
        "talib.atan",
        "TA-Lib ATAN: arc tangent of each input",
        &[],
        &[OutputInfo::new("real", "radians")],
        "1",
        |args| Ok(over(AtanNode, args.source())),
    ),
    Entry::series(
        "talib.ceil",
        "TA-Lib CEIL: next whole number of each input",
        &[],
        &[OutputInfo::new("real", "unit of the source")],
        "1",
        |args| Ok(over(CeilNode, args.source())),
    ),
    Entry::series(
        "talib.cos",
        "TA-Lib COS: cosine of each input",
        &[],
        &[OutputInfo::new("real", "-1 to 1")],
        "1",
        |args| Ok(over(CosNode, args.source())),
    ),
    Entry::series(
        "talib.cosh",
        "TA-Lib COSH: hyperbolic cosine of each input",
        &[],
        &[OutputInfo::new("real", "number")],
        "1",
        |args| Ok(over(CoshNode, args.source())),
    ),
    Entry::series(
        "talib.exp",
        "TA-Lib EXP: exponential of each input",
        &[],
        &[OutputInfo::new("real", "number")],
        "1",
        |args| Ok(over(ExpNode, args.source())),
    ),
    Entry::series(
        "talib.floor",
        "TA-Lib FLOOR: whole number below of each input",
        &[],
        &[OutputInfo::new("real", "unit of the source")],
        "1",
        |args| Ok(over(FloorNode, args.source())),
    ),
    Entry::series(
        "talib.ln",
        "TA-Lib LN: natural logarithm of each input",
        &[],
        &[OutputInfo::new("real", "number")],
        "1",
        |args| Ok(over(LnNode, args.source())),
    ),
    Entry::series(
        "talib.log10",
        "TA-Lib LOG10: logarithm to base 10 of each input",
        &[],
        &[OutputInfo::new("real", "number")],
        "1",
        |args| Ok(over(Log10Node, args.source())),
    ),
    Entry::series(
        "talib.sin",
        "TA-Lib SIN: sine of each input",
        &[],
        &[OutputInfo::new("real", "-1 to 1")],
        "1",
        |args| Ok(over(SinNode, args.source())),
    ),
    Entry::series(
        "talib.sinh",
        "TA-Lib SINH: hyperbolic sine of each input",
        &[],
        &[OutputInfo::new("real", "number")],
        "1",
        |args| Ok(over(SinhNode, args.source())),
    ),
    Entry::series(
        "talib.sqrt",
        "TA-Lib SQRT: square root of each input",
        &[],
        &[OutputInfo::new("real", "number")],
        "1",
        |args| Ok(over(SqrtNode, args.source())),
    ),
    Entry::series(
        "talib.tan",
        "TA-Lib TAN: tangent of each input",
        &[],
        &[OutputInfo::new("real", "number")],
        "1",
        |args| Ok(over(TanNode, args.source())),
    ),
    Entry::series(
        "talib.tanh",
        "TA-Lib TANH: hyperbolic tangent of each input",
        &[],
        &[OutputInfo::new("real", "-1 to 1")],
        "1",
        |args| Ok(over(TanhNode, args.source())),
    ),
];

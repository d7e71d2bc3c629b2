//! Arithmetic of two series.

use serde::{Deserialize, Serialize};

use crate::{
    Source,
    node::{Gate, Node, indicator, peek_by_copy},
    registry::{Entry, NUMBER, OutputInfo, ParamInfo, REAL, pair},
};

/// Makes the node, the public type and the function of each operator.
macro_rules! operators {
    ($($node:ident $name:ident $function:ident $apply:expr, $summary:literal;)*) => {$(
        #[doc = concat!("The ", $summary, " of two inputs.")]
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $node;

        impl Node for $node {
            type In = (f64, f64);
            type Out = f64;

            fn next(&mut self, (a, b): (f64, f64)) -> Option<f64> {
                let apply: fn(f64, f64) -> f64 = $apply;
                Some(apply(a, b))
            }

            peek_by_copy!();

            fn warmup(&self) -> usize {
                1
            }

            fn reset(&mut self) {}

            fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
                gate.map::<Self>(0, crate::sweep::one(out), |(a, b), _| ($apply)(a, b));
            }
        }

        indicator! {
            #[doc = concat!("The ", $summary, " of two inputs.")]
            $name() = || Ok($node) => $node, (f64, f64) => f64;
            $function((&[f64], &[f64])) -> one
        }
    )*};
}

operators! {
    AddNode Add add |a, b| a + b, "sum";
    SubNode Sub sub |a, b| a - b, "difference";
    MultNode Mult mult |a, b| a * b, "product";
    DivNode Div div |a, b| a / b, "quotient";
}

const SQUARE: &[OutputInfo] = &[OutputInfo::new("real", "square of the source")];
const SOURCES: &[ParamInfo] =
    &[ParamInfo::source("source0", Source::High), ParamInfo::source("source1", Source::Low)];

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles("talib.add", "TA-Lib ADD: sum of two series", SOURCES, REAL, "1", |args| {
        Ok(pair(AddNode, args.series(0), args.series(1)))
    }),
    Entry::candles("talib.sub", "TA-Lib SUB: difference of two series", SOURCES, REAL, "1", |args| {
        Ok(pair(SubNode, args.series(0), args.series(1)))
    }),
    Entry::candles("talib.mult", "TA-Lib MULT: product of two series", SOURCES, SQUARE, "1", |args| {
        Ok(pair(MultNode, args.series(0), args.series(1)))
    }),
    Entry::candles("talib.div", "TA-Lib DIV: quotient of two series", SOURCES, NUMBER, "1", |args| {
        Ok(pair(DivNode, args.series(0), args.series(1)))
    }),
];

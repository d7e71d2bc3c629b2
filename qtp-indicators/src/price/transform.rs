//! One price out of a candle.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    node::{Gate, Node, Reads, indicator, peek_by_copy},
    registry::{Entry, REAL, node},
};

/// Tells the compiler what a closure reads.
fn typed<F: Fn(&Ohlcv) -> f64>(formula: F) -> F {
    formula
}

/// Makes the node, the public type and the function of each price.
macro_rules! prices {
    ($($node:ident $name:ident $function:ident $reads:ident $formula:expr, $summary:literal;)*) => {$(
        #[doc = $summary]
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $node;

        impl Node for $node {
            type In = Ohlcv;
            type Out = f64;

            const READS: Reads = Reads::$reads;

            fn next(&mut self, candle: Ohlcv) -> Option<f64> {
                let formula: fn(&Ohlcv) -> f64 = $formula;
                Some(formula(&candle))
            }

            peek_by_copy!();

            fn warmup(&self) -> usize {
                1
            }

            fn reset(&mut self) {}

            fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
                let formula = typed($formula);
                gate.map::<Self>(0, crate::sweep::one(out), |candle, _| formula(&candle));
            }
        }

        indicator! {
            #[doc = $summary]
            $name() = || Ok($node) => $node, Ohlcv => f64;
            $function(crate::Candles<'_>) -> one
        }
    )*};
}

prices! {
    AverageNode AvgPrice avgprice OHLC |c| (c.high + c.low + c.close + c.open) / 4.0, "Mean of open, high, low and close.";
    MedianNode MedPrice medprice HL |c| (c.high + c.low) / 2.0, "Middle of high and low.";
    TypicalNode TypPrice typprice HLC |c| (c.high + c.low + c.close) / 3.0, "Mean of high, low and close.";
    WeightedNode WclPrice wclprice HLC |c| (c.high + c.low + c.close * 2.0) / 4.0,
        "Mean of high, low and twice the close.";
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.avgprice",
        "TA-Lib AVGPRICE: mean of open, high, low and close",
        &[],
        REAL,
        "1",
        |_| Ok(node(AverageNode)),
    ),
    Entry::candles("talib.medprice", "TA-Lib MEDPRICE: middle of high and low", &[], REAL, "1", |_| {
        Ok(node(MedianNode))
    }),
    Entry::candles("talib.typprice", "TA-Lib TYPPRICE: mean of high, low and close", &[], REAL, "1", |_| {
        Ok(node(TypicalNode))
    }),
    Entry::candles(
        "talib.wclprice",
        "TA-Lib WCLPRICE: mean of high, low and twice the close",
        &[],
        REAL,
        "1",
        |_| Ok(node(WeightedNode)),
    ),
];

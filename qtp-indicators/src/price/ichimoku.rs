//! Ichimoku: middles of three ranges, two of them drawn ahead.
//!
//! Source: G. Hosoda, *Ichimoku Kinko Hyo*, 1969.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::middle::{Channel, MiddleOfCandles};
use crate::{
    SpecError,
    error::check_period,
    node::{Feed, Gate, Lag, Node, Reads, composite, indicator},
    registry::{Entry, OutputInfo, ParamInfo, node},
    sweep,
};

/// Middles, and the spans as they were a displacement ago.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cloud {
    conversion: MiddleOfCandles,
    base: MiddleOfCandles,
    span: MiddleOfCandles,
    first: Lag,
    second: Lag,
}

impl Cloud {
    fn new(conversion: usize, base: usize, span: usize, displacement: usize) -> Result<Self, SpecError> {
        let middle = |name, n| Ok(MiddleOfCandles { channel: Channel::new(check_period(name, n, 1)?) });
        let lag = Lag::new(check_period("displacement", displacement, 1)?);
        Ok(Self {
            conversion: middle("conversion", conversion)?,
            base: middle("base", base)?,
            span: middle("span", span)?,
            first: lag.clone(),
            second: lag,
        })
    }
}

impl Node for Cloud {
    type In = Ohlcv;
    type Out = [f64; 6];

    const READS: Reads = Reads::HL;

    composite!({ conversion, base, span, first, second } (candle: Ohlcv) -> [f64; 6] {
        let (conversion, base) = (conversion.feed(candle), base.feed(candle));
        let lead_b = span.feed(candle);
        let lead_a = conversion.zip(base).map(|(conversion, base)| (conversion + base) / 2.0);
        let span_a = lead_a.and_then(|lead| first.feed(lead));
        let span_b = lead_b.and_then(|lead| second.feed(lead));
        Some([conversion?, base?, span_a?, span_b?, lead_a?, lead_b?])
    });

    fn warmup(&self) -> usize {
        let lines = self.conversion.warmup().max(self.base.warmup()).max(self.span.warmup());
        lines + self.first.warmup() - 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let [conversion, base, span_a, span_b, lead_a, lead_b] = out else { return };
        self.conversion.batch(&Gate::open(input), &mut [&mut **conversion]);
        self.base.batch(&Gate::open(input), &mut [&mut **base]);
        self.span.batch(&Gate::open(input), &mut [&mut **lead_b]);
        sweep::map2(conversion, base, lead_a, move |conversion, base| (conversion + base) / 2.0);
        let shift = (self.first.warmup() - 1).min(input.len());
        let kept = input.len() - shift;
        span_a[shift..].copy_from_slice(&lead_a[..kept]);
        span_b[shift..].copy_from_slice(&lead_b[..kept]);
        for column in out {
            sweep::chill(column, self.warmup() - 1);
        }
    }
}

indicator! {
    /// Ichimoku, `[conversion, base, span a, span b, lead a, lead b]`; all periods 1 to 100,000.
    ///
    /// The spans are the cloud as it is drawn over this candle, made `displacement` candles ago; the leads are what this
    /// candle draws that far ahead. The lagging span is the close itself, drawn back: as a column it would show the
    /// future, so it is none.
    ///
    /// ```
    /// use qtp_indicators::{Indicator, price::Ichimoku};
    ///
    /// assert_eq!(Ichimoku::new(9, 26, 52, 26)?.warmup(), 78);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Ichimoku(conversion: usize, base: usize, span: usize, displacement: usize) = Cloud::new
        => Cloud, Ohlcv => [f64; 6];
    ichimoku(crate::Candles<'_>) -> 6
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "ichimoku",
    "Ichimoku: conversion and base line, the cloud over this candle, and the cloud that it draws ahead",
    &[
        ParamInfo::integer("conversion", 1, 9),
        ParamInfo::integer("base", 1, 26),
        ParamInfo::integer("span", 1, 52),
        ParamInfo::integer("displacement", 1, 26),
    ],
    &[
        OutputInfo::new("conversion", "price"),
        OutputInfo::new("base", "price"),
        OutputInfo::new("span_a", "price"),
        OutputInfo::new("span_b", "price"),
        OutputInfo::new("lead_a", "price, of the candle `displacement` ahead"),
        OutputInfo::new("lead_b", "price, of the candle `displacement` ahead"),
    ],
    "max(conversion, base, span) + displacement",
    |args| Ok(node(Ichimoku::new(args.count(0), args.count(1), args.count(2), args.count(3))?.0.node)),
)];

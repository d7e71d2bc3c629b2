//! Lines that add up volume or change by direction.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    Source,
    error::check_period,
    node::{
        Feed, Gate, Node, Previous, Reads, Smooth, Sum, catch_up, composite, indicator, peek_by_copy, ratio,
    },
    registry::{Entry, NUMBER, OutputInfo, ParamInfo, node, over, pair},
    sweep,
};

/// The input pair before, and the line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct State {
    last: Option<(f64, f64)>,
    line: f64,
}

/// The line after a candle, given the one before.
type Step = fn(f64, (f64, f64), Option<(f64, f64)>) -> f64;

/// The batch form of a line: writes it from a candle on, which is not the first.
type Sweep = fn(f64, &Gate<'_, (f64, f64)>, usize, &mut [f64]);

/// A line that adds up `term` of price, the price before, and volume.
fn add_up(
    line: f64,
    gate: &Gate<'_, (f64, f64)>,
    from: usize,
    column: &mut [f64],
    term: impl Fn(f64, f64, f64) -> f64 + Copy,
) {
    let ((price, volume), mut sum) = (gate.columns(), sweep::Scan::sum(line));
    gate.blocks(from, |at, end| {
        let slots = &mut column[at..end];
        sweep::map3((&price[at..end], &price[at - 1..], &volume[at..end]), slots, term);
        sum.replace(slots);
    });
}

/// A line that compounds the change of price where `counts` says so of volume and the volume before.
fn multiply_up(
    mut line: f64,
    gate: &Gate<'_, (f64, f64)>,
    from: usize,
    column: &mut [f64],
    counts: impl Fn(f64, f64) -> bool + Copy,
) {
    let (price, volume) = gate.columns();
    gate.blocks(from, |at, end| {
        let slots = &mut column[at..end];
        sweep::map2(&price[at..end], &price[at - 1..], slots, move |price, last| {
            1.0 + ratio(price - last, last)
        });
        sweep::combine2(slots, (&volume[at..end], &volume[at - 1..]), move |factor, volume, traded| {
            if counts(volume, traded) { factor } else { 1.0 }
        });
        let last = sweep::multiply(line, slots);
        if last.is_finite() && slots.iter().all(|level| level.is_finite()) {
            line = last;
            return;
        }
        // What would not stay finite is left out, one by one.
        for i in at..end {
            if counts(volume[i], volume[i - 1]) {
                line = compound(line, price[i], price[i - 1]);
            }
            column[i] = line;
        }
    });
}

/// Makes the node, the public type and the function of each line over price and volume.
macro_rules! lines {
    ($($node:ident $name:ident $function:ident $start:expr, $step:expr, $sweep:expr, $summary:literal;)*) => {$(
        #[doc = $summary]
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $node(State);

        impl $node {
            const NEW: Self = Self(State { last: None, line: $start });
            const STEP: Step = $step;
        }

        impl Node for $node {
            type In = (f64, f64);
            type Out = f64;

            fn next(&mut self, now: (f64, f64)) -> Option<f64> {
                self.0.line = Self::STEP(self.0.line, now, self.0.last.replace(now));
                Some(self.0.line)
            }

            peek_by_copy!();

            fn warmup(&self) -> usize {
                1
            }

            fn reset(&mut self) {
                *self = Self::NEW;
            }

            fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
                let from = catch_up(self, gate, out);
                let sweep: Sweep = $sweep;
                sweep(self.0.line, gate, from, sweep::one(out));
            }
        }

        indicator! {
            #[doc = $summary]
            /// The inputs are price and volume.
            $name() = || Ok($node::NEW) => $node, (f64, f64) => f64;
            $function((&[f64], &[f64])) -> one
        }
    )*};
}

/// The line after a change of price by `last`'s share, if it stays finite.
fn compound(line: f64, price: f64, last: f64) -> f64 {
    let next = line + ratio(price - last, last) * line;
    if next.is_finite() { next } else { line }
}

lines! {
    Balance Obv obv 0.0, |line, (price, volume), last| match last {
        Some((before, _)) if price > before => line + volume,
        Some((before, _)) if price < before => line - volume,
        Some(_) => line,
        None => volume,
    }, |line, gate, from, column| add_up(line, gate, from, column, |price, last, volume| {
        let fallen = if price < last { -volume } else { 0.0 };
        if price > last { volume } else { fallen }
    }), "On-balance volume: adds the volume of rising prices, takes that of falling ones (J. Granville).";
    Negative Nvi nvi 1000.0, |line, (price, volume), last| match last {
        Some((before, traded)) if volume < traded => compound(line, price, before),
        _ => line,
    }, |line, gate, from, column| multiply_up(line, gate, from, column, |volume, traded| volume < traded),
    "Negative volume index from 1000: compounds the change of price where volume fell.";
    Positive Pvi pvi 1000.0, |line, (price, volume), last| match last {
        Some((before, traded)) if volume > traded => compound(line, price, before),
        _ => line,
    }, |line, gate, from, column| multiply_up(line, gate, from, column, |volume, traded| volume > traded),
    "Positive volume index from 1000: compounds the change of price where volume rose.";
    PriceTrend Pvt pvt 0.0, |line, (price, volume), last| match last {
        Some((before, _)) => line + ratio(price - before, before) * volume,
        None => line,
    }, |line, gate, from, column| add_up(line, gate, from, column, |price, last, volume| {
        ratio(price - last, last) * volume
    }), "Price-volume trend: adds volume times the relative change of price.";
}

/// Change times volume, smoothed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Force {
    previous: Previous<f64>,
    smooth: Smooth,
}

impl Node for Force {
    type In = (f64, f64);
    type Out = f64;

    composite!({ previous, smooth } (input: (f64, f64)) -> f64 {
        let (price, volume) = input;
        let last = previous.feed(price)?;
        smooth.feed((price - last) * volume)
    });

    fn warmup(&self) -> usize {
        self.smooth.period() + 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let series = gate.columns();
        let from = catch_up(self, gate, out);
        let ((price, volume), mut scan, column) = (series, self.smooth.scan(), sweep::one(out));
        gate.blocks(from, |at, end| {
            let slots = &mut column[at..end];
            sweep::map3(
                (&price[at..end], &price[at - 1..], &volume[at..end]),
                slots,
                move |x, last, volume| (x - last) * volume,
            );
            scan.replace(slots);
        });
    }
}

/// Range per volume.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facilitation;

impl Node for Facilitation {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HLV;

    fn next(&mut self, c: Ohlcv) -> Option<f64> {
        Some(ratio(c.high - c.low, c.volume))
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {}

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        gate.map::<Self>(0, sweep::one(out), |c, _| ratio(c.high - c.low, c.volume));
    }
}

/// Volume per mean of the volumes before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Relative {
    baseline: Sum,
    /// The mean at the candle before.
    previous: Previous<f64>,
}

impl Node for Relative {
    type In = f64;
    type Out = f64;

    composite!({ baseline, previous } (x: f64) -> f64 {
        let n = baseline.len() as f64;
        let mean = baseline.feed(x)? / n;
        previous.feed(mean).map(|mean| x / mean)
    });

    fn warmup(&self) -> usize {
        self.baseline.len() + 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let (n, column) = (self.baseline.len(), sweep::one(out));
        let (count, mut quiet) = (n as f64, sweep::Quiet::new(n));
        sweep::chill(column, n);
        let before = input.len().saturating_sub(1);
        quiet.mark(&input[..before.min(n - 1)], |_| ());
        sweep::roll(n, &Gate::open(&input[..before]), |at, end, sums| {
            // Without a trade the sum is rounding alone.
            quiet.mark(&input[at..end], |i| sums[i] = 0.0);
            sweep::map2(&input[at + 1..=end], sums, &mut column[at + 1..=end], move |x, sum| x * count / sum);
        });
    }
}

indicator! {
    /// Elder's force index: exponential average over `period` (1 to 100,000) of change times volume. The inputs are price
    /// and volume.
    Efi(period: usize) = |period| {
        Ok(Force { previous: Previous::default(), smooth: Smooth::ema(check_period("period", period, 1)?) })
    } => Force, (f64, f64) => f64;
    efi((&[f64], &[f64])) -> one
}
indicator! {
    /// Market facilitation index (B. Williams): range per volume, 0 where nothing traded.
    MarketFi() = || Ok(Facilitation) => Facilitation, Ohlcv => f64;
    marketfi(crate::Candles<'_>) -> one
}
indicator! {
    /// Volume per mean of the `period` volumes before it (1 to 100,000); infinite or NaN where those are 0.
    Rvol(period: usize) = |period| {
        Ok(Relative { baseline: Sum::new(check_period("period", period, 1)?), previous: Previous::default() })
    } => Relative, f64 => f64;
    rvol(&[f64]) -> one
}

const VOLUME: &[OutputInfo] = &[OutputInfo::new("real", "volume")];

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series("talib.obv", "TA-Lib OBV: on-balance volume", &[], VOLUME, "1", |args| {
        Ok(pair(Balance::NEW, args.source(), Source::Volume))
    }),
    Entry::series("talib.nvi", "TA-Lib NVI: negative volume index", &[], NUMBER, "1", |args| {
        Ok(pair(Negative::NEW, args.source(), Source::Volume))
    }),
    Entry::series("talib.pvi", "TA-Lib PVI: positive volume index", &[], NUMBER, "1", |args| {
        Ok(pair(Positive::NEW, args.source(), Source::Volume))
    }),
    Entry::series("talib.pvt", "TA-Lib PVT: price-volume trend", &[], VOLUME, "1", |args| {
        Ok(pair(PriceTrend::NEW, args.source(), Source::Volume))
    }),
    Entry::series(
        "talib.efi",
        "TA-Lib EFI: Elder's force index",
        &[ParamInfo::integer("timeperiod", 1, 13)],
        &[OutputInfo::new("real", "price times volume")],
        "timeperiod + 1",
        |args| Ok(pair(Efi::new(args.count(0))?.0.node, args.source(), Source::Volume)),
    ),
    Entry::candles(
        "talib.marketfi",
        "TA-Lib MARKETFI: market facilitation index",
        &[],
        &[OutputInfo::new("real", "price per volume")],
        "1",
        |_| Ok(node(Facilitation)),
    ),
    Entry::candles(
        "talib.rvol",
        "TA-Lib RVOL: volume per mean of the volumes before",
        &[ParamInfo::integer("timeperiod", 1, 20), ParamInfo::source("source", Source::Volume)],
        NUMBER,
        "timeperiod + 1",
        |args| Ok(over(Rvol::new(args.count(0))?.0.node, args.series(1))),
    ),
];

//! Money flow: where in its range a candle closed, times its volume.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    input::INPUT_LIMIT,
    node::{Feed, Gate, Node, Previous, Reads, Sum, catch_up, composite, indicator, peek_by_copy},
    registry::{Entry, NUMBER, OutputInfo, ParamInfo, node},
    sweep,
};

/// Volume times the place of the close in the range, -1 to 1; 0 in a flat candle.
fn flow(c: &Ohlcv) -> f64 {
    let range = c.high - c.low;
    // Bounded for a close that lies outside a tiny range: infinity times no volume would be NaN.
    let place = (((c.close - c.low) - (c.high - c.close)) / range).clamp(-INPUT_LIMIT, INPUT_LIMIT);
    if range > 0.0 { place * c.volume } else { 0.0 }
}

/// [`flow`] of the candles from `at` on, branch-free.
fn flows(c: crate::Candles<'_>, at: usize, out: &mut [f64]) {
    sweep::map_candles(sweep::part(c, at, at + out.len()), out, move |c| {
        let range = c.high - c.low;
        let place = ((c.close - c.low) - (c.high - c.close)) / range;
        let place = sweep::larger(sweep::smaller(place, INPUT_LIMIT), -INPUT_LIMIT);
        let flow = place * c.volume;
        if range > 0.0 { flow } else { 0.0 }
    });
}

/// Sum of the flows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Line {
    sum: f64,
}

impl Node for Line {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HLCV;

    fn next(&mut self, candle: Ohlcv) -> Option<f64> {
        self.sum += flow(&candle);
        Some(self.sum)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        self.sum = 0.0;
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let (mut sum, column) = (sweep::Scan::sum(self.sum), sweep::one(out));
        gate.blocks(0, |at, end| {
            let slots = &mut column[at..end];
            flows(c, at, slots);
            sum.replace(slots);
        });
    }
}

/// Difference of two averages of the line, both seeded by its first value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Oscillator {
    line: Line,
    fast: (f64, f64),
    slow: (f64, f64),
    warmup: usize,
    /// Candles taken, counted up to `warmup`.
    seen: usize,
}

impl Oscillator {
    fn new(fast: usize, slow: usize) -> Result<Self, SpecError> {
        let (fast, slow) = (check_period("fast", fast, 2)?, check_period("slow", slow, 2)?);
        let k = |n: usize| (2.0 / (n as f64 + 1.0), 0.0);
        Ok(Self { line: Line::default(), fast: k(fast), slow: k(slow), warmup: fast.max(slow), seen: 0 })
    }
}

impl Node for Oscillator {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HLCV;

    fn next(&mut self, candle: Ohlcv) -> Option<f64> {
        let line = self.line.next(candle)?;
        for (k, level) in [&mut self.fast, &mut self.slow] {
            *level = if self.seen == 0 { line } else { *k * line + (1.0 - *k) * *level };
        }
        self.seen = (self.seen + 1).min(self.warmup);
        (self.seen == self.warmup).then_some(self.fast.1 - self.slow.1)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        self.warmup
    }

    fn reset(&mut self) {
        self.line.reset();
        (self.fast.1, self.slow.1, self.seen) = (0.0, 0.0, 0);
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let from = catch_up(self, gate, out);
        let (mut sum, column) = (sweep::Scan::sum(self.line.sum), sweep::one(out));
        let scan = |(k, level): (f64, f64)| sweep::Scan::new(1.0 - k, k, level);
        let (mut fast, mut slow) = (scan(self.fast), scan(self.slow));
        let mut line: sweep::Room = [0.0; sweep::BLOCK];
        gate.blocks(from, |at, end| {
            let (line, slots) = (&mut line[..end - at], &mut column[at..end]);
            flows(c, at, line);
            sum.replace(line);
            slow.run(line, slots);
            fast.replace(line);
            sweep::combine(slots, line, move |slow, fast| fast - slow);
        });
    }
}

/// Sum of flows per sum of volumes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Share {
    flow: Sum,
    volume: Sum,
}

impl Node for Share {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HLCV;

    composite!({ flow, volume } (candle: Ohlcv) -> f64 {
        let (flow, volume) = (flow.feed(self::flow(&candle)), volume.feed(candle.volume));
        let (flow, volume) = (flow?, volume?);
        Some(if volume > 0.0 { flow / volume } else { 0.0 })
    });

    fn warmup(&self) -> usize {
        self.volume.len()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let (n, column) = (self.volume.len(), sweep::one(out));
        let mut quiet = sweep::Quiet::new(n);
        sweep::slide(
            n,
            gate,
            0,
            |at, end, [flow, volume]| {
                flows(c, at, flow);
                volume.copy_from_slice(&c.volume[at..end]);
            },
            |at, end, [_, traded], [flow, volume]| {
                let slots = &mut column[at..end];
                sweep::map2(flow, volume, slots, move |flow, volume| {
                    let share = flow / volume;
                    if volume > 0.0 { share } else { 0.0 }
                });
                quiet.mark(traded, |i| slots[i] = 0.0);
            },
        );
        sweep::chill(column, n - 1);
    }
}

/// Turnover of rising typical prices per all turnover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MoneyFlow {
    previous: Previous<f64>,
    up: Sum,
    down: Sum,
}

impl Node for MoneyFlow {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HLCV;

    composite!({ previous, up, down } (c: Ohlcv) -> f64 {
        let typical = (c.high + c.low + c.close) / 3.0;
        let last = previous.feed(typical)?;
        let change = typical - last;
        let still = change.abs() <= 1e-14 * (typical.abs() + last.abs());
        let flow = if still { 0.0 } else { typical * c.volume };
        let (up, down) = (up.feed(if change < 0.0 { 0.0 } else { flow }), down.feed(if change < 0.0 { flow } else { 0.0 }));
        let (up, down) = (up?, down?);
        let total = up + down;
        Some(if total <= 0.0 { 0.0 } else { 100.0 * (up.clamp(0.0, total) / total) })
    });

    fn warmup(&self) -> usize {
        self.up.len() + 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let (n, column) = (self.up.len(), sweep::one(out));
        let mut typical = [0.0; sweep::BLOCK + 1];
        let mut quiet = sweep::Quiet::new(n);
        sweep::slide(
            n,
            gate,
            1,
            |at, end, [up, all]| {
                let typical = &mut typical[..=end - at];
                let candles = sweep::part(c, at - 1, end);
                // Three times the typical price: the factor cancels.
                sweep::map_candles(candles, typical, move |c| c.high + c.low + c.close);
                turnovers(typical, &c.volume[at..end], up, all);
            },
            |at, end, [_, flows], [up, all]| {
                let slots = &mut column[at..end];
                sweep::map2(up, all, slots, move |up, all| {
                    let share = 100.0 * (sweep::larger(sweep::smaller(up, all), 0.0) / all);
                    if all > 0.0 { share } else { 0.0 }
                });
                quiet.mark(flows, |i| slots[i] = 0.0);
            },
        );
        sweep::chill(column, n);
    }
}

/// Turnover of rises of the typical price, and of all its changes.
fn turnovers(typical: &[f64], volume: &[f64], up: &mut [f64], all: &mut [f64]) {
    let n = volume.len();
    let (up, all, last, now) = (&mut up[..n], &mut all[..n], &typical[..n], &typical[1..=n]);
    sweep::vectorised(
        #[inline(always)]
        move || {
            for i in 0..n {
                let change = now[i] - last[i];
                let still = change.abs() <= 1e-14 * (now[i].abs() + last[i].abs());
                let flow = now[i] * volume[i];
                all[i] = if still { 0.0 } else { flow };
                up[i] = if change < 0.0 { 0.0 } else { all[i] };
            }
        },
    );
}

indicator! {
    /// Accumulation/distribution line (M. Chaikin).
    ///
    /// ```
    /// use qtp_indicators::{Candles, volume};
    ///
    /// let (high, low, close, traded) = ([3.0, 4.0], [1.0, 2.0], [3.0, 2.0], [10.0, 4.0]);
    /// let mut out = [0.0; 2];
    /// volume::ad(Candles::new(&close, &high, &low, &close, &traded)?, &mut out)?;
    /// assert_eq!(out, [10.0, 6.0]);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Ad() = || Ok(Line::default()) => Line, Ohlcv => f64;
    ad(crate::Candles<'_>) -> one
}
indicator! {
    /// Chaikin's oscillator: average of [`Ad`] over `fast` less that over `slow` (2 to 100,000).
    AdOsc(fast: usize, slow: usize) = Oscillator::new => Oscillator, Ohlcv => f64;
    adosc(crate::Candles<'_>) -> one
}
indicator! {
    /// Chaikin's money flow over `period` candles (1 to 100,000), -1 to 1.
    Cmf(period: usize) = |period| {
        let n = check_period("period", period, 2)?;
        Ok(Share { flow: Sum::new(n), volume: Sum::new(n) })
    } => Share, Ohlcv => f64;
    cmf(crate::Candles<'_>) -> one
}
indicator! {
    /// Money flow index over `period` changes (2 to 100,000), 0 to 100 (G. Quong and A. Soudack).
    Mfi(period: usize) = |period| {
        let n = check_period("period", period, 2)?;
        Ok(MoneyFlow { previous: Previous::default(), up: Sum::new(n), down: Sum::new(n) })
    } => MoneyFlow, Ohlcv => f64;
    mfi(crate::Candles<'_>) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.ad",
        "TA-Lib AD: accumulation/distribution line",
        &[],
        &[OutputInfo::new("real", "volume")],
        "1",
        |_| Ok(node(Line::default())),
    ),
    Entry::candles(
        "talib.adosc",
        "TA-Lib ADOSC: Chaikin's oscillator",
        &[ParamInfo::integer("fastperiod", 2, 3), ParamInfo::integer("slowperiod", 2, 10)],
        &[OutputInfo::new("real", "volume")],
        "max(fastperiod, slowperiod)",
        |args| Ok(node(AdOsc::new(args.count(0), args.count(1))?.0.node)),
    ),
    Entry::candles(
        "talib.cmf",
        "TA-Lib CMF: Chaikin's money flow",
        &[ParamInfo::integer("timeperiod", 2, 20)],
        NUMBER,
        "timeperiod",
        |args| Ok(node(Cmf::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.mfi",
        "TA-Lib MFI: money flow index",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        &[OutputInfo::new("real", "0 to 100")],
        "timeperiod + 1",
        |args| Ok(node(Mfi::new(args.count(0))?.0.node)),
    ),
];

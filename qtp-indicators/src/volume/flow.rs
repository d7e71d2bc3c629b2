//! Money flow: where in its range a candle closed, times its volume.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    Candles, SpecError,
    error::check_period,
    input::INPUT_LIMIT,
    node::{
        Admit as _, Feed, Gate, Node, Previous, Reads, Sum, catch_up, composite, indicator, peek_by_copy,
    },
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

/// [`flow`] of the candles `at..end`, branch-free; whether all of them are admissible.
#[inline(always)]
fn flows(c: Candles<'_>, at: usize, end: usize, out: &mut sweep::Chunk) -> bool {
    let c = sweep::part(c, at, end);
    let mut least = 0;
    for i in 0..end - at {
        let candle = Ohlcv::at(c, i);
        let range = candle.high - candle.low;
        let place = ((candle.close - candle.low) - (candle.high - candle.close)) / range;
        let place = sweep::larger(sweep::smaller(place, INPUT_LIMIT), -INPUT_LIMIT);
        let flow = place * candle.volume;
        out[i] = if range > 0.0 { flow } else { 0.0 };
        least |= candle.margin(Reads::HLCV);
    }
    least >= 0
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
        let (c, column, mut sound) = (gate.columns(), sweep::one(out), true);
        sweep::pipe(
            [&mut sweep::Scan::sum(self.sum)],
            [0],
            (0, c.len()),
            #[inline(always)]
            |at, end, [flow]| sound &= flows(c, at, end, flow),
            #[inline(always)]
            |at, end, [line]| column[at..end].copy_from_slice(&line[..end - at]),
        );
        gate.vouch(sound);
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
        let from = catch_up(self, gate, out);
        let (c, column, mut sound) = (gate.columns(), sweep::one(out), true);
        let scan = |(k, level): (f64, f64)| sweep::Scan::new(1.0 - k, k, level);
        sweep::pipe(
            [&mut sweep::Scan::sum(self.line.sum), &mut scan(self.fast), &mut scan(self.slow)],
            [0, 0, 0],
            (from, c.len()),
            #[inline(always)]
            |at, end, [flow, ..]| sound &= flows(c, at, end, flow),
            #[inline(always)]
            |at, end, [_, fast, slow]| {
                let slots = &mut column[at..end];
                for i in 0..slots.len() {
                    slots[i] = fast[i] - slow[i];
                }
            },
        );
        gate.vouch(sound);
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
        let (c, n) = (gate.columns(), self.volume.len());
        let from = catch_up(self, gate, out);
        if !gate.sound() || from < n {
            return;
        }
        // The flows of the last window, and of what follows until the sums are taken afresh.
        let renewal = sweep::renewal(n);
        let mut kept: Vec<f64> = (0..n).map(|i| flow(&Ohlcv::at(c, i))).collect();
        kept.resize(n + renewal, 0.0);
        let mut quiet = sweep::Quiet::new(n);
        quiet.mark(&c.volume[..n], |_| ());
        let (mut flow, mut volume) = (sweep::Scan::sum(0.0), sweep::Scan::sum(0.0));
        let (mut start, mut sound, column) = (n, true, sweep::one(out));
        while start < c.len() {
            let end = c.len().min(start + renewal);
            flow.set(sweep::total(&kept[..n]));
            volume.set(sweep::total(&c.volume[start - n..start]));
            sweep::pipe(
                [&mut flow, &mut volume],
                [0, 1],
                (start, end),
                #[inline(always)]
                |at, end, [flow, volume]| {
                    sound &= flows(c, at, end, flow);
                    let (place, count) = (at - start, end - at);
                    kept[place + n..][..count].copy_from_slice(&flow[..count]);
                    let gone = &kept[place..][..count];
                    let (new, old) = (&c.volume[at..end], &c.volume[at - n..][..count]);
                    for i in 0..count {
                        flow[i] -= gone[i];
                        volume[i] = new[i] - old[i];
                    }
                },
                #[inline(always)]
                |at, end, [flow, volume]| {
                    let slots = &mut column[at..end];
                    for i in 0..slots.len() {
                        let share = flow[i] / volume[i];
                        slots[i] = if volume[i] > 0.0 { share } else { 0.0 };
                    }
                },
            );
            quiet.mark(&c.volume[start..end], |i| column[start + i] = 0.0);
            kept.copy_within(end - start..end - start + n, 0);
            start = end;
        }
        gate.vouch(sound);
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

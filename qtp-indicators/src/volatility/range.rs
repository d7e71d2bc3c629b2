//! Averages and changes of the range.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::stddev::Deviation;
use crate::{
    SpecError,
    error::check_period,
    node::{Feed, Gate, Lag, Node, Previous, Reads, Smooth, Sum, composite, indicator, ratio},
    registry::{Entry, NUMBER, OutputInfo, PERCENT, ParamInfo, node, over},
    sweep,
};

/// Mean range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MeanRange {
    sum: Sum,
}

impl Node for MeanRange {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HL;

    composite!({ sum } (candle: Ohlcv) -> f64 {
        let n = sum.len() as f64;
        sum.feed(candle.high - candle.low).map(|sum| sum / n)
    });

    fn warmup(&self) -> usize {
        self.sum.len()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let (n, column) = (self.sum.len(), sweep::one(out));
        let share = 1.0 / n as f64;
        sweep::slide(
            n,
            gate,
            0,
            |at, end, [ranges]| {
                sweep::map2(&c.high[at..end], &c.low[at..end], ranges, move |high, low| high - low)
            },
            |at, end, _, [sums]| sweep::map(sums, &mut column[at..end], move |sum| sum * share),
        );
        sweep::chill(column, n - 1);
    }
}

/// Change of the smoothed range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RangeChange {
    smooth: Smooth,
    lag: Lag,
}

impl RangeChange {
    fn new(period: usize, change: usize) -> Result<Self, SpecError> {
        let smooth = Smooth::ema(check_period("period", period, 2)?);
        Ok(Self { smooth, lag: Lag::new(check_period("change", change, 1)?) })
    }
}

impl Node for RangeChange {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HL;

    composite!({ smooth, lag } (candle: Ohlcv) -> f64 {
        let level = smooth.feed(candle.high - candle.low)?;
        lag.feed(level).map(|old| 100.0 * ratio(level - old, old))
    });

    fn warmup(&self) -> usize {
        self.smooth.period() + self.lag.warmup() - 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(c) = gate.all() else { return };
        let (n, lag, column) = (self.smooth.period(), self.lag.warmup() - 1, sweep::one(out));
        let mut warm = self.smooth;
        let mut levels = vec![0.0; c.len()];
        for i in 0..n.min(c.len()) {
            levels[i] = warm.next(c.high[i] - c.low[i]).unwrap_or(f64::NAN);
        }
        let (mut scan, mut room): (_, sweep::Room) = (warm.scan(), [0.0; sweep::BLOCK]);
        sweep::blocks(n, c.len(), |at, end| {
            let room = &mut room[..end - at];
            sweep::map2(&c.high[at..end], &c.low[at..end], room, move |high, low| high - low);
            scan.run(room, &mut levels[at..end]);
        });
        let first = (self.warmup() - 1).min(c.len());
        sweep::chill(column, first);
        let (now, old) = (&levels[first..], &levels[(first.max(lag) - lag).min(levels.len())..]);
        sweep::map2(now, old, &mut column[first..], move |now, old| 100.0 * ratio(now - old, old));
    }
}

/// Sum of the ratio of the range's average to the average of that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mass {
    first: Smooth,
    second: Smooth,
    sum: Sum,
}

impl Mass {
    fn new(fast: usize, slow: usize) -> Result<Self, SpecError> {
        let average = Smooth::ema(check_period("fast", fast, 2)?);
        Ok(Self { first: average, second: average, sum: Sum::new(check_period("slow", slow, 2)?) })
    }
}

impl Node for Mass {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HL;

    composite!({ first, second, sum } (candle: Ohlcv) -> f64 {
        let first = first.feed(candle.high - candle.low)?;
        let second = second.feed(first)?;
        sum.feed(mass(first, second))
    });

    fn warmup(&self) -> usize {
        2 * self.first.period() + self.sum.len() - 2
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        // Both averages are warm after `first` candles.
        let (n, column, first) = (self.sum.len(), sweep::one(out), 2 * self.first.period() - 1);
        let (mut one, mut two) = (self.first, self.second);
        let mut cold = Vec::new();
        if !gate.admits(first) {
            return;
        }
        for i in 0..first.min(c.len()) {
            let level =
                one.next(c.high[i] - c.low[i]).and_then(|one| two.next(one).map(|two| mass(one, two)));
            cold.extend(level);
        }
        let (mut one, mut two, mut a): (_, _, sweep::Room) = (one.scan(), two.scan(), [0.0; sweep::BLOCK]);
        let start = first - cold.len();
        sweep::slide(
            n,
            gate,
            start,
            |at, end, [ratios]| {
                // What the averages gave while they warmed up comes first.
                let cold = &cold[(at - start).min(cold.len())..];
                let ready = cold.len().min(end - at);
                let (cold_ratios, ratios) = ratios.split_at_mut(ready);
                cold_ratios.copy_from_slice(&cold[..ready]);
                let (at, a) = (at + ready, &mut a[..ratios.len()]);
                sweep::map2(&c.high[at..end], &c.low[at..end], ratios, move |high, low| high - low);
                one.run(ratios, a);
                two.run(a, ratios);
                sweep::combine(ratios, a, move |second, first| mass(first, second));
            },
            |at, end, _, [sums]| column[at..end].copy_from_slice(sums),
        );
        sweep::chill(column, self.warmup() - 1);
    }
}

fn mass(first: f64, second: f64) -> f64 {
    if second == 0.0 { 1.0 } else { ratio(first, second) }
}

/// Deviation on rising inputs per all deviation, both smoothed after Wilder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RelativeVolatility {
    deviation: Deviation,
    previous: Previous<f64>,
    up: Smooth,
    down: Smooth,
}

impl RelativeVolatility {
    fn new(period: usize, deviation: usize) -> Result<Self, SpecError> {
        let smooth = Smooth::wilder(check_period("period", period, 1)?);
        let deviation = Deviation::new(check_period("deviation_period", deviation, 2)?, 1.0);
        Ok(Self { deviation, previous: Previous::default(), up: smooth, down: smooth })
    }
}

impl Node for RelativeVolatility {
    type In = f64;
    type Out = f64;

    composite!({ deviation, previous, up, down } (x: f64) -> f64 {
        let (deviation, last) = (deviation.feed(x), previous.feed(x));
        let (deviation, last) = (deviation?, last?);
        let up = up.feed(if x > last { deviation } else { 0.0 });
        let down = down.feed(if x < last { deviation } else { 0.0 });
        let (up, down) = (up?, down?);
        let total = up + down;
        Some(if total == 0.0 { 50.0 } else { 100.0 * (up / total) })
    });

    fn warmup(&self) -> usize {
        self.deviation.warmup() + self.up.period() - 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let column = sweep::one(out);
        let (first, n) = (self.deviation.warmup(), self.up.period());
        self.deviation.batch(&Gate::open(input), &mut [&mut *column]);
        let (mut up, mut down) = (self.up, self.down);
        let of = |up: f64, down: f64| {
            let total = up + down;
            if total == 0.0 { 50.0 } else { 100.0 * (up / total) }
        };
        let side = |i: usize, deviation: f64| {
            let change = input[i] - input[i - 1];
            (if change > 0.0 { deviation } else { 0.0 }, if change < 0.0 { deviation } else { 0.0 })
        };
        let warm = (first - 1 + n).min(input.len());
        for i in first - 1..warm {
            let (rise, fall) = side(i, column[i]);
            column[i] = up.next(rise).zip(down.next(fall)).map_or(f64::NAN, |(up, down)| of(up, down));
        }
        let (mut up, mut down) = (up.scan(), down.scan());
        let (mut a, mut b): (sweep::Room, sweep::Room) = ([0.0; sweep::BLOCK], [0.0; sweep::BLOCK]);
        let (mut rises, mut falls) = (a, b);
        sweep::blocks(warm, input.len(), |at, end| {
            let len = end - at;
            for i in at..end {
                (rises[i - at], falls[i - at]) = side(i, column[i]);
            }
            up.run(&rises[..len], &mut a[..len]);
            down.run(&falls[..len], &mut b[..len]);
            sweep::map2(&a[..len], &b[..len], &mut column[at..end], of);
        });
    }
}

indicator! {
    /// Mean of high less low over `period` candles (1 to 100,000).
    Adr(period: usize) = |period| Ok(MeanRange { sum: Sum::new(check_period("period", period, 1)?) })
        => MeanRange, Ohlcv => f64;
    adr(crate::Candles<'_>) -> one
}
indicator! {
    /// Chaikin's volatility: change in percent over `change` candles (1 to 100,000) of the exponential average of the
    /// range over `period` (2 to 100,000).
    Cvi(period: usize, change: usize) = RangeChange::new => RangeChange, Ohlcv => f64;
    cvi(crate::Candles<'_>) -> one
}
indicator! {
    /// Mass index (D. Dorsey): sum over `slow` of the range's average over `fast` per average of that.
    MassIndex(fast: usize, slow: usize) = Mass::new => Mass, Ohlcv => f64;
    massi(crate::Candles<'_>) -> one
}
indicator! {
    /// Relative volatility index (D. Dorsey), 0 to 100; `period` 1 to 100,000, `deviation_period` 2 to 100,000.
    Rvi(period: usize, deviation_period: usize) = RelativeVolatility::new => RelativeVolatility, f64 => f64;
    rvi(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.adr",
        "TA-Lib ADR: mean range",
        &[ParamInfo::integer("timeperiod", 1, 14)],
        &[OutputInfo::new("real", "price")],
        "timeperiod",
        |args| Ok(node(Adr::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.cvi",
        "TA-Lib CVI: Chaikin's volatility",
        &[ParamInfo::integer("timeperiod", 2, 10), ParamInfo::integer("rocperiod", 1, 10)],
        PERCENT,
        "timeperiod + rocperiod",
        |args| Ok(node(Cvi::new(args.count(0), args.count(1))?.0.node)),
    ),
    Entry::candles(
        "talib.massi",
        "TA-Lib MASSI: mass index",
        &[ParamInfo::integer("fastperiod", 2, 9), ParamInfo::integer("slowperiod", 2, 25)],
        NUMBER,
        "2 * fastperiod + slowperiod - 2",
        |args| Ok(node(MassIndex::new(args.count(0), args.count(1))?.0.node)),
    ),
    Entry::series(
        "talib.rvi",
        "TA-Lib RVI: relative volatility index",
        &[ParamInfo::integer("timeperiod", 1, 14), ParamInfo::integer("stddevperiod", 2, 10)],
        &[OutputInfo::new("real", "0 to 100")],
        "timeperiod + stddevperiod - 1",
        |args| Ok(over(Rvi::new(args.count(0), args.count(1))?.0.node, args.source())),
    ),
];

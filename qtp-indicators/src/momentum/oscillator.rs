//! Oscillators of the middle price and of the close against its averages.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    average::{
        sma::{Mean, means},
        wma::WeightedMean,
    },
    error::check_period,
    node::{Feed, Gate, Lag, Node, Reads, Smooth, Sum, catch_up, composite, indicator, ratio},
    registry::{Entry, OutputInfo, PERCENT, ParamInfo, REAL, node, over},
    sweep,
};

/// Fast less slow mean of the middle price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Awesome {
    fast: Mean,
    slow: Mean,
}

impl Awesome {
    fn new(fast: usize, slow: usize) -> Result<Self, SpecError> {
        let (fast, slow) = (check_period("fast", fast, 2)?, check_period("slow", slow, 2)?);
        Ok(Self { fast: Mean::new(fast), slow: Mean::new(slow) })
    }

    /// Calls `emit` with the line at each block of candles; it counts once warm.
    fn sweep(&self, gate: &Gate<'_, Ohlcv>, mut emit: impl FnMut(usize, usize, &[f64])) {
        let c = gate.columns();
        let spans = [self.fast.warmup(), self.slow.warmup()];
        let [fast_share, slow_share] = spans.map(|n| 0.5 / n as f64);
        sweep::slide_spans(
            spans,
            gate,
            0,
            |at, end, [middle]| {
                sweep::map2(&c.high[at..end], &c.low[at..end], middle, move |high, low| high + low)
            },
            |at, end, _, [[fast], [slow]]| {
                sweep::combine(fast, slow, move |fast, slow| fast * fast_share - slow * slow_share);
                emit(at, end, fast);
            },
        );
    }
}

impl Node for Awesome {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HL;

    composite!({ fast, slow } (candle: Ohlcv) -> f64 {
        let middle = (candle.high + candle.low) / 2.0;
        let (fast, slow) = (fast.feed(middle), slow.feed(middle));
        Some(fast? - slow?)
    });

    fn warmup(&self) -> usize {
        self.fast.warmup().max(self.slow.warmup())
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let column = sweep::one(out);
        self.sweep(gate, |at, end, lines| column[at..end].copy_from_slice(lines));
        sweep::chill(column, self.warmup() - 1);
    }
}

/// The awesome oscillator less its mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Accelerator {
    awesome: Awesome,
    signal: Mean,
}

impl Accelerator {
    fn new(fast: usize, slow: usize, signal: usize) -> Result<Self, SpecError> {
        Ok(Self { awesome: Awesome::new(fast, slow)?, signal: Mean::new(check_period("signal", signal, 2)?) })
    }
}

impl Node for Accelerator {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HL;

    composite!({ awesome, signal } (candle: Ohlcv) -> f64 {
        let awesome = awesome.feed(candle)?;
        signal.feed(awesome).map(|signal| awesome - signal)
    });

    fn warmup(&self) -> usize {
        self.awesome.warmup() + self.signal.warmup() - 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (n, column, first) = (self.signal.warmup(), sweep::one(out), self.awesome.warmup() - 1);
        self.awesome.sweep(gate, |at, end, lines| column[at..end].copy_from_slice(lines));
        let (share, lines) = (1.0 / n as f64, column.to_vec());
        let Some(warm) = lines.get(first..) else { return sweep::chill(column, gate.len()) };
        sweep::roll(n, &Gate::open(warm), |at, end, sums| {
            sweep::map2(&warm[at..end], sums, &mut column[first + at..first + end], move |line, sum| {
                line - sum * share
            });
        });
        sweep::chill(column, self.warmup() - 1);
    }
}

/// An input some time ago less the mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Detrended {
    mean: Mean,
    lag: Lag,
}

impl Node for Detrended {
    type In = f64;
    type Out = f64;

    composite!({ mean, lag } (x: f64) -> f64 {
        let (mean, old) = (mean.feed(x), lag.feed(x));
        Some(old? - mean?)
    });

    fn warmup(&self) -> usize {
        self.mean.warmup().max(self.lag.warmup())
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let (n, lag, column) = (self.mean.warmup(), self.lag.warmup() - 1, sweep::one(out));
        means(n, gate, |at, end, means| {
            let from = at.max(lag).min(end);
            let (old, means) = (&input[from.saturating_sub(lag)..], &means[from - at..]);
            sweep::map2(old, means, &mut column[from..end], move |old, mean| old - mean);
        });
        sweep::chill(column, self.warmup() - 1);
    }
}

/// High and low less an average of the close.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ray {
    average: Smooth,
}

impl Node for Ray {
    type In = Ohlcv;
    type Out = [f64; 2];

    composite!({ average } (candle: Ohlcv) -> [f64; 2] {
        average.feed(candle.close).map(|average| [candle.high - average, candle.low - average])
    });

    fn warmup(&self) -> usize {
        self.average.period()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let from = catch_up(self, gate, out);
        let ([bull, bear], mut scan, mut room) = (out, self.average.scan(), [0.0; sweep::BLOCK]) else {
            return;
        };
        gate.blocks(from, |at, end| {
            let room = &mut room[..end - at];
            scan.run(&c.close[at..end], room);
            sweep::map2(&c.high[at..end], room, &mut bull[at..end], move |high, average| high - average);
            sweep::map2(&c.low[at..end], room, &mut bear[at..end], move |low, average| low - average);
        });
    }
}

/// Mean of the bodies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bodies {
    mean: Sum,
}

impl Node for Bodies {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::OC;

    composite!({ mean } (candle: Ohlcv) -> f64 {
        let n = mean.len() as f64;
        mean.feed(candle.close - candle.open).map(|sum| sum / n)
    });

    fn warmup(&self) -> usize {
        self.mean.len()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let (n, column) = (self.mean.len(), sweep::one(out));
        let share = 1.0 / n as f64;
        sweep::slide(
            n,
            gate,
            0,
            |at, end, [bodies]| {
                sweep::map2(&c.close[at..end], &c.open[at..end], bodies, move |close, open| close - open);
            },
            |at, end, _, [sums]| sweep::map(sums, &mut column[at..end], move |sum| sum * share),
        );
        sweep::chill(column, n - 1);
    }
}

/// Weighted mean of two changes together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Curve {
    first: Lag,
    second: Lag,
    mean: WeightedMean,
}

impl Curve {
    fn new(average: usize, first: usize, second: usize) -> Result<Self, SpecError> {
        let mean = WeightedMean::new(check_period("average", average, 1)?);
        let (first, second) = (check_period("first", first, 1)?, check_period("second", second, 1)?);
        Ok(Self { first: Lag::new(first), second: Lag::new(second), mean })
    }
}

fn percent(x: f64, old: f64) -> f64 {
    if old == 0.0 { 0.0 } else { (ratio(x, old) - 1.0) * 100.0 }
}

impl Node for Curve {
    type In = f64;
    type Out = f64;

    composite!({ first, second, mean } (x: f64) -> f64 {
        let (first, second) = (first.feed(x), second.feed(x));
        mean.feed(percent(x, first?) + percent(x, second?))
    });

    fn warmup(&self) -> usize {
        self.first.warmup().max(self.second.warmup()) + self.mean.warmup() - 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let (first, second) = (self.first.warmup() - 1, self.second.warmup() - 1);
        let start = first.max(second).min(input.len());
        let mut changes = vec![0.0; input.len() - start];
        let now = &input[start..];
        let lagged = |lag: usize| &input[start - lag.min(start)..];
        sweep::map3((now, lagged(first), lagged(second)), &mut changes, move |x, first, second| {
            percent(x, first) + percent(x, second)
        });
        let column = sweep::one(out);
        sweep::chill(column, start);
        self.mean.batch(&Gate::open(&changes[..]), &mut [&mut column[start..]]);
    }
}

indicator! {
    /// Awesome oscillator (B. Williams): mean of the middle price over `fast` candles less that over `slow`; both 2 to
    /// 100,000.
    Ao(fast: usize, slow: usize) = Awesome::new => Awesome, Ohlcv => f64;
    ao(crate::Candles<'_>) -> one
}
indicator! {
    /// Accelerator oscillator (B. Williams): [`Ao`] less its mean over `signal` candles.
    Ac(fast: usize, slow: usize, signal: usize) = Accelerator::new => Accelerator, Ohlcv => f64;
    ac(crate::Candles<'_>) -> one
}
indicator! {
    /// Detrended price: the input `period / 2 + 1` inputs ago less the mean over `period` (2 to 100,000).
    Dpo(period: usize) = |period| {
        let n = check_period("period", period, 2)?;
        Ok(Detrended { mean: Mean::new(n), lag: Lag::new(n / 2 + 1) })
    } => Detrended, f64 => f64;
    dpo(&[f64]) -> one
}
indicator! {
    /// Elder's rays, `[bull power, bear power]`: high and low less an exponential average of `period` closes (1 to
    /// 100,000).
    Eri(period: usize) = |period| Ok(Ray { average: Smooth::ema(check_period("period", period, 1)?) })
        => Ray, Ohlcv => [f64; 2];
    eri(crate::Candles<'_>) -> 2
}
indicator! {
    /// Qstick (T. Chande): mean of close less open over `period` candles (1 to 100,000).
    Qstick(period: usize) = |period| Ok(Bodies { mean: Sum::new(check_period("period", period, 1)?) })
        => Bodies, Ohlcv => f64;
    qstick(crate::Candles<'_>) -> one
}
indicator! {
    /// Coppock curve: weighted mean over `average` of the changes in percent since `first` and `second` inputs ago.
    Coppock(average: usize, first: usize, second: usize) = Curve::new => Curve, f64 => f64;
    coppock(&[f64]) -> one
}

const PRICE: &[OutputInfo] = &[OutputInfo::new("real", "price")];

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.ao",
        "TA-Lib AO: awesome oscillator",
        &[ParamInfo::integer("fastperiod", 2, 5), ParamInfo::integer("slowperiod", 2, 34)],
        PRICE,
        "max(fastperiod, slowperiod)",
        |args| Ok(node(Ao::new(args.count(0), args.count(1))?.0.node)),
    ),
    Entry::candles(
        "talib.ac",
        "TA-Lib AC: accelerator oscillator",
        &[
            ParamInfo::integer("fastperiod", 2, 5),
            ParamInfo::integer("slowperiod", 2, 34),
            ParamInfo::integer("signalperiod", 2, 5),
        ],
        PRICE,
        "max(fastperiod, slowperiod) + signalperiod - 1",
        |args| Ok(node(Ac::new(args.count(0), args.count(1), args.count(2))?.0.node)),
    ),
    Entry::series(
        "talib.dpo",
        "TA-Lib DPO: detrended price oscillator",
        &[ParamInfo::integer("timeperiod", 2, 20)],
        REAL,
        "max(timeperiod, timeperiod / 2 + 2)",
        |args| Ok(over(Dpo::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::candles(
        "talib.eri",
        "TA-Lib ERI: Elder ray index",
        &[ParamInfo::integer("timeperiod", 1, 13)],
        &[OutputInfo::new("bullpower", "price"), OutputInfo::new("bearpower", "price")],
        "timeperiod",
        |args| Ok(node(Eri::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.qstick",
        "TA-Lib QSTICK: mean of the bodies",
        &[ParamInfo::integer("timeperiod", 1, 10)],
        PRICE,
        "timeperiod",
        |args| Ok(node(Qstick::new(args.count(0))?.0.node)),
    ),
    Entry::series(
        "talib.coppock",
        "TA-Lib COPPOCK: Coppock curve",
        &[
            ParamInfo::integer("wmaperiod", 1, 10),
            ParamInfo::integer("roc1period", 1, 11),
            ParamInfo::integer("roc2period", 1, 14),
        ],
        PERCENT,
        "max(roc1period, roc2period) + wmaperiod",
        |args| Ok(over(Coppock::new(args.count(0), args.count(1), args.count(2))?.0.node, args.source())),
    ),
];

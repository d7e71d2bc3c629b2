//! Momentum of averages of averages: TRIX, true strength, stochastic momentum.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    node::{Feed, Gate, Node, Previous, Smooth, composite, indicator, ratio},
    price::middle::Channel,
    registry::{Entry, OutputInfo, PERCENT, ParamInfo, node, over},
    sweep,
};

/// An average of an average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Twice {
    first: Smooth,
    second: Smooth,
}

impl Twice {
    pub(crate) fn new(first: usize, second: usize) -> Self {
        Self { first: Smooth::ema(first), second: Smooth::ema(second) }
    }
}

impl Node for Twice {
    type In = f64;
    type Out = f64;

    composite!({ first, second } (x: f64) -> f64 {
        let first = first.feed(x)?;
        second.feed(first)
    });

    fn warmup(&self) -> usize {
        self.first.period() + self.second.period() - 1
    }
}

fn percent(level: f64, old: f64) -> f64 {
    if old == 0.0 { 0.0 } else { (ratio(level, old) - 1.0) * 100.0 }
}

/// Change of a threefold average in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Triple {
    twice: Twice,
    third: Smooth,
    previous: Previous<f64>,
}

impl Node for Triple {
    type In = f64;
    type Out = f64;

    composite!({ twice, third, previous } (x: f64) -> f64 {
        let twice = twice.feed(x)?;
        let level = third.feed(twice)?;
        previous.feed(level).map(|old| percent(level, old))
    });

    fn warmup(&self) -> usize {
        self.twice.warmup() + self.third.period()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let from = crate::node::catch_up(self, gate, out);
        let Self { twice: Twice { first, second }, third, .. } = self;
        let mut scans = [first.scan(), second.scan(), third.scan()];
        // The levels of a block, and the one before them.
        let (mut one, mut two) = ([0.0; sweep::BLOCK + 1], [0.0; sweep::BLOCK]);
        let column = sweep::one(out);
        gate.blocks(from, |at, end| {
            let (one, two) = (&mut one[..=end - at], &mut two[..end - at]);
            let [first, second, third] = &mut scans;
            first.run(&input[at..end], two);
            second.run(two, &mut one[1..]);
            one[0] = third.level();
            third.replace(&mut one[1..]);
            sweep::map2(&one[1..], one, &mut column[at..end], percent);
        });
    }
}

/// Smoothed change per smoothed size of change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrueStrength {
    previous: Previous<f64>,
    change: Twice,
    size: Twice,
}

impl TrueStrength {
    fn new(first: usize, second: usize) -> Result<Self, SpecError> {
        let twice = Twice::new(check_period("first", first, 2)?, check_period("second", second, 2)?);
        Ok(Self { previous: Previous::default(), change: twice, size: twice })
    }
}

impl Node for TrueStrength {
    type In = f64;
    type Out = f64;

    composite!({ previous, change, size } (x: f64) -> f64 {
        let moved = x - previous.feed(x)?;
        let (change, size) = (change.feed(moved), size.feed(moved.abs()));
        let (change, size) = (change?, size?);
        Some(if size > 0.0 { 100.0 * change / size } else { 0.0 })
    });

    fn warmup(&self) -> usize {
        self.change.warmup() + 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let from = crate::node::catch_up(self, gate, out);
        let stages =
            [&mut self.change.first, &mut self.change.second, &mut self.size.first, &mut self.size.second];
        let (mut scans, mut rooms) = (stages.each_ref().map(|stage| stage.scan()), [[0.0; sweep::BLOCK]; 4]);
        let column = sweep::one(out);
        gate.blocks(from, |at, end| {
            let [one, two, three, four] = rooms.each_mut().map(|room| &mut room[..end - at]);
            let [change, change_twice, size, size_twice] = &mut scans;
            sweep::map2(&input[at..end], &input[at - 1..], one, move |x, last| x - last);
            sweep::map(one, two, f64::abs);
            change.run(one, three);
            change_twice.run(three, one);
            size.run(two, four);
            size_twice.run(four, two);
            sweep::map2(one, two, &mut column[at..end], move |change, size| {
                let index = 100.0 * change / size;
                if size > 0.0 { index } else { 0.0 }
            });
        });
    }
}

/// Smoothed distance from the middle of the range per smoothed half range, and its average.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StochasticMomentum {
    channel: Channel,
    distance: Twice,
    range: Twice,
    signal: Smooth,
}

impl StochasticMomentum {
    fn new(period: usize, fast: usize, slow: usize, signal: usize) -> Result<Self, SpecError> {
        let twice = Twice::new(check_period("slow", slow, 2)?, check_period("fast", fast, 2)?);
        let channel = Channel::new(check_period("period", period, 2)?);
        let signal = Smooth::ema(check_period("signal", signal, 2)?);
        Ok(Self { channel, distance: twice, range: twice, signal })
    }
}

impl Node for StochasticMomentum {
    type In = Ohlcv;
    type Out = [f64; 2];

    composite!({ channel, distance, range, signal } (candle: Ohlcv) -> [f64; 2] {
        let (high, low) = channel.feed(candle)?;
        let distance = distance.feed(candle.close - (high + low) * 0.5);
        let range = range.feed(high - low);
        let (distance, half) = (distance?, 0.5 * range?);
        let index = if half > 0.0 { 100.0 * distance / half } else { 0.0 };
        signal.feed(index).map(|signal| [index, signal])
    });

    fn warmup(&self) -> usize {
        self.channel.warmup() + self.distance.warmup() + self.signal.period() - 2
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(c) = gate.all() else { return };
        let [index, signal] = out else { return };
        let first = self.warmup();
        let warm = crate::node::warm_up(self, first, c, &mut [&mut *index, &mut *signal]);
        let stages = [warm.distance.first, warm.distance.second, warm.range.first, warm.range.second];
        let ([mut near, mut near_twice, mut wide, mut wide_twice], mut average) =
            (stages.map(|stage| stage.scan()), warm.signal.scan());
        let (mut one, mut two): (sweep::Room, sweep::Room) = ([0.0; sweep::BLOCK], [0.0; sweep::BLOCK]);
        self.channel.blocks((c.high, c.low), |start, high, low| {
            sweep::blocks(first.max(start), start + high.len(), |at, end| {
                let (one, two) = (&mut one[..end - at], &mut two[..end - at]);
                let (high, low) = (&high[at - start..end - start], &low[at - start..end - start]);
                let slots = &mut index[at..end];
                sweep::map3((&c.close[at..end], high, low), one, move |close, high, low| {
                    close - (high + low) * 0.5
                });
                near.run(one, two);
                near_twice.run(two, slots);
                sweep::map2(high, low, one, move |high, low| high - low);
                wide.run(one, two);
                wide_twice.run(two, one);
                sweep::combine(slots, one, move |distance, range| {
                    let half = 0.5 * range;
                    let index = 100.0 * distance / half;
                    if half > 0.0 { index } else { 0.0 }
                });
                average.run(slots, &mut signal[at..end]);
            });
        });
    }
}

indicator! {
    /// Change of a threefold exponential average over `period` inputs (1 to 100,000), in percent.
    Trix(period: usize) = |period| {
        let n = check_period("period", period, 1)?;
        Ok(Triple { twice: Twice::new(n, n), third: Smooth::ema(n), previous: Previous::default() })
    } => Triple, f64 => f64;
    trix(&[f64]) -> one
}
indicator! {
    /// True strength index (W. Blau), -100 to 100; both periods 2 to 100,000.
    Tsi(first: usize, second: usize) = TrueStrength::new => TrueStrength, f64 => f64;
    tsi(&[f64]) -> one
}
indicator! {
    /// Stochastic momentum index (W. Blau), `[smi, signal]`; all periods 2 to 100,000.
    Smi(period: usize, fast: usize, slow: usize, signal: usize) = StochasticMomentum::new
        => StochasticMomentum, Ohlcv => [f64; 2];
    smi(crate::Candles<'_>) -> 2
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "talib.trix",
        "TA-Lib TRIX: change of a threefold exponential average",
        &[ParamInfo::integer("timeperiod", 1, 30)],
        PERCENT,
        "3 * timeperiod - 1",
        |args| Ok(over(Trix::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.tsi",
        "TA-Lib TSI: true strength index",
        &[ParamInfo::integer("firstperiod", 2, 25), ParamInfo::integer("secondperiod", 2, 13)],
        &[OutputInfo::new("real", "-100 to 100")],
        "firstperiod + secondperiod",
        |args| Ok(over(Tsi::new(args.count(0), args.count(1))?.0.node, args.source())),
    ),
    Entry::candles(
        "talib.smi",
        "TA-Lib SMI: stochastic momentum index",
        &[
            ParamInfo::integer("timeperiod", 2, 13),
            ParamInfo::integer("fastperiod", 2, 2),
            ParamInfo::integer("slowperiod", 2, 25),
            ParamInfo::integer("signalperiod", 2, 9),
        ],
        &[OutputInfo::new("smi", "-100 to 100"), OutputInfo::new("smisignal", "-100 to 100")],
        "timeperiod + fastperiod + slowperiod + signalperiod - 3",
        |args| Ok(node(Smi::new(args.count(0), args.count(1), args.count(2), args.count(3))?.0.node)),
    ),
];

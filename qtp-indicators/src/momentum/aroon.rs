//! Aroon: how long ago the extremes were.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Gate, Node, Reads, Side, Spot, indicator},
    registry::{Entry, OutputInfo, ParamInfo, node},
    sweep::{self, Places, Tie},
};

/// Candles since the lowest low and the highest high.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ages {
    low: Spot,
    high: Spot,
    count: u64,
}

impl Ages {
    fn new(n: usize) -> Self {
        Self { low: Spot::new(Side::Min, n + 1), high: Spot::new(Side::Max, n + 1), count: 0 }
    }

    fn n(&self) -> usize {
        self.low.n() - 1
    }

    /// `[down, up]` in percent of the window.
    fn lines(&self, low: (f64, u64), high: (f64, u64)) -> [f64; 2] {
        let (n, today) = (self.n() as f64, self.count);
        let line = |index: u64| (100.0 / n) * (n - today.saturating_sub(index) as f64);
        [line(low.1), line(high.1)]
    }
}

impl Node for Ages {
    type In = Ohlcv;
    type Out = [f64; 2];

    const READS: Reads = Reads::HL;

    fn next(&mut self, candle: Ohlcv) -> Option<[f64; 2]> {
        let (low, high) = (self.low.push(candle.low), self.high.push(candle.high));
        let out = low.zip(high).map(|(low, high)| self.lines(low, high));
        self.count += 1;
        out
    }

    fn peek(&self, candle: Ohlcv) -> Option<[f64; 2]> {
        Some(self.lines(self.low.look(candle.low)?, self.high.look(candle.high)?))
    }

    fn warmup(&self) -> usize {
        self.low.n()
    }

    fn reset(&mut self) {
        self.low.clear();
        self.high.clear();
        self.count = 0;
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(c) = gate.all() else { return };
        let [down, up] = out else { return };
        let (n, count) = (self.n(), self.n() as f64);
        for (side, input, column) in [(Side::Min, c.low, down), (Side::Max, c.high, up)] {
            sweep::chill(column, n);
            Places::each(side, Tie::Newest, n + 1, input, |start, _, places| {
                let slots = &mut column[start + n..start + n + places.len()];
                let mut today = 0.0;
                for (slot, place) in slots.iter_mut().zip(places) {
                    // `n` less the age.
                    *slot = (100.0 / count) * (place - today);
                    today += 1.0;
                }
            });
        }
    }
}

/// Up less down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Difference {
    ages: Ages,
}

impl Difference {
    fn of(&self, [down, up]: [f64; 2]) -> f64 {
        // The difference of the ages is a whole number: both lines rounded would blur it.
        let n = self.ages.n() as f64;
        (100.0 / n) * ((up - down) * n / 100.0).round()
    }
}

impl Node for Difference {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HL;

    fn next(&mut self, candle: Ohlcv) -> Option<f64> {
        self.ages.next(candle).map(|lines| self.of(lines))
    }

    fn peek(&self, candle: Ohlcv) -> Option<f64> {
        self.ages.peek(candle).map(|lines| self.of(lines))
    }

    fn warmup(&self) -> usize {
        self.ages.warmup()
    }

    fn reset(&mut self) {
        self.ages.reset();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(c) = gate.all() else { return };
        let (n, column) = (self.ages.n(), sweep::one(out));
        let share = 100.0 / n as f64;
        Places::each(Side::Min, Tie::Newest, n + 1, c.low, |start, _, places| {
            column[start + n..start + n + places.len()].copy_from_slice(places);
        });
        Places::each(Side::Max, Tie::Newest, n + 1, c.high, |start, _, places| {
            sweep::combine(&mut column[start + n..], places, move |low, high| share * (high - low));
        });
        sweep::chill(column, n);
    }
}

indicator! {
    /// Aroon over `period` candles (2 to 100,000): `[down, up]`, 100 where the extreme is this candle (T. Chande, 1995).
    Aroon(period: usize) = |period| Ok(Ages::new(check_period("period", period, 2)?)) => Ages, Ohlcv => [f64; 2];
    aroon(crate::Candles<'_>) -> 2
}
indicator! {
    /// Aroon up less Aroon down, -100 to 100.
    AroonOsc(period: usize) = |period| Ok(Difference { ages: Ages::new(check_period("period", period, 2)?) })
        => Difference, Ohlcv => f64;
    aroonosc(crate::Candles<'_>) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.aroon",
        "TA-Lib AROON: candles since the extremes, as percentages",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        &[OutputInfo::new("aroondown", "0 to 100"), OutputInfo::new("aroonup", "0 to 100")],
        "timeperiod + 1",
        |args| Ok(node(Aroon::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.aroonosc",
        "TA-Lib AROONOSC: Aroon up less Aroon down",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        &[OutputInfo::new("real", "-100 to 100")],
        "timeperiod + 1",
        |args| Ok(node(AroonOsc::new(args.count(0))?.0.node)),
    ),
];

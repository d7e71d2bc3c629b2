//! Zigzag without repainting: a turn is reported on the candle that confirms it.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_real,
    node::{Node, indicator, peek_by_copy, ratio},
    registry::{Entry, OutputInfo, ParamInfo, node},
};

/// A price and how many candles ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Point {
    price: f64,
    age: f64,
}

impl Point {
    fn now(price: f64) -> Self {
        Self { price, age: 0.0 }
    }

    fn older(self) -> Self {
        Self { age: self.age + 1.0, ..self }
    }
}

/// The leg that the price is on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Leg {
    /// Which way is not known yet: highest and lowest so far.
    Open(Point, Point),
    /// With its highest so far.
    Up(Point),
    /// With its lowest so far.
    Down(Point),
}

/// The leg, and the last turn confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct State {
    leg: Leg,
    pivot: Point,
}

/// Legs that end when the price comes back by a share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Zig {
    share: f64,
    /// Whether turns are found in high and low.
    extremes: bool,
    state: Option<State>,
}

impl Zig {
    fn new(percent: f64, extremes: bool) -> Result<Self, SpecError> {
        Ok(Self { share: check_real("percent", percent, 1e-6, 1e4)? / 100.0, extremes, state: None })
    }

    fn has_fallen(&self, from: Point, low: f64) -> bool {
        ratio(from.price - low, from.price) >= self.share
    }

    fn has_risen(&self, from: Point, high: f64) -> bool {
        ratio(high - from.price, from.price) >= self.share
    }

    /// The leg after a candle, and the turn that it confirms: where, and 1 for a high or -1 for a low.
    fn step(&self, leg: Leg, high: f64, low: f64) -> (Leg, Option<(Point, f64)>) {
        match leg {
            Leg::Up(top) if high >= top.price => (Leg::Up(Point::now(high)), None),
            Leg::Up(top) if self.has_fallen(top, low) => (Leg::Down(Point::now(low)), Some((top, 1.0))),
            Leg::Down(bottom) if low <= bottom.price => (Leg::Down(Point::now(low)), None),
            Leg::Down(bottom) if self.has_risen(bottom, high) => {
                (Leg::Up(Point::now(high)), Some((bottom, -1.0)))
            }
            Leg::Open(top, bottom) => {
                let (fallen, risen) = (self.has_fallen(top, low), self.has_risen(bottom, high));
                if fallen && !risen {
                    return (Leg::Down(Point::now(low)), Some((top, 1.0)));
                }
                if risen && !fallen {
                    return (Leg::Up(Point::now(high)), Some((bottom, -1.0)));
                }
                let top = if high >= top.price { Point::now(high) } else { top };
                (Leg::Open(top, if low <= bottom.price { Point::now(low) } else { bottom }), None)
            }
            leg => (leg, None),
        }
    }
}

impl Node for Zig {
    type In = Ohlcv;
    type Out = [f64; 5];

    fn next(&mut self, c: Ohlcv) -> Option<[f64; 5]> {
        let (high, low) = if self.extremes { (c.high, c.low) } else { (c.close, c.close) };
        let State { leg, pivot } = match self.state {
            None => State { leg: Leg::Open(Point::now(high), Point::now(low)), pivot: Point::now(c.close) },
            Some(State { leg, pivot }) => State {
                leg: match leg {
                    Leg::Open(top, bottom) => Leg::Open(top.older(), bottom.older()),
                    Leg::Up(top) => Leg::Up(top.older()),
                    Leg::Down(bottom) => Leg::Down(bottom.older()),
                },
                pivot: pivot.older(),
            },
        };
        let (leg, turn) = if self.state.is_some() { self.step(leg, high, low) } else { (leg, None) };
        let (pivot, event) = turn.unwrap_or((pivot, 0.0));
        self.state = Some(State { leg, pivot });
        let (direction, extreme) = match leg {
            Leg::Up(top) => (1.0, top.price),
            Leg::Down(bottom) => (-1.0, bottom.price),
            Leg::Open(..) => (0.0, c.close),
        };
        Some([event, pivot.price, pivot.age, direction, extreme])
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        self.state = None;
    }
}

indicator! {
    /// Zigzag, `[turn, pivot, age, direction, extreme]`, turns being `percent` (1e-6 to 1e4) of the price large.
    ///
    /// `turn` is 1 on the candle that confirms a high, -1 on one that confirms a low, else 0; `pivot` is the price of the
    /// last confirmed turn and `age` how many candles ago it was, on the confirming candle the delay. `direction` is that
    /// of the leg since (0 until the first turn) and `extreme` how far it got. Nothing that was reported ever changes.
    /// Until the first turn the pivot is the first close.
    ///
    /// Turns are found in the closes or, with `extremes`, in highs and lows.
    ///
    /// ```
    /// use qtp_indicators::{Candles, price::zigzag};
    ///
    /// let close = [100.0, 110.0, 107.0, 104.0];
    /// let (mut turn, mut pivot, mut age) = ([0.0; 4], [0.0; 4], [0.0; 4]);
    /// let (mut direction, mut extreme) = ([0.0; 4], [0.0; 4]);
    /// let out = [&mut turn[..], &mut pivot, &mut age, &mut direction, &mut extreme];
    /// zigzag(Candles::hlc(&close, &close, &close)?, 5.0, false, out)?;
    /// assert_eq!(turn, [0.0, -1.0, 0.0, 1.0]); // a low, known one candle later, and a high, known two later
    /// assert_eq!((pivot[3], age[3]), (110.0, 2.0));
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    ZigZag(percent: f64, extremes: bool) = Zig::new => Zig, Ohlcv => [f64; 5];
    zigzag(crate::Candles<'_>) -> 5
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "zigzag",
    "Zigzag that does not repaint: turns on the candle that confirms them, with their delay",
    &[ParamInfo::real("percent", 1e-6, 1e4, 5.0), ParamInfo::choice("from", &["close", "high_low"])],
    &[
        OutputInfo::new("turn", "1 a high is confirmed, -1 a low, 0 neither"),
        OutputInfo::new("pivot", "price of the last confirmed turn"),
        OutputInfo::new("age", "candles since the pivot"),
        OutputInfo::new("direction", "1 or -1, 0 before the first turn"),
        OutputInfo::new("extreme", "price that the leg got to"),
    ],
    "1",
    |args| Ok(node(ZigZag::new(args.real(0), args.count(1) == 1)?.0.node)),
)];

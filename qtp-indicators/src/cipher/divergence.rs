//! Fractals of a line and its divergences from the price.

use serde::{Deserialize, Serialize};

/// Which fractals count: tops at or above `top`, bottoms at or below `bottom`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Limits {
    /// Every fractal counts.
    pub(super) const NONE: Self = Self { top: f64::NEG_INFINITY, bottom: f64::INFINITY };
}

/// A fractal's values at its middle candle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Fractal {
    pub(super) line: f64,
    pub(super) price: f64,
    /// A second line there, for the gold dot.
    pub(super) other: f64,
}

/// What a candle shows of one line, all two candles late.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Found {
    pub(super) bull: bool,
    pub(super) bear: bool,
    pub(super) bull_hidden: bool,
    pub(super) bear_hidden: bool,
    /// The bottom that the newest one was compared with.
    pub(super) previous_bottom: Option<Fractal>,
}

/// One candle as a divergence sees it; `None` where the line is not defined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Point {
    pub(super) line: Option<f64>,
    pub(super) other: f64,
    pub(super) high: f64,
    pub(super) low: f64,
}

/// The last four candles, oldest first, shared by the detectors of one line.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Shape {
    points: [Option<Point>; 4],
}

/// A top or bottom whose middle lies two candles back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    middle: Point,
    line: f64,
    top: bool,
}

impl Shape {
    /// The turn that `now` confirms: the middle stands out from two candles on either side.
    pub(super) fn turn(&self, now: &Point) -> Option<Turn> {
        let [a, b, middle, d] = self.points;
        let middle = middle?;
        let (x, line) = ([a?.line?, b?.line?, d?.line?, now.line?], middle.line?);
        let top = x.iter().all(|x| *x < line);
        let bottom = x.iter().all(|x| *x > line);
        (top || bottom).then_some(Turn { middle, line, top })
    }

    pub(super) fn push(&mut self, now: Point) {
        self.points.rotate_left(1);
        self.points[3] = Some(now);
    }
}

/// Compares each fractal with the one before it.
///
/// That is the latest one confirmed at or before the newest fractal's middle candle: the public script looks two candles
/// back into the history of latest fractals, hence three generations here.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Divergence {
    /// The latest top after this candle, after the one before, and the one before that.
    tops: [Option<Fractal>; 2],
    bottoms: [Option<Fractal>; 2],
    latest_top: Option<Fractal>,
    latest_bottom: Option<Fractal>,
}

impl Divergence {
    pub(super) fn look(&self, turn: Option<&Turn>, limits: Limits) -> Found {
        let mut found = Found { previous_bottom: self.bottoms[0], ..Found::default() };
        let Some(turn) = turn else { return found };
        let (top, bottom) = (turn.top && turn.line >= limits.top, !turn.top && turn.line <= limits.bottom);
        if let Some(before) = self.tops[0].filter(|_| top) {
            found.bear = turn.middle.high > before.price && turn.line < before.line;
            found.bear_hidden = turn.middle.high < before.price && turn.line > before.line;
        }
        if let Some(before) = self.bottoms[0].filter(|_| bottom) {
            found.bull = turn.middle.low < before.price && turn.line > before.line;
            found.bull_hidden = turn.middle.low > before.price && turn.line < before.line;
        }
        found
    }

    pub(super) fn take(&mut self, turn: Option<&Turn>, limits: Limits) {
        if let Some(Turn { middle, line, top }) = turn.copied() {
            let fractal = |price| Some(Fractal { line, price, other: middle.other });
            if top && line >= limits.top {
                self.latest_top = fractal(middle.high);
            } else if !top && line <= limits.bottom {
                self.latest_bottom = fractal(middle.low);
            }
        }
        self.tops = [self.tops[1], self.latest_top];
        self.bottoms = [self.bottoms[1], self.latest_bottom];
    }
}

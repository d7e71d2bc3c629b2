//! From values to heights.

use super::layout::Rect;

/// A value axis over a rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    top: f64,
    bottom: f64,
}

/// The lowest and highest of what was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Span {
    pub(super) const EMPTY: Self = Self { low: f64::INFINITY, high: f64::NEG_INFINITY };

    /// Values that are not finite do not count.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        values.fold(Self::EMPTY, Self::with)
    }

    pub(super) fn with(self, value: f64) -> Self {
        if value.is_finite() { Self { low: self.low.min(value), high: self.high.max(value) } } else { self }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// What lies at most `room` times its height outside `core`.
    pub(super) fn near(self, core: Self, room: f64) -> Self {
        let reach = (core.high - core.low) * room;
        Self { low: self.low.max(core.low - reach), high: self.high.min(core.high + reach) }
    }

    pub(super) fn largest(self) -> f64 {
        if self.low > self.high { 0.0 } else { self.low.abs().max(self.high.abs()) }
    }

    /// The same with a height: a single value stands in the middle.
    fn open(self) -> Self {
        if !(self.low.is_finite() && self.high.is_finite()) {
            return Self { low: 0.0, high: 1.0 };
        }
        // Two numbers that neighbour each other have no ticks between them either.
        if self.high - self.low > self.largest() * 1e-13 {
            return self;
        }
        let room = if self.largest() > 0.0 { self.largest() * 0.02 } else { 1.0 };
        Self { low: self.low - room, high: self.high + room }
    }
}

impl Scale {
    /// An axis with `room` above and below the span, in units of the picture.
    pub(super) fn new(span: Span, rect: &Rect, room: (f64, f64)) -> Self {
        let span = span.open();
        let height = (rect.bottom - rect.top).max(1.0);
        let (above, below) = (room.0.min(height * 0.4), room.1.min(height * 0.4));
        let unit = (span.high - span.low) / (height - above - below).max(1.0);
        Self {
            low: span.low - below * unit,
            high: span.high + above * unit,
            top: rect.top,
            bottom: rect.bottom,
        }
    }

    /// The height of a value; `None` where it is not finite.
    pub(super) fn y(&self, value: f64) -> Option<f64> {
        let share = (value - self.low) / (self.high - self.low);
        let y = self.bottom - share * (self.bottom - self.top);
        // Far outside of the picture is as good as outside of it.
        y.is_finite().then(|| y.clamp(-2e4, 2e4))
    }

    pub(super) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECT: Rect = Rect { left: 0.0, top: 10.0, right: 100.0, bottom: 110.0 };

    #[test]
    fn a_span_leaves_room_above_and_below() {
        let scale = Scale::new(Span { low: 0.0, high: 60.0 }, &RECT, (30.0, 10.0));
        assert_eq!((scale.y(60.0), scale.y(0.0)), (Some(40.0), Some(100.0)));
        assert_eq!((scale.low, scale.high), (-10.0, 90.0));
        assert_eq!(scale.y(f64::NAN), None);
    }

    #[test]
    fn a_single_value_stands_in_the_middle() {
        for value in [0.0, -3.0, 1e-12, 5e13] {
            let scale = Scale::new(Span::of([value, value].into_iter()), &RECT, (0.0, 0.0));
            assert!((scale.y(value).unwrap() - 60.0).abs() < 1e-6, "{value}");
        }
        assert!(Scale::new(Span::EMPTY, &RECT, (0.0, 0.0)).holds(0.5));
    }

    #[test]
    fn what_is_far_away_does_not_widen_the_span() {
        let core = Span { low: 100.0, high: 200.0 };
        let span = core.and(Span { low: -1e9, high: 210.0 }.near(core, 0.3));
        assert_eq!(span, Span { low: 70.0, high: 210.0 });
    }
}

//! What an expression may know of the position.

/// The position at a candle's close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// 1 long, 0 flat, -1 short.
    pub position: f64,
    /// Average entry price; NaN when flat.
    pub entry_price: f64,
    /// Candles that have closed with the position open, this one included; NaN when flat.
    pub bars_held: f64,
    /// Open profit before exit costs as a share of the entry: 0.02 is two percent; NaN when flat.
    pub unrealized_return: f64,
}

impl Facts {
    /// No position.
    pub const FLAT: Self =
        Self { position: 0.0, entry_price: f64::NAN, bars_held: f64::NAN, unrealized_return: f64::NAN };

    /// A position in `direction`, above or below zero, entered at `entry` and held for `bars` candles, at `close`.
    #[must_use]
    pub fn held(direction: i8, entry: f64, bars: u32, close: f64) -> Self {
        let position = f64::from(direction.signum());
        Self {
            position,
            entry_price: entry,
            bars_held: f64::from(bars),
            unrealized_return: position * (close / entry - 1.0),
        }
    }
}

/// One fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fact {
    Position,
    EntryPrice,
    BarsHeld,
    UnrealizedReturn,
}

impl Fact {
    /// Every fact with its name in an expression.
    pub(super) const NAMES: [(&'static str, Self); 4] = [
        ("position", Self::Position),
        ("entry_price", Self::EntryPrice),
        ("bars_held", Self::BarsHeld),
        ("unrealized_return", Self::UnrealizedReturn),
    ];

    pub(super) const fn read(self, facts: &Facts) -> f64 {
        match self {
            Self::Position => facts.position,
            Self::EntryPrice => facts.entry_price,
            Self::BarsHeld => facts.bars_held,
            Self::UnrealizedReturn => facts.unrealized_return,
        }
    }
}

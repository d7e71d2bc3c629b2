//! How much a market moves, beside how much it moved before.

use std::fmt;

use qtp_core::Candle;

/// Candles that a range is averaged over.
const PERIOD: usize = 14;
/// Earlier ranges that the present one is held against.
const LEAST: usize = 20;

/// The average true range as a share of the price, and where it stands among the earlier ones of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Regime {
    percent: f64,
    /// Share of the earlier ranges that were smaller.
    rank: f64,
}

impl Regime {
    /// Of closed candles, oldest first; `None` while there are too few, or nothing has moved.
    pub(super) fn of(candles: &[Candle]) -> Option<Self> {
        let mut range = qtp_indicators::build(&format!("talib.natr({PERIOD})")).ok()?;
        let mut row = [f64::NAN];
        let mut known = Vec::with_capacity(candles.len());
        for candle in candles {
            let warm = range.update(&candle.ohlcv(), candle.open_time().as_nanos(), &mut row);
            known.extend(Some(row[0]).filter(|value| warm && value.is_finite()));
        }
        let (percent, before) = known.split_last().filter(|(percent, _)| **percent > 0.0)?;
        let smaller = before.iter().filter(|earlier| *earlier < percent).count();
        (before.len() >= LEAST)
            .then(|| Self { percent: *percent, rank: smaller as f64 / before.len() as f64 })
    }

    const fn word(&self) -> &'static str {
        match self.rank {
            rank if rank < 0.25 => "calm",
            rank if rank < 0.75 => "usual",
            _ => "lively",
        }
    }
}

impl fmt::Display for Regime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, rank) = (self.word(), self.rank * 100.0);
        write!(
            f,
            "volatility: {word}, average true range {} % of the price, above {rank:.0} % of the earlier ones",
            crate::rules::figures(self.percent)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::candle;

    fn candles(ranges: impl IntoIterator<Item = f64>) -> Vec<Candle> {
        let one = |(index, range): (usize, f64)| {
            candle("BTC-USDC-PERP@sim", index, [100.0, 100.0 + range, 100.0 - range, 100.0])
        };
        ranges.into_iter().enumerate().map(one).collect()
    }

    #[test]
    fn the_present_is_held_against_the_past() {
        let growing = candles((1..60).map(|n| f64::from(n) / 10.0));
        assert_eq!(Regime::of(&growing).map(|regime| (regime.word(), regime.rank)), Some(("lively", 1.0)));
        let falling = candles((1..60).rev().map(|n| f64::from(n) / 10.0));
        let calm = Regime::of(&falling).unwrap();
        assert_eq!((calm.word(), calm.rank), ("calm", 0.0));
        assert!(calm.to_string().starts_with("volatility: calm, average true range "), "{calm}");
    }

    #[test]
    fn too_few_candles_and_a_market_that_stands_still_have_none() {
        assert_eq!(Regime::of(&[]), None);
        assert_eq!(Regime::of(&candles([1.0; 20])), None);
        assert_eq!(Regime::of(&candles([0.0; 60])), None);
    }
}

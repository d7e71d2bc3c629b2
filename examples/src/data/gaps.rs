//! What is missing between candles.

use qtp_core::{Candle, Timeframe, Timestamp};
use qtp_exchange::clean::Gap;

/// Candles seen so far and the gaps between them.
#[derive(Debug, Clone, Default)]
pub(super) struct Series {
    pub(super) count: u64,
    pub(super) first: Option<Timestamp>,
    /// Close of the last one: the open time that should follow.
    pub(super) next: Option<Timestamp>,
    pub(super) gaps: Vec<Gap>,
}

impl Series {
    /// Takes in the next candle. False, and nothing changed, if it does not lie behind the last one.
    pub(super) fn push(&mut self, candle: &Candle) -> bool {
        let (open, width) = (candle.open_time(), candle.timeframe());
        if let Some(next) = self.next {
            if open < next {
                return false;
            }
            self.gaps.extend(Gap::between(next, open, width));
        }
        self.first = self.first.or(Some(open));
        self.next = Some(candle.close_time());
        self.count += 1;
        true
    }

    /// All gaps, with what is missing at either end of what was asked for.
    pub(super) fn report(&self, (from, to): (Timestamp, Timestamp), width: Timeframe) -> Vec<Gap> {
        let (Some(first), Some(next)) = (self.first, self.next) else {
            return Gap::between(from, to, width).into_iter().collect();
        };
        Gap::between(from, first, width)
            .into_iter()
            .chain(self.gaps.iter().copied())
            .chain(Gap::between(next, to, width))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use qtp_core::{CandleParts, InstrumentId, Price, Quantity};

    use super::*;

    const M1: Timeframe = Timeframe::M1;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_nanos(minute * M1.as_nanos())
    }

    fn candle(minute: i64) -> Candle {
        let instrument: InstrumentId = "BTC-USD@test".parse().unwrap();
        let price = Price::new(qtp_core::Decimal::ONE_HUNDRED).unwrap();
        Candle::new(CandleParts {
            instrument,
            timeframe: M1,
            open_time: at(minute),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Quantity::ZERO,
        })
        .unwrap()
    }

    fn series(minutes: &[i64]) -> Series {
        let mut series = Series::default();
        for minute in minutes {
            assert!(series.push(&candle(*minute)));
        }
        series
    }

    #[test]
    fn what_is_missing_is_named_between_candles_and_at_both_ends() {
        let found = series(&[12, 13, 16]).report((at(10), at(20)), M1);
        let spans: Vec<_> = found.iter().map(|gap| (gap.from, gap.until, gap.missing)).collect();
        assert_eq!(spans, [(at(10), at(12), 2), (at(14), at(16), 2), (at(17), at(20), 3)]);
    }

    #[test]
    fn a_series_without_a_hole_has_no_gap() {
        assert_eq!(series(&[5, 6, 7]).report((at(5), at(8)), M1), []);
    }

    #[test]
    fn nothing_at_all_is_one_gap() {
        let found = Series::default().report((at(0), at(30)), M1);
        assert_eq!(found, [Gap { from: at(0), until: at(30), missing: 30 }]);
    }

    #[test]
    fn a_candle_that_is_not_later_is_refused() {
        let mut series = series(&[5, 6]);
        assert!(!series.push(&candle(6)));
        assert_eq!(series.count, 2);
    }
}

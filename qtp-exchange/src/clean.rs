//! The cleaning step: what every source's candles go through before anybody computes with them.

mod adjust;

use std::collections::BTreeMap;

use qtp_core::{Candle, Timeframe, Timestamp};

pub use adjust::{CorporateAction, adjust};

/// Open times from the first that is missing to the first that is there again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// First open time that is missing.
    pub from: Timestamp,
    /// Open time of the first candle behind it.
    pub until: Timestamp,
    /// Candles that would fit between.
    pub missing: u64,
}

impl Gap {
    /// The gap between an open time that should have come and the one that came; half a candle is none, since not every
    /// venue aligns its weeks and days to the epoch.
    pub fn between(from: Timestamp, until: Timestamp, width: Timeframe) -> Option<Self> {
        let missing = until.as_nanos().saturating_sub(from.as_nanos()) / width.as_nanos();
        (missing > 0).then(|| Self { from, until, missing: missing.unsigned_abs() })
    }
}

/// What was done to candles, and what is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Candles that came before an earlier one.
    pub unsorted: u64,
    /// Candles that came twice with the same values.
    pub duplicates: u64,
    /// Candles that came twice with other values; the later word counts.
    pub conflicts: u64,
    /// Candles that open between two multiples of their width; they were dropped.
    pub misaligned: u64,
    /// Candles that had not closed; they were dropped.
    pub unfinished: u64,
    /// What is missing between the first and the last. Outside the sessions of a stock nothing is.
    pub gaps: Vec<Gap>,
}

impl Report {
    /// Takes in the report of what follows. What is missing between the two parts is not in it.
    pub fn add(&mut self, next: &Self) {
        self.unsorted += next.unsorted;
        self.duplicates += next.duplicates;
        self.conflicts += next.conflicts;
        self.misaligned += next.misaligned;
        self.unfinished += next.unfinished;
        self.gaps.extend_from_slice(&next.gaps);
    }

    /// One sentence for everything that was changed or is missing.
    pub fn warnings(&self) -> Vec<String> {
        let missing: u64 = self.gaps.iter().map(|gap| gap.missing).sum();
        let counts = [
            (self.unsorted, "candles out of order, now sorted"),
            (self.duplicates, "candles twice, now once"),
            (self.conflicts, "candles twice with other values, the later ones taken"),
            (self.misaligned, "candles between two open times, dropped"),
            (self.unfinished, "candles that had not closed, dropped"),
            (missing, "candles missing"),
        ];
        counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect()
    }
}

/// Sorts candles of one instrument and width, drops what came twice, what lies between two open times and what had not
/// closed by `now`, and reports what is missing. Candles of an hour or more may open at the half, as sessions do, and those
/// of a day or longer at any instant; none may open before the one before it has closed.
///
/// ```
/// use qtp_core::{Candle, CandleParts, Timeframe, Timestamp};
/// use qtp_exchange::clean::clean;
///
/// let candle = |minute: i64| -> Result<Candle, qtp_core::ValueError> {
///     let (price, volume) = ("100".parse()?, "1".parse()?);
///     let (instrument, open_time) = ("BTC-USD@test".parse()?, Timestamp::from_secs(minute * 60));
///     let (open, high, low, close) = (price, price, price, price);
///     Candle::new(CandleParts { instrument, timeframe: Timeframe::M1, open_time, open, high, low, close, volume })
/// };
/// let (candles, report) = clean(vec![candle(3)?, candle(1)?, candle(3)?], Timestamp::from_secs(600));
/// assert_eq!((candles.len(), report.unsorted, report.duplicates), (2, 1, 1));
/// assert_eq!(report.gaps[0].missing, 1);
/// # Ok::<(), qtp_core::ValueError>(())
/// ```
pub fn clean(candles: Vec<Candle>, now: Timestamp) -> (Vec<Candle>, Report) {
    const DAY: i64 = 86_400_000_000_000;
    const HALF_HOUR: i64 = 1_800_000_000_000;
    let mut report = Report::default();
    let mut sorted: BTreeMap<Timestamp, Candle> = BTreeMap::new();
    for candle in candles {
        let (open, width) = (candle.open_time(), candle.timeframe());
        let grid = width.as_nanos().min(HALF_HOUR);
        if width.as_nanos() < DAY && open.as_nanos().rem_euclid(grid) != 0 {
            report.misaligned += 1;
            continue;
        }
        if candle.close_time() > now {
            report.unfinished += 1;
            continue;
        }
        if sorted.last_key_value().is_some_and(|(last, _)| *last > open) {
            report.unsorted += 1;
        }
        match sorted.insert(open, candle) {
            Some(before) if sorted.get(&open) == Some(&before) => report.duplicates += 1,
            Some(_) => report.conflicts += 1,
            None => {}
        }
    }
    let mut candles: Vec<Candle> = Vec::with_capacity(sorted.len());
    for candle in sorted.into_values() {
        match candles.last() {
            Some(last) if candle.open_time() < last.close_time() => report.misaligned += 1,
            _ => candles.push(candle),
        }
    }
    let pairs = candles.iter().zip(candles.iter().skip(1));
    let gap = |(before, after): (&Candle, &Candle)| {
        Gap::between(before.close_time(), after.open_time(), before.timeframe())
    };
    report.gaps = pairs.filter_map(gap).collect();
    (candles, report)
}

#[cfg(test)]
mod tests {
    use qtp_core::{CandleParts, Price, Quantity};

    use super::*;

    pub(super) fn candle(open_time: Timestamp, close: &str, timeframe: Timeframe) -> Candle {
        let price: Price = close.parse().unwrap();
        let instrument = "AAPL@test".parse().unwrap();
        let volume: Quantity = "100".parse().unwrap();
        let (open, high, low, close) = (price, price, price, price);
        Candle::new(CandleParts { instrument, timeframe, open_time, open, high, low, close, volume }).unwrap()
    }

    #[test]
    fn what_is_wrong_is_put_right_and_counted() {
        let at = |seconds: i64, close: &str| candle(Timestamp::from_secs(seconds), close, Timeframe::M1);
        let raw =
            vec![at(60, "1"), at(0, "2"), at(60, "1"), at(0, "3"), at(90, "4"), at(240, "5"), at(600, "6")];
        let (candles, report) = clean(raw, Timestamp::from_secs(620));
        let closes: Vec<_> = candles.iter().map(|candle| candle.close().to_string()).collect();
        assert_eq!(closes, ["3", "1", "5"]);
        let gap = Gap { from: Timestamp::from_secs(120), until: Timestamp::from_secs(240), missing: 2 };
        let expected = Report {
            unsorted: 2,
            duplicates: 1,
            conflicts: 1,
            misaligned: 1,
            unfinished: 1,
            gaps: vec![gap],
        };
        assert_eq!(report, expected);
        assert_eq!(report.warnings().len(), 6);
    }

    #[test]
    fn hours_open_with_their_session_and_do_not_overlap() {
        let at = |minutes: i64| candle(Timestamp::from_secs(minutes * 60), "1", Timeframe::H1);
        let (candles, report) = clean(vec![at(30), at(90), at(120), at(150), at(165)], Timestamp::MAX);
        let opens: Vec<i64> = candles.iter().map(|candle| candle.open_time().as_secs() / 60).collect();
        assert_eq!((opens, report.misaligned), (vec![30, 90, 150], 2));
    }

    #[test]
    fn days_may_open_with_their_session() {
        let open = Timestamp::from_secs(52_200);
        let (candles, report) =
            clean(vec![candle(open, "1", Timeframe::D1)], Timestamp::from_secs(1_000_000));
        assert_eq!((candles.len(), report.warnings().len()), (1, 0));
    }
}

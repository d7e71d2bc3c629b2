//! Candles of many series, merged in the order in which they closed.

use std::sync::Arc;

use qtp_core::{Candle, CandleBatch, FundingRate, InstrumentId, Timeframe, Timestamp, ValueError};

use super::source::{CandleSource, RestoreError};

/// Loaded candles as a [`CandleSource`]. A step allocates nothing once the batch has its size, and a clone of
/// a feed shares the candles.
///
/// ```
/// use qtp_core::{Candle, CandleBatch, CandleParts, Timeframe, Timestamp};
/// use qtp_exchange::candle_file::{CandleFeed, CandleSource};
/// let candle = |symbol: &str, hour: i64| Candle::new(CandleParts {
///     instrument: symbol.parse()?,
///     timeframe: Timeframe::H1,
///     open_time: Timestamp::from_secs(hour * 3600),
///     open: "100".parse()?, high: "110".parse()?, low: "95".parse()?, close: "105".parse()?,
///     volume: "1".parse()?,
/// });
/// let btc = vec![candle("BTC-USD@demo", 0)?, candle("BTC-USD@demo", 1)?];
/// let eth = vec![candle("ETH-USD@demo", 1)?];
/// let mut feed = CandleFeed::new(vec![eth, btc])?;
/// let mut batch = CandleBatch::default();
/// assert_eq!(feed.next_into(&mut batch), Some(Timestamp::from_secs(3600)));
/// assert_eq!(batch.candles.len(), 1);
/// assert_eq!(feed.next_into(&mut batch), Some(Timestamp::from_secs(7200)));
/// assert_eq!(batch.candles[1].instrument().base(), "ETH");
/// assert_eq!(feed.next_into(&mut batch), None);
/// # Ok::<(), qtp_core::ValueError>(())
/// ```
#[derive(Debug, Clone)]
pub struct CandleFeed {
    /// Ordered by timeframe, then instrument, as a batch is.
    series: Vec<Cursor>,
    funding: Arc<Vec<FundingRate>>,
    next_rate: usize,
}

#[derive(Debug, Clone)]
struct Cursor {
    candles: Arc<Vec<Candle>>,
    next: usize,
}

impl Cursor {
    #[inline]
    fn head(&self) -> Option<&Candle> {
        self.candles.get(self.next)
    }

    /// When the next candle closed: where months differ in length, not after the one behind it opens.
    #[inline]
    fn close(&self) -> Option<Timestamp> {
        let close = self.head()?.close_time();
        let following = self.candles.get(self.next + 1).map_or(close, Candle::open_time);
        Some(close.min(following))
    }
}

impl CandleFeed {
    /// A feed over series, one an instrument and timeframe; empty ones are left out. Two series with the same
    /// key are joined if one ends before the other begins.
    ///
    /// # Errors
    /// [`ValueError::OutOfRange`] if a series is not strictly ascending by open time, or mixes instruments or
    /// timeframes.
    pub fn new(series: Vec<Vec<Candle>>) -> Result<Self, ValueError> {
        let mut joined: Vec<Vec<Candle>> = Vec::with_capacity(series.len());
        let mut sorted: Vec<_> = series.into_iter().filter(|candles| !candles.is_empty()).collect();
        sorted.sort_by(|left, right| order(left).cmp(&order(right)));
        for candles in sorted {
            match joined.last_mut() {
                Some(last) if key(last) == key(&candles) => last.extend(candles),
                _ => joined.push(candles),
            }
        }
        for candles in &joined {
            check(candles)?;
        }
        let series =
            joined.into_iter().map(|candles| Cursor { candles: Arc::new(candles), next: 0 }).collect();
        Ok(Self { series, funding: Arc::default(), next_rate: 0 })
    }

    /// A feed that also knows the funding rates of its perpetuals, in any order.
    #[must_use]
    pub fn with_funding(mut self, mut rates: Vec<FundingRate>) -> Self {
        rates.sort_by(|left, right| (left.time, &left.instrument).cmp(&(right.time, &right.instrument)));
        self.funding = Arc::new(rates);
        self.next_rate = 0;
        self
    }

    /// The candles of a series, also those behind the feed's position.
    pub fn series(&self, instrument: &InstrumentId, timeframe: Timeframe) -> Option<&[Candle]> {
        let found = self.series.iter().find(|cursor| key(&cursor.candles) == Some((timeframe, instrument)));
        found.map(|cursor| cursor.candles.as_slice())
    }

    /// Instrument and timeframe of every series, in the order of a batch.
    pub fn keys(&self) -> impl Iterator<Item = (&InstrumentId, Timeframe)> {
        self.series.iter().filter_map(|cursor| key(&cursor.candles)).map(|(timeframe, id)| (id, timeframe))
    }

    /// All funding rates, ordered by time, then instrument.
    pub fn funding(&self) -> &[FundingRate] {
        &self.funding
    }

    /// How many candles are still to come.
    pub fn remaining(&self) -> usize {
        self.series.iter().map(|cursor| cursor.candles.len() - cursor.next).sum()
    }

    /// Close time of the next batch.
    #[inline]
    pub fn next_close(&self) -> Option<Timestamp> {
        self.series.iter().filter_map(Cursor::close).min()
    }

    /// Leaves out every candle that closed at `time` or before: where a restarted run goes on.
    pub fn skip_until(&mut self, time: Timestamp) {
        for cursor in &mut self.series {
            cursor.next =
                cursor.candles.partition_point(|candle| candle.close_time() <= time).max(cursor.next);
            while cursor.close().is_some_and(|close| close <= time) {
                cursor.next += 1;
            }
        }
        self.next_rate = self.funding.partition_point(|rate| rate.time <= time).max(self.next_rate);
    }
}

impl CandleSource for CandleFeed {
    fn next_into(&mut self, batch: &mut CandleBatch) -> Option<Timestamp> {
        batch.candles.clear();
        batch.missing.clear();
        batch.warmup = false;
        let close = self.next_close()?;
        for cursor in &mut self.series {
            if let Some(candle) = cursor.head()
                && cursor.close() == Some(close)
            {
                batch.candles.push(candle.clone());
                cursor.next += 1;
            }
        }
        Some(close)
    }

    fn funding_until(&mut self, time: Timestamp, out: &mut Vec<FundingRate>) {
        let coming = self.funding.get(self.next_rate..).unwrap_or_default();
        let due = coming.partition_point(|rate| rate.time <= time);
        out.extend_from_slice(coming.get(..due).unwrap_or_default());
        self.next_rate += due;
    }

    fn save(&self) -> Option<String> {
        let place = |cursor: &Cursor| (cursor.candles.len(), cursor.next);
        let places: Vec<_> = self.series.iter().map(place).collect();
        serde_json::to_string(&(places, self.next_rate)).ok()
    }

    fn restore(&mut self, state: &str) -> Result<(), RestoreError> {
        let (places, next_rate): (Vec<(usize, usize)>, usize) =
            serde_json::from_str(state).map_err(|error| RestoreError(error.to_string()))?;
        let lengths = self.series.iter().map(|cursor| cursor.candles.len());
        if !lengths.eq(places.iter().map(|(length, _)| *length)) {
            return Err(RestoreError("other series, or series of another length".to_owned()));
        }
        for (cursor, (_, next)) in self.series.iter_mut().zip(places) {
            cursor.next = next;
        }
        self.next_rate = next_rate;
        Ok(())
    }
}

fn key(candles: &[Candle]) -> Option<(Timeframe, &InstrumentId)> {
    candles.first().map(|candle| (candle.timeframe(), candle.instrument()))
}

fn order(candles: &[Candle]) -> Option<(Timeframe, &InstrumentId, Timestamp)> {
    candles.first().map(|candle| (candle.timeframe(), candle.instrument(), candle.open_time()))
}

fn check(candles: &[Candle]) -> Result<(), ValueError> {
    for pair in candles.windows(2) {
        let [before, after] = pair else { continue };
        if after.open_time() <= before.open_time() {
            return Err(ValueError::range("candles", after.open_time(), "strictly ascending by open time"));
        }
        if after.instrument() != before.instrument() || after.timeframe() != before.timeframe() {
            return Err(ValueError::range(
                "candles",
                after.instrument(),
                "one instrument and timeframe a series",
            ));
        }
    }
    Ok(())
}

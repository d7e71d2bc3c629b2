//! The synthetic market as a source of candles and funding.

use std::collections::VecDeque;

use qtp_core::money::{decimal_from_f64, price_from_f64, quantity_from_f64};
use qtp_core::{
    CandleBatch, CandleParts, FundingRate, InstrumentId, Price, PriceRule, Quantity, Ratio, Rounding,
    SizeRule, Timeframe, Timestamp, ValueError,
};
use serde::{Deserialize, Serialize};

use super::aggregate::Aggregate;
use super::config::{SyntheticCoin, SyntheticConfig};
use super::model::{Coin, CoinNumbers, Market, Minute, Step};
use crate::candle_file::{CandleSource, RestoreError};

const MINUTES_PER_HOUR: i64 = 60;
/// Funding rates that wait to be asked for: more than a year of three coins. Older ones are dropped.
const RATES_MAX: usize = 32_768;

/// The year 2200: far enough from the end of time that no sum saturates.
const LAST: Timestamp = Timestamp::from_secs(7_258_118_400);

/// A seeded market, minute by minute. Serialised and read back it goes on with the same bytes.
///
/// ```
/// use qtp_core::CandleBatch;
/// use qtp_exchange::candle_file::CandleSource;
/// use qtp_exchange::synthetic::{SyntheticConfig, SyntheticFeed};
/// let mut feed = SyntheticFeed::new(7, SyntheticConfig::default())?;
/// let mut batch = CandleBatch::default();
/// let close = feed.next_into(&mut batch);
/// assert_eq!(close.map(|time| time.to_string()).as_deref(), Some("2024-01-01T00:01:00Z"));
/// assert_eq!(batch.candles[0].instrument().as_str(), "BTC-USD-PERP@synthetic");
/// # Ok::<(), qtp_core::ValueError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticFeed {
    config: SyntheticConfig,
    minute: u64,
    market: Market,
    /// Ordered by instrument.
    lanes: Vec<Lane>,
    rates: VecDeque<FundingRate>,
}

/// One coin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lane {
    id: InstrumentId,
    place: usize,
    coin: Coin,
    /// Ordered by timeframe.
    aggregates: Vec<Aggregate>,
}

impl SyntheticFeed {
    /// A feed that stands before its first minute.
    ///
    /// # Errors
    /// [`ValueError`] if the configuration is not usable.
    pub fn new(seed: u64, config: SyntheticConfig) -> Result<Self, ValueError> {
        config.validate()?;
        let mut timeframes = config.timeframes.clone();
        timeframes.sort_unstable();
        timeframes.dedup();
        let lane = |(place, coin): (usize, &SyntheticCoin)| {
            let aggregates = timeframes.iter().map(|timeframe| Aggregate::new(*timeframe)).collect();
            Ok(Lane { id: coin.id()?, place, coin: Coin::new(seed, coin.base.as_str()), aggregates })
        };
        let mut lanes = config.coins.iter().enumerate().map(lane).collect::<Result<Vec<_>, ValueError>>()?;
        lanes.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(Self { config, minute: 0, market: Market::new(seed), lanes, rates: VecDeque::new() })
    }

    /// The configuration.
    pub const fn config(&self) -> &SyntheticConfig {
        &self.config
    }

    /// Number of the next minute, from 0.
    pub const fn minute(&self) -> u64 {
        self.minute
    }

    /// Open time of the next minute.
    pub fn now(&self) -> Timestamp {
        self.time_of(self.minute)
    }

    /// Goes on to a minute, as if all before it had been read and their funding fetched; never back.
    pub fn fast_forward(&mut self, minute: u64) {
        let last = LAST.since(self.config.start).as_secs() / 60;
        let minute = minute.min(self.config.minutes.unwrap_or(last)).min(last);
        let target = self.time_of(minute);
        let aggregates = self.lanes.first().map(|lane| lane.aggregates.as_slice()).unwrap_or_default();
        let needed = aggregates.iter().map(|aggregate| aggregate.needs_from(target)).min().unwrap_or(target);
        // Only the intervals that are half built at the target need their prices.
        while self.minute < minute && self.now() < needed {
            self.skip();
        }
        let mut batch = CandleBatch::default();
        while self.minute < minute {
            batch.candles.clear();
            self.step(&mut batch);
        }
        self.rates.clear();
    }

    /// Goes on to the first minute that opens at `time` or later.
    pub fn fast_forward_to(&mut self, time: Timestamp) {
        let minutes =
            time.since(self.config.start).as_nanos().div_ceil(Timeframe::M1.as_duration().as_nanos());
        self.fast_forward(u64::try_from(minutes).unwrap_or(u64::MAX));
    }

    fn time_of(&self, minute: u64) -> Timestamp {
        let offset = i64::try_from(minute).unwrap_or(i64::MAX).saturating_mul(Timeframe::M1.as_nanos());
        Timestamp::from_nanos(self.config.start.as_nanos().saturating_add(offset))
    }

    fn hour(&self) -> f64 {
        let minute_of_day = self.now().as_secs().rem_euclid(86_400) / MINUTES_PER_HOUR;
        minute_of_day as f64 / MINUTES_PER_HOUR as f64
    }

    fn skip(&mut self) {
        let (shock, hour) = (self.market.step(), self.hour());
        for lane in &mut self.lanes {
            if let Some(settings) = self.config.coins.get(lane.place) {
                let _ = lane.coin.step(&numbers(settings), shock, hour);
            }
        }
        self.minute += 1;
    }

    /// One minute of every coin; appends the candles that it completes and queues funding at a full hour.
    fn step(&mut self, batch: &mut CandleBatch) {
        let (shock, hour, open_time) = (self.market.step(), self.hour(), self.now());
        let close_time = self.time_of(self.minute + 1);
        let pays = close_time.as_secs() % (MINUTES_PER_HOUR * 60) == 0;
        for lane in &mut self.lanes {
            let Some(settings) = self.config.coins.get(lane.place) else { continue };
            let numbers = numbers(settings);
            let step = lane.coin.step(&numbers, shock, hour);
            let parts = parts(lane.id.clone(), settings, &numbers, &step, open_time);
            if pays && let Some(rate) = decimal_from_f64(lane.coin.funding()) {
                let rate = Ratio::new(rate.round_dp(9)).unwrap_or_default();
                let reference = Some(parts.close);
                self.rates.push_back(FundingRate {
                    instrument: lane.id.clone(),
                    time: close_time,
                    rate,
                    reference,
                });
            }
            batch.candles.extend(lane.aggregates.iter_mut().filter_map(|aggregate| aggregate.push(&parts)));
        }
        batch.candles.sort_by(|left, right| {
            (left.timeframe(), left.instrument()).cmp(&(right.timeframe(), right.instrument()))
        });
        while self.rates.len() > RATES_MAX {
            self.rates.pop_front();
        }
        self.minute += 1;
    }
}

impl CandleSource for SyntheticFeed {
    fn next_into(&mut self, batch: &mut CandleBatch) -> Option<Timestamp> {
        batch.candles.clear();
        batch.missing.clear();
        batch.warmup = false;
        while batch.candles.is_empty() {
            let ended = self.config.minutes.is_some_and(|minutes| self.minute >= minutes);
            if ended || self.now() >= LAST {
                return None;
            }
            self.step(batch);
        }
        Some(self.now())
    }

    fn funding_until(&mut self, time: Timestamp, out: &mut Vec<FundingRate>) {
        let due = self.rates.partition_point(|rate| rate.time <= time);
        out.extend(self.rates.drain(..due));
    }

    fn save(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    fn restore(&mut self, state: &str) -> Result<(), RestoreError> {
        let saved: Self = serde_json::from_str(state).map_err(|error| RestoreError(error.to_string()))?;
        if saved.config != self.config {
            return Err(RestoreError("another synthetic market".to_owned()));
        }
        *self = saved;
        Ok(())
    }
}

fn numbers(coin: &SyntheticCoin) -> CoinNumbers {
    let (volatility, correlation) = (coin.volatility.to_f64(), coin.correlation.to_f64());
    CoinNumbers::new(coin.price.to_f64(), volatility, correlation, coin.volume.to_f64())
}

/// A minute on the grid of ticks and lots.
fn parts(
    id: InstrumentId,
    coin: &SyntheticCoin,
    numbers: &CoinNumbers,
    step: &Step,
    open_time: Timestamp,
) -> CandleParts {
    let Minute { open, high, low, close, volume } = step.minute(numbers);
    let rule = PriceRule::Tick(coin.tick);
    // Rounding keeps the order of open, high, low and close. A price below half a tick becomes one tick.
    let price =
        |value: f64| -> Price { price_from_f64(value, &rule, Rounding::Nearest).unwrap_or(coin.tick) };
    let volume: Quantity =
        quantity_from_f64(volume, &SizeRule::Lot(coin.lot)).unwrap_or_default().max(coin.lot);
    CandleParts {
        instrument: id,
        timeframe: Timeframe::M1,
        open_time,
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        volume,
    }
}

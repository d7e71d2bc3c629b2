//! The way of the price inside a candle.
//!
//! A candle says nothing about its inside. The tape walks it in straight lines: open, then the extreme against the
//! candle's own direction, then the other extreme, then close. A protective stop is thus tested before a target of the
//! same candle, as in `SimVenue`. Ticks are evenly spaced; both extremes and the close are hit exactly.

use qtp_core::{Candle, Decimal, Price, PriceRule, Rounding, Timestamp};

/// One candle being walked.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub candle: Candle,
    /// Corner prices and the ticks on which they are reached.
    corners: [(i64, Decimal); 4],
    tick: i64,
}

impl Path {
    /// `tick` is the time between two ticks, in nanoseconds.
    pub(super) fn new(candle: Candle, tick: i64) -> Self {
        let last = (candle.timeframe().as_nanos() / tick.max(1)).max(4) - 1;
        let (high, low) = (candle.high().get(), candle.low().get());
        let rises = candle.close() >= candle.open();
        let (first, second) = if rises { (low, high) } else { (high, low) };
        let corners = [
            (0, candle.open().get()),
            ((last + 1) / 3, first),
            (2 * (last + 1) / 3, second),
            (last, candle.close().get()),
        ];
        Self { candle, corners, tick: tick.max(1) }
    }

    pub(super) fn ends(&self) -> Timestamp {
        self.candle.close_time()
    }

    /// Number of ticks in the candle.
    pub(super) const fn ticks(&self) -> i64 {
        self.corners[3].0 + 1
    }

    /// The price at an instant within the candle.
    pub(super) fn price(&self, time: Timestamp, rule: &PriceRule) -> Option<Price> {
        let place = (time.as_nanos() - self.candle.open_time().as_nanos()).max(0) / self.tick;
        let place = place.min(self.corners[3].0);
        let segment = self.corners.windows(2).find(|pair| matches!(pair, [_, end] if place <= end.0))?;
        let [(from, start), (to, end)] = segment else { return None };
        let exact = if place == *to {
            *end
        } else {
            let share = Decimal::from(place - from).checked_div(Decimal::from(to - from))?;
            start.checked_add((end - start).checked_mul(share)?)?
        };
        rule.round(Price::new(exact).ok()?, Rounding::Nearest)
    }
}

#[cfg(test)]
mod tests {
    use qtp_core::{CandleParts, Timeframe};

    use super::*;

    fn walk(open: &str, high: &str, low: &str, close: &str) -> Vec<Decimal> {
        let candle = Candle::new(CandleParts {
            instrument: "BTC-USDC-PERP@hyperliquid".parse().unwrap(),
            timeframe: Timeframe::M1,
            open_time: Timestamp::EPOCH,
            open: open.parse().unwrap(),
            high: high.parse().unwrap(),
            low: low.parse().unwrap(),
            close: close.parse().unwrap(),
            volume: "6".parse().unwrap(),
        });
        let path = Path::new(candle.unwrap(), 1_000_000_000);
        (0..60).map(|s| path.price(Timestamp::from_secs(s), &PriceRule::Any).unwrap().get()).collect()
    }

    #[test]
    fn rising_candle_goes_down_first_and_hits_every_corner() {
        let prices = walk("100", "110", "95", "105");
        assert_eq!(
            (prices[0], prices[20], prices[40], prices[59]),
            (100.into(), 95.into(), 110.into(), 105.into())
        );
        assert_eq!(prices.iter().max(), Some(&110.into()));
        assert_eq!(prices.iter().min(), Some(&95.into()));
    }

    #[test]
    fn falling_candle_goes_up_first() {
        let prices = walk("100", "110", "95", "96");
        assert_eq!((prices[20], prices[40], prices[59]), (110.into(), 95.into(), 96.into()));
    }
}

//! Pictures of a market for tests.

#[cfg(feature = "http")]
pub(crate) mod server;

use qtp_core::money::{Rounding, price_from_f64};
use qtp_core::{
    AssetView, Candle, CandleParts, DecisionRequest, Notional, Price, PriceRule, Quantity, Timeframe,
    Timestamp,
};

/// A linear congruential generator: numbers that are the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Roughly normal with deviation 1.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

pub(crate) fn price(value: f64) -> Price {
    let rule = PriceRule::SignificantFigures { digits: 8, decimals: 12 };
    price_from_f64(value, &rule, Rounding::Nearest).unwrap()
}

pub(crate) fn candle(instrument: &str, index: usize, ohlc: [f64; 4]) -> Candle {
    let [open, high, low, close] = ohlc.map(price);
    Candle::new(CandleParts {
        instrument: instrument.parse().unwrap(),
        timeframe: Timeframe::M5,
        open_time: Timestamp::from_secs(1_700_000_100 + 300 * index as i64),
        open,
        high: high.max(open).max(close),
        low: low.min(open).min(close),
        close,
        volume: "12.5".parse().unwrap(),
    })
    .unwrap()
}

/// Five-minute candles whose drift changes every few hours: up, nothing, down, nothing.
pub(crate) fn market(instrument: &str, seed: u64, start: f64, count: usize) -> Vec<Candle> {
    let mut random = Random(seed);
    let (mut last, mut drift, mut left) = (start, 0.0, 0.0);
    let mut candles = Vec::with_capacity(count);
    for index in 0..count {
        left -= 1.0;
        if left <= 0.0 {
            left = 24.0 + 72.0 * random.unit();
            drift = if drift == 0.0 { 0.0006 * random.normal() } else { 0.0 };
        }
        let path: Vec<f64> = std::iter::successors(Some(last), |price| {
            Some(price * (1.0 + drift / 10.0 + 0.0006 * random.normal()))
        })
        .take(11)
        .collect();
        let high = path.iter().copied().fold(f64::MIN, f64::max);
        let low = path.iter().copied().fold(f64::MAX, f64::min);
        candles.push(candle(instrument, index, [last, high, low, path[10]]));
        last = path[10];
    }
    candles
}

pub(crate) fn flat(instrument: &str, candles: Vec<Candle>) -> AssetView {
    AssetView {
        instrument: instrument.parse().unwrap(),
        price: candles.last().map_or_else(|| price(100.0), Candle::close),
        position: Quantity::ZERO,
        entry: None,
        stop: None,
        target: None,
        unrealized: None,
        working: Quantity::ZERO,
        funding: None,
        open_interest: None,
        last_trade: None,
        thesis: None,
        book: None,
        candles: vec![(Timeframe::M5, candles)],
    }
}

pub(crate) fn request(assets: Vec<AssetView>) -> DecisionRequest {
    DecisionRequest {
        id: 7,
        strategy: "desk".parse().unwrap(),
        owner: 1,
        account: "main".parse().unwrap(),
        snapshot_seq: 99,
        as_of: Timestamp::from_secs(1_700_086_500),
        equity: Some(Notional::from_decimal("10000".parse().unwrap())),
        performance: None,
        assets,
        halted: false,
    }
}

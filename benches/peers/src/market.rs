//! The candles that every crate is timed on.

/// Columns to write into; no indicator needs more.
pub type Outputs = [Vec<f64>; 8];

/// Room for `rows` outputs.
pub fn outputs(rows: usize) -> Outputs {
    std::array::from_fn(|_| vec![1.0; rows])
}

/// One-minute candles as columns, and in the forms that some crates ask for.
pub struct Market {
    pub open: Vec<f64>,
    pub high: Vec<f64>,
    pub low: Vec<f64>,
    pub close: Vec<f64>,
    pub volume: Vec<f64>,
    /// (high + low + close) / 3, given to those that take it ready made.
    pub typical: Vec<f64>,
    /// Open times in milliseconds since 1970-01-01 UTC.
    pub millis: Vec<i64>,
    /// Open times in nanoseconds.
    pub nanos: Vec<i64>,
    pub candles: Vec<wickra::Candle>,
}

impl Market {
    /// A walk drawn from a linear congruential generator.
    pub fn new(rows: usize) -> Self {
        let mut state = 1_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let [mut open, mut high, mut low, mut close, mut volume, mut typical] = [const { Vec::new() }; 6];
        let mut price = 100.0;
        for _ in 0..rows {
            let before = price;
            price *= 1.0 + (draw() - 0.5) * 0.002;
            open.push(before);
            close.push(price);
            high.push(before.max(price) * (1.0 + draw() * 0.0005));
            low.push(before.min(price) * (1.0 - draw() * 0.0005));
            volume.push(1.0 + 1_000.0 * draw());
        }
        typical.extend((0..rows).map(|i| (high[i] + low[i] + close[i]) / 3.0));
        let millis: Vec<i64> = (0..rows as i64).map(|i| i * 60_000).collect();
        let nanos = millis.iter().map(|time| time * 1_000_000).collect();
        let candle = |i: usize| {
            wickra::Candle::new(open[i], high[i], low[i], close[i], volume[i], millis[i])
                .expect("a sound candle")
        };
        let candles = (0..rows).map(candle).collect();
        Self { candles, open, high, low, close, volume, typical, millis, nanos }
    }
}

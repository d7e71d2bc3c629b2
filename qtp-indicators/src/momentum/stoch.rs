//! Where the close stands in its range: stochastics and Williams' %R.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::rsi::RelativeStrength;
use crate::{
    SpecError,
    average::ma::Ma,
    error::check_period,
    node::{Feed, Gate, Node, composite, indicator},
    price::middle::Channel,
    registry::{Entry, OutputInfo, ParamInfo, node, over},
    sweep,
};

/// Place of the close in the range, 0 to 100; 0 in a flat range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fast {
    channel: Channel,
}

impl Fast {
    fn new(n: usize) -> Self {
        Self { channel: Channel::new(n) }
    }
}

impl Node for Fast {
    type In = Ohlcv;
    type Out = f64;

    composite!({ channel } (candle: Ohlcv) -> f64 {
        let (high, low) = channel.feed(candle)?;
        let flat = (high - low).abs() <= 1e-14 * (high.abs() + low.abs());
        Some(if flat { 0.0 } else { (candle.close - low) / ((high - low) / 100.0) })
    });

    fn warmup(&self) -> usize {
        self.channel.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        self.channel.place(
            gate,
            sweep::one(out),
            #[inline(always)]
            |high, low, close| {
                let flat = (high - low).abs() <= 1e-14 * (high.abs() + low.abs());
                let place = (close - low) / ((high - low) / 100.0);
                if flat { 0.0 } else { place }
            },
        );
    }
}

/// A line and its average.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Smoothed {
    fast: Fast,
    slow: Ma,
    signal: Ma,
}

impl Smoothed {
    fn new(k: usize, slow: Ma, signal: Ma) -> Result<Self, SpecError> {
        Ok(Self { fast: Fast::new(check_period("k_period", k, 1)?), slow, signal })
    }

    fn fast(k: usize, d: usize, kind: usize) -> Result<Self, SpecError> {
        Self::new(k, Ma::Copy, Ma::new(d, kind, 0)?)
    }
}

impl Node for Smoothed {
    type In = Ohlcv;
    type Out = [f64; 2];

    composite!({ fast, slow, signal } (candle: Ohlcv) -> [f64; 2] {
        let fast = fast.feed(candle)?;
        let slow = slow.feed(fast)?;
        signal.feed(slow).map(|signal| [slow, signal])
    });

    fn warmup(&self) -> usize {
        self.fast.warmup() + self.slow.warmup() + self.signal.warmup() - 2
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let [line, signal] = out else { return };
        // The second column holds the fast line until its average is due.
        self.fast.batch(gate, &mut [&mut *signal]);
        let first = (self.fast.warmup() - 1).min(signal.len());
        line[..first].fill(f64::NAN);
        self.slow.batch(&Gate::open(&signal[first..]), &mut [&mut line[first..]]);
        let second = (first + self.slow.warmup() - 1).min(line.len());
        signal[..second].fill(f64::NAN);
        self.signal.batch(&Gate::open(&line[second..]), &mut [&mut signal[second..]]);
        sweep::chill(line, self.warmup() - 1);
    }
}

/// Stochastic of an RSI.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OfStrength {
    strength: RelativeStrength,
    stochastic: Smoothed,
}

impl OfStrength {
    fn new(period: usize, k: usize, d: usize, kind: usize) -> Result<Self, SpecError> {
        let strength = RelativeStrength::new(check_period("period", period, 2)?);
        Ok(Self { strength, stochastic: Smoothed::fast(k, d, kind)? })
    }
}

impl Node for OfStrength {
    type In = f64;
    type Out = [f64; 2];

    composite!({ strength, stochastic } (x: f64) -> [f64; 2] {
        let rsi = strength.feed(x)?;
        stochastic.feed(Ohlcv { open: rsi, high: rsi, low: rsi, close: rsi, volume: 0.0 })
    });

    fn warmup(&self) -> usize {
        self.strength.warmup() + self.stochastic.warmup() - 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let first = (self.strength.warmup() - 1).min(input.len());
        let mut rsi = vec![0.0; input.len()];
        self.strength.batch(&Gate::open(input), &mut [&mut rsi]);
        let rsi = &rsi[first..];
        let candles = crate::Candles { open: rsi, high: rsi, low: rsi, close: rsi, volume: rsi };
        if let [k, d] = out {
            k[..first].fill(f64::NAN);
            d[..first].fill(f64::NAN);
            self.stochastic.batch(&Gate::open(candles), &mut [&mut k[first..], &mut d[first..]]);
        }
    }
}

/// K, D and `3 K - 2 D`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WithJ {
    stochastic: Smoothed,
}

impl Node for WithJ {
    type In = Ohlcv;
    type Out = [f64; 3];

    composite!({ stochastic } (candle: Ohlcv) -> [f64; 3] {
        stochastic.feed(candle).map(|[k, d]| [k, d, 3.0 * k - 2.0 * d])
    });

    fn warmup(&self) -> usize {
        self.stochastic.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let [k, d, j] = out else { return };
        self.stochastic.batch(&Gate::open(input), &mut [&mut *k, &mut *d]);
        sweep::map2(k, d, j, move |k, d| 3.0 * k - 2.0 * d);
    }
}

/// Distance of the close from the top of the range, -100 to 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FromTop {
    channel: Channel,
}

impl Node for FromTop {
    type In = Ohlcv;
    type Out = f64;

    composite!({ channel } (candle: Ohlcv) -> f64 {
        let (high, low) = channel.feed(candle)?;
        let scale = (high - low) / -100.0;
        Some(if scale == 0.0 { 0.0 } else { (high - candle.close) / scale })
    });

    fn warmup(&self) -> usize {
        self.channel.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        self.channel.place(
            gate,
            sweep::one(out),
            #[inline(always)]
            |high, low, close| {
                let scale = (high - low) / -100.0;
                if scale == 0.0 { 0.0 } else { (high - close) / scale }
            },
        );
    }
}

/// Periods and kinds (see [`MovingAverage`](crate::average::MovingAverage)) of a slow stochastic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StochParams {
    /// Candles of the range, 1 to 100,000.
    pub fast_k: usize,
    /// Period and kind of the average of %K.
    pub slow_k: (usize, usize),
    /// Period and kind of the average of the slow %K.
    pub slow_d: (usize, usize),
}

fn slow(params: StochParams, default: usize) -> Result<Smoothed, SpecError> {
    let StochParams { fast_k, slow_k, slow_d } = params;
    Smoothed::new(fast_k, Ma::new(slow_k.0, slow_k.1, default)?, Ma::new(slow_d.0, slow_d.1, default)?)
}

indicator! {
    /// Slow stochastic, `[slow %K, slow %D]`, 0 to 100 (G. Lane).
    ///
    /// ```
    /// use qtp_indicators::{Candles, momentum::{StochParams, stoch}};
    ///
    /// let (high, low, close) = ([3.0, 5.0, 6.0], [1.0, 2.0, 3.0], [2.0, 5.0, 4.0]);
    /// let (mut k, mut d) = ([0.0; 3], [0.0; 3]);
    /// let params = StochParams { fast_k: 2, slow_k: (1, 0), slow_d: (1, 0) };
    /// stoch(Candles::hlc(&high, &low, &close)?, params, [&mut k, &mut d])?;
    /// assert_eq!(k[1..], [100.0, 50.0]);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Stoch(params: StochParams) = |params| slow(params, 0) => Smoothed, Ohlcv => [f64; 2];
    stoch(crate::Candles<'_>) -> 2
}
indicator! {
    /// Fast stochastic, `[%K, %D]`: `k` candles, an average of `d` values of kind `kind`.
    StochF(k: usize, d: usize, kind: usize) = Smoothed::fast => Smoothed, Ohlcv => [f64; 2];
    stochf(crate::Candles<'_>) -> 2
}
indicator! {
    /// Fast stochastic of an [`Rsi`](super::Rsi) of `period`, `[%K, %D]` (T. Chande and S. Kroll).
    StochRsi(period: usize, k: usize, d: usize, kind: usize) = OfStrength::new => OfStrength, f64 => [f64; 2];
    stochrsi(&[f64]) -> 2
}
indicator! {
    /// Slow stochastic with `3 K - 2 D`: `[k, d, j]`.
    Kdj(params: StochParams) = |params| Ok(WithJ { stochastic: slow(params, 13)? }) => WithJ, Ohlcv => [f64; 3];
    kdj(crate::Candles<'_>) -> 3
}
indicator! {
    /// Williams' %R over `period` candles (2 to 100,000), -100 to 0.
    WillR(period: usize) = |period| Ok(FromTop { channel: Channel::new(check_period("period", period, 2)?) })
        => FromTop, Ohlcv => f64;
    willr(crate::Candles<'_>) -> one
}

/// The parameters of a slow stochastic, in TA-Lib's order.
fn params(args: &crate::registry::Args) -> StochParams {
    StochParams {
        fast_k: args.count(0),
        slow_k: (args.count(1), args.count(2)),
        slow_d: (args.count(3), args.count(4)),
    }
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.stoch",
        "TA-Lib STOCH: slow stochastic",
        &[
            ParamInfo::integer("fastk_period", 1, 5),
            ParamInfo::integer("slowk_period", 1, 3),
            ParamInfo::matype("slowk_matype", 0),
            ParamInfo::integer("slowd_period", 1, 3),
            ParamInfo::matype("slowd_matype", 0),
        ],
        &[OutputInfo::new("slowk", "0 to 100"), OutputInfo::new("slowd", "0 to 100")],
        "fastk_period and the warm-ups of both averages, less 2",
        |args| Ok(node(slow(params(args), 0)?)),
    ),
    Entry::candles(
        "talib.stochf",
        "TA-Lib STOCHF: fast stochastic",
        &[
            ParamInfo::integer("fastk_period", 1, 5),
            ParamInfo::integer("fastd_period", 1, 3),
            ParamInfo::matype("fastd_matype", 0),
        ],
        &[OutputInfo::new("fastk", "0 to 100"), OutputInfo::new("fastd", "0 to 100")],
        "fastk_period and the warm-up of the average, less 1",
        |args| Ok(node(Smoothed::fast(args.count(0), args.count(1), args.count(2))?)),
    ),
    Entry::series(
        "talib.stochrsi",
        "TA-Lib STOCHRSI: stochastic of the relative strength index",
        &[
            ParamInfo::integer("timeperiod", 2, 14),
            ParamInfo::integer("fastk_period", 1, 5),
            ParamInfo::integer("fastd_period", 1, 3),
            ParamInfo::matype("fastd_matype", 0),
        ],
        &[OutputInfo::new("fastk", "0 to 100"), OutputInfo::new("fastd", "0 to 100")],
        "timeperiod + fastk_period and the warm-up of the average, less 1",
        |args| {
            Ok(over(
                OfStrength::new(args.count(0), args.count(1), args.count(2), args.count(3))?,
                args.source(),
            ))
        },
    ),
    Entry::candles(
        "talib.kdj",
        "TA-Lib KDJ: stochastic with J line",
        &[
            ParamInfo::integer("fastk_period", 1, 9),
            ParamInfo::integer("slowk_period", 1, 3),
            ParamInfo::matype("slowk_matype", 13),
            ParamInfo::integer("slowd_period", 1, 3),
            ParamInfo::matype("slowd_matype", 13),
        ],
        &[OutputInfo::new("k", "0 to 100"), OutputInfo::new("d", "0 to 100"), OutputInfo::new("j", "number")],
        "fastk_period and the warm-ups of both averages, less 2",
        |args| Ok(node(WithJ { stochastic: slow(params(args), 13)? })),
    ),
    Entry::candles(
        "talib.willr",
        "TA-Lib WILLR: Williams' %R",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        &[OutputInfo::new("real", "-100 to 0")],
        "timeperiod",
        |args| Ok(node(WillR::new(args.count(0))?.0.node)),
    ),
];

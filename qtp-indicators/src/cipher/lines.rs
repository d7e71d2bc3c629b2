//! The lines of Cipher B. Each has `look`, which leaves it alone, and `take`, which goes on from what `look` saw.

use serde::{Deserialize, Serialize};

use super::CipherBParams;
use crate::{
    Indicator, SpecError,
    average::{Ema, Sma},
    input::admit,
    momentum::Rsi,
    node::{Extreme, Node, Side},
    rolling::RollingSum,
    window::Window,
};

/// What a candle with high = low, whose money flow is 0 / 0, means to the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlatCandles {
    /// It is left out: the mean is over the last candles that have a flow (newer versions of Pine).
    #[default]
    Ignore,
    /// The mean is undefined while such a candle is in its window.
    Undefined,
}

/// WaveTrend: `wt1`, and `wt2`, its mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct WaveTrend {
    esa: Ema,
    deviation: Ema,
    average: Ema,
    signal: Sma,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Wave {
    /// Distance of the price from its average.
    distance: Option<f64>,
    index: Option<f64>,
    pub(super) wt1: Option<f64>,
    pub(super) wt2: Option<f64>,
}

impl Wave {
    /// The fast wave.
    pub(super) fn fast(&self) -> Option<f64> {
        Some(self.wt1? - self.wt2?)
    }
}

impl WaveTrend {
    pub(super) fn new(params: &CipherBParams) -> Result<Self, SpecError> {
        Ok(Self {
            esa: Ema::new(params.channel)?,
            deviation: Ema::new(params.channel)?,
            average: Ema::new(params.average)?,
            signal: Sma::new(params.signal)?,
        })
    }

    pub(super) fn look(&self, typical: f64) -> Wave {
        let distance = self.esa.peek(typical).map(|esa| typical - esa);
        let deviation = distance.and_then(|distance| self.deviation.peek(distance.abs()));
        let index = distance.zip(deviation).map(|(distance, deviation)| {
            // A price that does not move stands at its average.
            let index = distance / (0.015 * deviation);
            if index.is_finite() { index } else { 0.0 }
        });
        let wt1 = index.and_then(|index| self.average.peek(index));
        Wave { distance, index, wt1, wt2: wt1.and_then(|wt1| self.signal.peek(wt1)) }
    }

    pub(super) fn take(&mut self, typical: f64, wave: &Wave) {
        self.esa.update(typical);
        wave.distance.map(|distance| self.deviation.update(distance.abs()));
        wave.index.map(|index| self.average.update(index));
        wave.wt1.map(|wt1| self.signal.update(wt1));
    }

    pub(super) fn warmup(&self) -> usize {
        2 * self.esa.warmup() + self.average.warmup() + self.signal.warmup() - 3
    }

    pub(super) fn reset(&mut self) {
        self.esa.reset();
        self.deviation.reset();
        self.average.reset();
        self.signal.reset();
    }
}

/// Mean of `factor * (close - open) / (high - low)`, less an offset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct MoneyFlow {
    window: Window,
    sum: RollingSum,
    /// Candles until no flat one is in the window; counted only where such a candle makes the mean undefined.
    undefined: usize,
    taken: usize,
}

impl MoneyFlow {
    pub(super) fn new(params: &CipherBParams) -> Self {
        Self { window: Window::new(params.money_flow), sum: RollingSum::default(), undefined: 0, taken: 0 }
    }

    fn flow(params: &CipherBParams, candle: &qtp_core::Ohlcv) -> Option<f64> {
        let range = candle.high - candle.low;
        if range == 0.0 {
            return None;
        }
        admit(params.money_flow_factor * (candle.close - candle.open) / range)
    }

    pub(super) fn look(&self, params: &CipherBParams, candle: &qtp_core::Ohlcv) -> Option<f64> {
        let n = self.window.capacity();
        if self.taken + 1 < n {
            return None;
        }
        let flow = Self::flow(params, candle);
        let mean = match (flow, params.flat) {
            (None, FlatCandles::Undefined) => return None,
            (Some(_), FlatCandles::Undefined) if self.undefined > 1 => return None,
            (Some(flow), _) => {
                self.sum.slide(&self.window, flow).get() / (self.window.len() + 1).min(n) as f64
            }
            // Until the window has been full of flows once, the mean is over those that there are.
            (None, FlatCandles::Ignore) => self.sum.get() / self.window.len().max(1) as f64,
        };
        Some(mean - params.money_flow_offset)
    }

    pub(super) fn take(&mut self, params: &CipherBParams, candle: &qtp_core::Ohlcv) {
        let n = self.window.capacity();
        let flow = Self::flow(params, candle);
        self.undefined = if flow.is_none() { n } else { self.undefined.saturating_sub(1) };
        if let Some(flow) = flow.or((params.flat == FlatCandles::Undefined).then_some(0.0)) {
            self.sum = self.sum.slide(&self.window, flow);
            self.window.push(flow);
        }
        self.taken = (self.taken + 1).min(n);
    }

    pub(super) fn reset(&mut self) {
        self.window.clear();
        (self.sum, self.undefined, self.taken) = (RollingSum::default(), 0, 0);
    }
}

/// Where the input stands between the extremes of its window, 0 to 100; the value before (0 at first) if they are equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Stochastic {
    low: Extreme,
    high: Extreme,
    last: f64,
}

impl Stochastic {
    fn new(period: usize) -> Self {
        Self { low: Extreme::new(Side::Min, period), high: Extreme::new(Side::Max, period), last: 0.0 }
    }

    fn look(&self, x: f64) -> Option<f64> {
        let (low, high) = (self.low.peek(x)?, self.high.peek(x)?);
        Some(if high > low { 100.0 * (x - low) / (high - low) } else { self.last })
    }

    fn take(&mut self, x: f64, seen: Option<f64>) {
        self.last = seen.unwrap_or(self.last);
        self.low.next(x);
        self.high.next(x);
    }

    fn reset(&mut self) {
        self.low.reset();
        self.high.reset();
        self.last = 0.0;
    }
}

/// K and D of the RSI of the logarithm of the close.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StochRsi {
    rsi: Rsi,
    raw: Stochastic,
    k: Sma,
    d: Sma,
    warmup: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Stoch {
    logarithm: f64,
    rsi: Option<f64>,
    raw: Option<f64>,
    pub(super) k: Option<f64>,
    pub(super) d: Option<f64>,
}

impl StochRsi {
    pub(super) fn new(params: &CipherBParams) -> Result<Self, SpecError> {
        Ok(Self {
            rsi: Rsi::new(params.stoch_rsi)?,
            raw: Stochastic::new(params.stoch),
            k: Sma::new(params.stoch_k)?,
            d: Sma::new(params.stoch_d)?,
            warmup: params.stoch_rsi + params.stoch + params.stoch_k + params.stoch_d - 2,
        })
    }

    /// A close at or below zero, which has no logarithm, counts as the smallest number above.
    fn logarithm(close: f64) -> f64 {
        libm::log(close.max(f64::MIN_POSITIVE))
    }

    pub(super) fn look(&self, close: f64) -> Stoch {
        let logarithm = Self::logarithm(close);
        let rsi = self.rsi.peek(logarithm);
        let raw = rsi.and_then(|rsi| self.raw.look(rsi));
        let k = raw.and_then(|raw| self.k.peek(raw));
        Stoch { logarithm, rsi, raw, k, d: k.and_then(|k| self.d.peek(k)) }
    }

    pub(super) fn take(&mut self, stoch: &Stoch) {
        self.rsi.update(stoch.logarithm);
        if let Some(rsi) = stoch.rsi {
            self.raw.take(rsi, stoch.raw);
        }
        stoch.raw.map(|raw| self.k.update(raw));
        stoch.k.map(|k| self.d.update(k));
    }

    pub(super) fn warmup(&self) -> usize {
        self.warmup
    }

    pub(super) fn reset(&mut self) {
        self.rsi.reset();
        self.raw.reset();
        self.k.reset();
        self.d.reset();
    }
}

/// Schaff trend cycle, 0 to 100: two smoothed stochastics of the difference of two averages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Schaff {
    fast: Ema,
    slow: Ema,
    first: Stochastic,
    second: Stochastic,
    smoothed: Option<f64>,
    cycle: Option<f64>,
    warmup: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct SchaffLook {
    close: f64,
    line: Option<f64>,
    first: Option<f64>,
    smoothed: Option<f64>,
    second: Option<f64>,
    pub(super) cycle: Option<f64>,
}

impl Schaff {
    pub(super) fn new(params: &CipherBParams) -> Result<Self, SpecError> {
        Ok(Self {
            fast: Ema::new(params.schaff_fast)?,
            slow: Ema::new(params.schaff_slow)?,
            first: Stochastic::new(params.schaff),
            second: Stochastic::new(params.schaff),
            smoothed: None,
            cycle: None,
            warmup: params.schaff_fast.max(params.schaff_slow) + 2 * params.schaff - 2,
        })
    }

    pub(super) fn look(&self, params: &CipherBParams, close: f64) -> SchaffLook {
        let line = self.fast.peek(close).zip(self.slow.peek(close)).map(|(fast, slow)| fast - slow);
        let step = |before: Option<f64>, x: f64| before.map_or(x, |y| y + params.schaff_factor * (x - y));
        let first = line.and_then(|line| self.first.look(line));
        let smoothed = first.map(|x| step(self.smoothed, x));
        let second = smoothed.and_then(|smoothed| self.second.look(smoothed));
        SchaffLook { close, line, first, smoothed, second, cycle: second.map(|x| step(self.cycle, x)) }
    }

    pub(super) fn take(&mut self, look: &SchaffLook) {
        self.fast.update(look.close);
        self.slow.update(look.close);
        if let Some(line) = look.line {
            self.first.take(line, look.first);
        }
        if let Some(smoothed) = look.smoothed {
            self.second.take(smoothed, look.second);
        }
        (self.smoothed, self.cycle) = (look.smoothed, look.cycle);
    }

    pub(super) fn warmup(&self) -> usize {
        self.warmup
    }

    pub(super) fn reset(&mut self) {
        self.fast.reset();
        self.slow.reset();
        self.first.reset();
        self.second.reset();
        (self.smoothed, self.cycle) = (None, None);
    }
}

//! Quantum Cipher A, as the public documentation of Quantum Trader Pro defines it.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::params::number;
use crate::{
    Indicator, Source, SpecError,
    error::check_period,
    input::admit_candle,
    registry::{Entry, OutputInfo, ParamInfo, Row, candles, fill},
    rolling::RollingSum,
    window::Window,
};

/// Keeps the quotients defined where the documentation divides by a sum that may be zero.
const TINY: f64 = 1e-9;

/// Periods and thresholds of [`CipherA`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CipherAParams {
    /// Span of the oscillator's averages.
    pub oscillator: usize,
    /// Candles of the mean volume.
    pub volume: usize,
    /// Span of the fast average of the close.
    pub fast: usize,
    /// Span of the slow average of the close.
    pub slow: usize,
    /// A buy needs the oscillator below this.
    pub oversold: f64,
    /// A sell needs the oscillator above this.
    pub overbought: f64,
    /// Both need a volume above this multiple of the mean.
    pub surge: f64,
}

impl Default for CipherAParams {
    fn default() -> Self {
        Self { oscillator: 14, volume: 20, fast: 8, slow: 21, oversold: -30.0, overbought: 70.0, surge: 1.2 }
    }
}

/// Which way a signal of [`CipherA`] points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CipherSide {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

/// A signal in the documented event form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CipherSignal {
    /// Always `QUANTUM_CIPHER`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Buy or sell.
    pub signal: CipherSide,
    /// Close of the candle.
    pub price: f64,
    /// Instrument.
    pub symbol: String,
    /// Width of the candle.
    pub timeframe: String,
    /// Close time of the candle in nanoseconds since 1970-01-01 UTC.
    pub timestamp: i64,
}

impl CipherSignal {
    /// Makes the event for a signal at `price`.
    #[must_use]
    pub fn new(signal: CipherSide, price: f64, symbol: &str, timeframe: &str, timestamp: i64) -> Self {
        let (kind, symbol, timeframe) =
            ("QUANTUM_CIPHER".to_owned(), symbol.to_owned(), timeframe.to_owned());
        Self { kind, signal, price, symbol, timeframe, timestamp }
    }
}

/// What [`CipherA`] knows after a candle, warm or not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CipherAParts {
    /// Oscillator, -100 to 100; from the second candle on.
    pub oscillator: Option<f64>,
    /// Typical price weighted by volume since the first candle.
    pub vwap: f64,
    /// Volume over its mean; once the mean's window is full.
    pub volume_ratio: Option<f64>,
    /// Fast average of the close.
    pub fast: f64,
    /// Slow average of the close.
    pub slow: f64,
    /// The signal, if any.
    pub signal: Option<CipherSide>,
}

/// The columns of [`CipherA`] once warm; fields as in [`CipherAParts`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CipherAOutput {
    /// Oscillator, -100 to 100.
    pub oscillator: f64,
    /// Typical price weighted by volume since the first candle.
    pub vwap: f64,
    /// Volume over its mean.
    pub volume_ratio: f64,
    /// Fast average of the close.
    pub fast: f64,
    /// Slow average of the close.
    pub slow: f64,
    /// The signal, if any.
    pub signal: Option<CipherSide>,
}

impl Row for CipherAOutput {
    fn write(&self, out: &mut [f64]) {
        let flag = |side| if self.signal == Some(side) { 1.0 } else { 0.0 };
        let lines = [self.oscillator, self.vwap, self.volume_ratio, self.fast, self.slow];
        fill(out, &lines);
        fill(out.get_mut(5..).unwrap_or_default(), &[flag(CipherSide::Buy), flag(CipherSide::Sell)]);
    }
}

/// Quantum Cipher A: an oscillator of the typical price with volume, VWAP and trend filters.
///
/// Its own signals almost never fire (1 buy and no sell in 26,272 hourly candles of BTC and ETH): an oversold oscillator,
/// an up-trend and a price above the mean since the start hardly ever meet. Use the lines, or [`QuantumCipher`](super::QuantumCipher).
///
/// ```
/// use qtp_core::Ohlcv;
/// use qtp_indicators::{Indicator, cipher::{CipherA, CipherAParams}};
///
/// let mut cipher = CipherA::new(CipherAParams::default())?;
/// for i in 0..30 {
///     let close = 100.0 + f64::from(i);
///     cipher.update(Ohlcv { open: close, high: close + 1.0, low: close - 1.0, close, volume: 5.0 });
/// }
/// let lines = cipher.value().unwrap();
/// assert!(lines.oscillator > 99.9 && lines.fast > lines.slow && lines.signal.is_none());
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CipherA {
    params: CipherAParams,
    /// Typical price of the last candle.
    typical: Option<f64>,
    momentum: Ewm,
    size: Ewm,
    fast: Ewm,
    slow: Ewm,
    traded: f64,
    volume: f64,
    window: Window,
    mean: RollingSum,
    parts: Option<CipherAParts>,
}

/// `y = a x + (1 - a) y`, seeded with the first value.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Ewm(Option<f64>);

impl Ewm {
    fn next(self, x: f64, span: usize) -> f64 {
        let alpha = 2.0 / (span as f64 + 1.0);
        self.0.map_or(x, |y| alpha * x + (1.0 - alpha) * y)
    }
}

/// What one candle changes.
struct Step {
    typical: f64,
    momentum: Option<(f64, f64)>,
    traded: f64,
    volume: f64,
    mean: RollingSum,
    candle: Ohlcv,
    parts: CipherAParts,
}

impl CipherA {
    /// Makes the cipher; periods from 1 to 100,000, thresholds finite.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for another parameter.
    pub fn new(params: CipherAParams) -> Result<Self, SpecError> {
        check_period("oscillator", params.oscillator, 1)?;
        check_period("volume", params.volume, 2)?;
        check_period("fast", params.fast, 1)?;
        check_period("slow", params.slow, 1)?;
        number("oversold", params.oversold, -100.0, 100.0)?;
        number("overbought", params.overbought, -100.0, 100.0)?;
        number("surge", params.surge, 0.0, 1e6)?;
        Ok(Self::fresh(params, Window::new(params.volume)))
    }

    /// What is known after the last candle, before the warm-up too.
    #[must_use]
    pub fn parts(&self) -> Option<CipherAParts> {
        self.parts
    }

    fn fresh(params: CipherAParams, window: Window) -> Self {
        let none = Ewm::default();
        Self {
            params,
            typical: None,
            momentum: none,
            size: none,
            fast: none,
            slow: none,
            traded: 0.0,
            volume: 0.0,
            window,
            mean: RollingSum::default(),
            parts: None,
        }
    }

    fn look(&self, input: &Ohlcv) -> Option<Step> {
        let mut candle = admit_candle(input)?;
        candle.volume = candle.volume.max(0.0);
        let params = &self.params;
        let typical = Source::Hlc3.read(&candle);
        let momentum = self.typical.map(|previous| {
            let change = typical - previous;
            let span = params.oscillator;
            (self.momentum.next(change, span), self.size.next(change.abs(), span))
        });
        let (traded, volume) = (self.traded + typical * candle.volume, self.volume + candle.volume);
        let mean = self.mean.slide(&self.window, candle.volume);
        let full = self.window.fills();
        let volume_ratio = full.then(|| candle.volume / (mean.get() / self.window.capacity() as f64 + TINY));
        let mut parts = CipherAParts {
            oscillator: momentum.map(|(momentum, size)| 100.0 * momentum / (size + TINY)),
            vwap: traded / (volume + TINY),
            volume_ratio,
            fast: self.fast.next(candle.close, params.fast),
            slow: self.slow.next(candle.close, params.slow),
            signal: None,
        };
        parts.signal = self.signal(&parts, candle.close);
        Some(Step { typical, momentum, traded, volume, mean, candle, parts })
    }

    fn signal(&self, now: &CipherAParts, close: f64) -> Option<CipherSide> {
        let params = &self.params;
        let (oscillator, before) = (now.oscillator?, self.parts?.oscillator?);
        if now.volume_ratio? <= params.surge {
            return None;
        }
        let (up, down) = (now.fast > now.slow, now.fast < now.slow);
        if oscillator < params.oversold && oscillator > before && close > now.vwap && up {
            return Some(CipherSide::Buy);
        }
        let sell = oscillator > params.overbought && oscillator < before && close < now.vwap && down;
        sell.then_some(CipherSide::Sell)
    }
}

fn warm(parts: &CipherAParts) -> Option<CipherAOutput> {
    Some(CipherAOutput {
        oscillator: parts.oscillator?,
        vwap: parts.vwap,
        volume_ratio: parts.volume_ratio?,
        fast: parts.fast,
        slow: parts.slow,
        signal: parts.signal,
    })
}

impl Indicator<Ohlcv> for CipherA {
    type Output = CipherAOutput;

    fn update(&mut self, input: Ohlcv) -> Option<CipherAOutput> {
        let step = self.look(&input)?;
        self.typical = Some(step.typical);
        if let Some((momentum, size)) = step.momentum {
            (self.momentum, self.size) = (Ewm(Some(momentum)), Ewm(Some(size)));
        }
        (self.fast, self.slow) = (Ewm(Some(step.parts.fast)), Ewm(Some(step.parts.slow)));
        (self.traded, self.volume, self.mean) = (step.traded, step.volume, step.mean);
        self.window.push(step.candle.volume);
        self.parts = Some(step.parts);
        self.value()
    }

    fn peek(&self, input: Ohlcv) -> Option<CipherAOutput> {
        warm(&self.look(&input)?.parts)
    }

    fn value(&self) -> Option<CipherAOutput> {
        warm(&self.parts?)
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        let mut window = std::mem::replace(&mut self.window, Window::new(1));
        window.clear();
        *self = Self::fresh(self.params, window);
    }
}

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    name: "cipher_a",
    summary: "Quantum Cipher A as documented: oscillator, cumulative VWAP, volume ratio, averages, signals",
    params: &[
        ParamInfo::integer("oscillator", 1, 14),
        ParamInfo::integer("volume", 2, 20),
        ParamInfo::integer("fast", 1, 8),
        ParamInfo::integer("slow", 1, 21),
        super::params::real("oversold", -100.0, 100.0, -30.0),
        super::params::real("overbought", -100.0, 100.0, 70.0),
        super::params::real("surge", 0.0, 1e6, 1.2),
    ],
    outputs: &[
        OutputInfo::new("oscillator", "-100 to 100"),
        OutputInfo::new("vwap", "price"),
        OutputInfo::new("volume_ratio", "multiple of the mean volume"),
        OutputInfo::new("fast", "price"),
        OutputInfo::new("slow", "price"),
        OutputInfo::new("buy", "0 or 1"),
        OutputInfo::new("sell", "0 or 1"),
    ],
    sourced: false,
    warmup: "volume",
    make: |args| {
        Ok(candles(CipherA::new(CipherAParams {
            oscillator: args.count(0),
            volume: args.count(1),
            fast: args.count(2),
            slow: args.count(3),
            oversold: args.real(4),
            overbought: args.real(5),
            surge: args.real(6),
        })?))
    },
}];

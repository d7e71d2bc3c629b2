//! One number over both ciphers, with the parts that made it.

use serde::{Deserialize, Serialize};

use super::{
    CipherA, CipherAOutput, CipherAParams, CipherB, CipherBOutput, CipherBParams, CipherEvent, CipherEvents,
    CipherScoreParams,
};
use crate::{
    Indicator, SpecError, TimedOhlcv,
    registry::{Row, fill},
};

/// The parts of a score, each from -1 (bearish) to 1 (bullish).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CipherParts {
    /// Fast wave over 20.
    pub wave: f64,
    /// `wt2` over -100: oversold is bullish.
    pub level: f64,
    /// Money flow over 20; 0 while undefined.
    pub flow: f64,
    /// (50 - RSI) / 50: oversold is bullish.
    pub rsi: f64,
    /// (K - D) / 50.
    pub stoch: f64,
    /// Mean of the Schaff cycle around 50, of fast over slow average, and of the close over the cumulative VWAP.
    pub trend: f64,
    /// What is left of past events.
    pub events: f64,
}

/// The score with all that made it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QuantumCipherOutput {
    /// Weighted mean of the parts, -1 to 1.
    pub score: f64,
    /// Its parts.
    pub parts: CipherParts,
    /// Cipher A.
    pub a: CipherAOutput,
    /// Cipher B.
    pub b: CipherBOutput,
}

/// Both ciphers and a score over them.
///
/// `docs/reference/quantum-cipher.md` gives the formula of each part. The score is a description of the moment, not a
/// forecast with a known record.
///
/// ```
/// use qtp_core::Ohlcv;
/// use qtp_indicators::{Indicator, TimedOhlcv, cipher::QuantumCipher};
///
/// let mut cipher = QuantumCipher::new(Default::default(), Default::default(), Default::default())?;
/// for hour in 0..100_i64 {
///     let close = 100.0 + 10.0 * libm::sin(hour as f64 / 8.0);
///     let ohlcv = Ohlcv { open: close - 0.5, high: close + 1.0, low: close - 1.0, close, volume: 5.0 };
///     cipher.update(TimedOhlcv { open_time: hour * 3_600_000_000_000, ohlcv });
/// }
/// let output = cipher.value().unwrap();
/// assert!((-1.0..=1.0).contains(&output.score));
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantumCipher {
    a: CipherA,
    b: CipherB,
    weights: CipherScoreParams,
    /// What is left of past events after the last candle.
    events: f64,
    last: Option<QuantumCipherOutput>,
}

impl QuantumCipher {
    /// Makes both ciphers and weighs their parts.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for a parameter outside its range.
    pub fn new(a: CipherAParams, b: CipherBParams, weights: CipherScoreParams) -> Result<Self, SpecError> {
        weights.check()?;
        Ok(Self { a: CipherA::new(a)?, b: CipherB::new(b)?, weights, events: 0.0, last: None })
    }

    /// Events fade from candle to candle and never count for more than one.
    fn remember(&self, events: CipherEvents) -> f64 {
        use CipherEvent as E;
        let half = [(E::BullDot, E::BearDot), (E::BullFlag, E::BearFlag), (E::BullDiamond, E::BearDiamond)];
        let new = half
            .iter()
            .fold(events.sign(E::Buy, E::Sell), |sum, (up, down)| sum + 0.5 * events.sign(*up, *down));
        (self.weights.memory * self.events + new).clamp(-1.0, 1.0)
    }

    fn judge(&self, a: CipherAOutput, b: CipherBOutput, close: f64) -> QuantumCipherOutput {
        let unit = |x: f64| x.clamp(-1.0, 1.0);
        let side = |x: f64, of: f64| f64::from(i8::from(x > of) - i8::from(x < of));
        let trend = (unit((b.schaff - 50.0) / 50.0) + side(a.fast, a.slow) + side(close, a.vwap)) / 3.0;
        let parts = CipherParts {
            wave: unit(b.fast / 20.0),
            level: unit(-b.wt2 / 100.0),
            flow: unit(b.money_flow.unwrap_or(0.0) / 20.0),
            rsi: unit((50.0 - b.rsi) / 50.0),
            stoch: unit((b.stoch_k - b.stoch_d) / 50.0),
            trend,
            events: self.remember(b.events),
        };
        let w = &self.weights;
        let weighed = [
            (w.wave, parts.wave),
            (w.level, parts.level),
            (w.flow, parts.flow),
            (w.rsi, parts.rsi),
            (w.stoch, parts.stoch),
            (w.trend, parts.trend),
            (w.events, parts.events),
        ];
        let (sum, total) =
            weighed.iter().fold((0.0, 0.0), |(sum, total), (w, part)| (sum + w * part, total + w));
        QuantumCipherOutput { score: unit(sum / total), parts, a, b }
    }
}

impl Indicator<TimedOhlcv> for QuantumCipher {
    type Output = QuantumCipherOutput;

    fn update(&mut self, input: TimedOhlcv) -> Option<QuantumCipherOutput> {
        let close = crate::input::admit_candle(&input.ohlcv)?.close;
        let (a, b) = (self.a.update(input.ohlcv), self.b.update(input));
        self.last = a.zip(b).map(|(a, b)| self.judge(a, b, close));
        // Events before the warm-up count as well.
        let events = self.b.parts().map_or_else(CipherEvents::default, |parts| parts.events);
        self.events = self.remember(events);
        self.last
    }

    fn peek(&self, input: TimedOhlcv) -> Option<QuantumCipherOutput> {
        let close = crate::input::admit_candle(&input.ohlcv)?.close;
        Some(self.judge(self.a.peek(input.ohlcv)?, self.b.peek(input)?, close))
    }

    fn value(&self) -> Option<QuantumCipherOutput> {
        self.last
    }

    fn warmup(&self) -> usize {
        self.a.warmup().max(self.b.warmup())
    }

    fn reset(&mut self) {
        self.a.reset();
        self.b.reset();
        (self.events, self.last) = (0.0, None);
    }
}

impl Row for QuantumCipherOutput {
    fn write(&self, out: &mut [f64]) {
        let p = &self.parts;
        fill(out, &[self.score, p.wave, p.level, p.flow, p.rsi, p.stoch, p.trend, p.events]);
    }
}

//! One number over both ciphers, with the parts that made it; and the catalogue's entries of Cipher B.

use serde::{Deserialize, Serialize};

use super::{
    CipherA, CipherAOutput, CipherAParams, CipherB, CipherBOutput, CipherBParams, CipherEvent, CipherEvents,
    CipherScoreParams, FlatCandles,
};
use crate::{
    Indicator, SpecError, TimedOhlcv,
    registry::{Args, Entry, OutputInfo, ParamInfo, Row, fill, timed_candles},
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

impl Row for CipherBOutput {
    fn write(&self, out: &mut [f64]) {
        let flow = self.money_flow.unwrap_or(f64::NAN);
        fill(out, &[self.wt1, self.wt2, self.fast, flow, self.rsi, self.stoch_k, self.stoch_d, self.schaff]);
    }
}

/// The same cipher with its events for columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Events(CipherB);

#[derive(Debug, Clone, Copy)]
struct EventRow(CipherEvents);

impl Row for EventRow {
    fn write(&self, out: &mut [f64]) {
        use CipherEvent as E;
        let sign = |up, down| self.0.sign(up, down);
        let gold = if self.0.contains(E::Gold) { 1.0 } else { 0.0 };
        let hidden = sign(E::WtBullHidden, E::WtBearHidden);
        fill(
            out,
            &[
                sign(E::CrossUp, E::CrossDown),
                sign(E::Buy, E::Sell),
                gold,
                sign(E::BullDot, E::BearDot),
                sign(E::RsiBull, E::RsiBear),
                hidden,
                sign(E::BullFlag, E::BearFlag),
                sign(E::BullDiamond, E::BearDiamond),
            ],
        );
    }
}

impl Indicator<TimedOhlcv> for Events {
    type Output = EventRow;

    fn update(&mut self, input: TimedOhlcv) -> Option<EventRow> {
        self.0.update(input).map(|output| EventRow(output.events))
    }

    fn peek(&self, input: TimedOhlcv) -> Option<EventRow> {
        self.0.peek(input).map(|output| EventRow(output.events))
    }

    fn value(&self) -> Option<EventRow> {
        self.0.value().map(|output| EventRow(output.events))
    }

    fn warmup(&self) -> usize {
        self.0.warmup()
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

const PARAMS: &[ParamInfo] = &[
    ParamInfo::integer("channel", 1, 9),
    ParamInfo::integer("average", 1, 12),
    ParamInfo::integer("signal", 1, 3),
    super::params::real("oversold", -1e6, 1e6, -53.0),
    super::params::real("overbought", -1e6, 1e6, 53.0),
    ParamInfo::integer("money_flow", 1, 60),
    ParamInfo::choice("flat", &["ignore", "undefined"]),
];

fn cipher_b(args: &Args) -> Result<CipherB, SpecError> {
    CipherB::new(params(args))
}

fn params(args: &Args) -> CipherBParams {
    CipherBParams {
        channel: args.count(0),
        average: args.count(1),
        signal: args.count(2),
        oversold: args.real(3),
        overbought: args.real(4),
        money_flow: args.count(5),
        flat: if args.count(6) == 0 { FlatCandles::Ignore } else { FlatCandles::Undefined },
        ..CipherBParams::default()
    }
}

const WARMUP: &str = "max(2 channel + average + signal - 3, money_flow, 68)";
const SIGN: &str = "-1, 0 or 1";
const PART: &str = "-1 to 1";

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        name: "cipher_b",
        summary: "Cipher B: WaveTrend, money flow, RSI, stochastic RSI, Schaff trend cycle",
        params: PARAMS,
        outputs: &[
            OutputInfo::new("wt1", "about -100 to 100"),
            OutputInfo::new("wt2", "about -100 to 100"),
            OutputInfo::new("fast", "wt1 less wt2"),
            OutputInfo::new("money_flow", "above 0 is green"),
            OutputInfo::new("rsi", "0 to 100"),
            OutputInfo::new("stoch_k", "0 to 100"),
            OutputInfo::new("stoch_d", "0 to 100"),
            OutputInfo::new("schaff", "0 to 100"),
        ],
        sourced: false,
        warmup: WARMUP,
        make: |args| Ok(timed_candles(cipher_b(args)?)),
    },
    Entry {
        name: "cipher_events",
        summary: "Cipher B's events on the candle that makes them known: 1 bullish, -1 bearish",
        params: PARAMS,
        outputs: &[
            OutputInfo::new("cross", SIGN),
            OutputInfo::new("circle", SIGN),
            OutputInfo::new("gold", "0 or 1"),
            OutputInfo::new("divergence", SIGN),
            OutputInfo::new("rsi_divergence", SIGN),
            OutputInfo::new("hidden", SIGN),
            OutputInfo::new("flag", SIGN),
            OutputInfo::new("diamond", SIGN),
        ],
        sourced: false,
        warmup: WARMUP,
        make: |args| Ok(timed_candles(Events(cipher_b(args)?))),
    },
    Entry {
        name: "quantum_cipher",
        summary: "Score over Cipher A and B from -1 (bearish) to 1 (bullish), with its parts",
        params: PARAMS,
        outputs: &[
            OutputInfo::new("score", PART),
            OutputInfo::new("wave", PART),
            OutputInfo::new("level", PART),
            OutputInfo::new("flow", PART),
            OutputInfo::new("rsi", PART),
            OutputInfo::new("stoch", PART),
            OutputInfo::new("trend", PART),
            OutputInfo::new("events", PART),
        ],
        sourced: false,
        warmup: WARMUP,
        make: |args| {
            let (a, score) = (CipherAParams::default(), CipherScoreParams::default());
            Ok(timed_candles(QuantumCipher::new(a, params(args), score)?))
        },
    },
];

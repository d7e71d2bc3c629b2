//! Cipher B, its events and the score in the catalogue.

use serde::{Deserialize, Serialize};

use super::{
    CipherAParams, CipherB, CipherBOutput, CipherBParams, CipherEvent, CipherEvents, CipherScoreParams,
    FlatCandles, QuantumCipher,
};
use crate::{
    Indicator, SpecError, TimedOhlcv,
    registry::{Args, Entry, OutputInfo, ParamInfo, Row, fill, timed_candles},
};

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

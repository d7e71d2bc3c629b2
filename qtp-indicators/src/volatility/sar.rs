//! Parabolic stop and reverse.
//!
//! Source: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978; start and order of operations as in TA-Lib.

use std::hint::select_unpredictable;

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_real,
    node::{Gate, Node, Reads, indicator, margin, peek_by_copy, warm_up},
    registry::{Entry, OutputInfo, ParamInfo, node},
    sweep,
};

/// Acceleration of one side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SarSide {
    /// Factor after a reversal, 0 to 1e6.
    pub start: f64,
    /// What each new extreme adds, 0 to 1e6.
    pub step: f64,
    /// Largest factor, 0 to 1e6.
    pub max: f64,
}

impl SarSide {
    /// The factor of TA-Lib's defaults: from 0.02 by 0.02 to 0.2.
    pub const DEFAULT: Self = Self { start: 0.02, step: 0.02, max: 0.2 };

    fn checked(self) -> Result<Self, SpecError> {
        let max = check_real("max", self.max, 0.0, LARGEST)?;
        let (start, step) =
            (check_real("start", self.start, 0.0, LARGEST)?, check_real("step", self.step, 0.0, LARGEST)?);
        Ok(Self { start: start.min(max), step: step.min(max), max })
    }
}

const LARGEST: f64 = 1e6;

/// Parameters of [`SarExt`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SarParams {
    /// First stop: above 0 starts long there, below 0 short at its size, 0 lets the first two candles decide.
    pub start_value: f64,
    /// Share of the stop by which it is moved away on a reversal.
    pub offset_on_reverse: f64,
    /// Acceleration while long.
    pub long: SarSide,
    /// Acceleration while short.
    pub short: SarSide,
}

/// Where the stop stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Stop {
    long: bool,
    stop: f64,
    extreme: f64,
    factor: f64,
    high: f64,
    low: f64,
}

/// The stop; with `signed` it is negative while short.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Parabolic {
    params: SarParams,
    signed: bool,
    first: Option<(f64, f64)>,
    state: Option<Stop>,
}

impl Parabolic {
    fn plain(acceleration: f64, maximum: f64) -> Result<Self, SpecError> {
        let side = SarSide { start: acceleration, step: acceleration, max: maximum };
        let params = SarParams { start_value: 0.0, offset_on_reverse: 0.0, long: side, short: side };
        Ok(Self { signed: false, ..Self::extended(params)? })
    }

    fn extended(params: SarParams) -> Result<Self, SpecError> {
        let params = SarParams {
            start_value: check_real("start_value", params.start_value, -1e15, 1e15)?,
            offset_on_reverse: check_real("offset_on_reverse", params.offset_on_reverse, 0.0, LARGEST)?,
            long: params.long.checked()?,
            short: params.short.checked()?,
        };
        Ok(Self { params, signed: true, first: None, state: None })
    }

    /// The state at the second candle, before it is taken.
    fn begin(&self, (high, low): (f64, f64), c: &Ohlcv) -> Stop {
        let (up, down) = (c.high - high, low - c.low);
        let start = self.params.start_value;
        let long = if start == 0.0 { !(down > 0.0 && up < down) } else { start > 0.0 };
        let stop = if start != 0.0 {
            start.abs()
        } else if long {
            low
        } else {
            high
        };
        let side = if long { self.params.long } else { self.params.short };
        let extreme = if long { c.high } else { c.low };
        Stop { long, stop, extreme, factor: side.start, high: c.high, low: c.low }
    }

    /// The next state, and the stop that counts on this candle.
    fn advance(&self, last: Stop, c: &Ohlcv) -> (Stop, f64) {
        // Seen from the short side everything is mirrored.
        let sign = if last.long { 1.0 } else { -1.0 };
        let (near, far) = if last.long { (c.low, c.high) } else { (-c.high, -c.low) };
        let (last_near, last_far) = if last.long { (last.low, last.high) } else { (-last.high, -last.low) };
        let (stop, extreme) = (last.stop * sign, last.extreme * sign);
        let mut next = Stop { high: c.high, low: c.low, ..last };
        if near <= stop {
            // Reversal: the stop jumps beyond the extreme.
            let mut out = extreme.max(last_far).max(far);
            out += out * self.params.offset_on_reverse * sign;
            let side = if last.long { self.params.short } else { self.params.long };
            let moved = (out + side.start * (near - out)).max(last_far).max(far);
            next.long = !last.long;
            next.factor = side.start;
            (next.extreme, next.stop) = (near * sign, moved * sign);
            return (next, out * sign);
        }
        let side = if last.long { self.params.long } else { self.params.short };
        let mut best = extreme;
        if far > extreme {
            best = far;
            next.factor = (last.factor + side.step).min(side.max);
        }
        next.extreme = best * sign;
        next.stop = (stop + next.factor * (best - stop)).min(last_near).min(near) * sign;
        (next, last.stop)
    }
}

impl Node for Parabolic {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HL;

    fn next(&mut self, c: Ohlcv) -> Option<f64> {
        let Some(first) = self.first else {
            self.first = Some((c.high, c.low));
            return None;
        };
        let last = self.state.unwrap_or_else(|| self.begin(first, &c));
        let (next, stop) = self.advance(last, &c);
        self.state = Some(next);
        Some(if self.signed && !next.long { -stop } else { stop })
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        2
    }

    fn reset(&mut self) {
        (self.first, self.state) = (None, None);
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        if !gate.admits(2) {
            return;
        }
        let Some(stop) = warm_up(self, 2, c, out).state else { return };
        let (params, ride, len) = (self.params, Ride::new(&stop), c.len());
        let (high, low, column) = (&c.high[2..len], &c.low[2..len], &mut sweep::one(out)[2..len]);
        let least = if self.signed {
            ride.follow::<true>(params, high, low, column)
        } else {
            ride.follow::<false>(params, high, low, column)
        };
        gate.vouch(least >= 0);
    }
}

/// [`Stop`] seen from its own side: for a short one all prices have the other sign.
#[derive(Debug, Clone, Copy)]
struct Ride {
    /// 1 while long, -1 while short.
    side: f64,
    stop: f64,
    extreme: f64,
    factor: f64,
    near: f64,
    far: f64,
}

impl Ride {
    fn new(stop: &Stop) -> Self {
        let Stop { high, low, factor, .. } = *stop;
        let side = if stop.long { 1.0 } else { -1.0 };
        let (near, far) = if stop.long { (low, high) } else { (-high, -low) };
        Self { side, stop: stop.stop * side, extreme: stop.extreme * side, factor, near, far }
    }

    /// Writes the stops of the candles that follow; returns their margin.
    ///
    /// The numbers are those of [`Parabolic::advance`]. Each candle computes both that the stop holds and that it turns, and
    /// takes one of them: turns cannot be foretold, and all of this fits beside the chain from one stop to the next.
    fn follow<const SIGNED: bool>(
        self,
        params: SarParams,
        high: &[f64],
        low: &[f64],
        out: &mut [f64],
    ) -> i64 {
        let SarParams { offset_on_reverse: offset, long, short, .. } = params;
        let (n, mut last, mut least) = (out.len(), self, 0);
        let (high, low) = (&high[..n], &low[..n]);
        for i in 0..n {
            let (high, low) = (high[i], low[i]);
            least |= margin(high) | margin(low);
            let is_long = last.side > 0.0;
            let of = |long, short| select_unpredictable(is_long, long, short);
            let (near, far) = (of(low, -high), of(high, -low));

            let furthest = sweep::larger(last.far, far);
            let beyond = sweep::larger(last.extreme, furthest);
            let beyond = beyond + beyond * offset * last.side;
            let start = of(short.start, long.start);
            let moved = sweep::larger(beyond + start * (near - beyond), furthest);

            let raised = sweep::smaller(last.factor + of(long.step, short.step), of(long.max, short.max));
            let factor = select_unpredictable(far > last.extreme, raised, last.factor);
            let extreme = sweep::larger(far, last.extreme);
            let held = last.stop + factor * (extreme - last.stop);
            let held = sweep::smaller(held, sweep::smaller(last.near, near));

            let turns = near <= last.stop;
            let or = |turned, kept| select_unpredictable(turns, turned, kept);
            out[i] = if SIGNED { or(-beyond, last.stop) } else { or(beyond, last.stop) * last.side };
            last = Self {
                side: or(-last.side, last.side),
                stop: or(-moved, held),
                extreme: or(-near, extreme),
                factor: or(start, factor),
                near: or(-far, near),
                far: or(-near, far),
            };
        }
        least
    }
}

indicator! {
    /// Parabolic stop and reverse, in price units; both parameters 0 to 1e6.
    ///
    /// ```
    /// use qtp_indicators::{Candles, volatility};
    ///
    /// let (high, low) = ([2.0, 3.0, 4.0], [1.0, 2.0, 3.0]);
    /// let mut out = [0.0; 3];
    /// volatility::sar(Candles::hlc(&high, &low, &high)?, 0.02, 0.2, &mut out)?;
    /// assert_eq!(out[1], 1.0); // the first low
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Sar(acceleration: f64, maximum: f64) = Parabolic::plain => Parabolic, Ohlcv => f64;
    sar(crate::Candles<'_>) -> one
}
indicator! {
    /// [`Sar`] with all its parameters; negative while short.
    SarExt(params: SarParams) = Parabolic::extended => Parabolic, Ohlcv => f64;
    sarext(crate::Candles<'_>) -> one
}

const PRICE: &[OutputInfo] = &[OutputInfo::new("real", "price")];

const fn factor(name: &'static str, default: f64) -> ParamInfo {
    ParamInfo::real(name, 0.0, LARGEST, default)
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.sar",
        "TA-Lib SAR: parabolic stop and reverse",
        &[factor("acceleration", 0.02), factor("maximum", 0.2)],
        PRICE,
        "2",
        |args| Ok(node(Sar::new(args.real(0), args.real(1))?.0.node)),
    ),
    Entry::candles(
        "talib.sarext",
        "TA-Lib SAREXT: parabolic stop and reverse, extended; negative while short",
        &[
            ParamInfo::real("startvalue", -1e15, 1e15, 0.0),
            factor("offsetonreverse", 0.0),
            factor("accelerationinitlong", 0.02),
            factor("accelerationlong", 0.02),
            factor("accelerationmaxlong", 0.2),
            factor("accelerationinitshort", 0.02),
            factor("accelerationshort", 0.02),
            factor("accelerationmaxshort", 0.2),
        ],
        PRICE,
        "2",
        |args| {
            let side = |i| SarSide { start: args.real(i), step: args.real(i + 1), max: args.real(i + 2) };
            let (start_value, offset_on_reverse) = (args.real(0), args.real(1));
            let params = SarParams { start_value, offset_on_reverse, long: side(2), short: side(5) };
            Ok(node(SarExt::new(params)?.0.node))
        },
    ),
];

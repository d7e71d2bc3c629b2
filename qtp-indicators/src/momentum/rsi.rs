//! Relative strength index and its relative, the Chande momentum oscillator.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Gate, Node, Previous, Smooth, composite, indicator, peek_by_copy},
    registry::{Entry, OutputInfo, ParamInfo, over},
    sweep,
};

/// Gains and losses smoothed after Wilder.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Strength {
    previous: Previous<f64>,
    gain: Smooth,
    loss: Smooth,
}

impl Strength {
    pub(crate) fn new(period: usize) -> Self {
        Self { previous: Previous::default(), gain: Smooth::wilder(period), loss: Smooth::wilder(period) }
    }
}

impl Strength {
    /// The batch form of what `of` makes of gain and loss.
    fn sweep(&mut self, gate: &Gate<'_, f64>, column: &mut [f64], of: impl Fn(f64, f64) -> f64 + Copy) {
        let (input, warm) = (gate.columns(), self.warmup().min(gate.len()));
        if !gate.admits(warm) {
            return;
        }
        for (x, slot) in input.iter().zip(column.iter_mut()).take(warm) {
            *slot = self.next(*x).map_or(f64::NAN, |(gain, loss)| of(gain, loss));
        }
        let (mut gains, mut losses) = (self.gain.scan(), self.loss.scan());
        let (mut up, mut down): (sweep::Room, sweep::Room) = ([0.0; sweep::BLOCK], [0.0; sweep::BLOCK]);
        gate.blocks(warm, |at, end| {
            let (up, down) = (&mut up[..end - at], &mut down[..end - at]);
            sweep::map2(&input[at..end], &input[at - 1..], up, move |x, last| sweep::larger(x - last, 0.0));
            sweep::map2(&input[at..end], &input[at - 1..], down, move |x, last| sweep::larger(last - x, 0.0));
            gains.replace(up);
            losses.replace(down);
            sweep::map2(up, down, &mut column[at..end], of);
        });
    }
}

impl Node for Strength {
    type In = f64;
    /// Smoothed gain and loss.
    type Out = (f64, f64);

    composite!({ previous, gain, loss } (x: f64) -> (f64, f64) {
        let change = x - previous.feed(x)?;
        let (gain, loss) = (gain.feed(sweep::larger(change, 0.0)), loss.feed(sweep::larger(-change, 0.0)));
        gain.zip(loss)
    });

    fn warmup(&self) -> usize {
        self.gain.period() + 1
    }
}

/// 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct RelativeStrength(Strength);

impl RelativeStrength {
    pub(crate) fn new(period: usize) -> Self {
        Self(Strength::new(period))
    }
}

fn rsi_of(gain: f64, loss: f64) -> f64 {
    let total = gain + loss;
    let index = 100.0 * (gain / total);
    if total > 0.0 { index } else { 0.0 }
}

fn cmo_of(gain: f64, loss: f64) -> f64 {
    let total = gain + loss;
    if total > 0.0 { 100.0 * ((gain - loss) / total) } else { 0.0 }
}

impl Node for RelativeStrength {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        self.0.next(x).map(|(gain, loss)| rsi_of(gain, loss))
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        self.0.warmup()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        self.0.sweep(gate, sweep::one(out), rsi_of);
    }
}

/// -100 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Chande(Strength);

impl Node for Chande {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        self.0.next(x).map(|(gain, loss)| cmo_of(gain, loss))
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        self.0.warmup()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        self.0.sweep(gate, sweep::one(out), cmo_of);
    }
}

indicator! {
    /// Wilder's relative strength index over `period` changes (2 to 100,000), 0 to 100.
    ///
    /// `100 * gain / (gain + loss)` of the smoothed gains and losses (J. W. Wilder, *New Concepts in Technical Trading
    /// Systems*, 1978), in TA-Lib's expression order. A series that never moved gives 0, as there.
    ///
    /// ```
    /// use qtp_indicators::{Indicator, momentum::Rsi};
    ///
    /// let mut rsi = Rsi::new(2)?;
    /// assert_eq!([10.0, 13.0, 12.0].map(|x| rsi.update(x)), [None, None, Some(75.0)]);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Rsi(period: usize) = |period| Ok(RelativeStrength::new(check_period("period", period, 2)?))
        => RelativeStrength, f64 => f64;
    rsi(&[f64]) -> one
}

indicator! {
    /// Chande's momentum oscillator over `period` changes (2 to 100,000) with Wilder's smoothing, -100 to 100.
    Cmo(period: usize) = |period| Ok(Chande(Strength::new(check_period("period", period, 2)?))) => Chande, f64 => f64;
    cmo(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "rsi",
        "Relative strength index after Wilder",
        &[ParamInfo::integer("period", 2, 14)],
        &[OutputInfo::new("rsi", "0 to 100")],
        "period + 1",
        |args| Ok(over(Rsi::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.rsi",
        "TA-Lib RSI: relative strength index",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        &[OutputInfo::new("real", "0 to 100")],
        "timeperiod + 1",
        |args| Ok(over(Rsi::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.cmo",
        "TA-Lib CMO: Chande momentum oscillator, smoothed after Wilder",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        &[OutputInfo::new("real", "-100 to 100")],
        "timeperiod + 1",
        |args| Ok(over(Cmo::new(args.count(0))?.0.node, args.source())),
    ),
];

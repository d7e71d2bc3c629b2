//! Bill Williams' alligator and its gator.
//!
//! Source: B. Williams, *Trading Chaos*, 1995.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    node::{Feed, Gate, Lag, Node, Reads, Smooth, composite, indicator},
    registry::{Entry, OutputInfo, ParamInfo, node},
    sweep,
};

/// A smoothed line drawn some candles to the right: what stands at a candle was known that many candles before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shifted {
    smooth: Smooth,
    lag: Lag,
}

impl Shifted {
    fn new(name: &'static str, (period, shift): (usize, usize)) -> Result<Self, SpecError> {
        let smooth = Smooth::wilder(check_period(name, period, 1)?);
        Ok(Self { smooth, lag: Lag::new(check_period("shift", shift, 1)?) })
    }
}

impl Node for Shifted {
    type In = f64;
    type Out = f64;

    composite!({ smooth, lag } (x: f64) -> f64 {
        let level = smooth.feed(x)?;
        lag.feed(level)
    });

    fn warmup(&self) -> usize {
        self.smooth.period() + self.lag.warmup() - 1
    }
}

/// Three shifted lines of the middle price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mouth {
    jaw: Shifted,
    teeth: Shifted,
    lips: Shifted,
}

impl Mouth {
    fn new(params: AlligatorParams) -> Result<Self, SpecError> {
        let AlligatorParams { jaw, teeth, lips } = params;
        let (jaw, teeth) = (Shifted::new("jaw", jaw)?, Shifted::new("teeth", teeth)?);
        Ok(Self { jaw, teeth, lips: Shifted::new("lips", lips)? })
    }
}

impl Node for Mouth {
    type In = Ohlcv;
    type Out = [f64; 3];

    const READS: Reads = Reads::HL;

    composite!({ jaw, teeth, lips } (candle: Ohlcv) -> [f64; 3] {
        let middle = (candle.high + candle.low) / 2.0;
        let (jaw, teeth, lips) = (jaw.feed(middle), teeth.feed(middle), lips.feed(middle));
        Some([jaw?, teeth?, lips?])
    });

    fn warmup(&self) -> usize {
        self.jaw.warmup().max(self.teeth.warmup()).max(self.lips.warmup())
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let ([jaw, teeth, lips], warm) = (out, self.warmup()) else { return };
        let mut middle = vec![0.0; input.len()];
        sweep::map2(input.high, input.low, &mut middle, move |high, low| (high + low) / 2.0);
        for (line, column) in
            [&mut self.jaw, &mut self.teeth, &mut self.lips].into_iter().zip([jaw, teeth, lips])
        {
            line.smooth.batch(&Gate::open(&middle[..]), &mut [&mut **column]);
            let shift = (line.lag.warmup() - 1).min(input.len());
            column.copy_within(..input.len() - shift, shift);
            sweep::chill(column, warm - 1);
        }
    }
}

/// How far the lines stand apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gap {
    mouth: Mouth,
}

impl Node for Gap {
    type In = Ohlcv;
    type Out = [f64; 2];

    const READS: Reads = Reads::HL;

    composite!({ mouth } (candle: Ohlcv) -> [f64; 2] {
        mouth.feed(candle).map(|[jaw, teeth, lips]| [(jaw - teeth).abs(), -(teeth - lips).abs()])
    });

    fn warmup(&self) -> usize {
        self.mouth.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let [upper, lower] = out else { return };
        let mut lips = vec![0.0; input.len()];
        self.mouth.batch(&Gate::open(input), &mut [&mut **upper, &mut **lower, &mut lips]);
        for ((upper, lower), lips) in upper.iter_mut().zip(lower.iter_mut()).zip(lips) {
            (*upper, *lower) = ((*upper - *lower).abs(), -(*lower - lips).abs());
        }
    }
}

/// Period and shift of each line, all 1 to 100,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlligatorParams {
    /// The slowest line, usually 13 shifted by 8.
    pub jaw: (usize, usize),
    /// The middle line, usually 8 shifted by 5.
    pub teeth: (usize, usize),
    /// The fastest line, usually 5 shifted by 3.
    pub lips: (usize, usize),
}

impl Default for AlligatorParams {
    fn default() -> Self {
        Self { jaw: (13, 8), teeth: (8, 5), lips: (5, 3) }
    }
}

indicator! {
    /// Alligator, `[jaw, teeth, lips]`: three averages of the middle price after Wilder, each drawn some candles later.
    ///
    /// ```
    /// use qtp_indicators::{Indicator, average::{Alligator, AlligatorParams}};
    ///
    /// assert_eq!(Alligator::new(AlligatorParams::default())?.warmup(), 21);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Alligator(params: AlligatorParams) = Mouth::new => Mouth, Ohlcv => [f64; 3];
    alligator(crate::Candles<'_>) -> 3
}
indicator! {
    /// Gator, `[upper, lower]`: distance of [`Alligator`]'s jaw from its teeth, and that of its teeth from its lips below
    /// zero.
    Gator(params: AlligatorParams) = |params| Ok(Gap { mouth: Mouth::new(params)? }) => Gap, Ohlcv => [f64; 2];
    gator(crate::Candles<'_>) -> 2
}

const PARAMS: &[ParamInfo] = &[
    ParamInfo::integer("jaw", 1, 13),
    ParamInfo::integer("teeth", 1, 8),
    ParamInfo::integer("lips", 1, 5),
    ParamInfo::integer("jaw_shift", 1, 8),
    ParamInfo::integer("teeth_shift", 1, 5),
    ParamInfo::integer("lips_shift", 1, 3),
];
const WARMUP: &str = "the largest of period + shift";

fn params(args: &crate::registry::Args) -> AlligatorParams {
    let line = |i| (args.count(i), args.count(i + 3));
    AlligatorParams { jaw: line(0), teeth: line(1), lips: line(2) }
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "alligator",
        "Williams' alligator: three smoothed and shifted lines of the middle price",
        PARAMS,
        &[
            OutputInfo::new("jaw", "price"),
            OutputInfo::new("teeth", "price"),
            OutputInfo::new("lips", "price"),
        ],
        WARMUP,
        |args| Ok(node(Mouth::new(params(args))?)),
    ),
    Entry::candles(
        "gator",
        "Williams' gator: how far the alligator's mouth is open",
        PARAMS,
        &[OutputInfo::new("upper", "price"), OutputInfo::new("lower", "price, 0 or below")],
        WARMUP,
        |args| Ok(node(Gator::new(params(args))?.0.node)),
    ),
];

//! Any moving average by its TA-Lib number.

use serde::{Deserialize, Serialize};

use super::{
    dema::{Double, Triple},
    hma::Hull,
    kama::Adaptive,
    mama::Mesa,
    sma::Mean,
    t3::Chain,
    trima::Triangle,
    wma::WeightedMean,
    zlema::ZeroLag,
};
use crate::{
    SpecError,
    error::{check_integer, check_period},
    node::{Feed, Gate, Node, Smooth, indicator},
    registry::{Entry, ParamInfo, REAL, over},
};

/// A moving average of a kind chosen at run time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Ma {
    Copy,
    Sma(Mean),
    Smooth(Smooth),
    Wma(WeightedMean),
    Dema(Double),
    Tema(Triple),
    Trima(Triangle),
    Kama(Adaptive),
    Mama(Box<Mesa>),
    T3(Chain),
    Hma(Hull),
    Zlema(ZeroLag),
}

impl Ma {
    /// `kind` is TA-Lib's number; 11 means `default`. A period of 1 and kind 10 leave the input as it is.
    pub(crate) fn new(period: usize, kind: usize, default: usize) -> Result<Self, SpecError> {
        let n = check_period("period", period, 1)?;
        let kind = check_integer("matype", kind, 0, 13)?;
        Ok(match if kind == 11 { default } else { kind } {
            _ if n == 1 => Self::Copy,
            0 => Self::Sma(Mean::new(n)),
            1 => Self::Smooth(Smooth::ema(n)),
            2 => Self::Wma(WeightedMean::new(n)),
            3 => Self::Dema(Double::new(n)),
            4 => Self::Tema(Triple::new(n)),
            5 => Self::Trima(Triangle::new(n)),
            6 => Self::Kama(Adaptive::new(n)),
            7 => Self::Mama(Box::new(Mesa::new(0.5, 0.05))),
            8 => Self::T3(Chain::new(n, 0.7)),
            9 => Self::Hma(Hull::new(n)),
            12 => Self::Zlema(ZeroLag::new(n)),
            13 => Self::Smooth(Smooth::wilder(n)),
            _ => Self::Copy,
        })
    }
}

/// Runs `$body` on the node inside, which gives `f64`.
macro_rules! inside {
    ($ma:expr, $node:ident => $body:expr, $mama:ident => $other:expr, $copy:expr) => {
        match $ma {
            Ma::Copy => $copy,
            Ma::Sma($node) => $body,
            Ma::Smooth($node) => $body,
            Ma::Wma($node) => $body,
            Ma::Dema($node) => $body,
            Ma::Tema($node) => $body,
            Ma::Trima($node) => $body,
            Ma::Kama($node) => $body,
            Ma::T3($node) => $body,
            Ma::Hma($node) => $body,
            Ma::Zlema($node) => $body,
            Ma::Mama($mama) => $other,
        }
    };
}

impl Node for Ma {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        inside!(self, node => node.feed(x), mama => mama.next(x).map(|[mama, _]| mama), Some(x))
    }

    fn peek(&self, x: f64) -> Option<f64> {
        inside!(self, node => node.feed(x), mama => mama.peek(x).map(|[mama, _]| mama), Some(x))
    }

    fn warmup(&self) -> usize {
        inside!(self, node => node.warmup(), mama => mama.warmup(), 1)
    }

    fn reset(&mut self) {
        inside!(self, node => node.reset(), mama => mama.reset(), ());
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let with_follower = |mama: &mut Mesa, out: &mut [&mut [f64]]| {
            let mut follower = vec![0.0; input.len()];
            if let Some(column) = out.first_mut() {
                mama.batch(gate, &mut [&mut **column, &mut follower]);
            }
        };
        inside!(self, node => node.batch(gate, out), mama => with_follower(mama, out), {
            for column in out {
                gate.blocks(0, |at, end| column[at..end].copy_from_slice(&input[at..end]));
            }
        });
    }

    fn smooth(&mut self) -> Option<&mut Smooth> {
        inside!(self, node => node.smooth(), _mama => None, None)
    }
}

indicator! {
    /// A moving average by TA-Lib's number: 0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA, 8 T3, 9 HMA,
    /// 10 none, 11 the default (SMA), 12 ZLEMA, 13 RMA.
    ///
    /// ```
    /// let mut out = [0.0; 2];
    /// qtp_indicators::average::ma(&[1.0, 3.0], 2, 0, &mut out)?;
    /// assert_eq!(out[1], 2.0);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    MovingAverage(period: usize, kind: usize) = |period, kind| Ma::new(period, kind, 0) => Ma, f64 => f64;
    ma(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "talib.ma",
    "TA-Lib MA: moving average of the kind `matype`",
    &[ParamInfo::integer("timeperiod", 1, 30), ParamInfo::matype("matype", 0)],
    REAL,
    "by kind",
    |args| Ok(over(Ma::new(args.count(0), args.count(1), 0)?, args.source())),
)];

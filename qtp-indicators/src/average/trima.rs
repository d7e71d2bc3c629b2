//! Triangular moving average.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Gate, Node, Sum, composite, indicator},
    registry::{Entry, ParamInfo, REAL, over},
};

/// Mean of means: weights rise to the middle of the window and fall again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Triangle {
    inner: Sum,
    outer: Sum,
}

impl Triangle {
    pub(crate) fn new(n: usize) -> Self {
        Self { inner: Sum::new(n.div_ceil(2)), outer: Sum::new(n / 2 + 1) }
    }
}

impl Node for Triangle {
    type In = f64;
    type Out = f64;

    composite!({ inner, outer } (x: f64) -> f64 {
        let weights = inner.len() as f64 * outer.len() as f64;
        let inner = inner.feed(x)?;
        outer.feed(inner).map(|sum| sum / weights)
    });

    fn warmup(&self) -> usize {
        self.inner.len() + self.outer.len() - 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let (n, m, column) = (self.inner.len(), self.outer.len(), crate::sweep::one(out));
        let weights = n as f64 * m as f64;
        // The triangle is renewed by its two slopes: the newer `m` inputs come in, the older `n` go out.
        let len = input.len();
        crate::sweep::chill(column, self.warmup() - 1);
        let sum = |from: usize, to: usize| input[from..to].iter().sum::<f64>();
        let mut at = self.warmup() - 1;
        while at < len {
            let start = at + 1 - (n + m - 1);
            let mut total = 0.0;
            for (k, x) in input[start..=at].iter().enumerate() {
                total += x * (k + 1).min(n).min(n + m - 1 - k) as f64;
            }
            let (mut newer, mut older) = (sum(at + 1 - n, at + 1), sum(start, start + n));
            column[at] = total / weights;
            let end = (at + crate::sweep::REFRESH.max(2 * (n + m))).min(len);
            for i in at + 1..end {
                newer += input[i] - input[i - n];
                total += newer - older;
                let gone = i - (n + m - 1);
                older += input[gone + n] - input[gone];
                column[i] = total / weights;
            }
            at = end;
        }
    }
}

indicator! {
    /// Triangular average over `period` inputs (1 to 100,000): a mean of `period / 2 + 1` means of half a period.
    Trima(period: usize) = |period| Ok(Triangle::new(check_period("period", period, 1)?)) => Triangle, f64 => f64;
    trima(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "talib.trima",
    "TA-Lib TRIMA: triangular moving average",
    &[ParamInfo::integer("timeperiod", 1, 30)],
    REAL,
    "timeperiod",
    |args| Ok(over(Trima::new(args.count(0))?.0.node, args.source())),
)];

//! Relative strength and momentum.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    momentum::{cmou::Unsmoothed, rsi::Strength},
    node::{Feed, Node, composite, indicator},
    registry::{Entry, OutputInfo, ParamInfo, over},
};

/// 0 to 100, and 100 where nothing falls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Relative {
    strength: Strength,
}

impl Node for Relative {
    type In = f64;
    type Out = f64;

    composite!({ strength } (x: f64) -> f64 {
        strength.feed(x).map(|(gain, loss)| if loss == 0.0 { 100.0 } else { 100.0 * (gain / (gain + loss)) })
    });

    fn warmup(&self) -> usize {
        self.strength.warmup()
    }
}

indicator! {
    /// `ta.rsi` over `period` changes (1 to 100,000): as [`Rsi`](crate::momentum::Rsi), but 100 where nothing fell, also
    /// where nothing moved at all (TA-Lib: 0).
    TvRsi(period: usize) = |period| Ok(Relative { strength: Strength::new(check_period("period", period, 1)?) })
        => Relative, f64 => f64;
    rsi(&[f64]) -> one
}
indicator! {
    /// `ta.cmo` over `period` changes (1 to 100,000): sums of ups and downs, not smoothed. It is
    /// [`Cmou`](crate::momentum::Cmou); TA-Lib's `CMO` smooths after Wilder.
    TvCmo(period: usize) = |period| Ok(Unsmoothed::new(check_period("period", period, 1)?)) => Unsmoothed, f64 => f64;
    cmo(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "tv.rsi",
        "TradingView ta.rsi: relative strength index, 100 where nothing fell",
        &[ParamInfo::integer("length", 1, 14)],
        &[OutputInfo::new("rsi", "0 to 100")],
        "length + 1",
        |args| Ok(over(TvRsi::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "tv.cmo",
        "TradingView ta.cmo: Chande momentum oscillator without smoothing",
        &[ParamInfo::integer("length", 1, 9)],
        &[OutputInfo::new("cmo", "-100 to 100")],
        "length + 1",
        |args| Ok(over(TvCmo::new(args.count(0))?.0.node, args.source())),
    ),
];

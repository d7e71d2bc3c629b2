//! Chande momentum oscillator without smoothing, and the intraday index.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Node, Previous, Reads, Sum, composite, indicator},
    registry::{Entry, OutputInfo, ParamInfo, node, over},
};

/// Ups against downs of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unsmoothed {
    previous: Previous<f64>,
    up: Sum,
    down: Sum,
}

impl Unsmoothed {
    pub(crate) fn new(n: usize) -> Self {
        Self { previous: Previous::default(), up: Sum::new(n), down: Sum::new(n) }
    }
}

impl Node for Unsmoothed {
    type In = f64;
    type Out = f64;

    composite!({ previous, up, down } (x: f64) -> f64 {
        let change = x - previous.feed(x)?;
        let (up, down) = (up.feed(change.max(0.0)), down.feed((-change).max(0.0)));
        let (up, down) = (up?, down?);
        let total = up + down;
        Some(if total > 0.0 { 100.0 * (up - down) / total } else { 0.0 })
    });

    fn warmup(&self) -> usize {
        self.up.len() + 1
    }
}

/// Rising bodies per all bodies of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Intraday {
    up: Sum,
    down: Sum,
}

impl Node for Intraday {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::OC;

    composite!({ up, down } (candle: Ohlcv) -> f64 {
        let body = candle.close - candle.open;
        let (up, down) = (up.feed(body.max(0.0)), down.feed((-body).max(0.0)));
        let (up, down) = (up?, down?);
        let total = up + down;
        Some(if total > 0.0 { 100.0 * (up / total) } else { 50.0 })
    });

    fn warmup(&self) -> usize {
        self.up.len()
    }
}

indicator! {
    /// Chande's momentum oscillator over `period` changes (2 to 100,000) without smoothing, -100 to 100.
    Cmou(period: usize) = |period| {
        let n = check_period("period", period, 2)?;
        Ok(Unsmoothed::new(n))
    } => Unsmoothed, f64 => f64;
    cmou(&[f64]) -> one
}
indicator! {
    /// Intraday momentum index over `period` candles (2 to 100,000), 0 to 100, 50 where nothing moved (T. Chande).
    Imi(period: usize) = |period| {
        let n = check_period("period", period, 2)?;
        Ok(Intraday { up: Sum::new(n), down: Sum::new(n) })
    } => Intraday, Ohlcv => f64;
    imi(crate::Candles<'_>) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "talib.cmou",
        "TA-Lib CMOU: Chande momentum oscillator without smoothing",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        &[OutputInfo::new("real", "-100 to 100")],
        "timeperiod + 1",
        |args| Ok(over(Cmou::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::candles(
        "talib.imi",
        "TA-Lib IMI: intraday momentum index",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        &[OutputInfo::new("real", "0 to 100")],
        "timeperiod",
        |args| Ok(node(Imi::new(args.count(0))?.0.node)),
    ),
];

//! What a report shows. Plain data that the drivers fill.

use qtp_core::{Price, Timestamp};

use crate::stats::equity::OhlcPoint;
use crate::stats::{
    CandleCurve, CurvePoint, EquityStats, MonthReturn, OpenTrip, RoundTrip, Summary, TradeLedger,
};

/// Rows at each end of the round-trip table.
const ROWS: usize = 50;

/// Everything on the page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportData {
    /// Headline; the strategy's name if empty.
    pub title: String,
    /// The numbers.
    pub summary: Summary,
    /// Equity without cash flows.
    pub equity: Vec<CurvePoint>,
    /// Buy-and-hold for the same money.
    pub hold: Vec<CurvePoint>,
    /// Monthly returns.
    pub months: Vec<MonthReturn>,
    /// Prices, one chart an instrument.
    pub prices: Vec<PriceSeries>,
    /// Closed round trips, oldest first; the summary tells how many there were.
    pub trips: Vec<RoundTrip>,
    /// Open round trips.
    pub open: Vec<OpenTrip>,
    /// What the decision engine advised.
    pub decisions: Vec<DecisionRow>,
    /// Denials, halts and other notices.
    pub notices: Vec<NoticeRow>,
    /// Rows at each end of the round-trip table.
    pub rows: usize,
}

impl ReportData {
    /// The curves and trips of a run. Prices, decisions and notices are added by who has them.
    pub fn new(summary: Summary, equity: &EquityStats, ledger: &TradeLedger) -> Self {
        Self {
            summary,
            equity: equity.curve(),
            hold: equity.hold_curve(),
            months: equity.months(),
            trips: ledger.trips().cloned().collect(),
            open: ledger.open_trips().collect(),
            rows: ROWS,
            ..Self::default()
        }
    }
}

/// The prices of one instrument.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PriceSeries {
    /// Instrument.
    pub instrument: String,
    /// Candles, oldest first.
    pub candles: Vec<OhlcPoint>,
}

impl PriceSeries {
    /// The candles that a bounded curve has kept.
    pub fn new(instrument: impl Into<String>, curve: &CandleCurve) -> Self {
        Self { instrument: instrument.into(), candles: curve.points().to_vec() }
    }
}

/// One line of advice and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRow {
    /// When.
    pub time: Timestamp,
    /// About what.
    pub asset: String,
    /// `buy`, `sell`, `close`, `reduce` or `hold`.
    pub action: String,
    /// Why.
    pub reason: String,
    /// Stop price.
    pub stop: Option<Price>,
    /// Target price.
    pub target: Option<Price>,
    /// What the engine did with it.
    pub outcome: String,
}

/// Something that people must see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// When.
    pub time: Timestamp,
    /// `denied`, `halt`, `rejected` and the like.
    pub kind: String,
    /// Words.
    pub text: String,
}

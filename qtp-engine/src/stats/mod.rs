//! Statistics of a run: round trips, the equity curve, and the summary that every screen and file shows.

pub mod equity;
pub mod format;
pub mod ledger;
pub mod summary;

pub use equity::{CandleCurve, Curve, CurvePoint, DayCount, Drawdown, EquityStats, MonthReturn};
pub use ledger::{Keep, OpenTrip, RoundTrip, TradeLedger, TripSide, TripTotals};
pub use summary::{
    Assumption, Evidence, Knowledge, KnowledgeCutoff, ModelCosts, ModelUse, Part, RunFacts, Summary,
    student_95,
};

//! What only the driver of a run knows.

use qtp_core::{Notional, RunId, Timestamp};
use serde::Serialize;

use super::models::{KnowledgeCutoff, ModelUse};

/// One line of the assumptions box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assumption {
    /// About what: `fees`, `slippage`, `fills`.
    pub name: String,
    /// What was assumed.
    pub value: String,
}

impl Assumption {
    /// An assumption.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// What the driver adds to what the ledger and the equity curve saw.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunFacts {
    /// Strategy and its parameters.
    pub strategy: String,
    /// Instruments.
    pub instruments: Vec<String>,
    /// Candle width.
    pub timeframe: Option<String>,
    /// Reporting currency.
    pub currency: String,
    /// The market data was made up by a generator.
    pub synthetic: bool,
    /// Candles that were run.
    pub candles: u64,
    /// Holes in the market data.
    pub gaps: u64,
    /// First instant; `None` for the start of the equity curve.
    pub first_time: Option<Timestamp>,
    /// Last instant; `None` for the last mark of the equity curve.
    pub last_time: Option<Timestamp>,
    /// The exact final equity, if the curve was marked with approximate values.
    pub final_equity: Option<Notional>,
    /// Orders that were sent.
    pub orders: u64,
    /// How long a position stood without a resting stop that was asked for, in seconds.
    pub naked_seconds: f64,
    /// Largest share of a candle's volume that a fill took.
    pub max_participation: Option<f64>,
    /// Which constraints the account was under.
    pub constraints: Vec<String>,
    /// Whether funding was modelled; `None` if the instruments have none.
    pub funding_modelled: Option<bool>,
    /// What models were asked; `None` if none was.
    pub models: Option<ModelUse>,
    /// Until when the model's training data goes, where that is known.
    pub knowledge: Option<KnowledgeCutoff>,
    /// Fees, slippage, fills and what else was assumed. Funding and gaps are added by the renderers.
    pub assumptions: Vec<Assumption>,
    /// How long the run took.
    pub elapsed_seconds: Option<f64>,
    /// Run id.
    pub run_id: Option<RunId>,
    /// Hash over all commands.
    pub commands_hash: Option<String>,
}

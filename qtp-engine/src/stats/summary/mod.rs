//! The summary: what every screen, file and page shows of a run.

mod evidence;
mod facts;
mod models;
mod text;

use qtp_core::{Notional, RunId, Timestamp};
use serde::{Serialize, Serializer};

use super::equity::EquityStats;
use super::ledger::TradeLedger;
pub use evidence::{Evidence, student_95};
pub use facts::{Assumption, RunFacts};
pub use models::{Knowledge, KnowledgeCutoff, ModelCosts, ModelUse, Part};

/// A share of a candle's volume above this could not have been traded at the tape's price.
pub const PARTICIPATION_WARNING: f64 = 0.10;

/// The summary of a run. Money is in `currency`; shares and returns are fractions; `None` is not known.
///
/// As JSON the money is written as numbers, the nearest floats of exact decimals.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Summary {
    /// Strategy, as it was named for this run.
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
    /// First instant.
    #[serde(serialize_with = "rfc3339")]
    pub first_time: Option<Timestamp>,
    /// Last instant.
    #[serde(serialize_with = "rfc3339")]
    pub last_time: Option<Timestamp>,
    /// Equity at the start.
    pub initial_equity: f64,
    /// Equity at the end.
    pub final_equity: f64,
    /// What was paid in since the start, less what was withdrawn.
    pub paid_in: f64,
    /// Return of buying at the first close and holding.
    pub buy_and_hold_return: Option<f64>,
    /// Change of equity without cash flows over the initial equity.
    pub total_return: f64,
    /// Deepest fall of the close-marked equity from a peak, the start included; a share of the peak.
    pub max_drawdown: f64,
    /// The same fall in money.
    pub max_drawdown_value: f64,
    /// When the peak before it stood.
    #[serde(serialize_with = "rfc3339")]
    pub max_drawdown_peak: Option<Timestamp>,
    /// When its trough stood.
    #[serde(serialize_with = "rfc3339")]
    pub max_drawdown_trough: Option<Timestamp>,
    /// Annualised Sharpe ratio of daily returns; `None` under 20 days.
    pub sharpe: Option<f64>,
    /// Annualised Sortino ratio of daily returns; `None` under 20 days.
    pub sortino: Option<f64>,
    /// Fills.
    pub fills: u64,
    /// Orders that were sent.
    pub orders: u64,
    /// Price profit before fees and funding, open positions included.
    pub price_profit: f64,
    /// Fees; above zero is what we paid.
    pub fees: f64,
    /// Funding; above zero is what we received.
    pub funding: f64,
    /// `price_profit - fees + funding`: the change of equity without cash flows.
    pub net_profit: f64,
    /// Closed round trips.
    pub round_trips: u64,
    /// Those with a net above zero.
    pub wins: u64,
    /// Share of wins.
    pub win_rate: Option<f64>,
    /// What was won per unit lost.
    pub profit_factor: Option<f64>,
    /// Mean net of a round trip.
    pub average_trade: Option<f64>,
    /// Largest net.
    pub best_trade: Option<f64>,
    /// Smallest net.
    pub worst_trade: Option<f64>,
    /// Round trips that are open at the end: outside the trade statistics.
    pub open_trips: u64,
    /// What the open ones have added to the equity so far, net of their costs.
    pub open_profit: f64,
    /// Share of the time with a position.
    pub exposure_time: Option<f64>,
    /// Sum of the magnitudes of all fills.
    pub traded: f64,
    /// `traded` over the initial equity.
    pub turnover: Option<f64>,
    /// How long a position stood without a resting stop that was asked for, in seconds.
    pub naked_seconds: f64,
    /// Largest share of a candle's volume that a fill took.
    pub max_participation: Option<f64>,
    /// Fees less funding received, over the sum of the price profits of the trips that had one.
    pub costs_share: Option<f64>,
    /// What models were asked and what that cost; outside of `net_profit`. `None` if none was asked.
    pub models: Option<ModelCosts>,
    /// How much of the run a model may remember.
    pub knowledge: Option<Knowledge>,
    /// Which constraints the account was under, `none` if there were none.
    pub constraints: String,
    /// Whether funding was modelled; `None` if the instruments have none.
    pub funding_modelled: Option<bool>,
    /// What was assumed about fees, slippage, fills and the like.
    pub assumptions: Vec<Assumption>,
    /// Whether the mean trade can be told from zero.
    pub evidence: Evidence,
    /// How long the run took.
    pub elapsed_seconds: Option<f64>,
    /// Candles over that time.
    pub candles_per_second: Option<f64>,
    /// Run id.
    pub run_id: Option<RunId>,
    /// Hash over all commands: equal for equal runs.
    pub commands_hash: Option<String>,
    /// First close at which equity was zero or less.
    #[serde(serialize_with = "rfc3339")]
    pub bankrupt_at: Option<Timestamp>,
}

impl Summary {
    /// The summary of what the ledger and the equity curve saw, and what only the driver knows.
    pub fn new(ledger: &TradeLedger, equity: &EquityStats, mut facts: RunFacts) -> Self {
        let (models, cutoff) = (facts.models.take(), facts.knowledge.take());
        let mut summary = Self::of_run(facts, equity);
        summary.add_equity(equity);
        summary.add_costs(ledger);
        summary.add_trips(ledger);
        summary.models = models.map(|models| ModelCosts::new(&models, summary.net_profit, &summary.currency));
        summary.knowledge = cutoff.map(|cutoff| Knowledge::new(cutoff, summary.candles, ledger));
        summary
    }

    fn of_run(facts: RunFacts, equity: &EquityStats) -> Self {
        let speed = |seconds: f64| share(facts.candles as f64, seconds);
        Self {
            final_equity: facts.final_equity.map_or(equity.last(), Notional::to_f64),
            first_time: Some(facts.first_time.unwrap_or(equity.start())),
            last_time: Some(facts.last_time.unwrap_or(equity.last_time())),
            candles_per_second: facts.elapsed_seconds.and_then(speed),
            strategy: facts.strategy,
            instruments: facts.instruments,
            timeframe: facts.timeframe,
            currency: facts.currency,
            synthetic: facts.synthetic,
            candles: facts.candles,
            gaps: facts.gaps,
            orders: facts.orders,
            naked_seconds: facts.naked_seconds,
            max_participation: facts.max_participation,
            constraints: facts.constraints.join(", "),
            funding_modelled: facts.funding_modelled,
            assumptions: facts.assumptions,
            elapsed_seconds: facts.elapsed_seconds,
            run_id: facts.run_id,
            commands_hash: facts.commands_hash,
            ..Self::default()
        }
    }

    fn add_equity(&mut self, equity: &EquityStats) {
        let drawdown = equity.drawdown();
        let fell = drawdown.fraction > 0.0;
        self.initial_equity = equity.initial();
        self.paid_in = equity.paid_in();
        self.net_profit = self.final_equity - self.paid_in - self.initial_equity;
        self.total_return = share(self.net_profit, self.initial_equity).unwrap_or(0.0);
        self.buy_and_hold_return = equity.buy_and_hold_return();
        self.max_drawdown = drawdown.fraction;
        self.max_drawdown_value = drawdown.value;
        self.max_drawdown_peak = fell.then_some(drawdown.peak_time);
        self.max_drawdown_trough = fell.then_some(drawdown.trough_time);
        self.sharpe = equity.sharpe();
        self.sortino = equity.sortino();
        self.bankrupt_at = equity.bankrupt_at();
    }

    fn add_costs(&mut self, ledger: &TradeLedger) {
        self.fills = ledger.fills();
        self.fees = ledger.fees().to_f64();
        self.funding = ledger.funding().to_f64();
        self.price_profit = self.net_profit + self.fees - self.funding;
        self.costs_share = share(self.fees - self.funding, ledger.totals().gross_profit.to_f64());
        self.traded = ledger.traded();
        self.turnover = share(self.traded, self.initial_equity);
        if let (Some(first), Some(last)) = (self.first_time, self.last_time) {
            let length = last.since(first).as_secs_f64();
            self.exposure_time = share(ledger.exposed(last).as_secs_f64().min(length), length);
        }
    }

    fn add_trips(&mut self, ledger: &TradeLedger) {
        let totals = ledger.totals();
        self.round_trips = totals.round_trips;
        self.wins = totals.wins;
        self.win_rate = totals.win_rate();
        self.profit_factor = totals.profit_factor();
        self.average_trade = totals.mean().map(Notional::to_f64);
        self.best_trade = totals.best.map(Notional::to_f64);
        self.worst_trade = totals.worst.map(Notional::to_f64);
        self.open_trips = ledger.open_trips().count() as u64;
        let closed = (totals.net + ledger.unattributed()).to_f64();
        self.open_profit = if self.open_trips == 0 { 0.0 } else { self.net_profit - closed };
        self.evidence = Evidence::new(totals, &self.currency);
    }

    /// What the reader must know before believing the numbers, one line each, the gravest first.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(time) = self.bankrupt_at {
            warnings.push(format!("BANKRUPT on {time}: equity was zero or less"));
        }
        if self.funding_modelled == Some(false) {
            warnings.push("funding: NOT MODELLED".to_owned());
        }
        if let Some(share) = self.max_participation.filter(|share| *share > PARTICIPATION_WARNING) {
            let share = super::format::percent(share);
            warnings
                .push(format!("a fill took {share} of its candle's volume: above 10 %, expect worse prices"));
        }
        warnings.extend(self.knowledge.as_ref().and_then(Knowledge::warning));
        if self.naked_seconds > 0.0 {
            let seconds = self.naked_seconds;
            warnings.push(format!("a position stood {seconds:.3} s without the stop that was asked for"));
        }
        warnings
    }

    /// The driver's assumptions with those on funding, constraints and gaps that follow from the run.
    pub fn all_assumptions(&self) -> Vec<Assumption> {
        let mut all = self.assumptions.clone();
        match self.funding_modelled {
            Some(true) => all.push(Assumption::new("funding", "modelled")),
            Some(false) => all.push(Assumption::new("funding", "NOT MODELLED")),
            None => {}
        }
        if !self.constraints.is_empty() {
            all.push(Assumption::new("constraints", self.constraints.clone()));
        }
        let gaps = match self.gaps {
            0 => "none in the data".to_owned(),
            1 => "1 in the data; nothing was filled in".to_owned(),
            gaps => format!("{} in the data; nothing was filled in", super::format::count(gaps)),
        };
        all.push(Assumption::new("gaps", gaps));
        all
    }

    /// The summary for a terminal, at most 100 columns wide.
    pub fn to_text(&self) -> String {
        text::render(self)
    }
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn rfc3339<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}

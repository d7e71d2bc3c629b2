//! Strategy documents on past candles: checked, run in and out of sample.

use std::collections::BTreeMap;

use qtp_core::port::{LabError, LabResult, Sample, Strategy as _, StrategyLab};
use qtp_core::{
    AccountId, AccountKind, Amount, Candle, FundingRate, Instrument, InstrumentId, Portfolio, Ratio,
    RiskGate, RiskState, RunId, Source, StrategyFile, StrategyFileError, StrategyId, Timeframe, Timestamp,
    TradingState, TriggerSource, ValueError,
};
use qtp_exchange::candle_file::CandleFeed;
use qtp_exchange::sim::{SimVenue, SimVenueConfig};

use super::{NoObserver, Recorder, RecorderSettings, Simulation, SimulationSetup};
use crate::config::EngineConfig;
use crate::engine::{Engine, EngineSetup};
use crate::stats::{DayCount, Keep};
use crate::strategy::{FileStrategy, Size};

/// What a lab is made of.
#[derive(Debug, Clone)]
pub struct CandleLabSetup {
    /// Market.
    pub instrument: Instrument,
    /// Width of the candles.
    pub timeframe: Timeframe,
    /// Candles of one instrument, ascending.
    pub candles: Vec<Candle>,
    /// Funding rates of a perpetual, in any order; none if it is not modelled.
    pub funding: Vec<FundingRate>,
    /// Share of them that is in sample, the earlier ones: above 0 and below 1.
    pub in_sample: f64,
    /// Constraints of the account.
    pub account: AccountKind,
    /// Opening cash.
    pub cash: Amount,
    /// Leverage of the account.
    pub leverage: Ratio,
    /// Costs and rules of the venue.
    pub venue: SimVenueConfig,
    /// The costs in words, for authors of documents.
    pub costs: String,
    /// Size of a position where a document says none.
    pub size: Size,
    /// How days are counted.
    pub days: DayCount,
}

/// Runs documents over the candles of one market, each part with an account of its own. No risk rules: it measures a
/// document as it is.
#[derive(Debug, Clone)]
pub struct CandleLab {
    setup: CandleLabSetup,
    /// The first candle that is out of sample.
    split: usize,
}

impl CandleLab {
    /// A lab over candles.
    ///
    /// # Errors
    /// [`ValueError::OutOfRange`] if a part would be empty.
    pub fn new(setup: CandleLabSetup) -> Result<Self, ValueError> {
        let count = setup.candles.len();
        if !(setup.in_sample > 0.0 && setup.in_sample < 1.0) {
            return Err(ValueError::range("in_sample", setup.in_sample, "above 0 and below 1"));
        }
        let split = (count as f64 * setup.in_sample) as usize;
        if split == 0 || split >= count {
            return Err(ValueError::range("candles", count, "enough for two parts"));
        }
        Ok(Self { setup, split })
    }

    /// Its instrument.
    pub const fn market(&self) -> &InstrumentId {
        &self.setup.instrument.id
    }

    /// Candles that are in sample, and all of them.
    pub const fn split(&self) -> (usize, usize) {
        (self.split, self.setup.candles.len())
    }

    fn strategy(&self, file: &StrategyFile) -> Result<FileStrategy, qtp_core::DocumentProblem> {
        let id: StrategyId = file
            .name
            .parse()
            .map_err(|error: ValueError| qtp_core::DocumentProblem::new("/name", error.to_string()))?;
        let market = (self.setup.instrument.id.clone(), self.setup.timeframe);
        FileStrategy::new(id, market, file, self.setup.size)
    }

    fn try_run(&self, file: &StrategyFile, sample: Sample) -> Result<LabResult, Source> {
        let strategy = self.strategy(file)?;
        let (warmup, candles) = match sample {
            Sample::InSample => (0, &self.setup.candles[..self.split]),
            Sample::OutOfSample => {
                let warmup = strategy.warmup().candles.min(self.split);
                (warmup, &self.setup.candles[self.split - warmup..])
            }
        };
        let account: AccountId = "lab".parse()?;
        let mut simulation = self.simulation(&account, strategy, candles)?;
        // What is earlier warms up: the first signal is that of its last close, the first fill is out of sample.
        for _ in 0..warmup {
            simulation.step(&mut NoObserver)?;
        }
        let settings = RecorderSettings {
            keep: Keep::Nothing,
            days: self.setup.days,
            timeframe: self.setup.timeframe,
            charts: false,
        };
        let mut recorder = Recorder::new(simulation.engine(), account, settings);
        while simulation.step(&mut recorder)?.is_some() {}
        simulation.close_at_end(&mut recorder)?;
        recorder.finish();
        let Some(equity) = recorder.equity() else { return Ok(LabResult::default()) };
        let totals = recorder.ledger().totals();
        Ok(LabResult {
            candles: recorder.candles(),
            round_trips: totals.round_trips,
            total_return: equity.total_return(),
            buy_and_hold_return: equity.buy_and_hold_return(),
            max_drawdown: equity.drawdown().fraction,
            sharpe: equity.sharpe(),
            win_rate: totals.win_rate(),
            daily_returns: equity.daily_returns().unwrap_or_default(),
            markets: Vec::new(),
        })
    }

    fn simulation(
        &self,
        account: &AccountId,
        strategy: FileStrategy,
        candles: &[Candle],
    ) -> Result<Simulation, Source> {
        let setup = &self.setup;
        let portfolio = Portfolio::new(account.clone(), setup.account, setup.cash);
        let venue = SimVenue::new(setup.venue.clone(), portfolio.clone(), vec![setup.instrument.clone()])?;
        let mut state = TradingState::new();
        state.market.set_par(portfolio.reporting_currency());
        state.add_instrument(setup.instrument.clone());
        state.add_account(portfolio, RiskState::default());
        if let Some(account) = state.accounts.first_mut() {
            account.default_leverage = setup.leverage;
        }
        let mut engine = Engine::new(EngineSetup {
            run_id: RunId(0),
            config: EngineConfig { trigger_source: TriggerSource::Last, ..EngineConfig::default() },
            gate: RiskGate::without_rules(),
            state,
            capabilities: BTreeMap::from([(account.clone(), venue.capabilities())]),
        })?;
        engine.add_strategy(account, Box::new(strategy))?;
        Ok(Simulation::new(SimulationSetup {
            engine,
            venue,
            source: Box::new(CandleFeed::new(vec![candles.to_vec()])?.with_funding(setup.funding.clone())),
            timeframe: setup.timeframe,
            decider: None,
            decision_delay: std::time::Duration::ZERO,
            journal: None,
            journal_candles: false,
            marks: Vec::new(),
        }))
    }
}

impl StrategyLab for CandleLab {
    fn description(&self) -> String {
        let setup = &self.setup;
        format!(
            "{} candles of {}, {} of them in sample; {} to begin with, leverage {}; costs: {}; market orders fill at the \
             next open",
            setup.timeframe, setup.instrument.id, self.split, setup.cash, setup.leverage, setup.costs
        )
    }

    fn as_of(&self) -> Timestamp {
        self.setup.candles.last().map_or(Timestamp::EPOCH, Candle::close_time)
    }

    fn check(&self, text: &str) -> Result<StrategyFile, StrategyFileError> {
        let file = StrategyFile::parse(text)?;
        self.strategy(&file).map_err(|problem| StrategyFileError::locate(text, problem))?;
        Ok(file)
    }

    fn run(&self, file: &StrategyFile, sample: Sample) -> Result<LabResult, LabError> {
        self.try_run(file, sample).map_err(|source| LabError { strategy: file.name.clone(), source })
    }
}

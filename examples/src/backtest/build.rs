//! Arguments to a simulation that is ready to run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use qtp_core::port::{JournalWriter, Strategy};
use qtp_core::{
    AccountId, AccountKind, Amount, Currency, DataRef, Decimal, FundingRate, Instrument, InstrumentId,
    InstrumentKind, MarginTier, OpeningBalance, Portfolio, Quantity, Ratio, RiskGate, RunId, RunStarted,
    StrategyId, Timeframe, TradingState,
};
use qtp_engine::driver::SimulationSetup;
use qtp_engine::strategy::Size;
use qtp_engine::{Engine, EngineConfig, EngineSetup};
use qtp_exchange::candle_file::{self, CandleFeed, CandleFile, CandleFileOptions};
use qtp_exchange::sim::{FeeModel, SimVenue, SimVenueConfig, Slippage};
use qtp_risk::RiskLimits;
use sha2::{Digest, Sha256};

use super::args::{AccountChoice, BacktestArgs};
use crate::exit::Failure;
use crate::recording::candle_files;
use crate::strategies::{self, StrategyInputs};
use crate::strategy_file::StrategyDocument;

/// What is known of a backtest before it runs.
#[derive(Debug)]
pub struct Built {
    /// Its account.
    pub account: AccountId,
    /// Width of its candles.
    pub timeframe: Timeframe,
    /// Candles to run, for a progress bar.
    pub candles: u64,
    /// Candles that the files lack.
    pub gaps: u64,
    /// What is unusual about the files.
    pub warnings: Vec<String>,
    /// Record 0 of a journal.
    pub start: RunStarted,
    /// The candle files.
    pub data: Vec<DataRef>,
    /// Instruments, in the order of the files.
    pub instruments: Vec<Instrument>,
}

/// Reads the files and wires engine, venue and strategy into what a simulation or a replay starts from.
///
/// # Errors
/// A file that cannot be read, or settings that do not fit; the message names file, line or setting.
pub fn build(
    args: &BacktestArgs,
    journal: Option<Box<dyn JournalWriter>>,
) -> Result<(Built, SimulationSetup), Failure> {
    let rules = args.instrument_file.as_deref().map(read_instruments).transpose()?.unwrap_or_default();
    let files = read_files(args, &rules)?;
    let timeframe = one_timeframe(&files)?;
    let instruments =
        files.iter().map(|file| instrument(args, &rules, file)).collect::<Result<Vec<_>, _>>()?;
    let data: Vec<DataRef> = files.iter().map(CandleFile::data_ref).collect();
    let run_id = run_id(args, &data)?;
    let account: AccountId = "backtest".parse()?;
    let currency = reporting(&instruments)?;
    let cash = Amount::new(args.cash, currency);
    let kind = kind(args.account);
    let venue_config = venue_config(args)?;
    let portfolio = Portfolio::new(account.clone(), kind, cash);
    let venue = SimVenue::new(venue_config, portfolio.clone(), instruments.clone())?;
    let engine = engine(args, (run_id, &account), portfolio, &instruments, (&venue, timeframe))?;
    let (candles, gaps) =
        (files.iter().map(|file| file.rows).sum(), files.iter().map(|file| file.gaps).sum());
    let warnings = files.iter().flat_map(CandleFile::warnings).collect();
    let opening = OpeningBalance { kind, cash };
    let start = RunStarted {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run_id,
        seed: 0,
        configuration: serde_json::to_value(args)?,
        accounts: BTreeMap::from([(account.clone(), opening)]),
    };
    let marks = match &args.mark_candles {
        Some(path) => read_candles(args, path, &files[0].instrument)?.candles,
        None => Vec::new(),
    };
    let funding = funding(args, &files[0].instrument)?;
    let feed = CandleFeed::new(files.into_iter().map(|file| file.candles).collect())?.with_funding(funding);
    let setup = SimulationSetup {
        engine,
        venue,
        source: Box::new(feed),
        timeframe,
        decider: None,
        decision_delay: std::time::Duration::ZERO,
        journal,
        journal_candles: false,
        marks,
    };
    Ok((Built { account, timeframe, candles, gaps, warnings, start, data, instruments }, setup))
}

/// The rates of the funding file, if there is one.
pub(super) fn funding(args: &BacktestArgs, instrument: &InstrumentId) -> Result<Vec<FundingRate>, Failure> {
    match &args.funding {
        Some(path) => Ok(candle_file::read_funding(path, instrument, args.time_unit)?),
        None => Ok(Vec::new()),
    }
}

pub(super) fn read_files(args: &BacktestArgs, rules: &[Instrument]) -> Result<Vec<CandleFile>, Failure> {
    if let Some(recording) = &args.recording {
        return candle_files(recording, args.timeframe);
    }
    let several = args.candles.len() > 1;
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for candle in &args.candles {
        let id = match (&candle.instrument, rules) {
            (Some(id), _) => id.clone(),
            (None, [only]) if !several => only.id.clone(),
            (None, _) if several => {
                let file = candle.file.display();
                return Err(format!(
                    "--candles {file}: with several files each needs its instrument, ID=FILE"
                )
                .into());
            }
            (None, _) => default_id(args.account)?,
        };
        if !seen.insert(id.clone()) {
            return Err(format!("--candles: {id} is given twice").into());
        }
        files.push(read_candles(args, &candle.file, &id)?);
    }
    Ok(files)
}

fn read_candles(args: &BacktestArgs, path: &Path, id: &InstrumentId) -> Result<CandleFile, Failure> {
    let options = CandleFileOptions {
        instrument: id.clone(),
        timeframe: args.timeframe,
        time_is: args.time_is,
        time_unit: args.time_unit,
    };
    Ok(candle_file::read(path, &options)?)
}

fn default_id(account: AccountChoice) -> Result<InstrumentId, Failure> {
    let id = match account {
        AccountChoice::Perp => "ASSET-USD-PERP@backtest",
        AccountChoice::Spot | AccountChoice::Unconstrained => "ASSET-USD@backtest",
    };
    Ok(id.parse()?)
}

fn one_timeframe(files: &[CandleFile]) -> Result<Timeframe, Failure> {
    let first = files.first().ok_or("no candle file")?;
    match files.iter().find(|file| file.timeframe != first.timeframe) {
        Some(other) => {
            let (a, b) = (first.timeframe, other.timeframe);
            let (first, other) = (first.path.display(), other.path.display());
            Err(format!("{first} has {a} candles but {other} has {b}: one run takes one timeframe").into())
        }
        None => Ok(first.timeframe),
    }
}

pub(super) fn read_instruments(path: &Path) -> Result<Vec<Instrument>, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let parsed = if text.trim_start().starts_with('[') {
        serde_json::from_str(&text)
    } else {
        serde_json::from_str(&text).map(|one| vec![one])
    };
    Ok(parsed.map_err(|error| format!("{name}: {error}"))?)
}

pub(super) fn instrument(
    args: &BacktestArgs,
    rules: &[Instrument],
    file: &CandleFile,
) -> Result<Instrument, Failure> {
    if let Some(found) = rules.iter().find(|rules| rules.id == file.instrument) {
        return Ok(found.clone());
    }
    if !rules.is_empty() {
        return Err(format!("--instrument-file has no rules for {}", file.instrument).into());
    }
    let mut instrument = Instrument::unrestricted(file.instrument.clone())?;
    if args.account == AccountChoice::Perp {
        instrument.kind = InstrumentKind::Perpetual;
        // A common first tier; an instrument file says it exactly.
        let max_leverage = Ratio::new(Decimal::from(50))?;
        let maintenance = Ratio::new(Decimal::new(1, 2))?;
        instrument.margin_tiers = vec![MarginTier { up_to: None, max_leverage, maintenance }];
    }
    Ok(instrument)
}

pub(super) fn reporting(instruments: &[Instrument]) -> Result<Currency, Failure> {
    let first = instruments.first().ok_or("no instrument")?.settle;
    match instruments.iter().find(|instrument| instrument.settle != first) {
        Some(other) => Err(format!("{} settles in {}, not in {first}", other.id, other.settle).into()),
        None => Ok(first),
    }
}

pub(super) const fn kind(account: AccountChoice) -> AccountKind {
    match account {
        AccountChoice::Unconstrained => AccountKind::Unconstrained,
        AccountChoice::Spot => AccountKind::Spot,
        AccountChoice::Perp => AccountKind::CrossMargin,
    }
}

pub(super) fn venue_config(args: &BacktestArgs) -> Result<SimVenueConfig, Failure> {
    let bps = |bps: Option<Decimal>| Ratio::from_bps(bps.unwrap_or_default());
    let fees = match args.fee_bps {
        Some(_) => FeeModel::flat(bps(args.fee_bps)?),
        None => FeeModel {
            maker: bps(args.maker_fee_bps)?,
            taker: bps(args.taker_fee_bps)?,
            ..FeeModel::default()
        },
    };
    let slippage = match args.slippage_bps {
        Some(_) => Slippage::Fixed(bps(args.slippage_bps)?),
        None => Slippage::None,
    };
    Ok(SimVenueConfig {
        fees,
        slippage,
        leverage: args.leverage.unwrap_or(Ratio::ONE),
        require_funds: args.leverage.is_some(),
        // Nothing is looked up: every answer arrives.
        history: 1,
        ..SimVenueConfig::default()
    })
}

fn engine(
    args: &BacktestArgs,
    (run_id, account): (RunId, &AccountId),
    portfolio: Portfolio,
    instruments: &[Instrument],
    (venue, timeframe): (&SimVenue, Timeframe),
) -> Result<Engine, Failure> {
    let limits = match args.account {
        AccountChoice::Unconstrained => RiskLimits::not_binding(),
        AccountChoice::Spot | AccountChoice::Perp => RiskLimits {
            // Backtests measure a strategy as it is: only what a venue would enforce stays on by default.
            max_leverage: Some(args.leverage.unwrap_or(Ratio::ONE)),
            ..RiskLimits::not_binding()
        },
    };
    let mut state = TradingState::new();
    state.market.set_par(portfolio.reporting_currency());
    for instrument in instruments {
        state.add_instrument(instrument.clone());
    }
    state.add_account(portfolio, limits.state());
    if let Some(account) = state.accounts.first_mut() {
        account.default_leverage = args.leverage.unwrap_or(Ratio::ONE);
    }
    let mut engine = Engine::new(EngineSetup {
        run_id,
        config: EngineConfig { trigger_source: qtp_core::TriggerSource::Last, ..EngineConfig::default() },
        gate: RiskGate::new(limits.build()),
        state,
        capabilities: BTreeMap::from([(account.clone(), venue.capabilities())]),
    })?;
    let inputs = StrategyInputs {
        size: size(args),
        long_only: args.long_only,
        stop: args.stop_pct.map(crate::percent::Percent::ratio),
        take: args.take_pct.map(crate::percent::Percent::ratio),
    };
    let params: BTreeMap<_, _> = args.params.iter().map(|p| (p.name.clone(), p.value.clone())).collect();
    let name = args.strategy_name();
    for (number, instrument) in instruments.iter().enumerate() {
        let id = if number == 0 { name.to_owned() } else { format!("{name}-{}", number + 1) };
        let id: StrategyId = id.parse()?;
        let market = (instrument.id.clone(), timeframe);
        let strategy = match &args.strategy_document {
            Some(document) => Some(from_file(args, document, id, market)?),
            None => strategies::build(name, id, market, &params, &inputs)?,
        };
        if let Some(strategy) = strategy {
            engine.add_strategy(account, strategy)?;
        }
    }
    Ok(engine)
}

fn from_file(
    args: &BacktestArgs,
    document: &StrategyDocument,
    id: StrategyId,
    market: (InstrumentId, Timeframe),
) -> Result<Box<dyn Strategy>, Failure> {
    if (args.size.is_some() || args.size_fraction.is_some()) && document.parse()?.size.is_some() {
        return Err(format!("{}: it says its size itself, so no --size is taken", document.file).into());
    }
    document.build(id, market, size(args))
}

pub(super) fn size(args: &BacktestArgs) -> Size {
    match (args.size, args.size_fraction) {
        (None, Some(share)) => Size::EquityShare { share, whole_units: args.whole_units },
        (units, _) => Size::Units(units.unwrap_or_else(|| Quantity::new(Decimal::ONE).unwrap_or_default())),
    }
}

/// A hash of configuration and data: the same backtest has the same id.
fn run_id(args: &BacktestArgs, data: &[DataRef]) -> Result<RunId, Failure> {
    let mut hasher = Sha256::new();
    hasher.update(serde_json::to_vec(args)?);
    for data in data {
        hasher.update(data.sha256.as_bytes());
    }
    let digest = hasher.finalize();
    let first = digest.first_chunk::<8>().copied().unwrap_or_default();
    Ok(RunId(u64::from_be_bytes(first)))
}

//! Settings to engine, venue and market.

use std::collections::BTreeMap;
use std::time::Duration;

use qtp_core::{
    AccountId, AccountKind, Amount, Currency, Instrument, InstrumentId, InstrumentKind, OpeningBalance,
    Portfolio, RiskGate, RunId, RunStarted, StrategyId, Timeframe, TradingState, TriggerSource,
};
use qtp_engine::strategy::{DecisionLoop, DecisionLoopConfig, Size};
use qtp_engine::{Approval, Engine, EngineConfig, EngineSetup};
use qtp_exchange::sim::{SimVenue, SimVenueConfig};
use qtp_exchange::synthetic::{SyntheticCoin, SyntheticConfig, SyntheticFeed};

use super::args::{Approve, Mode};
use super::recorded;
use super::settings::BotSettings;
use crate::exit::Failure;
use crate::strategies::{self, StrategyInputs};

/// The account of every run on the synthetic market.
const ACCOUNT: &str = "demo";

/// How long an order to a venue is valid on its way.
pub(super) const VALIDITY: Duration = Duration::from_secs(10);

/// Width of the candles that drive the simulated venue.
pub(super) const BASE: Timeframe = Timeframe::M1;

/// The account.
///
/// # Errors
/// Never for the built-in name.
pub(super) fn account(settings: &BotSettings) -> Result<AccountId, Failure> {
    match &settings.facts {
        Some(facts) => Ok(facts.account.clone()),
        None => Ok(ACCOUNT.parse()?),
    }
}

/// The synthetic market of the settings.
///
/// # Errors
/// An asset that the synthetic market does not have.
pub fn build_source(settings: &BotSettings) -> Result<SyntheticFeed, Failure> {
    let mut coins = Vec::new();
    for asset in &settings.trading.assets {
        coins.push(match asset.as_str() {
            "BTC" => SyntheticCoin::btc(),
            "ETH" => SyntheticCoin::eth(),
            "SOL" => SyntheticCoin::sol(),
            other => return Err(format!("the synthetic market has BTC, ETH and SOL, not {other:?}").into()),
        });
    }
    let mut timeframes = vec![BASE, settings.trading.interval, Timeframe::H1];
    timeframes.sort_unstable();
    timeframes.dedup();
    let config = SyntheticConfig { coins, timeframes, ..SyntheticConfig::default() };
    Ok(SyntheticFeed::new(settings.run.seed, config)?)
}

/// What is traded: as the venue described it, or of the synthetic market.
pub(super) fn instruments(settings: &BotSettings) -> Result<Vec<Instrument>, Failure> {
    if let Some(facts) = &settings.facts {
        return Ok(facts.instruments.clone());
    }
    if !settings.trading.candles.is_empty() {
        return recorded::instruments(&settings.trading);
    }
    let feed = build_source(settings)?;
    let all: Result<Vec<Instrument>, _> = feed.config().coins.iter().map(SyntheticCoin::instrument).collect();
    Ok(all?)
}

/// The simulated venue.
pub(super) fn build_venue(settings: &BotSettings, instruments: &[Instrument]) -> Result<SimVenue, Failure> {
    let config = SimVenueConfig { leverage: settings.trading.leverage, ..settings.venue.clone() };
    Ok(SimVenue::new(config, portfolio(settings)?, instruments.to_vec())?)
}

fn portfolio(settings: &BotSettings) -> Result<Portfolio, Failure> {
    Ok(Portfolio::new(account(settings)?, kind(settings)?, cash(settings)))
}

/// Contracts have margin; what is bought is paid.
fn kind(settings: &BotSettings) -> Result<AccountKind, Failure> {
    let contracts = instruments(settings)?.iter().any(is_contract);
    Ok(if contracts { AccountKind::CrossMargin } else { AccountKind::Spot })
}

/// A perpetual or future: it has a mark price and margin.
pub(super) fn is_contract(instrument: &Instrument) -> bool {
    matches!(instrument.kind, InstrumentKind::Perpetual | InstrumentKind::Future)
}

/// Opening cash.
pub(super) fn cash(settings: &BotSettings) -> Amount {
    match &settings.facts {
        Some(facts) => Amount::new(facts.cash, facts.currency()),
        None => Amount::new(settings.trading.cash, Currency::USD),
    }
}

/// Record 0 of a run's journal.
pub(super) fn start(settings: &BotSettings, run_id: RunId) -> Result<RunStarted, Failure> {
    let cash = cash(settings);
    Ok(RunStarted {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run_id,
        seed: settings.run.seed,
        configuration: serde_json::to_value(settings)?,
        accounts: BTreeMap::from([(account(settings)?, OpeningBalance { kind: kind(settings)?, cash })]),
    })
}

/// The engine of the settings, with its strategies.
///
/// # Errors
/// An asset, strategy or limit that does not fit.
pub fn build_engine(settings: &BotSettings, run_id: RunId) -> Result<Engine, Failure> {
    let instruments = instruments(settings)?;
    let declared = settings.facts.as_ref().and_then(|facts| facts.capabilities.clone());
    let capabilities = match declared {
        Some(declared) => declared,
        None => build_venue(settings, &instruments)?.capabilities(),
    };
    let trading = &settings.trading;
    let mut state = TradingState::new();
    state.market.set_par(cash(settings).currency);
    for instrument in &instruments {
        state.add_instrument(instrument.clone());
        state.market.keep_history(&instrument.id, trading.interval, 60);
    }
    state.add_account(portfolio(settings)?, settings.risk.state());
    if let Some(account) = state.accounts.first_mut() {
        account.default_leverage = trading.leverage;
    }
    let account = account(settings)?;
    let live = trading.mode == Mode::Live;
    let config = EngineConfig {
        approval: match trading.approve {
            Approve::Auto => Approval::Auto,
            Approve::Manual => Approval::Manual,
        },
        // Candles fill simulated orders; a venue of contracts watches its mark.
        trigger_source: if live && capabilities.trigger_sources.contains(&TriggerSource::Mark) {
            TriggerSource::Mark
        } else {
            TriggerSource::Last
        },
        order_validity: (live && capabilities.validity).then_some(VALIDITY),
        await_connection: trading.mode != Mode::Demo,
        ..EngineConfig::default()
    };
    let mut engine = Engine::new(EngineSetup {
        run_id,
        config,
        gate: RiskGate::new(settings.risk.build()),
        state,
        capabilities: BTreeMap::from([(account.clone(), capabilities)]),
    })?;
    let ids: Vec<InstrumentId> = instruments.into_iter().map(|instrument| instrument.id).collect();
    add_strategies(&mut engine, &account, settings, ids)?;
    Ok(engine)
}

fn add_strategies(
    engine: &mut Engine,
    account: &AccountId,
    settings: &BotSettings,
    ids: Vec<InstrumentId>,
) -> Result<(), Failure> {
    let trading = &settings.trading;
    if trading.strategy == "decision-loop" {
        let mut timeframes = vec![trading.interval, Timeframe::H1];
        timeframes.dedup();
        let config = DecisionLoopConfig {
            timeframes,
            every: trading.interval,
            risk_per_trade: trading.risk_per_trade,
            default_stop: trading.stop_loss,
            max_decision_age: Duration::from_secs(60),
            ..DecisionLoopConfig::new(ids)
        };
        let strategy = DecisionLoop::new("decision-loop".parse()?, config)?;
        engine.add_strategy(account, Box::new(strategy))?;
        return Ok(());
    }
    let inputs =
        StrategyInputs { size: Size::Risk(trading.risk_per_trade), long_only: false, stop: None, take: None };
    if let Some(document) = &trading.strategy_document {
        let file = document.parse()?.name;
        for id in ids {
            let name: StrategyId = format!("{file}-{}", id.base()).parse()?;
            let strategy = document.build(name, (id, trading.interval), inputs.size)?;
            engine.add_strategy(account, strategy)?;
        }
        return Ok(());
    }
    for id in ids {
        let name: StrategyId = format!("{}-{}", trading.strategy, id.base()).parse()?;
        let market = (id, trading.interval);
        let strategy = strategies::build(&trading.strategy, name, market, &BTreeMap::new(), &inputs)?;
        if let Some(strategy) = strategy {
            engine.add_strategy(account, strategy)?;
        }
    }
    Ok(())
}

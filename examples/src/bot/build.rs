//! Settings to engine, venue and market.

use std::collections::BTreeMap;
use std::time::Duration;

use qtp_core::{
    AccountId, AccountKind, Amount, Currency, Instrument, InstrumentId, OpeningBalance, Portfolio, RiskGate,
    RunId, RunStarted, StrategyId, Timeframe, TradingState, TriggerSource,
};
use qtp_engine::strategy::{DecisionLoop, DecisionLoopConfig, Size};
use qtp_engine::{Approval, Engine, EngineConfig, EngineSetup};
use qtp_exchange::sim::{SimVenue, SimVenueConfig};
use qtp_exchange::synthetic::{SyntheticCoin, SyntheticConfig, SyntheticFeed};

use super::args::{Approve, Mode};
use super::settings::BotSettings;
use crate::exit::Failure;
use crate::strategies::{self, StrategyInputs};

/// The account of every simulated run.
const ACCOUNT: &str = "demo";

/// Width of the candles that drive the simulated venue.
pub(super) const BASE: Timeframe = Timeframe::M1;

/// The account.
///
/// # Errors
/// Never for the built-in name.
pub(super) fn account() -> Result<AccountId, Failure> {
    Ok(ACCOUNT.parse()?)
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

/// The instruments of the synthetic market.
pub(super) fn instruments(feed: &SyntheticFeed) -> Result<Vec<Instrument>, Failure> {
    let all: Result<Vec<Instrument>, _> = feed.config().coins.iter().map(SyntheticCoin::instrument).collect();
    Ok(all?)
}

/// The simulated venue.
pub(super) fn build_venue(settings: &BotSettings, instruments: &[Instrument]) -> Result<SimVenue, Failure> {
    let config = SimVenueConfig { leverage: settings.trading.leverage, ..settings.venue.clone() };
    Ok(SimVenue::new(config, portfolio(settings)?, instruments.to_vec())?)
}

fn portfolio(settings: &BotSettings) -> Result<Portfolio, Failure> {
    let cash = Amount::new(settings.trading.cash, Currency::USD);
    Ok(Portfolio::new(account()?, AccountKind::CrossMargin, cash))
}

/// Record 0 of a run's journal.
pub(super) fn start(settings: &BotSettings, run_id: RunId) -> Result<RunStarted, Failure> {
    let cash = Amount::new(settings.trading.cash, Currency::USD);
    Ok(RunStarted {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run_id,
        seed: settings.run.seed,
        configuration: serde_json::to_value(settings)?,
        accounts: BTreeMap::from([(account()?, OpeningBalance { kind: AccountKind::CrossMargin, cash })]),
    })
}

/// The engine of the settings, with its strategies.
///
/// # Errors
/// An asset, strategy or limit that does not fit.
pub fn build_engine(settings: &BotSettings, run_id: RunId) -> Result<Engine, Failure> {
    let feed = build_source(settings)?;
    let instruments = instruments(&feed)?;
    let capabilities = build_venue(settings, &instruments)?.capabilities();
    let trading = &settings.trading;
    let mut state = TradingState::new();
    state.market.set_par(Currency::USD);
    for instrument in &instruments {
        state.add_instrument(instrument.clone());
        state.market.keep_history(&instrument.id, trading.interval, 60);
    }
    state.add_account(portfolio(settings)?, settings.risk.state());
    if let Some(account) = state.accounts.first_mut() {
        account.default_leverage = trading.leverage;
    }
    let account = account()?;
    let config = EngineConfig {
        approval: match trading.approve {
            Approve::Auto => Approval::Auto,
            Approve::Manual => Approval::Manual,
        },
        trigger_source: TriggerSource::Last,
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

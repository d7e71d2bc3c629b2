//! Candles a second through engine, strategy, risk gate, order manager, simulated venue and accounting.

#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use qtp_core::port::Strategy;
use qtp_core::{
    AccountId, AccountKind, Amount, Candle, CandleBatch, Currency, Instrument, Portfolio, Quantity, RiskGate,
    RunId, Timeframe, TradingState, TriggerSource,
};
use qtp_engine::driver::{NoObserver, Simulation, SimulationSetup};
use qtp_engine::strategy::{EmaCross, Size};
use qtp_engine::{Engine, EngineConfig, EngineSetup};
use qtp_exchange::candle_file::{CandleFeed, CandleSource as _};
use qtp_exchange::sim::{SimVenue, SimVenueConfig};
use qtp_exchange::synthetic::{SyntheticCoin, SyntheticConfig, SyntheticFeed};
use qtp_risk::RiskLimits;

const CANDLES: u64 = 100_000;

fn candles() -> Vec<Candle> {
    let config = SyntheticConfig { coins: vec![SyntheticCoin::btc()], ..SyntheticConfig::default() };
    let mut feed = SyntheticFeed::new(7, config).expect("a valid market");
    let mut batch = CandleBatch::default();
    let mut all = Vec::new();
    for _ in 0..CANDLES {
        batch.candles.clear();
        feed.next_into(&mut batch);
        all.append(&mut batch.candles);
    }
    all
}

fn simulation(feed: &CandleFeed, instrument: &Instrument, trades: bool) -> Simulation {
    let account: AccountId = "bench".parse().expect("a legal id");
    let cash = Amount::new(10_000_000.into(), Currency::USD);
    let portfolio = Portfolio::new(account.clone(), AccountKind::Unconstrained, cash);
    let venue = SimVenue::new(SimVenueConfig::default(), portfolio.clone(), vec![instrument.clone()])
        .expect("a venue");
    let limits = RiskLimits::not_binding();
    let mut state = TradingState::new();
    state.add_instrument(instrument.clone());
    state.add_account(portfolio, limits.state());
    let mut engine = Engine::new(EngineSetup {
        run_id: RunId(1),
        config: EngineConfig { trigger_source: TriggerSource::Last, ..EngineConfig::default() },
        gate: RiskGate::new(limits.build()),
        state,
        capabilities: BTreeMap::from([(account.clone(), venue.capabilities())]),
    })
    .expect("an engine");
    if trades {
        let size = Size::Units(Quantity::new(1.into()).expect("a quantity"));
        let market = (instrument.id.clone(), Timeframe::M1);
        let strategy = EmaCross::new("ema-cross".parse().expect("an id"), market, (12, 26), size);
        let strategy: Box<dyn Strategy> = Box::new(strategy.expect("a strategy"));
        engine.add_strategy(&account, strategy).expect("an owner");
    }
    Simulation::new(SimulationSetup {
        engine,
        venue,
        source: Box::new(feed.clone()),
        timeframe: Timeframe::M1,
        decider: None,
        decision_delay: Duration::ZERO,
        journal: None,
        journal_candles: false,
        marks: Vec::new(),
    })
}

fn run(mut simulation: Simulation) -> u64 {
    while simulation.step(&mut NoObserver).expect("a step").is_some() {}
    simulation.next_seq()
}

fn engine(criterion: &mut Criterion) {
    let mut instrument = SyntheticCoin::btc().instrument().expect("an instrument");
    // Fills at the tape's price, as the backtest's default instrument.
    instrument.margin_tiers.clear();
    let feed = CandleFeed::new(vec![candles()]).expect("ascending candles");
    let mut group = criterion.benchmark_group("simulation");
    group.throughput(Throughput::Elements(CANDLES)).sample_size(10);
    for (name, trades) in [("no_strategy", false), ("ema_cross_12_26", true)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(run(simulation(&feed, &instrument, trades))));
        });
    }
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);

//! What cannot work is refused before anything runs.

use std::sync::Arc;

use qtp_core::VenueCapabilities;
use qtp_engine::driver::live::{LiveDriver, LiveSettings, LiveSetup};
use qtp_engine::{EngineConfig, EngineError};

use crate::common::*;
use crate::rig::*;

fn problems(change: impl FnOnce(LiveSetup) -> LiveSetup) -> Vec<String> {
    let clock = TokioClock::at(0);
    let exchange = paper(Feed::new(&clock, &[]));
    let made = setup(engine(vec![Box::new(Walker::plain())]), exchange, &clock, &Durable::default());
    match LiveDriver::new(change(made)) {
        Err(EngineError::Configuration { problems }) => problems,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_would_not_wait_for_the_account_is_refused() {
    let config = EngineConfig { await_connection: false, ..config() };
    let found = problems(|setup| LiveSetup { engine: engine_with(config, Vec::new()), ..setup });
    assert!(found[0].contains("await_connection"), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn an_account_without_an_exchange_and_short_spacings_are_refused_together() {
    let settings = LiveSettings { snapshot_spacing: std::time::Duration::ZERO, ..LiveSettings::default() };
    let found = problems(|setup| LiveSetup { exchanges: Vec::new(), settings, ..setup });
    for part in ["snapshot_spacing", "account main: 0 exchanges", "no exchange for its venue"] {
        assert!(found.iter().any(|problem| problem.contains(part)), "{part}: {found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_margin_account_needs_reduce_only_orders() {
    let capabilities = VenueCapabilities { reduce_only: false, ..all_capabilities() };
    let portfolio = RigSetup::default().portfolio();
    let mut state = qtp_core::TradingState::new();
    state.add_account(portfolio, qtp_core::RiskState::default());
    let made = qtp_engine::Engine::new(qtp_engine::EngineSetup {
        run_id: qtp_core::RunId(7),
        config: config(),
        gate: qtp_core::RiskGate::without_rules(),
        state,
        capabilities: [(account_id(), capabilities)].into(),
    });
    assert!(made.is_err_and(|error| error.to_string().contains("reduce-only")));
}

#[tokio::test(start_paused = true)]
async fn a_driver_without_a_market_stops_when_asked() {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let exchange = paper(Feed::new(&clock, &[]));
    let mut made = setup(engine(Vec::new()), exchange, &clock, &journal);
    made.settings.stop_at_market_end = false;
    let driver = LiveDriver::new(made).unwrap();
    let handle = driver.handle();
    let running = tokio::spawn(driver.run());
    pass(3600).await;
    let halted = handle.look(|engine| engine.state().accounts[0].risk.halted().cloned()).await.unwrap();
    assert_eq!(halted, None, "nobody listens to candles: the comparison is enough");
    assert!(handle.stop(qtp_core::Reason::new("test", "")).await);
    assert!(running.await.unwrap().is_ok());
    drop(Arc::clone(&clock));
}

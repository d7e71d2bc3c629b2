//! Whatever the connection does: no order twice, no fill lost, never more than the target, no position without its
//! stop, nothing before the account is known.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use qtp_core::port::{Exchange, Execution as _};
use qtp_core::{Event, Timestamp};
use qtp_engine::Engine;
use qtp_engine::driver::live::{LiveDriver, LiveSettings, LiveSetup};

use crate::chaos_exchange::{Chaos, Faults};
use crate::common::*;
use crate::rig::*;
use crate::watch::Watch;

const FAULTS: Faults = Faults {
    lost: 8,
    unanswered: 10,
    hanging: 6,
    slow: 15,
    failing: 15,
    doubled: 15,
    late: 20,
    cut: 4,
    stale: 15,
};

const MINUTES: i64 = 90;

fn strategy() -> Box<Walker> {
    // Silent for the last part, in which everything must come to rest.
    Box::new(Walker { bracket: true, until: 60, every: 2, ..Walker::plain() })
}

fn fresh() -> Engine {
    engine(vec![strategy()])
}

fn prepared(exchange: &Arc<Chaos>, clock: &Arc<TokioClock>, journal: &Durable, watch: &Watch) -> LiveSetup {
    let exchange: Arc<dyn Exchange> = Arc::clone(exchange) as Arc<dyn Exchange>;
    let settings = LiveSettings { stop_at_market_end: true, ..LiveSettings::default() };
    LiveSetup { settings, ..watched(setup(fresh(), exchange, clock, journal), watch.clone()) }
}

/// Runs with faults, killed at the given seconds, and compares what remains.
async fn survive(seed: u64, kills: Vec<u64>) {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let watch = Watch::default();
    let feed = Feed::new(&clock, &[candles(&btc(), MINUTES, seed)]);
    let exchange = Chaos::start(paper(feed), &journal, (seed, FAULTS)).await;
    let calm = Arc::clone(&exchange);
    drop(tokio::spawn(async move {
        pass(62 * 60).await;
        calm.set(Faults::default());
    }));
    let mut driver = LiveDriver::new(prepared(&exchange, &clock, &journal, &watch)).unwrap();
    for (count, kill) in kills.iter().enumerate() {
        let ended = tokio::time::timeout(Duration::from_millis(*kill), driver.run()).await;
        assert!(ended.is_err(), "the market ended before the kill");
        if count % 2 == 1 {
            journal.cut();
        }
        // The old stream ends with the next candle; then the venue listens to the new one.
        pass(61).await;
        let records = journal.records().into_iter().map(Ok);
        driver = LiveDriver::recover(prepared(&exchange, &clock, &journal, &watch.again()), records).unwrap();
    }
    let outcome = driver.run().await.unwrap();

    assert_eq!(exchange.problems(), Vec::<String>::new());
    assert_eq!(*watch.problems.lock().unwrap(), Vec::<String>::new());
    assert!(exchange.submitted() > 5, "{}", exchange.submitted());
    let adjusted = |event: &Event| matches!(event, Event::PositionAdjustment { .. });
    assert!(!journal.events().iter().any(adjusted), "a position was made up");
    let ours = outcome.engine.state().account(&account_id()).unwrap();
    for fill in exchange.truth().fills_since(Timestamp::EPOCH).await.unwrap() {
        assert!(outcome.engine.knows_fill(&fill), "a fill was lost: {fill:?}");
    }
    let theirs = exchange.truth().account_snapshot().await.unwrap();
    let held = theirs.positions.get(&btc()).copied().unwrap_or_default();
    assert_eq!(ours.portfolio.quantity(&btc()), held);
    // Fills that came late were booked in another order, which moves profit between realised and open.
    let (venue, engine) = (exchange.truth().venue_state(), &outcome.engine);
    let equity = venue.portfolio().equity(&engine.state().market, &engine.state().instruments);
    assert_eq!(engine.equity(&account_id()), equity, "a fill was booked twice or not at all");
    let stop = |report: &qtp_core::OrderReport| report.price.is_some();
    if !held.is_zero() {
        let open = exchange.truth().open_orders().await.unwrap();
        assert!(open.iter().any(stop), "{held} stands without a stop: {open:?}");
    }
    verify(fresh(), &journal.records(), Some(&outcome));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_bad_connection_costs_neither_orders_nor_fills(seed in any::<u64>()) {
        runtime().block_on(survive(seed, Vec::new()));
    }

    #[test]
    fn a_run_that_is_killed_and_goes_on_sends_nothing_twice_and_loses_no_fill(
        seed in any::<u64>(),
        kills in proptest::collection::vec(60_000_u64..900_000, 1..4),
    ) {
        runtime().block_on(survive(seed, kills));
    }
}

//! Money: the venue and the engine count the same, and the parts explain the equity.

use std::time::Duration;

use qtp_core::port::Strategy;
use qtp_core::{Decimal, FundingRate, Notional, OrderRole, Ratio, Timestamp};
use qtp_engine::driver::{NoObserver, Recorder, RecorderSettings, Simulation, SimulationSetup};
use qtp_engine::stats::{DayCount, Keep};
use qtp_exchange::candle_file::CandleFeed;
use qtp_exchange::sim::{FeeModel, SimVenue, SimVenueConfig};

use crate::common::*;
use crate::run::*;

fn perp() -> qtp_core::InstrumentId {
    "BTC-USD-PERP@sim".parse().unwrap()
}

/// A perpetual with fees and hourly funding.
fn funded(count: i64) -> Simulation {
    let instrument = qtp_core::Instrument::unrestricted(perp()).unwrap();
    let rate = |hour: i64| FundingRate {
        instrument: perp(),
        time: Timestamp::from_secs(MIDNIGHT + 600 * hour),
        rate: Ratio::new(Decimal::new(if hour % 3 == 0 { -7 } else { 12 }, 4)).unwrap(),
        reference: None,
    };
    let feed = CandleFeed::new(vec![candles(&perp(), count, 3)]).unwrap();
    let feed = feed.with_funding((1..count / 10).map(rate).collect());
    let setup = RigSetup { instruments: vec![instrument.clone()], ..RigSetup::default() };
    let portfolio = setup.portfolio();
    let mut engine = setup.engine();
    let strategy: Box<dyn Strategy> =
        Box::new(Turner { id: "turner", instrument: perp(), every: 7, seen: 0 });
    engine.add_strategy(&account_id(), strategy).unwrap();
    let fees = FeeModel::flat(Ratio::from_bps(4.into()).unwrap());
    let config = SimVenueConfig { fees, ..SimVenueConfig::default() };
    Simulation::new(SimulationSetup {
        engine,
        venue: SimVenue::new(config, portfolio, vec![instrument]).unwrap(),
        source: Box::new(feed),
        timeframe: qtp_core::Timeframe::M1,
        decider: None,
        decision_delay: Duration::ZERO,
        journal: None,
        journal_candles: false,
        marks: Vec::new(),
    })
}

#[test]
fn venue_and_engine_count_the_same_money() {
    for simulation in [run_quietly(RunSetup::default()), run(funded(200), &mut NoObserver)] {
        let account = simulation.engine().state().account(&account_id()).unwrap();
        assert_eq!(&account.portfolio, simulation.venue().portfolio());
        let working: Vec<_> = account.orders.keys().copied().collect();
        let mut resting: Vec<_> =
            simulation.venue().open_orders().iter().filter_map(|order| order.client_order_id).collect();
        resting.sort();
        assert_eq!(working, resting);
    }
}

#[test]
fn trips_fees_and_funding_explain_the_change_of_equity() {
    let mut simulation = funded(300);
    let settings = RecorderSettings {
        keep: Keep::All,
        days: DayCount::Every,
        timeframe: qtp_core::Timeframe::M1,
        charts: false,
    };
    let mut recorder = Recorder::new(simulation.engine(), account_id(), settings);
    while simulation.step(&mut recorder).unwrap().is_some() {}
    simulation.close_at_end(&mut recorder).unwrap();
    let state = simulation.engine().state();
    let account = state.account(&account_id()).unwrap();
    assert!(account.portfolio.quantity(&perp()).is_zero());
    let change = simulation.engine().equity(&account_id()).unwrap() - Notional::from_decimal(100_000.into());
    let split = account.portfolio.pnl(&state.market, &state.instruments).unwrap();
    assert!(!split.fees.is_zero() && !split.funding.is_zero());
    assert_eq!(split.total(), change);
    let net: Decimal = recorder.ledger().trips().map(|trip| trip.net.get()).sum();
    assert_eq!(net, change.get(), "net of fees and funding, trip by trip");
    let fees: Decimal = recorder.ledger().trips().map(|trip| trip.fees.get()).sum();
    assert_eq!(fees, split.fees.get());
}

#[test]
fn a_fee_is_taken_from_each_fill() {
    let mut tape = Tape::default();
    let simulation = run(RunSetup::default().simulation(), &mut tape);
    let paid: Decimal = tape
        .events
        .iter()
        .filter_map(|record| match &record.event {
            qtp_core::Event::Fill(fill) => Some(fill.price.get() * fill.quantity.get() * Decimal::new(5, 4)),
            _ => None,
        })
        .sum();
    let account = simulation.engine().state().account(&account_id()).unwrap();
    assert!(paid > Decimal::ONE);
    assert_eq!(account.portfolio.fees()[&qtp_core::Currency::USD], paid);
}

#[test]
fn in_candle_simulation_no_position_is_naked_and_no_stop_is_left() {
    let mut simulation =
        RunSetup { series: vec![candles(&btc(), 600, 5)], ..RunSetup::default() }.simulation();
    let mut protected = 0;
    while simulation.step(&mut NoObserver).unwrap().is_some() {
        let account = simulation.engine().state().account(&account_id()).unwrap();
        let position = account.portfolio.quantity(&btc());
        let stops: Vec<_> =
            account.orders.values().filter(|order| order.request().role == OrderRole::Stop).collect();
        let guarded: qtp_core::Quantity = stops.iter().map(|order| order.remaining()).sum();
        assert_eq!(guarded, position.abs(), "{stops:#?}");
        protected += u32::from(!position.is_zero());
    }
    assert!(protected > 50);
    assert_eq!(simulation.engine().naked_time(&account_id()), Duration::ZERO);
}

#[test]
fn a_strategy_trades_the_same_beside_others() {
    let series = || vec![candles(&btc(), 150, 21), candles(&eth(), 150, 22)];
    let turner =
        |id, instrument, every| -> Box<dyn Strategy> { Box::new(Turner { id, instrument, every, seen: 0 }) };
    let fills = |strategies: Vec<Box<dyn Strategy>>| {
        let mut tape = Tape::default();
        run(RunSetup { series: series(), strategies, ..RunSetup::default() }.simulation(), &mut tape);
        let of_btc = tape.events.iter().filter_map(|record| match &record.event {
            qtp_core::Event::Fill(fill) if fill.instrument == btc() => {
                Some((fill.time, fill.side, fill.price, fill.quantity, fill.client_order_id))
            }
            _ => None,
        });
        of_btc.collect::<Vec<_>>()
    };
    let alone = fills(vec![turner("one", btc(), 4)]);
    let beside = fills(vec![turner("one", btc(), 4), turner("two", eth(), 3)]);
    assert!(alone.len() > 20);
    assert_eq!(alone, beside);
}

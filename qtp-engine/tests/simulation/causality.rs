//! Nothing fills before its cause could be known, and the same run is the same run.

use std::collections::BTreeMap;

use qtp_core::{Command, Event, OrderRole, Timestamp};
use qtp_engine::driver::NoObserver;

use crate::common::*;
use crate::run::*;

#[test]
fn no_order_fills_in_the_candle_that_caused_it() {
    let mut tape = Tape::default();
    run(RunSetup::default().simulation(), &mut tape);
    let mut caused: BTreeMap<_, (Timestamp, OrderRole)> = BTreeMap::new();
    let mut facts = tape.events.iter().peekable();
    let mut seen = BTreeMap::new();
    for (seq, command) in &tape.commands {
        while let Some(record) = facts.next_if(|record| record.seq < *seq) {
            seen.insert(record.seq, record.clone());
        }
        if let Command::Submit(group) = command {
            let (_, cause) = seen.last_key_value().unwrap();
            let order = group.get().first();
            caused.insert(order.client_order_id, (cause.receive_time, order.role));
        }
    }
    let fills: Vec<_> = tape
        .events
        .iter()
        .filter_map(|record| match &record.event {
            Event::Fill(fill) => Some((record, fill)),
            _ => None,
        })
        .collect();
    assert!(fills.len() > 20);
    let mut candle_closes = tape.events.iter().filter(|record| record.event.kind() == "candles").peekable();
    let mut last_close = Timestamp::EPOCH;
    for (record, fill) in fills {
        while let Some(candle) = candle_closes.next_if(|candle| candle.seq < record.seq) {
            last_close = candle.event_time;
        }
        let (cause, role) = caused[&fill.client_order_id.unwrap()];
        assert!(fill.time >= cause, "{fill:?} came before its cause at {cause}");
        if matches!(role, OrderRole::Entry | OrderRole::Exit) {
            // A market order gets the next open, which is the close of the candle that caused it.
            assert_eq!(fill.time, cause);
            assert_eq!(fill.time, last_close);
        }
    }
}

#[test]
fn a_fill_at_an_open_reaches_the_engine_before_that_candle() {
    let setup = RunSetup::default();
    let opens: BTreeMap<_, _> =
        setup.series[0].iter().map(|candle| (candle.open_time(), candle.open())).collect();
    let mut tape = Tape::default();
    run(setup.simulation(), &mut tape);
    let entries = tape.commands.iter().filter_map(|(_, command)| match command {
        Command::Submit(group) if group.get().first().role == OrderRole::Entry => Some(group.get().first()),
        _ => None,
    });
    let ids: Vec<_> = entries.map(|order| order.client_order_id).collect();
    let mut checked = 0;
    for record in &tape.events {
        let Event::Fill(fill) = &record.event else { continue };
        if fill.client_order_id.is_some_and(|id| ids.contains(&id)) {
            assert_eq!(fill.price, opens[&fill.time]);
            checked += 1;
        }
    }
    assert!(checked > 5);
}

#[test]
fn the_same_run_twice_gives_the_same_commands_and_state() {
    let (one, two) = (run_quietly(RunSetup::default()), run_quietly(RunSetup::default()));
    assert!(one.command_hash().count() > 50);
    assert_eq!(outcome(&one), outcome(&two));
}

#[test]
fn a_journal_changes_nothing() {
    let plain = outcome(&run_quietly(RunSetup::default()));
    for journal_candles in [false, true] {
        let setup = RunSetup { journal_candles, ..RunSetup::default() }.journaled(&Memory::default());
        assert_eq!(outcome(&run_quietly(setup)), plain);
    }
}

#[test]
fn the_journal_counts_up_and_leaves_out_only_candles() {
    let journal = Memory::default();
    let mut tape = Tape::default();
    run(RunSetup::default().journaled(&journal).simulation(), &mut tape);
    let records = journal.0.lock().unwrap();
    let written: Vec<u64> = records.iter().map(qtp_core::port::JournalRecord::seq).collect();
    assert!(written.is_sorted_by(|a, b| a < b));
    let candles: Vec<u64> = tape
        .events
        .iter()
        .filter(|record| record.event.kind() == "candles")
        .map(|record| record.seq)
        .collect();
    let all = 0..=*written.last().unwrap();
    let missing: Vec<u64> = all.filter(|seq| !written.contains(seq)).collect();
    assert_eq!(missing, candles);
}

/// A run whose entry gaps past its stop must neither hang nor stay unprotected.
#[test]
fn an_entry_that_gaps_past_its_stop_is_closed_at_the_next_open() {
    let at = |index: i64| Timestamp::from_secs(MIDNIGHT + 60 * index);
    let flat = |index: i64, level: &str| candle_of(&btc(), at(index), [price(level); 4], 1000);
    let series = vec![flat(0, "100"), flat(1, "90"), flat(2, "91"), flat(3, "91")];
    let script = Script::default();
    let strategy =
        Scripted { id: "scripted".parse().unwrap(), instrument: btc(), script: script.clone(), history: 0 };
    let target = qtp_core::Target::Quantity(units(10));
    let (instrument, bracket, reason) = (btc(), stop_at("95"), String::new());
    let signal = qtp_core::Signal { instrument, target, bracket, reason, decided: None };
    script.lock().unwrap().push(Say::Signal(signal));
    let setup =
        RunSetup { series: vec![series], strategies: vec![Box::new(strategy)], ..RunSetup::default() };
    let mut simulation = setup.simulation();
    while simulation.step(&mut NoObserver).unwrap().is_some() {
        assert!(simulation.command_hash().count() < 200, "engine and venue talk without end");
    }
    let account = simulation.engine().state().account(&account_id()).unwrap();
    assert!(account.portfolio.quantity(&btc()).is_zero());
    assert!(account.orders.is_empty());
}

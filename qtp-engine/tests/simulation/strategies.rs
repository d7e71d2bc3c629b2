//! What the strategies that come with the engine do, on series small enough to follow by hand.

use qtp_core::{Candle, Event, OrderRole, Price, Quantity, Side, Timeframe, Timestamp};
use qtp_engine::strategy::{EmaCross, SignalFile, SignalFileConfig, SignalRow, Size, Swing};

use crate::common::*;
use crate::run::*;

fn series(closes: &[i64]) -> Vec<Candle> {
    let candle = |(index, close): (usize, &i64)| {
        let level = Price::new((*close).into()).unwrap();
        let time = Timestamp::from_secs(MIDNIGHT + 60 * i64::try_from(index).unwrap());
        candle_of(&btc(), time, [level; 4], 1000)
    };
    closes.iter().enumerate().map(candle).collect()
}

/// Index of the candle whose open filled, side and size of each entry or exit at the market.
fn fills(setup: RunSetup) -> Vec<(i64, Side, Quantity)> {
    let mut tape = Tape::default();
    run(setup.simulation(), &mut tape);
    let fill = |record: &qtp_core::EventRecord| match &record.event {
        Event::Fill(fill) => Some(((fill.time.as_secs() - MIDNIGHT) / 60, fill.side, fill.quantity)),
        _ => None,
    };
    tape.events.iter().filter_map(fill).collect()
}

fn ema(closes: &[i64]) -> RunSetup {
    let size = Size::Units(units(2));
    let strategy = EmaCross::new("ema".parse().unwrap(), (btc(), Timeframe::M1), (2, 3), size).unwrap();
    RunSetup { series: vec![series(closes)], strategies: vec![Box::new(strategy)], ..RunSetup::default() }
}

#[test]
fn an_average_is_seeded_with_the_mean_of_its_first_closes() {
    // EMA(3) begins at candle 2 with the mean 100 of its closes. EMA(2) begins at candle 1 with 91/2+... = 95.5,
    // k = 2/3: 95.5 + (118 - 95.5) * 2/3 = 110.5 at candle 2. So fast > slow there, and the fill is at candle 3.
    assert_eq!(fills(ema(&[91, 91, 118, 118])), [(3, Side::Buy, units(2))]);
    // Seeded with its first close, EMA(2) would be 91 -> 109 and EMA(3) 104.5: the same side. Here they differ:
    // means are (104+80)/2 = 92 -> 92 + (98-92)*2/3 = 96 against (104+80+98)/3 = 94, so it is long;
    // first closes would give 104 -> 88 -> 94.67 against 104 -> 92 -> 95: short.
    assert_eq!(fills(ema(&[104, 80, 98, 98])), [(3, Side::Buy, units(2))]);
}

#[test]
fn a_cross_turns_the_position_in_one_order_at_the_next_open() {
    // EMA(2): 100, 100, 108, 110.67, 96.89...; EMA(3): 100, 106, 109, 99.5...
    let turned = fills(ema(&[100, 100, 100, 112, 112, 90, 90]));
    assert_eq!(turned, [(4, Side::Buy, units(2)), (6, Side::Sell, units(4))]);
}

#[test]
fn equal_averages_change_nothing() {
    assert!(fills(ema(&[100; 12])).is_empty());
}

fn signals(signals: &[i8], long_only: bool) -> RunSetup {
    let time = |index: usize| Some(Timestamp::from_secs(MIDNIGHT + 60 * i64::try_from(index).unwrap()));
    let row = |(index, signal): (usize, &i8)| SignalRow {
        time: time(index),
        signal: *signal,
        size: None,
        stop: None,
        take: None,
    };
    let rows = signals.iter().enumerate().map(row).collect();
    let config =
        SignalFileConfig { size: Size::Units(units(1)), long_only, stop: "0.05".parse().ok(), take: None };
    let strategy = SignalFile::new("file".parse().unwrap(), (btc(), Timeframe::M1), rows, config);
    RunSetup { strategies: vec![Box::new(strategy)], ..RunSetup::default() }
}

#[test]
fn a_signal_file_acts_only_when_the_signal_changes() {
    let closes = series(&[100; 9]);
    let setup = RunSetup { series: vec![closes.clone()], ..signals(&[0, 1, 1, 1, -1, -1, 0, 0, 0], false) };
    let expected = [(2, Side::Buy, units(1)), (5, Side::Sell, units(2)), (7, Side::Buy, units(1))];
    assert_eq!(fills(setup), expected);
    let setup = RunSetup { series: vec![closes], ..signals(&[0, 1, 1, 1, -1, -1, 0, 0, 0], true) };
    assert_eq!(fills(setup), [(2, Side::Buy, units(1)), (5, Side::Sell, units(1))]);
}

#[test]
fn a_stopped_out_signal_stays_out_until_the_signal_changes() {
    let closes = series(&[100, 100, 90, 90, 100, 100, 100, 100]);
    let setup = RunSetup { series: vec![closes], ..signals(&[1, 1, 1, 1, 1, 0, 1, 1], false) };
    let expected = [(1, Side::Buy, units(1)), (2, Side::Sell, units(1)), (7, Side::Buy, units(1))];
    assert_eq!(fills(setup), expected);
}

#[test]
fn a_trailing_stop_moves_only_with_the_position() {
    let strategy =
        Swing::new("swing".parse().unwrap(), (btc(), Timeframe::M1), (3, 8), Size::Units(units(1))).unwrap();
    let series = vec![candles(&btc(), 800, 31)];
    let mut tape = Tape::default();
    run(
        RunSetup { series, strategies: vec![Box::new(strategy)], ..RunSetup::default() }.simulation(),
        &mut tape,
    );
    let mut last: Option<(Side, Price)> = None;
    let (mut moved, mut entries) = (0, 0);
    for (_, command) in &tape.commands {
        let qtp_core::Command::Submit(group) = command else { continue };
        let order = group.get().first();
        if order.role == OrderRole::Entry {
            (last, entries) = (None, entries + 1);
        }
        let Some(trigger) = order.kind.trigger().filter(|_| order.role == OrderRole::Stop) else { continue };
        if let Some((side, before)) = last {
            let tighter = if side == Side::Sell { trigger.price > before } else { trigger.price < before };
            assert!(tighter, "{before} was moved to {}", trigger.price);
            moved += 1;
        }
        last = Some((order.side, trigger.price));
    }
    assert!(entries > 5 && moved > 20, "{entries} entries, {moved} moves");
}

//! What strategy files do, on series small enough to follow by hand; restarts; nothing of the future.

use qtp_core::{Candle, Event, EventRecord, OrderRole, Price, Quantity, Side, Timeframe, Timestamp};
use qtp_engine::strategy::{FileStrategy, Size};

use crate::common::*;
use crate::run::*;

fn strategy(text: &str) -> Box<FileStrategy> {
    let market = (btc(), Timeframe::M1);
    let made = FileStrategy::parse("file".parse().unwrap(), market, text, Size::Units(units(1)));
    Box::new(made.unwrap())
}

/// Ten seconds after an hour's beginning there is no candle: closes are whole minutes of 2023-11-14, a Tuesday.
fn series(closes: &[i64]) -> Vec<Candle> {
    let candle = |(index, close): (usize, &i64)| {
        let level = Price::new((*close).into()).unwrap();
        let time = Timestamp::from_secs(MIDNIGHT + 60 * i64::try_from(index).unwrap());
        candle_of(&btc(), time, [level; 4], 1000)
    };
    closes.iter().enumerate().map(candle).collect()
}

/// Index of the candle whose open filled, side and size.
fn fills(text: &str, closes: &[i64]) -> Vec<(i64, Side, Quantity)> {
    let setup =
        RunSetup { series: vec![series(closes)], strategies: vec![strategy(text)], ..RunSetup::default() };
    let mut tape = Tape::default();
    run(setup.simulation(), &mut tape);
    let fill = |record: &EventRecord| match &record.event {
        Event::Fill(fill) => Some(((fill.time.as_secs() - MIDNIGHT) / 60, fill.side, fill.quantity)),
        _ => None,
    };
    tape.events.iter().filter_map(fill).collect()
}

fn file(rest: &str) -> String {
    format!(r#"{{"version": 1, "name": "file", "entry": {{"long": {{"above": ["close", 100]}}}}{rest}}}"#)
}

const UP: [i64; 12] = [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111];

#[test]
fn an_exit_condition_and_a_new_entry() {
    let text = file(r#", "exit": {"long": {"at_most": ["close", 100]}}"#);
    let traded = fills(&text, &[100, 101, 102, 100, 99, 101, 103, 103]);
    assert_eq!(traded, [(2, Side::Buy, units(1)), (4, Side::Sell, units(1)), (6, Side::Buy, units(1))]);
}

#[test]
fn the_time_stop_counts_the_candles_that_close_in_the_position() {
    // Bought at the open of 2; candles 2, 3 and 4 close in the position; sold at the open of 5; bought again at 6.
    let traded = fills(&file(r#", "time_stop_candles": 3"#), &UP);
    let expected = [(2, Side::Buy), (5, Side::Sell), (6, Side::Buy), (9, Side::Sell), (10, Side::Buy)];
    assert_eq!(traded.iter().map(|(at, side, _)| (*at, *side)).collect::<Vec<_>>(), expected);
}

#[test]
fn a_cooldown_passes_over_as_many_closes() {
    // Flat from the open of 5 on: the closes of 5 and 6 are passed over, that of 7 buys at the open of 8.
    let text = file(r#", "time_stop_candles": 3, "filters": {"cooldown_candles": 2}"#);
    let expected = [(2, Side::Buy), (5, Side::Sell), (8, Side::Buy), (11, Side::Sell)];
    assert_eq!(fills(&text, &UP).iter().map(|(at, side, _)| (*at, *side)).collect::<Vec<_>>(), expected);
}

#[test]
fn filters_hold_entries_back_and_never_exits() {
    let day = |day: &str| format!(r#", "filters": {{"weekdays": ["{day}"]}}"#);
    assert_eq!(fills(&file(&day("tuesday")), &UP).len(), 1);
    assert!(fills(&file(&day("monday")), &UP).is_empty());
    let hours = |from, to| format!(r#", "filters": {{"hours_utc": {{"from": {from}, "to": {to}}}}}"#);
    assert_eq!(fills(&file(&hours(23, 1)), &UP).len(), 1);
    assert!(fills(&file(&hours(1, 23)), &UP).is_empty());
    let within = r#", "exit": {"long": {"above": ["close", 105]}}, "filters": {"within": [{"value": "close", "min": 102, "max": 103}]}"#;
    let expected = [(3, Side::Buy, units(1)), (7, Side::Sell, units(1))];
    assert_eq!(fills(&file(within), &UP), expected);
}

#[test]
fn stop_and_target_stand_at_their_distance_from_the_close() {
    let text = file(
        r#", "stop": {"distance": {"multiply": ["close", 0.05]}}, "take_profit": {"stop_distance": {"times": 2}},
             "size": {"risk": {"percent": 1}}"#,
    );
    let setup =
        RunSetup { series: vec![series(&UP)], strategies: vec![strategy(&text)], ..RunSetup::default() };
    let mut tape = Tape::default();
    run(setup.simulation(), &mut tape);
    let level = |role: OrderRole| {
        let of = |(_, command): &(u64, qtp_core::Command)| match command {
            qtp_core::Command::Submit(group) if group.get().first().role == role => {
                let order = group.get().first();
                order.kind.trigger().map(|trigger| trigger.price).or(order.kind.limit())
            }
            _ => None,
        };
        tape.commands.iter().find_map(of).unwrap().to_f64()
    };
    assert!((level(OrderRole::Stop) - 101.0 * 0.95).abs() < 1e-9);
    assert!((level(OrderRole::Target) - 101.0 * 1.1).abs() < 1e-9);
}

#[test]
fn a_level_that_is_unknown_or_on_the_wrong_side_opens_nothing() {
    for stop in [
        r#"{"price": 200}"#,
        r#"{"price": "close"}"#,
        r#"{"distance": {"divide": [1, 0]}}"#,
        r#"{"distance": -1}"#,
    ] {
        assert!(fills(&file(&format!(r#", "stop": {stop}"#)), &UP).is_empty(), "{stop}");
    }
}

#[test]
fn nothing_happens_before_the_warm_up() {
    let text = file(r#", "exit": {"long": {"below": ["close", {"previous": ["sma(5)", 2]}]}}"#);
    // Warm with candle 6, the seventh one: filled at the open of the next.
    assert_eq!(fills(&text, &UP), [(7, Side::Buy, units(1))]);
}

/// Both sides, flips, a trailing stop, indicators of two timeframes and a look back.
const BUSY: &str = r#"{
    "version": 1, "name": "busy",
    "indicators": {"fast": "ema(3)", "slow": "sma(4)@2m"},
    "entry": {
        "long": {"crosses_above": ["fast", "slow"]},
        "short": {"all": [{"crosses_below": ["fast", "slow"]}, {"below": ["close", {"previous": ["high", 3]}]}]}
    },
    "stop": {"atr": {"period": 5, "times": 3}},
    "trailing_stop": {"percent": 3},
    "take_profit": {"atr": {"period": 5, "times": 6}},
    "time_stop_candles": 15,
    "filters": {"cooldown_candles": 1}
}"#;

fn busy(rows: i64) -> RunSetup {
    RunSetup {
        series: vec![candles(&btc(), rows, 21)],
        strategies: vec![strategy(BUSY)],
        ..RunSetup::default()
    }
}

#[test]
fn truncated_data_gives_the_same_commands_up_to_its_end() {
    let tape = |rows: i64| {
        let (mut tape, mut simulation) = (Tape::default(), busy(rows).simulation());
        while simulation.step(&mut tape).unwrap().is_some() {}
        tape.commands.iter().map(|command| format!("{command:?}")).collect::<Vec<_>>()
    };
    let whole = tape(600);
    assert!(whole.len() > 200, "{}", whole.len());
    for rows in [37, 113, 250, 421, 599] {
        let part = tape(rows);
        assert_eq!(part, whole[..part.len()], "{rows} candles");
    }
}

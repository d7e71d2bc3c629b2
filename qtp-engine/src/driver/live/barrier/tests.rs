use qtp_core::{CandleParts, Price};

use super::*;

const GRACE: Duration = Duration::from_secs(2);

fn id(name: &str) -> InstrumentId {
    name.parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(second)
}

fn candle(name: &str, timeframe: Timeframe, close: i64, price: i64) -> Candle {
    let price = Price::new(price.into()).unwrap();
    Candle::new(CandleParts {
        instrument: id(name),
        timeframe,
        open_time: at(close) - timeframe.as_duration(),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: qtp_core::Quantity::new(1.into()).unwrap(),
    })
    .unwrap()
}

fn minutes(name: &str) -> MarketTopic {
    MarketTopic::Candles(id(name), Timeframe::M1)
}

/// Two instruments, one minute each, connected at second 30.
fn pair() -> Barrier {
    let mut barrier = Barrier::new(GRACE);
    barrier.add(0, minutes("A-USD@x"));
    barrier.add(0, minutes("B-USD@x"));
    barrier.connect(0, at(30));
    barrier
}

#[test]
fn a_round_waits_for_all_and_is_ordered_by_timeframe_then_instrument() {
    let mut barrier = pair();
    barrier.add(0, MarketTopic::Candles(id("A-USD@x"), Timeframe::M5));
    barrier.connect(0, at(270));
    let five = candle("A-USD@x", Timeframe::M5, 300, 1);
    let (a, b) = (candle("A-USD@x", Timeframe::M1, 300, 1), candle("B-USD@x", Timeframe::M1, 300, 1));
    for candle in [&five, &b] {
        assert_eq!(barrier.offer(candle.clone()), Offer::Held);
        assert_eq!(barrier.step(at(300)), Step::Wait(Some(at(302))));
    }
    barrier.offer(a.clone());
    let round = Round { close: at(300), candles: vec![a, b, five], missing: Vec::new() };
    assert_eq!(barrier.step(at(300)), Step::Deliver(round));
    assert_eq!(barrier.step(at(300)), Step::Wait(Some(at(362))));
}

#[test]
fn a_missing_candle_is_asked_for_after_the_grace_and_then_reported() {
    let mut barrier = pair();
    let a = candle("A-USD@x", Timeframe::M1, 60, 1);
    barrier.offer(a.clone());
    assert_eq!(barrier.step(at(61)), Step::Wait(Some(at(62))));
    let ask = Ask { link: 0, topic: minutes("B-USD@x"), from: at(0), until: at(60) };
    assert_eq!(barrier.step(at(62)), Step::Ask(vec![ask]));
    assert_eq!(barrier.step(at(63)), Step::Wait(None));
    barrier.answered(&minutes("B-USD@x"));
    let round = Round { close: at(60), candles: vec![a], missing: vec![minutes("B-USD@x")] };
    assert_eq!(barrier.step(at(63)), Step::Deliver(round));
    let late = candle("B-USD@x", Timeframe::M1, 60, 1);
    assert_eq!(barrier.offer(late.clone()), Offer::Late(late));
}

#[test]
fn a_later_candle_of_the_same_topic_ends_the_wait() {
    let mut barrier = pair();
    barrier.offer(candle("A-USD@x", Timeframe::M1, 60, 1));
    barrier.offer(candle("B-USD@x", Timeframe::M1, 120, 2));
    assert!(matches!(barrier.step(at(60)), Step::Ask(asks) if asks[0].topic == minutes("B-USD@x")));
    let found = candle("B-USD@x", Timeframe::M1, 60, 1);
    barrier.offer(found.clone());
    barrier.answered(&minutes("B-USD@x"));
    assert!(matches!(barrier.step(at(60)), Step::Deliver(round) if round.candles.contains(&found)));
    assert!(matches!(barrier.step(at(60)), Step::Wait(Some(until)) if until == at(122)));
}

#[test]
fn a_correction_is_told_from_a_repetition_and_from_the_past() {
    let mut barrier = pair();
    barrier.know(&candle("A-USD@x", Timeframe::M1, 0, 7));
    assert_eq!(barrier.offer(candle("A-USD@x", Timeframe::M1, 0, 7)), Offer::Dropped);
    assert!(matches!(barrier.offer(candle("A-USD@x", Timeframe::M1, 0, 8)), Offer::Revised(_)));
    assert_eq!(barrier.offer(candle("A-USD@x", Timeframe::M1, -60, 7)), Offer::Dropped);
    assert_eq!(barrier.offer(candle("C-USD@x", Timeframe::M1, 60, 7)), Offer::Dropped);
}

#[test]
fn a_driver_that_slept_asks_once_for_all_it_missed() {
    let mut barrier = Barrier::new(GRACE);
    barrier.add(0, minutes("A-USD@x"));
    barrier.connect(0, at(30));
    let Step::Ask(asks) = barrier.step(at(605)) else { panic!("no question") };
    assert_eq!((asks[0].from, asks[0].until), (at(0), at(600)));
    barrier.answered(&minutes("A-USD@x"));
    for close in (60..=600).step_by(60) {
        let round = Round { close: at(close), candles: Vec::new(), missing: vec![minutes("A-USD@x")] };
        assert_eq!(barrier.step(at(605)), Step::Deliver(round));
    }
    assert_eq!(barrier.step(at(605)), Step::Wait(Some(at(662))));
}

//! Which price a candle gives.

use qtp_core::{Liquidity, OrderKind, OrderStatus, Timestamp, TrailingOffset, TriggerSource};
use qtp_exchange::sim::{LimitFill, SimVenueConfig};

use crate::rig::{Buy, HOUR, Rig, Sell, price, ratio, stop_at, trigger};

fn long() -> Rig {
    let mut rig = Rig::new(SimVenueConfig::default());
    rig.candle(["100", "100", "100", "100"]);
    rig.market(Buy, "1");
    let candle = rig.open(["100", "101", "99", "100"], "10");
    rig.close(&candle);
    rig.out.clear();
    rig
}

fn short() -> Rig {
    let mut rig = Rig::new(SimVenueConfig::default());
    rig.market(Sell, "1");
    rig.candle(["100", "101", "99", "100"]);
    rig.out.clear();
    rig
}

#[test]
fn a_market_order_fills_at_the_next_open_and_not_before() {
    let mut rig = Rig::new(SimVenueConfig::default());
    let candle = rig.open(["90", "95", "85", "92"], "5");
    rig.market(Buy, "2");
    rig.close(&candle);
    assert!(rig.fills().is_empty());
    rig.candle(["93", "99", "80", "81"]);
    assert_eq!(rig.tape(), ["buy 2 @ 93"]);
    assert_eq!(rig.fills()[0].time, Timestamp::from_secs(HOUR));
    assert_eq!(rig.fills()[0].liquidity, Liquidity::Taker);
}

#[test]
fn a_flip_is_one_order_and_one_fill() {
    let mut rig = long();
    rig.market(Sell, "3");
    rig.candle(["110", "111", "109", "110"]);
    assert_eq!(rig.tape(), ["sell 3 @ 110"]);
    assert_eq!(rig.position().to_string(), "-2");
    assert_eq!(rig.cash().to_string(), "10010");
}

#[test]
fn market_orders_go_first_then_gapped_stops() {
    let mut rig = long();
    let stop = rig.stop(Sell, "1", "95");
    rig.market(Sell, "1");
    rig.candle(["90", "91", "89", "90"]);
    assert_eq!(rig.tape(), ["sell 1 @ 90"]);
    assert_eq!(rig.last(stop), (OrderStatus::Canceled, "reduce_only_canceled".into()));
    assert!(rig.position().is_zero());
}

#[test]
fn a_stop_fills_at_its_price_inside_and_at_the_open_on_a_gap() {
    let mut rig = long();
    rig.stop(Sell, "1", "95");
    rig.candle(["100", "102", "90", "91"]);
    assert_eq!(rig.tape(), ["sell 1 @ 95"]);
    assert_eq!(rig.fills()[0].time, rig.now());

    let mut rig = long();
    rig.stop(Sell, "1", "95");
    rig.candle(["93", "102", "90", "91"]);
    assert_eq!(rig.tape(), ["sell 1 @ 93"]);
    assert_eq!(rig.fills()[0].time.as_secs(), rig.now().as_secs() - HOUR);

    let mut rig = short();
    rig.stop(Buy, "1", "105");
    rig.candle(["107", "108", "90", "91"]);
    assert_eq!(rig.tape(), ["buy 1 @ 107"]);
}

#[test]
fn the_stop_wins_when_stop_and_target_lie_in_one_candle() {
    for target_first in [false, true] {
        let mut rig = long();
        if target_first {
            rig.target(Sell, "1", "105");
        }
        rig.stop(Sell, "1", "90");
        if !target_first {
            rig.target(Sell, "1", "105");
        }
        rig.candle(["104", "106", "89", "100"]);
        assert_eq!(rig.tape(), ["sell 1 @ 90"]);
        assert!(rig.venue.open_orders().is_empty());
    }
    let mut rig = short();
    rig.target(Buy, "1", "96");
    rig.stop(Buy, "1", "110");
    rig.candle(["97", "111", "95", "100"]);
    assert_eq!(rig.tape(), ["buy 1 @ 110"]);
}

#[test]
fn a_target_gets_the_better_open_on_a_gap() {
    let mut rig = long();
    rig.target(Sell, "1", "105");
    rig.candle(["108", "109", "107", "108"]);
    assert_eq!(rig.tape(), ["sell 1 @ 108"]);
    assert_eq!(rig.fills()[0].liquidity, Liquidity::Maker);

    let mut rig = long();
    let kind = OrderKind::TakeProfitMarket { trigger: trigger("105") };
    let order = rig.request(Sell, "1", kind);
    rig.send(order);
    rig.candle(["101", "106", "100", "100"]);
    assert_eq!(rig.tape(), ["sell 1 @ 105"]);
    assert_eq!(rig.fills()[0].liquidity, Liquidity::Taker);
}

#[test]
fn a_limit_fills_when_touched_or_when_passed_by_one_tick() {
    let run = |limit_fill, low: &str, tick: Option<&str>| {
        let config = SimVenueConfig { limit_fill, ..SimVenueConfig::default() };
        let mut rig = Rig::with(config, qtp_core::AccountKind::Unconstrained, "BTC-USD@sim", |instrument| {
            if let Some(tick) = tick {
                instrument.price_rule = qtp_core::PriceRule::Tick(price(tick));
            }
        });
        rig.candle(["100", "100", "100", "100"]);
        rig.limit(Buy, "1", "95");
        rig.candle(["100", "100", low, "100"]);
        rig.tape()
    };
    assert_eq!(run(LimitFill::Touched, "95", None), ["buy 1 @ 95"]);
    assert!(run(LimitFill::Through, "95", None).is_empty());
    assert_eq!(run(LimitFill::Through, "94.99", None), ["buy 1 @ 95"]);
    assert!(run(LimitFill::Through, "94.6", Some("0.5")).is_empty());
    assert_eq!(run(LimitFill::Through, "94.5", Some("0.5")), ["buy 1 @ 95"]);
}

#[test]
fn a_limit_that_crosses_on_arrival_takes() {
    let mut rig = Rig::new(SimVenueConfig::default());
    rig.candle(["100", "100", "100", "100"]);
    rig.limit(Buy, "1", "105");
    rig.candle(["102", "103", "101", "102"]);
    assert_eq!(rig.tape(), ["buy 1 @ 102"]);
    assert_eq!(rig.fills()[0].liquidity, Liquidity::Taker);
}

#[test]
fn a_stop_limit_may_stay_unfilled_after_a_gap() {
    let stop_limit = |rig: &mut Rig| {
        let kind = OrderKind::StopLimit { trigger: trigger("95"), price: price("94") };
        let order = rig.request(Sell, "1", kind);
        rig.send(order)
    };
    let mut rig = long();
    let id = stop_limit(&mut rig);
    rig.candle(["90", "92", "88", "91"]);
    assert!(rig.fills().is_empty());
    rig.candle(["91", "94.5", "90", "92"]);
    assert_eq!(rig.tape(), ["sell 1 @ 94"]);
    assert_eq!(rig.last(id).0, OrderStatus::Filled);

    let mut rig = long();
    stop_limit(&mut rig);
    rig.candle(["100", "101", "94.5", "96"]);
    assert_eq!(rig.tape(), ["sell 1 @ 95"]);
}

#[test]
fn a_trailing_stop_is_tested_before_it_moves() {
    let mut rig = long();
    let offset = TrailingOffset::Price(price("5"));
    let mut order = rig.request(Sell, "1", OrderKind::TrailingStop { offset, source: TriggerSource::Last });
    order.reduce_only = true;
    rig.send(order);
    // High 120 first would have put the stop at 115: it is tested at 95 and moves afterwards.
    rig.candle(["100", "120", "96", "118"]);
    assert!(rig.fills().is_empty());
    rig.candle(["118", "119", "110", "112"]);
    assert_eq!(rig.tape(), ["sell 1 @ 115"]);
}

#[test]
fn a_trailing_stop_by_ratio_follows_a_short_down() {
    let mut rig = short();
    let offset = TrailingOffset::Ratio(ratio("0.1"));
    let mut order = rig.request(Buy, "1", OrderKind::TrailingStop { offset, source: TriggerSource::Last });
    order.reduce_only = true;
    rig.send(order);
    rig.candle(["100", "101", "80", "82"]);
    rig.candle(["82", "90", "81", "89"]);
    assert_eq!(rig.tape(), ["buy 1 @ 88"]);
}

#[test]
fn after_an_entry_inside_a_candle_the_stop_may_fire_and_the_target_may_not() {
    let entry = || {
        let mut rig = Rig::new(SimVenueConfig::default());
        rig.candle(["100", "100", "100", "100"]);
        rig.limit(Buy, "1", "95");
        let candle = rig.open(["100", "110", "90", "108"], "10");
        rig.hour += 1;
        rig.venue.close_candle(&candle, &mut rig.out);
        assert_eq!(rig.tape(), ["buy 1 @ 95"]);
        (rig, candle)
    };
    let (mut rig, candle) = entry();
    rig.stop(Sell, "1", "92");
    rig.target(Sell, "1", "105");
    rig.work(&candle);
    assert_eq!(rig.tape(), ["buy 1 @ 95", "sell 1 @ 92"]);

    let (mut rig, candle) = entry();
    let target = rig.target(Sell, "1", "105");
    rig.stop(Sell, "1", "85");
    rig.work(&candle);
    assert_eq!(rig.tape(), ["buy 1 @ 95"]);
    rig.candle(["108", "109", "107", "108"]);
    assert_eq!(rig.tape(), ["buy 1 @ 95", "sell 1 @ 108"]);
    assert_eq!(rig.last(target).0, OrderStatus::Filled);
}

#[test]
fn after_an_entry_at_the_open_both_may_fire() {
    for (ohlc, expected) in
        [(["100", "106", "99", "105"], "sell 1 @ 105"), (["100", "106", "94", "105"], "sell 1 @ 95")]
    {
        let mut rig = Rig::new(SimVenueConfig::default());
        rig.market(Buy, "1");
        let candle = rig.open(ohlc, "10");
        rig.stop(Sell, "1", "95");
        rig.target(Sell, "1", "105");
        rig.close(&candle);
        assert_eq!(rig.tape(), ["buy 1 @ 100", expected]);
    }
}

#[test]
fn a_new_entry_that_answers_a_fill_waits_for_the_next_candle() {
    let mut rig = Rig::new(SimVenueConfig::default());
    rig.candle(["100", "100", "100", "100"]);
    rig.limit(Buy, "1", "95");
    let candle = rig.open(["100", "110", "90", "100"], "10");
    rig.hour += 1;
    rig.venue.close_candle(&candle, &mut rig.out);
    // It knows that the candle went there.
    rig.limit(Buy, "1", "91");
    let mut breakout = rig.request(Buy, "1", stop_at("109"));
    breakout.reduce_only = false;
    rig.send(breakout);
    rig.work(&candle);
    assert_eq!(rig.tape(), ["buy 1 @ 95"]);
}

#[test]
fn a_candle_without_volume_fills_nothing() {
    let mut rig = long();
    let id = rig.market(Sell, "1");
    rig.stop(Sell, "1", "95");
    let candle = rig.open(["50", "50", "50", "50"], "0");
    rig.close(&candle);
    assert!(rig.fills().is_empty());
    rig.candle(["51", "52", "50", "51"]);
    assert_eq!(rig.tape(), ["sell 1 @ 51"]);
    assert_eq!(rig.last(id).0, OrderStatus::Filled);
}

#[test]
fn on_the_way_to_the_stop_a_nearer_entry_fills_first() {
    let mut rig = long();
    rig.limit(Buy, "1", "97");
    rig.stop(Sell, "1", "95");
    rig.candle(["100", "100", "90", "91"]);
    assert_eq!(rig.tape(), ["buy 1 @ 97", "sell 1 @ 95"]);
}

#[test]
fn a_mark_candle_fires_marks_triggers_in_place_of_the_tape() {
    let mut rig = long();
    let trigger = qtp_core::Trigger { price: price("95"), source: TriggerSource::Mark };
    let mut order = rig.request(Sell, "1", OrderKind::StopMarket { trigger });
    order.reduce_only = true;
    rig.send(order);
    let mark = rig.bar(["100", "101", "98", "100"], "1");
    rig.venue.mark_candle(&mark);
    rig.candle(["100", "101", "90", "100"]);
    assert!(rig.fills().is_empty(), "the tape's wick does not fire it");
    let mark = rig.bar(["100", "101", "94", "100"], "1");
    rig.venue.mark_candle(&mark);
    rig.candle(["100", "101", "97", "100"]);
    assert_eq!(rig.tape(), ["sell 1 @ 97"], "brought into the tape's range");
}

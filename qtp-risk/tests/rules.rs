//! Each rule: not binding, exactly at the limit, binding.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use qtp_core::{OrderKind, Quantity, RiskState, Timestamp, TradeOutcome, Verdict};
use qtp_risk::*;
use support::*;

#[test]
fn position_at_its_share_of_equity_is_allowed_and_above_it_shrinks() {
    let rule = MaxPosition { equity_share: Some(ratio("0.5")), notional: None };
    let world = World::new();
    assert_eq!(world.ask(&rule, &buy("50")), Verdict::Approve);
    let verdict = world.ask(&rule, &buy("50.01"));
    assert_eq!((code(&verdict), left(&verdict)), ("max_position", Some(qty("50"))));
    assert_eq!(code(&World { equity: None, ..World::new() }.ask(&rule, &buy("1"))), "equity_unknown");
}

#[test]
fn position_counts_what_is_held_and_what_works_on_the_same_side() {
    let rule = MaxPosition { equity_share: None, notional: Some(money("1000")) };
    let mut world = World { position: qty("4"), working: qty("3"), ..World::new() };
    assert_eq!(world.ask(&rule, &buy("3")), Verdict::Approve);
    assert_eq!(left(&world.ask(&rule, &buy("5"))), Some(qty("3")));
    // Sells that work make no room for a buy: they may never fill.
    world.working = qty("-4");
    assert_eq!(left(&world.ask(&rule, &buy("7"))), Some(qty("6")));
    world.position = qty("10");
    let verdict = world.ask(&rule, &buy("1"));
    assert!(matches!(verdict, Verdict::Deny(_)), "{verdict:?}");
}

#[test]
fn the_smaller_position_limit_binds_and_no_limit_approves() {
    let both = MaxPosition { equity_share: Some(ratio("0.5")), notional: Some(money("300")) };
    assert_eq!(left(&World::new().ask(&both, &sell("10"))), Some(qty("3")));
    let none = MaxPosition { equity_share: None, notional: None };
    assert_eq!(World::new().ask(&none, &buy("100000000000000")), Verdict::Approve);
}

#[test]
fn position_is_valued_with_multiplier_and_rate() {
    let rule = MaxPosition { equity_share: None, notional: Some(money("1000")) };
    let mut world = World { rate: dec("2"), ..World::new() };
    world.instrument.multiplier = dec("0.1");
    assert_eq!(world.ask(&rule, &buy("50")), Verdict::Approve);
    assert_eq!(left(&world.ask(&rule, &buy("51"))), Some(qty("50")));
}

#[test]
fn leverage_counts_the_whole_account() {
    let rule = Leverage { max: Some(ratio("2")) };
    let world = World { exposure: money("15000"), ..World::new() };
    assert_eq!(world.ask(&rule, &buy("50")), Verdict::Approve);
    let verdict = world.ask(&rule, &buy("60"));
    assert_eq!((code(&verdict), left(&verdict)), ("max_leverage", Some(qty("50"))));
    let full = World { exposure: money("20000"), ..World::new() };
    assert!(matches!(full.ask(&rule, &buy("1")), Verdict::Deny(_)));
    let ruined = World { equity: Some(money("-1")), ..World::new() };
    assert!(matches!(ruined.ask(&rule, &buy("1")), Verdict::Deny(_)));
    assert_eq!(ruined.ask(&Leverage { max: None }, &buy("1")), Verdict::Approve);
}

#[test]
fn a_flip_frees_the_exposure_that_it_closes() {
    let rule = Leverage { max: Some(ratio("1")) };
    let world = World { position: qty("100"), exposure: money("10000"), ..World::new() };
    let context = |adds| RiskContext { adds: qty(adds), ..world.context() };
    assert_eq!(rule.check(&sell("200"), &context("100")), Verdict::Approve);
    assert_eq!(left(&rule.check(&sell("201"), &context("101"))), Some(qty("100")));
}

#[test]
fn daily_loss_halts_above_the_limit() {
    let rule = DailyLoss { max: Some(ratio("0.05")) };
    let at = World { equity: Some(money("9500")), ..World::new() };
    assert_eq!(at.ask(&rule, &buy("1")), Verdict::Approve);
    let beyond = World { equity: Some(money("9499.99")), ..World::new() };
    let verdict = beyond.ask(&rule, &buy("1"));
    assert!(matches!(verdict, Verdict::Halt(_)) && code(&verdict) == "daily_loss");
}

#[test]
fn daily_loss_without_a_base_denies() {
    let rule = DailyLoss { max: Some(ratio("0.05")) };
    let world = World { state: RiskState::default(), ..World::new() };
    assert_eq!(code(&world.ask(&rule, &buy("1"))), "daily_loss_base_unknown");
    assert_eq!(world.ask(&DailyLoss { max: None }, &buy("1")), Verdict::Approve);
}

#[test]
fn a_withdrawal_is_no_daily_loss() {
    let rule = DailyLoss { max: Some(ratio("0.05")) };
    let mut world = World { equity: Some(money("5000")), ..World::new() };
    world.state.on_cash_flow(money("-5000"));
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
}

fn with_stop(mut order: qtp_core::OrderRequest, stop: &str) -> qtp_core::OrderRequest {
    order.protective_stop = Some(price(stop));
    order
}

#[test]
fn trade_risk_bounds_the_loss_at_the_stop() {
    let rule = TradeRisk { max: Some(ratio("0.01")), cost_buffer: ratio("0"), require_stop: true };
    let world = World::new();
    assert_eq!(world.ask(&rule, &with_stop(buy("20"), "95")), Verdict::Approve);
    let verdict = world.ask(&rule, &with_stop(buy("20.5"), "95"));
    assert_eq!((code(&verdict), left(&verdict)), ("trade_risk", Some(qty("20"))));
    assert_eq!(left(&world.ask(&rule, &with_stop(sell("30"), "105"))), Some(qty("20")));
    // 5 to the stop and 1 of costs: 16.67 units lose 100.
    let careful = TradeRisk { cost_buffer: ratio("0.01"), ..rule };
    assert_eq!(left(&world.ask(&careful, &with_stop(buy("30"), "95"))), Some(qty("16.666666666666")));
    // What is held loses as well: only 15 more.
    let holds = World { position: qty("5"), ..World::new() };
    assert_eq!(left(&holds.ask(&rule, &with_stop(buy("30"), "95"))), Some(qty("15")));
}

#[test]
fn trade_risk_is_measured_from_the_limit_price() {
    let rule = TradeRisk { max: Some(ratio("0.01")), cost_buffer: ratio("0"), require_stop: true };
    let mut order = with_stop(buy("25"), "95");
    order.kind = OrderKind::Limit { price: price("99") };
    assert_eq!(World::new().ask(&rule, &order), Verdict::Approve);
}

#[test]
fn a_stop_is_required_and_on_the_losing_side() {
    let rule = TradeRisk { max: Some(ratio("0.01")), cost_buffer: ratio("0"), require_stop: true };
    let world = World::new();
    assert_eq!(code(&world.ask(&rule, &buy("1"))), "stop_required");
    assert_eq!(world.ask(&TradeRisk { require_stop: false, ..rule }, &buy("1")), Verdict::Approve);
    assert_eq!(code(&world.ask(&rule, &with_stop(buy("1"), "101"))), "stop_side");
    assert_eq!(code(&world.ask(&rule, &with_stop(sell("1"), "99"))), "stop_side");
}

#[test]
fn the_stop_must_come_before_the_liquidation() {
    let rule = StopBeforeLiquidation { buffer: Some(ratio("0.2")) };
    let world = World { liquidation: Some(price("90")), ..World::new() };
    assert_eq!(world.ask(&rule, &with_stop(buy("1"), "92")), Verdict::Approve);
    assert_eq!(code(&world.ask(&rule, &with_stop(buy("1"), "91.99"))), "stop_behind_liquidation");
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
    let short = World { liquidation: Some(price("110")), ..World::new() };
    assert_eq!(short.ask(&rule, &with_stop(sell("1"), "108")), Verdict::Approve);
    assert!(matches!(short.ask(&rule, &with_stop(sell("1"), "108.01")), Verdict::Deny(_)));
    let lost = World { liquidation: Some(price("101")), ..World::new() };
    assert!(matches!(lost.ask(&rule, &with_stop(buy("1"), "99")), Verdict::Deny(_)));
    assert_eq!(World::new().ask(&rule, &with_stop(buy("1"), "1")), Verdict::Approve);
}

#[test]
fn one_more_instrument_is_denied_and_adding_to_one_is_not() {
    let rule = MaxOpenPositions { max: Some(3) };
    assert_eq!(World { other_open: 2, ..World::new() }.ask(&rule, &buy("1")), Verdict::Approve);
    let full = World { other_open: 3, ..World::new() };
    assert_eq!(code(&full.ask(&rule, &buy("1"))), "max_open_positions");
    assert_eq!(World { position: qty("1"), ..full.clone() }.ask(&rule, &buy("1")), Verdict::Approve);
    assert_eq!(World { working: qty("1"), ..full }.ask(&rule, &buy("1")), Verdict::Approve);
}

#[test]
fn entries_may_use_four_fifths_of_the_order_rate() {
    let rule = OrderRate { max: Some(10), window: Duration::from_secs(60) };
    let mut world = World::new();
    for second in 0..7 {
        world.state.on_order(NOON + Duration::from_secs(second));
    }
    world.now = NOON + Duration::from_secs(10);
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
    world.state.on_order(world.now);
    assert_eq!(code(&world.ask(&rule, &buy("1"))), "order_rate");
    // The first order is exactly one window old: it does not count any more.
    world.now = NOON + Duration::from_secs(60);
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
    assert_eq!(
        (OrderRate::for_entries(2), OrderRate::for_entries(60), OrderRate::for_entries(0)),
        (1, 48, 0)
    );
}

#[test]
fn limit_and_decision_prices_stay_within_the_band() {
    let rule = PriceBand { band: Some(ratio("0.05")) };
    let limit = |at: &str| {
        let mut order = buy("1");
        order.kind = OrderKind::Limit { price: price(at) };
        order
    };
    let world = World::new();
    for (at, expected) in [("95", ""), ("105", ""), ("94.99", "price_band"), ("105.01", "price_band")] {
        assert_eq!(code(&world.ask(&rule, &limit(at))), expected, "{at}");
    }
    let mut drifted = buy("1");
    drifted.decision_price = Some(price("105.01"));
    assert_eq!(code(&world.ask(&rule, &drifted)), "price_drift");
    drifted.decision_price = Some(price("105"));
    assert_eq!(world.ask(&rule, &drifted), Verdict::Approve);
}

#[test]
fn old_data_stops_new_risk() {
    let rule = StaleData { max_age: Some(Duration::from_secs(120)) };
    let aged = |data_age| World { data_age, ..World::new() }.ask(&rule, &buy("1"));
    assert_eq!(aged(Duration::from_secs(120)), Verdict::Approve);
    assert_eq!(code(&aged(Duration::from_millis(120_001))), "stale_data");
    assert_eq!(code(&aged(Duration::MAX)), "stale_data");
}

fn trade(world: &mut World, instrument: &str, time: Timestamp, won: bool) {
    world.state.on_round_trip(&instrument.parse().unwrap(), TradeOutcome { time, won });
}

#[test]
fn a_loss_cools_its_instrument_down() {
    let rule = Cooldown { same_instrument: Duration::from_secs(60), any_instrument: Duration::ZERO };
    let mut world = World::new();
    trade(&mut world, "ETH-USD-PERP@test", NOON, false);
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
    trade(&mut world, "BTC-USD-PERP@test", NOON, false);
    world.now = NOON + Duration::from_secs(59);
    assert_eq!(code(&world.ask(&rule, &buy("1"))), "cooldown");
    world.now = NOON + Duration::from_secs(60);
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
    world.now = NOON;
    trade(&mut world, "BTC-USD-PERP@test", NOON, true);
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
}

#[test]
fn a_loss_can_cool_all_instruments_down() {
    let rule = Cooldown { same_instrument: Duration::ZERO, any_instrument: Duration::from_secs(60) };
    let mut world = World::new();
    trade(&mut world, "ETH-USD-PERP@test", NOON, false);
    assert_eq!(code(&world.ask(&rule, &buy("1"))), "cooldown");
    world.now = NOON + Duration::from_secs(60);
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
}

#[test]
fn a_losing_streak_halts_until_the_next_day() {
    let rule = LossStreak { losses: Some(2), pause: None };
    let mut world = World::new();
    trade(&mut world, "ETH-USD-PERP@test", NOON, false);
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
    trade(&mut world, "BTC-USD-PERP@test", NOON, false);
    let verdict = world.ask(&rule, &buy("1"));
    assert!(matches!(verdict, Verdict::Halt(_)) && code(&verdict) == "loss_streak");
    world.now = Timestamp::from_secs(86_400);
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
}

#[test]
fn a_streak_halt_does_not_come_back_at_the_next_loss() {
    let rule = LossStreak { losses: Some(2), pause: None };
    let mut world = World::new();
    trade(&mut world, "BTC-USD-PERP@test", NOON, false);
    trade(&mut world, "BTC-USD-PERP@test", NOON, false);
    let Verdict::Halt(reason) = world.ask(&rule, &buy("1")) else { panic!("no halt") };
    world.state.halt(reason.into(), true);
    world.now = Timestamp::from_secs(90_000);
    assert!(world.state.on_time(world.now, || Some(money("10000"))));
    let now = world.now;
    trade(&mut world, "BTC-USD-PERP@test", now, false);
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
}

#[test]
fn a_losing_streak_can_pause_instead() {
    let rule = LossStreak { losses: Some(1), pause: Some(Duration::from_secs(60)) };
    let mut world = World::new();
    trade(&mut world, "BTC-USD-PERP@test", NOON, false);
    assert!(matches!(world.ask(&rule, &buy("1")), Verdict::Deny(_)));
    world.now = NOON + Duration::from_secs(60);
    assert_eq!(world.ask(&rule, &buy("1")), Verdict::Approve);
}

#[test]
fn a_rule_never_answers_with_more_than_was_asked_at_extremes() {
    let mut world = World { price: price("100000000000000"), rate: dec("100000000000000"), ..World::new() };
    world.instrument.multiplier = dec("100000000000000");
    world.exposure = qtp_core::Notional::from_decimal(qtp_core::Decimal::MAX);
    world.position = qty("100000000000000");
    world.working = qty("100000000000000");
    for rule in RiskLimits::default().build() {
        for order in [with_stop(buy("100000000000000"), "0.0000000000000000000000000001"), buy("0.0001")] {
            let verdict = world.ask(rule.as_ref(), &order);
            assert!(left(&verdict).is_none_or(|left| left <= order.quantity && left > Quantity::ZERO));
        }
    }
}

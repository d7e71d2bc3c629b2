//! The configuration of the rules.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use qtp_core::{Notional, Ratio};
use qtp_risk::{RiskGate, RiskLimits};
use support::*;

#[test]
fn defaults_and_not_binding_limits_are_valid() {
    assert_eq!(RiskLimits::default().validate(), Vec::<String>::new());
    assert_eq!(toml::from_str::<RiskLimits>("").unwrap(), RiskLimits::default());
    let names: Vec<_> = RiskLimits::not_binding().build().iter().map(|rule| rule.name()).collect();
    let expected = [
        "stale_data",
        "daily_loss",
        "loss_streak",
        "cooldown",
        "order_rate",
        "price_band",
        "max_open_positions",
        "stop_before_liquidation",
        "trade_risk",
        "max_position",
        "max_leverage",
    ];
    assert_eq!(names, expected);
}

#[test]
fn limits_survive_toml_and_json() {
    for limits in [RiskLimits::default(), RiskLimits::not_binding()] {
        assert_eq!(toml::from_str::<RiskLimits>(&toml::to_string(&limits).unwrap()).unwrap(), limits);
        let json = serde_json::to_string(&limits).unwrap();
        assert_eq!(serde_json::from_str::<RiskLimits>(&json).unwrap(), limits);
    }
}

#[test]
fn numbers_text_and_off_are_read() {
    let text = "max_leverage = 2.5\nmax_position = 3\nmax_daily_loss = \"0.01\"\nmax_orders = \"100\"\n\
                price_band = \"off\"\nmidnight_secs = \"3600\"\nmax_position_notional = 1000\nrequire_stop = false";
    let limits: RiskLimits = toml::from_str(text).unwrap();
    assert_eq!(limits.max_leverage, Some(ratio("2.5")));
    assert_eq!(limits.max_position, Some(ratio("3")));
    assert_eq!(limits.max_daily_loss, Some(ratio("0.01")));
    assert_eq!((limits.max_orders, limits.price_band, limits.midnight_secs), (Some(100), None, 3600));
    assert_eq!(limits.max_position_notional, Some(money("1000")));
    assert_eq!(limits.state().midnight.as_secs(), 3600);
}

#[test]
fn what_is_no_limit_is_refused() {
    let wrong = [
        "max_levrage = 2",
        "max_leverage = \"two\"",
        "max_leverage = nan",
        "max_leverage = inf",
        "max_leverage = 1e300",
        "max_leverage = true",
        "max_orders = 2.5",
        "max_orders = -1",
        "midnight_secs = \"off\"",
        "cooldown_secs = -5",
    ];
    for text in wrong {
        assert!(toml::from_str::<RiskLimits>(text).is_err(), "{text}");
    }
}

#[test]
fn validate_names_every_problem() {
    let zero = Some(Ratio::ZERO);
    let limits = RiskLimits {
        max_position: zero,
        max_position_notional: Some(Notional::ZERO),
        max_leverage: zero,
        max_daily_loss: Some(ratio("1.01")),
        midnight_secs: 86_400,
        max_trade_risk: zero,
        trade_cost_buffer: ratio("-0.1"),
        require_stop: true,
        liquidation_buffer: Some(Ratio::ONE),
        max_open_positions: Some(0),
        max_orders: Some(1),
        order_window_secs: 0,
        price_band: zero,
        max_data_age_secs: Some(0),
        cooldown_secs: 0,
        cooldown_any_secs: 0,
        max_losses_in_row: Some(0),
        loss_pause_secs: Some(0),
    };
    let problems = limits.validate();
    assert_eq!(problems.len(), 15, "{problems:#?}");
    assert!(problems.iter().all(|problem| problem.contains(": ")));
}

#[test]
fn not_binding_limits_approve_a_ruined_account() {
    let world = World {
        equity: Some(money("-100000")),
        exposure: money("1000000000"),
        other_open: 10_000,
        data_age: std::time::Duration::from_secs(86_400),
        ..World::new()
    };
    let gate = RiskGate::new(RiskLimits::not_binding().build());
    let review = gate.review(buy("1000000"), &world.context()).unwrap();
    assert_eq!(review.order.get().first(), &buy("1000000"));
    assert!(review.reduced.is_empty());
}

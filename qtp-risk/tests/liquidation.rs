//! The formula that fills `RiskContext::liquidation`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use proptest::prelude::*;
use qtp_core::{AccountKind, Decimal, Instrument, MarginTier, Notional, Price, Quantity, Ratio};
use qtp_risk::liquidation_price;
use support::*;

fn instrument(maintenance: &str, multiplier: &str) -> Instrument {
    let mut instrument = World::new().instrument;
    instrument.multiplier = dec(multiplier);
    instrument.margin_tiers =
        vec![MarginTier { up_to: None, max_leverage: ratio("40"), maintenance: ratio(maintenance) }];
    instrument
}

fn cross(instrument: &Instrument, equity: &str, quantity: &str) -> Option<Price> {
    let (equity, quantity) = (money(equity), qty(quantity));
    liquidation_price(instrument, AccountKind::CrossMargin, equity, quantity, price("50000"), Ratio::ONE)
}

#[test]
fn equals_the_documented_formula() {
    for (quantity, side) in [("2", Decimal::ONE), ("-2", Decimal::NEGATIVE_ONE)] {
        let (price, size, l) = (dec("50000"), dec("2"), dec("0.0125"));
        let margin_available = dec("10000") - price * size * l;
        let documented = price - side * margin_available / size / (Decimal::ONE - l * side);
        let ours = cross(&instrument("0.0125", "1"), "10000", quantity).unwrap().get();
        assert!((ours - documented).abs() < dec("0.000000000001"), "{ours} {documented}");
    }
}

#[test]
fn isolated_margin_is_the_notional_over_leverage() {
    let instrument = instrument("0.0125", "0.5");
    let isolated = |leverage: &str| {
        let (equity, quantity, leverage) = (money("1"), qty("2"), ratio(leverage));
        liquidation_price(
            &instrument,
            AccountKind::IsolatedMargin,
            equity,
            quantity,
            price("50000"),
            leverage,
        )
    };
    // 50000 - (10000 - 625) / 0.9875
    assert_eq!(isolated("5").unwrap().get().round_dp(4), dec("40506.3291"));
    assert_eq!(isolated("1"), None, "a long paid in full is never liquidated");
}

#[test]
fn less_than_maintenance_lies_beyond_the_price() {
    let instrument = instrument("0.0125", "1");
    assert!(cross(&instrument, "100", "2").unwrap() > price("50000"));
    assert!(cross(&instrument, "100", "-2").unwrap() < price("50000"));
}

#[test]
fn without_position_margin_rule_or_margin_there_is_no_price() {
    assert_eq!(cross(&instrument("0.0125", "1"), "100", "0"), None);
    assert_eq!(cross(&World::new().instrument, "100", "1"), None);
    let equity = money("100");
    for kind in [AccountKind::Spot, AccountKind::Unconstrained] {
        let instrument = instrument("0.0125", "1");
        assert_eq!(liquidation_price(&instrument, kind, equity, qty("1"), price("50000"), Ratio::ONE), None);
    }
}

proptest! {
    #[test]
    fn equity_there_is_the_maintenance_margin(
        equity in 1_i64..1_000_000,
        quantity in prop_oneof![-1_000_i64..0, 1_i64..1_000],
        maintenance in 1_i64..500,
    ) {
        let instrument = instrument(&Decimal::new(maintenance, 3).to_string(), "0.1");
        let (equity, quantity) = (Notional::from_decimal(equity.into()), Quantity::new(quantity.into()).unwrap());
        let entry = price("50000");
        let found = liquidation_price(&instrument, AccountKind::CrossMargin, equity, quantity, entry, Ratio::ONE);
        if let Some(price) = found {
            let size = quantity.get() * instrument.multiplier;
            let left = equity.get() + size * (price.get() - entry.get());
            let required = size.abs() * price.get() * Decimal::new(maintenance, 3);
            prop_assert!((left - required).abs() < dec("0.000000000001"));
        }
    }

    #[test]
    fn extremes_do_not_panic(equity in any::<i64>(), quantity in any::<i64>(), places in 0_u32..28, maintenance in 0_i64..10_000) {
        let instrument = instrument(&Decimal::new(maintenance, 3).to_string(), "1000000000000000000000");
        let bound = dec("100000000000000");
        let quantity = Quantity::new(Decimal::new(quantity, places).clamp(-bound, bound)).unwrap();
        for equity in [Decimal::from(equity), Decimal::MAX, Decimal::MIN] {
            for price in ["0.0000000000000000000000000001", "100000000000000"] {
                let _ = liquidation_price(
                    &instrument,
                    AccountKind::CrossMargin,
                    Notional::from_decimal(equity),
                    quantity,
                    price.parse().unwrap(),
                    Ratio::ONE,
                );
            }
        }
    }
}

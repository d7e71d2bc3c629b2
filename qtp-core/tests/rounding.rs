//! The one place where numbers are made legal.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use qtp_core::money::{decimal_from_f64, price_from_f64, quantity_from_f64};
use qtp_core::{Decimal, Price, PriceRule, Quantity, Rounding, SizeRule};

const HYPERLIQUID: PriceRule = PriceRule::SignificantFigures { digits: 5, decimals: 6 };

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn rule() -> impl Strategy<Value = PriceRule> {
    prop_oneof![
        1 => Just(PriceRule::Any),
        3 => (1_i64..10_000_000, 0_u32..10).prop_map(|(n, s)| PriceRule::Tick(Decimal::new(n, s).try_into().unwrap())),
        3 => (1_u32..8, 0_u32..9).prop_map(|(digits, decimals)| PriceRule::SignificantFigures { digits, decimals }),
    ]
}

fn any_price() -> impl Strategy<Value = Price> {
    prop_oneof![
        (1_i64..1_000_000_000_000, 0_u32..14).prop_map(|(n, s)| Decimal::new(n, s).try_into().unwrap()),
        (1_i64..=i64::MAX, 5_u32..=28).prop_map(|(n, s)| Decimal::new(n, s).try_into().unwrap()),
    ]
}

proptest! {
    #[test]
    fn a_rounded_price_is_legal_and_next_to_the_price(rule in rule(), price in any_price()) {
        let down = rule.round(price, Rounding::Down);
        let up = rule.round(price, Rounding::Up);
        let nearest = rule.round(price, Rounding::Nearest);
        for rounded in [down, up, nearest].into_iter().flatten() {
            prop_assert!(rule.allows(rounded), "{rounded} of {price} by {rule:?}");
            for rounding in [Rounding::Down, Rounding::Up, Rounding::Nearest] {
                prop_assert_eq!(rule.round(rounded, rounding), Some(rounded), "rounding is idempotent");
            }
        }
        prop_assert!(down.is_none_or(|down| down <= price));
        prop_assert!(up.is_none_or(|up| up >= price));
        prop_assert_eq!(rule.allows(price), down == Some(price));
        prop_assert_eq!(rule.allows(price), up == Some(price));
        if let (Some(step), Some(up)) = (rule.step(price), up) {
            prop_assert!(up.get() - price.get() < step);
            let nearest_distance = nearest.map(|nearest| (nearest.get() - price.get()).abs());
            prop_assert!(nearest_distance.is_none_or(|distance| distance * Decimal::TWO <= step));
        }
        if let (Some(step), Some(down)) = (rule.step(price), down) {
            prop_assert!(price.get() - down.get() < step);
        }
    }

    #[test]
    fn a_floored_size_is_legal_and_never_larger(number in -1_000_000_000_000_i64..1_000_000_000_000, scale in 0_u32..12, lot in 1_i64..1_000_000, places in 0_u32..10) {
        let quantity = Quantity::new(Decimal::new(number, scale)).unwrap();
        let lot = Quantity::new(Decimal::new(lot, places)).unwrap();
        for rule in [SizeRule::Any, SizeRule::Lot(lot)] {
            let floored = rule.floor(quantity);
            prop_assert!(rule.allows(floored));
            prop_assert!(floored.abs() <= quantity.abs());
            prop_assert!(floored.is_zero() || floored.signum() == quantity.signum());
            prop_assert_eq!(rule.floor(floored), floored);
            if matches!(rule, SizeRule::Lot(_)) {
                prop_assert!(quantity.abs() - floored.abs() < lot);
            }
        }
    }

    #[test]
    fn no_float_panics_or_becomes_an_illegal_number(value in any::<f64>(), rule in rule()) {
        let size = SizeRule::Lot("0.001".parse().unwrap());
        if let Some(price) = price_from_f64(value, &rule, Rounding::Nearest) {
            prop_assert!(rule.allows(price) && price.get() > Decimal::ZERO);
        }
        if let Some(quantity) = quantity_from_f64(value, &size) {
            prop_assert!(size.allows(quantity) && quantity.to_f64().abs() <= value.abs() * (1.0 + 1e-12));
        }
        if let Some(decimal) = decimal_from_f64(value) {
            let back: f64 = decimal.to_string().parse().unwrap();
            prop_assert!((back - value).abs() <= value.abs() * 1e-14 + 1e-27, "{value} became {decimal}");
        }
    }

    #[test]
    fn extreme_prices_and_rules_do_not_panic(mantissa in 1_i64..=i64::MAX, scale in 0_u32..=28, tick in 1_i64..=i64::MAX, places in 0_u32..=28, digits in any::<u32>(), decimals in any::<u32>()) {
        let bound = Decimal::from(100_000_000_000_000_i64);
        let clamp = |n, s| Price::new(Decimal::new(n, s).min(bound)).unwrap();
        for rule in [PriceRule::Tick(clamp(tick, places)), PriceRule::SignificantFigures { digits, decimals }] {
            for rounding in [Rounding::Down, Rounding::Up, Rounding::Nearest] {
                let _ = rule.round(clamp(mantissa, scale), rounding);
            }
        }
    }
}

#[test]
fn significant_figures_follow_hyperliquid() {
    let cases = [
        ("123456.7", "123456", "123457"),
        ("123456", "123456", "123456"),
        ("12345.6", "12345", "12346"),
        ("1234.56", "1234.5", "1234.6"),
        ("0.00123456", "0.001234", "0.001235"),
        ("0.0123456", "0.012345", "0.012346"),
        ("99999.5", "99999", "100000"),
        ("9999.95", "9999.9", "10000"),
        ("1", "1", "1"),
        ("0.0000019", "0.000001", "0.000002"),
    ];
    for (value, down, up) in cases {
        assert_eq!(HYPERLIQUID.round(price(value), Rounding::Down), Some(price(down)), "{value} down");
        assert_eq!(HYPERLIQUID.round(price(value), Rounding::Up), Some(price(up)), "{value} up");
    }
    assert_eq!(HYPERLIQUID.round(price("0.0000009"), Rounding::Down), None);
    for integer in ["1", "99999", "123457", "98765432"] {
        assert!(HYPERLIQUID.allows(price(integer)));
    }
}

#[test]
fn a_quotient_at_the_end_of_the_digits_does_not_cross_the_price() {
    let just_below = price("19999999999999.999999999999999");
    let rule = PriceRule::Tick(price("20000000000000"));
    assert_eq!(rule.round(just_below, Rounding::Down), None);
    let above = price("20000000000000.00000000000001");
    assert!(rule.round(above, Rounding::Up).is_none_or(|up| up >= above));
}

#[test]
fn nearest_takes_halves_to_the_even_step() {
    let rule = PriceRule::Tick(price("0.5"));
    assert_eq!(rule.round(price("1.25"), Rounding::Nearest), Some(price("1")));
    assert_eq!(rule.round(price("1.75"), Rounding::Nearest), Some(price("2")));
}

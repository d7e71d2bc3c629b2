//! Where a venue would liquidate.

use qtp_core::{Decimal, Notional, Price, Quantity, Ratio, Side};

/// The price at which a position's equity falls to its maintenance margin; `None` if no price does that.
///
/// - `side`: `Buy` for a long position.
/// - `price`: any price at which `available` was measured: the mark, or the entry of a new position.
/// - `quantity`: magnitude of the position in contracts; `multiplier`: base units per contract.
/// - `available`: equity at `price` in the settlement currency. Isolated margin: the margin of the position plus its
///   open profit. Cross margin: the account's equity less the maintenance margin of all other positions. Add the
///   tier's maintenance deduction where there is one; take off what closing costs to be careful.
/// - `maintenance`: maintenance margin as a share of notional (0.0125 at a highest leverage of 40).
///
/// Source: Hyperliquid documentation, "Liquidations": `liq_price = price - side * margin_available / position_size /
/// (1 - l * side)` with `l = 1 / maintenance leverage` and `margin_available = equity - maintenance required`. The
/// same fraction stands here over one denominator, so that it is rounded once.
///
/// ```
/// use qtp_core::{Notional, Side};
/// use qtp_risk::liquidation_price;
/// // 1 BTC long at 50000 with 5000 of margin; maintenance 1.25 %.
/// let price = liquidation_price(
///     Side::Buy, "50000".parse()?, "1".parse()?, 1.into(), Notional::from_decimal(5000.into()), "0.0125".parse()?,
/// );
/// assert_eq!(price.map(|p| p.get().round_dp(2).to_string()).as_deref(), Some("45569.62"));
/// # Ok::<(), qtp_core::ValueError>(())
/// ```
pub fn liquidation_price(
    side: Side,
    price: Price,
    quantity: Quantity,
    multiplier: Decimal,
    available: Notional,
    maintenance: Ratio,
) -> Option<Price> {
    let size = quantity.get().abs().checked_mul(multiplier)?;
    let value = price.get().checked_mul(size)?;
    let (numerator, factor) = match side {
        Side::Buy => (value.checked_sub(available.get())?, Decimal::ONE.checked_sub(maintenance.get())?),
        Side::Sell => (value.checked_add(available.get())?, Decimal::ONE.checked_add(maintenance.get())?),
    };
    let liquidation = numerator.checked_div(size.checked_mul(factor)?)?;
    // A long that is paid in full, or a maintenance margin above the notional, has no such price.
    if factor <= Decimal::ZERO { None } else { Price::new(liquidation).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(side: Side, available: &str, maintenance: &str) -> Option<Price> {
        let available = Notional::from_decimal(available.parse().unwrap());
        let (price, quantity) = ("50000".parse().unwrap(), "2".parse().unwrap());
        liquidation_price(side, price, quantity, Decimal::ONE, available, maintenance.parse().unwrap())
    }

    #[test]
    fn equals_the_documented_formula() {
        for (side, sign) in [(Side::Buy, Decimal::ONE), (Side::Sell, Decimal::NEGATIVE_ONE)] {
            let (price, size, l) = (Decimal::from(50_000), Decimal::TWO, Decimal::new(125, 4));
            let margin_available = Decimal::from(10_000) - price * size * l;
            let documented = price - sign * margin_available / size / (Decimal::ONE - l * sign);
            let ours = at(side, "10000", "0.0125").unwrap().get();
            assert!((ours - documented).abs() < Decimal::new(1, 18), "{ours} {documented}");
        }
    }

    #[test]
    fn equity_there_equals_the_maintenance_margin() {
        for (side, sign) in [(Side::Buy, Decimal::ONE), (Side::Sell, Decimal::NEGATIVE_ONE)] {
            let liquidation = at(side, "9000", "0.02").unwrap().get();
            let equity = Decimal::from(9000) + sign * Decimal::TWO * (liquidation - Decimal::from(50_000));
            let maintenance = liquidation * Decimal::TWO * Decimal::new(2, 2);
            assert!((equity - maintenance).abs() < Decimal::new(1, 18));
        }
    }

    #[test]
    fn a_long_paid_in_full_is_never_liquidated() {
        assert_eq!(at(Side::Buy, "100000", "0.0125"), None);
        assert!(at(Side::Sell, "100000", "0.0125").is_some());
    }

    #[test]
    fn zero_size_and_absurd_margins_have_no_price() {
        let zero = Notional::from_decimal(Decimal::ZERO);
        let flat = liquidation_price(
            Side::Buy,
            "1".parse().unwrap(),
            Quantity::ZERO,
            Decimal::ONE,
            zero,
            Ratio::ONE,
        );
        assert_eq!(flat, None);
        assert_eq!(at(Side::Buy, "79228162514264337593543950335", "0.5"), None);
        assert_eq!(at(Side::Sell, "79228162514264337593543950335", "0.5"), None);
        assert_eq!(at(Side::Buy, "1", "1"), None);
    }

    #[test]
    fn less_than_maintenance_lies_beyond_the_price() {
        assert!(at(Side::Buy, "100", "0.0125").unwrap().get() > Decimal::from(50_000));
        assert!(at(Side::Sell, "100", "0.0125").unwrap().get() < Decimal::from(50_000));
    }
}

//! Where a margin position is liquidated.

use rust_decimal::Decimal;

use super::AccountKind;
use crate::instrument::Instrument;
use crate::money::{Notional, Price, Quantity, Ratio};

/// The price at which the maintenance margin of a position of `quantity` is used up, entered at `price`.
///
/// `equity` is all that can be lost under cross margin; under isolated margin the position's own margin
/// `notional / leverage` is. `None` if it cannot be liquidated: no position, no margin tiers, enough equity.
///
/// Source: the formula that Hyperliquid documents, `price - side * margin_available / size / (1 - l * side)`
/// with `l` the maintenance share and `margin_available = margin - maintenance`.
pub fn liquidation_price(
    instrument: &Instrument,
    kind: AccountKind,
    equity: Notional,
    quantity: Quantity,
    price: Price,
    leverage: Ratio,
) -> Option<Price> {
    let side = Decimal::from(quantity.signum());
    if side.is_zero() {
        return None;
    }
    let notional = instrument.notional(price, quantity.abs());
    let maintenance = instrument.margin_tier(notional)?.maintenance.get();
    let margin = match kind {
        AccountKind::CrossMargin => equity.get(),
        AccountKind::IsolatedMargin => notional.get().checked_div(leverage.get())?,
        AccountKind::Unconstrained | AccountKind::Spot => return None,
    };
    let available = margin.checked_sub(notional.get().checked_mul(maintenance)?)?;
    let size = quantity.get().abs().checked_mul(instrument.multiplier)?;
    let distance = available.checked_div(size)?.checked_div(Decimal::ONE - maintenance * side)?;
    Price::new(price.get().checked_sub(side * distance)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::MarginTier;

    #[test]
    fn equity_at_the_liquidation_price_is_the_maintenance_margin() {
        let mut instrument = Instrument::unrestricted("BTC-USDC-PERP@x".parse().unwrap()).unwrap();
        let maintenance = Ratio::new("0.0125".parse().unwrap()).unwrap();
        instrument.margin_tiers = vec![MarginTier { up_to: None, max_leverage: Ratio::ONE, maintenance }];
        let (price, equity) = ("50000".parse::<Price>().unwrap(), Notional::from_decimal(10_000.into()));
        for quantity in ["1", "-1"] {
            let quantity: Quantity = quantity.parse().unwrap();
            let liquidation =
                liquidation_price(&instrument, AccountKind::CrossMargin, equity, quantity, price, Ratio::ONE)
                    .unwrap();
            let profit = (liquidation.get() - price.get()) * quantity.get();
            let left = equity.get() + profit - liquidation.get() * maintenance.get();
            assert!(left.abs() < Decimal::new(1, 15), "{left}");
        }
    }
}

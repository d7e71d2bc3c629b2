//! The rules, one file each. All are pure: what they remember stands in [`RiskState`](qtp_core::RiskState).

mod cooldown;
mod daily_loss;
mod leverage;
mod loss_streak;
mod open_positions;
mod order_rate;
mod position;
mod price_band;
mod stale_data;
mod stop_before_liquidation;
mod trade_risk;

use qtp_core::{Decimal, Notional, OrderRequest, Price, Quantity, RiskContext, RiskReason, Side, Verdict};

pub use cooldown::Cooldown;
pub use daily_loss::DailyLoss;
pub use leverage::Leverage;
pub use loss_streak::LossStreak;
pub use open_positions::MaxOpenPositions;
pub use order_rate::OrderRate;
pub use position::MaxPosition;
pub use price_band::PriceBand;
pub use stale_data::StaleData;
pub use stop_before_liquidation::StopBeforeLiquidation;
pub use trade_risk::TradeRisk;

/// Decimal places kept when money is turned into a quantity: cutting here keeps the value at or below the limit.
const QUANTITY_PLACES: u32 = 12;

/// The gate refuses an unknown equity before it asks a rule; a rule that is asked alone refuses it as well.
fn equity_unknown() -> Verdict {
    Verdict::Deny(RiskReason::new("equity_unknown", Decimal::ZERO, Decimal::ZERO))
}

/// How far the price must move against the order to reach `level`; below zero on the winning side.
fn adverse(order: &OrderRequest, price: Price, level: Price) -> Decimal {
    match order.side {
        Side::Buy => price.get() - level.get(),
        Side::Sell => level.get() - price.get(),
    }
}

/// `value * factor` without the multiplication where the factor is one, as it mostly is.
fn times(value: Decimal, factor: Decimal) -> Decimal {
    if factor == Decimal::ONE { value } else { value.saturating_mul(factor) }
}

/// Shrinks to what `room` buys at `unit` each; denies if that is nothing.
fn shrink(room: Decimal, unit: Decimal, reason: RiskReason) -> Verdict {
    let quantity = room
        .checked_div(unit)
        .map(|quantity| quantity.trunc_with_scale(QUANTITY_PLACES))
        .and_then(|quantity| Quantity::new(quantity).ok());
    match quantity {
        Some(quantity) if quantity.signum() > 0 => Verdict::Reduce { quantity, reason },
        _ => Verdict::Deny(reason),
    }
}

/// Value of one unit of the instrument in the reporting currency.
fn unit_value(context: &RiskContext<'_>) -> Decimal {
    context.value(Quantity::new(Decimal::ONE).unwrap_or_default()).get()
}

/// `equity * share`, or a limit that nothing reaches where the product is too large.
fn share_of(equity: Notional, share: Decimal) -> Decimal {
    equity.get().saturating_mul(share)
}

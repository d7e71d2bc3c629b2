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

use qtp_core::{Decimal, Notional, OrderRequest, Quantity, RiskContext, RiskReason, Verdict};

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

/// 1 for a buy, -1 for a sell.
fn sign(order: &OrderRequest) -> Decimal {
    Decimal::from(order.side.signed(Quantity::new(Decimal::ONE).unwrap_or_default()).signum())
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

//! Exact money: bounded decimal newtypes, amounts with a currency, and the one rounding module.

mod amount;
mod decimal;
mod rounding;
mod text;

pub use amount::{Amount, Currency};
pub use decimal::{Notional, Price, Quantity, Ratio, canonical, nearest_f64};
pub use rounding::{PriceRule, Rounding, SizeRule, decimal_from_f64, price_from_f64, quantity_from_f64};
pub use text::exact;

pub use rust_decimal::Decimal;

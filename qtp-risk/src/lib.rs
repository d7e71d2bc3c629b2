#![doc = include_str!("../README.md")]

mod limits;
pub mod rule;
mod setting;

pub use limits::RiskLimits;
pub use qtp_core::account::liquidation_price;
pub use qtp_core::{RiskContext, RiskGate, RiskReason, RiskRule, Verdict};
pub use rule::{
    Cooldown, DailyLoss, Leverage, LossStreak, MaxOpenPositions, MaxPosition, OrderRate, PriceBand,
    StaleData, StopBeforeLiquidation, TradeRisk,
};

#![doc = include_str!("../README.md")]

mod limits;
mod liquidation;
pub mod rule;
mod setting;

pub use limits::RiskLimits;
pub use liquidation::liquidation_price;
pub use qtp_core::{RiskContext, RiskGate, RiskReason, RiskRule, Verdict};
pub use rule::{
    Cooldown, DailyLoss, Leverage, LossStreak, MaxOpenPositions, MaxPosition, OrderRate, PriceBand,
    StaleData, StopBeforeLiquidation, TradeRisk,
};

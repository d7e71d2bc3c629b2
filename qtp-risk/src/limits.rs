//! All limits of one account, as they stand in a configuration.

use std::time::Duration;

use qtp_core::{Decimal, Notional, Ratio, RiskRule, RiskState};
use serde::{Deserialize, Serialize};

use crate::rule::{
    Cooldown, DailyLoss, Leverage, LossStreak, MaxOpenPositions, MaxPosition, OrderRate, PriceBand,
    StaleData, StopBeforeLiquidation, TradeRisk,
};
use crate::setting::{limit, number};

const DAY_SECS: u32 = 86_400;
/// [`RiskState`] remembers so many order times: a larger rate could never be reached.
const ORDERS_REMEMBERED: u32 = 4096;

/// Limits for one account. Where a limit is `None`, written `"off"`, its rule is installed and does not bind.
///
/// A key that is left out has its default; an unknown key is an error. Shares are written as fractions: 0.05 is 5 %.
///
/// ```
/// use qtp_risk::{RiskGate, RiskLimits};
/// let limits: RiskLimits = toml::from_str("max_leverage = 3\nmax_daily_loss = \"0.03\"\nmax_orders = \"off\"")?;
/// assert!(limits.validate().is_empty());
/// assert_eq!(RiskGate::new(limits.build()).rules().count(), 11);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RiskLimits {
    /// Largest position as a share of equity. Default 1.
    #[serde(with = "limit")]
    pub max_position: Option<Ratio>,
    /// Largest position in the reporting currency. Default off.
    #[serde(with = "limit")]
    pub max_position_notional: Option<Notional>,
    /// Highest exposure of the account, working entries included, over equity. Default 2.
    #[serde(with = "limit")]
    pub max_leverage: Option<Ratio>,
    /// Largest loss of a day, as a share of the equity at its beginning. Default 0.05.
    #[serde(with = "limit")]
    pub max_daily_loss: Option<Ratio>,
    /// Beginning of the day, in seconds after 00:00 UTC. Default 0.
    #[serde(with = "number")]
    pub midnight_secs: u32,
    /// Largest loss of a position at its protective stop, as a share of equity. Default 0.02.
    #[serde(with = "limit")]
    pub max_trade_risk: Option<Ratio>,
    /// Fees and slippage that a stopped trade is expected to cost, as a share of its entry value. Default 0.002.
    #[serde(with = "number")]
    pub trade_cost_buffer: Ratio,
    /// Deny an entry that comes without a protective stop. Default true.
    pub require_stop: bool,
    /// Share of the way from the price to the liquidation that must stay free behind a stop. Default 0.2.
    #[serde(with = "limit")]
    pub liquidation_buffer: Option<Ratio>,
    /// Most instruments with a position or a working entry. Default 10.
    #[serde(with = "limit")]
    pub max_open_positions: Option<u32>,
    /// Most orders within the window; entries may use 80 % of them. Default 60.
    #[serde(with = "limit")]
    pub max_orders: Option<u32>,
    /// Window of the order rate, in seconds. Default 60.
    #[serde(with = "number")]
    pub order_window_secs: u64,
    /// Largest distance of a limit price, and of the price at decision, from the reference price, as a share of the
    /// reference price. Default 0.05.
    #[serde(with = "limit")]
    pub price_band: Option<Ratio>,
    /// Largest age of the newest market data of an instrument, in seconds. Default 120.
    #[serde(with = "limit")]
    pub max_data_age_secs: Option<u64>,
    /// Pause of an instrument after a losing round trip in it, in seconds; 0 is none. Default 300.
    #[serde(with = "number")]
    pub cooldown_secs: u64,
    /// Pause of all instruments after a losing round trip in any, in seconds; 0 is none. Default 0.
    #[serde(with = "number")]
    pub cooldown_any_secs: u64,
    /// Losing round trips in a row that stop new risk. Default 5.
    #[serde(with = "limit")]
    pub max_losses_in_row: Option<u32>,
    /// Pause after that many losses, in seconds; `off` halts until the next day. Default off.
    #[serde(with = "limit")]
    pub loss_pause_secs: Option<u64>,
}

impl Default for RiskLimits {
    /// Prudent limits for a bot.
    fn default() -> Self {
        Self {
            max_position: Some(Ratio::ONE),
            max_position_notional: None,
            max_leverage: Some(ratio(2, 0)),
            max_daily_loss: Some(ratio(5, 2)),
            midnight_secs: 0,
            max_trade_risk: Some(ratio(2, 2)),
            trade_cost_buffer: ratio(2, 3),
            require_stop: true,
            liquidation_buffer: Some(ratio(2, 1)),
            max_open_positions: Some(10),
            max_orders: Some(60),
            order_window_secs: 60,
            price_band: Some(ratio(5, 2)),
            max_data_age_secs: Some(120),
            cooldown_secs: 300,
            cooldown_any_secs: 0,
            max_losses_in_row: Some(5),
            loss_pause_secs: None,
        }
    }
}

impl RiskLimits {
    /// Limits that never bind, for backtests without constraints: every rule is installed and approves.
    ///
    /// Limits over equity are off, because no number is large enough once the equity is below zero.
    pub const fn not_binding() -> Self {
        Self {
            max_position: None,
            max_position_notional: Some(Notional::from_decimal(Decimal::MAX)),
            max_leverage: None,
            max_daily_loss: None,
            midnight_secs: 0,
            max_trade_risk: None,
            trade_cost_buffer: Ratio::ZERO,
            require_stop: false,
            liquidation_buffer: None,
            max_open_positions: Some(u32::MAX),
            max_orders: None,
            order_window_secs: 60,
            price_band: None,
            max_data_age_secs: Some(u32::MAX as u64),
            cooldown_secs: 0,
            cooldown_any_secs: 0,
            max_losses_in_row: Some(u32::MAX),
            loss_pause_secs: None,
        }
    }

    /// The rules, in the order in which they are asked: first those that deny, then those that shrink.
    pub fn build(&self) -> Vec<Box<dyn RiskRule>> {
        let secs = Duration::from_secs;
        vec![
            Box::new(StaleData { max_age: self.max_data_age_secs.map(secs) }),
            Box::new(DailyLoss { max: self.max_daily_loss }),
            Box::new(LossStreak { losses: self.max_losses_in_row, pause: self.loss_pause_secs.map(secs) }),
            Box::new(Cooldown {
                same_instrument: secs(self.cooldown_secs),
                any_instrument: secs(self.cooldown_any_secs),
            }),
            Box::new(OrderRate { max: self.max_orders, window: secs(self.order_window_secs) }),
            Box::new(PriceBand { band: self.price_band }),
            Box::new(MaxOpenPositions { max: self.max_open_positions }),
            Box::new(StopBeforeLiquidation { buffer: self.liquidation_buffer }),
            Box::new(TradeRisk {
                max: self.max_trade_risk,
                cost_buffer: self.trade_cost_buffer,
                require_stop: self.require_stop,
            }),
            Box::new(MaxPosition { equity_share: self.max_position, notional: self.max_position_notional }),
            Box::new(Leverage { max: self.max_leverage }),
        ]
    }

    /// Fresh counters of a day that begins at the configured midnight.
    pub fn state(&self) -> RiskState {
        RiskState::new(Duration::from_secs(u64::from(self.midnight_secs)))
    }

    /// Every problem of these limits, as `key: problem`.
    pub fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, problem: &str| {
            if !ok {
                problems.push(problem.to_owned());
            }
        };
        let positive = |limit: Option<Ratio>| limit.is_none_or(|limit| limit.signum() > 0);
        let share = |limit: Option<Ratio>| positive(limit) && limit.is_none_or(|limit| limit <= Ratio::ONE);
        check(positive(self.max_position), "max_position: must be above 0");
        let notional_ok = self.max_position_notional.is_none_or(|limit| limit.signum() > 0);
        check(notional_ok, "max_position_notional: must be above 0");
        check(positive(self.max_leverage), "max_leverage: must be above 0");
        check(share(self.max_daily_loss), "max_daily_loss: must be above 0 and at most 1");
        check(self.midnight_secs < DAY_SECS, "midnight_secs: must be below 86400");
        check(share(self.max_trade_risk), "max_trade_risk: must be above 0 and at most 1");
        let buffer_ok = self.trade_cost_buffer.signum() >= 0 && self.trade_cost_buffer < Ratio::ONE;
        check(buffer_ok, "trade_cost_buffer: must be from 0 to below 1");
        let liquidation_ok = self.liquidation_buffer.is_none_or(|b| b.signum() >= 0 && b < Ratio::ONE);
        check(liquidation_ok, "liquidation_buffer: must be from 0 to below 1");
        check(self.max_open_positions != Some(0), "max_open_positions: must be at least 1");
        let orders_ok = self.max_orders.is_none_or(|orders| (2..=ORDERS_REMEMBERED).contains(&orders));
        check(orders_ok, "max_orders: must be from 2 to 4096, of which 20 % are kept for exits");
        check(self.order_window_secs > 0, "order_window_secs: must be at least 1");
        check(positive(self.price_band), "price_band: must be above 0");
        check(self.max_data_age_secs != Some(0), "max_data_age_secs: must be at least 1");
        check(self.max_losses_in_row != Some(0), "max_losses_in_row: must be at least 1");
        check(self.loss_pause_secs != Some(0), "loss_pause_secs: must be at least 1");
        problems
    }
}

/// `number / 10^places`; small constants only, so that no bound is ever broken.
fn ratio(number: i64, places: u32) -> Ratio {
    Ratio::new(Decimal::new(number, places)).unwrap_or_default()
}

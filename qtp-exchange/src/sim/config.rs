//! Settings of the simulated venue.

use qtp_core::Ratio;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::fee::FeeModel;
use super::latency::Latency;
use super::slippage::Slippage;

/// When a resting limit order counts as filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitFill {
    /// The tape passed the limit by one tick; strictly, where the instrument has no tick.
    Through,
    /// The tape reached the limit.
    #[default]
    Touched,
}

/// How long the stop and target of a native bracket live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildrenRule {
    /// From the entry's first fill on, for as much as the position holds.
    #[default]
    PositionTpsl,
    /// Only once the entry is filled whole; they die with an entry that is cancelled part-filled.
    NormalTpsl,
}

/// Settings of a [`SimVenue`](super::SimVenue). The default has no fee, no slippage and no delay, and fills whole
/// orders at the tape's price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimVenueConfig {
    /// Fees.
    pub fees: FeeModel,
    /// Slippage of orders that take.
    pub slippage: Slippage,
    /// Delays.
    pub latency: Latency,
    /// When a resting limit fills.
    pub limit_fill: LimitFill,
    /// Share of a candle's (or print's) volume that one order may take; `None` for all that it wants.
    pub volume_share: Option<Ratio>,
    /// Resting limits wait behind the quantity that the book showed at their price.
    pub queue: bool,
    /// Rule for the children of a native bracket.
    pub children: ChildrenRule,
    /// An unconstrained account, too, must afford what it opens: size * price * (1 + fee) at most the
    /// available equity times leverage.
    pub require_funds: bool,
    /// Margin accounts are liquidated below their maintenance margin.
    pub liquidation: bool,
    /// How much worse than the liquidation price a liquidation fills. It stands for the fee too.
    pub liquidation_penalty: Ratio,
    /// Leverage of instruments for which none was set.
    pub leverage: Ratio,
    /// Most orders that may work at one time.
    pub max_open_orders: usize,
    /// How many fills, and how many ended orders, are kept for look-ups. Client ids are refused as duplicates
    /// while their order works or is kept here.
    pub history: usize,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for SimVenueConfig {
    fn default() -> Self {
        Self {
            fees: FeeModel::default(),
            slippage: Slippage::None,
            latency: Latency::default(),
            limit_fill: LimitFill::Touched,
            volume_share: None,
            queue: false,
            children: ChildrenRule::PositionTpsl,
            require_funds: false,
            liquidation: true,
            liquidation_penalty: Ratio::ZERO,
            leverage: Ratio::ONE,
            max_open_orders: 1_000,
            history: 1_000,
            seed: 0,
        }
    }
}

impl SimVenueConfig {
    /// Every problem, as `field: problem`.
    pub fn validate(&self) -> Vec<String> {
        let mut problems = self.fees.validate();
        problems.extend(self.slippage.validate());
        problems.extend(self.latency.validate());
        let mut check = |ok: bool, problem: &str| {
            if !ok {
                problems.push(problem.to_owned());
            }
        };
        let share = |ratio: Ratio| ratio.signum() > 0 && ratio <= Ratio::ONE;
        check(self.volume_share.is_none_or(share), "volume_share: must be above 0 and at most 1");
        let penalty = self.liquidation_penalty;
        check(
            penalty.signum() >= 0 && penalty < Ratio::ONE,
            "liquidation_penalty: must be from 0 to below 1",
        );
        check(self.leverage >= Ratio::ONE, "leverage: must be 1 or more");
        check(self.leverage.get() <= 1_000.into(), "leverage: must be at most 1000");
        check(self.max_open_orders > 0, "max_open_orders: must be above 0");
        check(self.history > 0, "history: must be above 0");
        problems
    }
}

/// A simulated venue that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SimError {
    /// Settings or instruments are not valid.
    #[error("simulated venue: {}", problems.join("; "))]
    Invalid {
        /// Every problem, as `field: problem`.
        problems: Vec<String>,
    },
}

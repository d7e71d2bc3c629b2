//! How large a strategy's positions are.

use qtp_core::{Quantity, Ratio, Side, Target};
use serde::{Deserialize, Serialize};

/// Size of a position, without its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// Fixed units.
    Units(Quantity),
    /// A share of the equity at the fill, times leverage.
    EquityShare {
        /// Share, above zero.
        share: Ratio,
        /// Round down to whole units.
        whole_units: bool,
    },
    /// As much as loses this share of equity at the stop. Needs a strategy that sets stops.
    Risk(Ratio),
}

impl Size {
    /// The target in a direction: above zero is long, zero is flat.
    pub fn target(&self, direction: i8) -> Target {
        if direction == 0 {
            return Target::FLAT;
        }
        let long = direction > 0;
        match *self {
            Self::Units(quantity) => Target::Quantity(if long { quantity } else { -quantity }),
            Self::EquityShare { share, whole_units } => {
                Target::EquityShare { share: if long { share } else { -share }, whole_units }
            }
            Self::Risk(risk) => Target::Risk {
                side: if long { Side::Buy } else { Side::Sell },
                risk,
                cap: None,
                base: Quantity::ZERO,
            },
        }
    }
}

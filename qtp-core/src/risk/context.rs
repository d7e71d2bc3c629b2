//! What a rule may look at.

use rust_decimal::Decimal;

use super::RiskState;
use crate::account::Portfolio;
use crate::instrument::Instrument;
use crate::money::{Notional, Price, Quantity, Ratio};
use crate::time::Timestamp;

/// The account and market around one order.
#[derive(Debug, Clone, Copy)]
pub struct RiskContext<'a> {
    /// Now.
    pub now: Timestamp,
    /// Instrument of the order.
    pub instrument: &'a Instrument,
    /// The account.
    pub portfolio: &'a Portfolio,
    /// Net position in the instrument.
    pub position: Quantity,
    /// Signed sum of what the working entries and exits on the order's own side may still fill, including those
    /// approved for the same event. Orders of the other side do not count: they may never fill. Protective orders
    /// do not count.
    pub working: Quantity,
    /// Magnitude of the part of the order that adds risk: what rules may shrink.
    pub adds: Quantity,
    /// Mark, else last price of the instrument.
    pub price: Price,
    /// Equity in the reporting currency; `None` if it is not known, which stops new risk.
    pub equity: Option<Notional>,
    /// Sum of the magnitudes of all positions and working entries, in the reporting currency.
    pub exposure: Notional,
    /// Reporting currency per unit of the settlement currency.
    pub rate: Decimal,
    /// Positions or working entries in other instruments.
    pub other_open: usize,
    /// Age of the newest market data of the instrument.
    pub data_age: std::time::Duration,
    /// Leverage set for the instrument.
    pub leverage: Ratio,
    /// Where the position would be liquidated after the order, if margin applies.
    pub liquidation: Option<Price>,
    /// Counters of the engine.
    pub state: &'a RiskState,
}

impl RiskContext<'_> {
    /// The position once all working orders on the order's side have filled. A sum of the other sign is left out:
    /// orders that may never fill make no room.
    pub fn base(&self, order: &crate::order::OrderRequest) -> Quantity {
        let same_side = self.working.signum() * order.signed_quantity().signum() > 0;
        if same_side { self.position + self.working } else { self.position }
    }

    /// Magnitude of the position if the order and all working orders on its side fill.
    pub fn resulting(&self, order: &crate::order::OrderRequest) -> Quantity {
        let base = self.base(order);
        // The closing part of a flip has used up the old position: only what is added counts.
        if base.signum() * order.signed_quantity().signum() < 0 { self.adds } else { base.abs() + self.adds }
    }

    /// Value of a quantity at the reference price, in the reporting currency.
    pub fn value(&self, quantity: Quantity) -> Notional {
        self.instrument.notional(self.price, quantity).abs().times(self.rate)
    }

    /// The quantity whose value is `notional`, not rounded; `None` if it cannot be computed.
    pub fn quantity_for(&self, notional: Notional) -> Option<Quantity> {
        let unit = self.price.get().checked_mul(self.instrument.multiplier)?.checked_mul(self.rate)?;
        Quantity::new(notional.get().checked_div(unit)?).ok()
    }
}

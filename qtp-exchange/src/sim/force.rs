//! What happens to a position without an order, and margin that is moved into it.

use qtp_core::{
    Amount, Decimal, ExternalCause, Fill, InstrumentId, Liquidity, Price, Quantity, Reason, Side, Timestamp,
};

use super::fill::{legal, trade_id};
use super::margin::isolated_margin;
use super::venue::{Out, SimVenue};

impl SimVenue {
    /// Books a fill that no order of the account asked for, without a fee, against the position held.
    pub(super) fn force(
        &mut self,
        index: usize,
        (price, quantity): (Price, Quantity),
        cause: ExternalCause,
        (time, out): (Timestamp, &mut Out),
    ) {
        self.last_trade += 1;
        let Some(trade_id) = trade_id(self.last_trade) else { return };
        let Some(market) = self.markets.get(index) else { return };
        let Some(side) = Side::of(-market.position) else { return };
        let fill = Fill {
            trade_id,
            client_order_id: None,
            venue_order_id: None,
            account: self.portfolio.account().clone(),
            instrument: market.instrument.id.clone(),
            time,
            side,
            price,
            quantity,
            fee: Amount::zero(market.instrument.settle),
            builder_fee: None,
            liquidity: Liquidity::Taker,
            external: Some(cause),
        };
        self.book(index, fill, out);
    }

    /// Takes over (part of) a position at a price, as a liquidation or an auto-deleveraging does. A liquidation also
    /// cancels the instrument's orders; otherwise those go that have nothing left to reduce.
    pub fn close_by_force(
        &mut self,
        instrument: &InstrumentId,
        (price, quantity): (Price, Quantity),
        cause: ExternalCause,
        now: Timestamp,
        out: &mut Out,
    ) {
        let Some(index) = self.find(instrument) else { return };
        let Some(market) = self.markets.get(index) else { return };
        let quantity = legal(quantity.min(market.position.abs()), &market.instrument);
        if quantity.is_zero() {
            return;
        }
        self.force(index, (price, quantity), cause, (now, out));
        if cause == ExternalCause::Liquidation {
            while self.markets.get(index).is_some_and(|market| !market.orders.is_empty()) {
                self.cancel_at((index, 0), "liquidated_canceled", now, out);
            }
        }
        self.drop_idle_reducers(index, now, out);
    }

    /// Margin locked in an isolated position: what its opening took at its leverage, and what was added since.
    pub fn isolated_margin(&self, instrument: &InstrumentId) -> Option<Decimal> {
        let market =
            self.at(instrument).filter(|market| self.isolated(market) && !market.position.is_zero())?;
        isolated_margin(market, self.portfolio.position(instrument)?)
    }

    /// Moves margin into an isolated position (negative: out of it).
    ///
    /// # Errors
    /// The venue's reason: no isolated position, not enough that is free, or less left than its opening took.
    pub fn try_add_margin(&mut self, instrument: &InstrumentId, amount: Decimal) -> Result<(), Reason> {
        let refuse = |code: &str| Err(Reason::new(code, ""));
        let Some(index) = self.find(instrument) else { return refuse("unknown_instrument") };
        let Some(market) = self.markets.get(index) else { return refuse("unknown_instrument") };
        let Some(reference) = market.reference().filter(|_| self.isolated_margin(instrument).is_some())
        else {
            return refuse("not_isolated");
        };
        let free = self.available_at(market, reference, (Quantity::ZERO, Decimal::ZERO));
        let extra = market.extra_margin.saturating_add(amount);
        if extra.is_sign_negative() && !extra.is_zero() || free.is_none_or(|free| amount > free) {
            return refuse("perp_margin_rejected");
        }
        if let Some(market) = self.markets.get_mut(index) {
            market.extra_margin = extra;
        }
        Ok(())
    }
}

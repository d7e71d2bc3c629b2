//! How much of an order can fill: reduce-only, share of equity, funds, volume.

use qtp_core::{
    AccountKind, Decimal, Event, InstrumentKind, Liquidity, OrderSizing, Price, Quantity, Ratio, Side,
    TimeInForce, Timestamp,
};

use super::fill::{Plan, Take, closing_part, legal};
use super::market::Market;
use super::order::Working;
use super::venue::{Out, SimVenue};

/// Decimal places of a size that is a share of equity: enough for a hundred-millionth of a cent, and few
/// enough that products with a price stay exact.
const SHARE_PLACES: u32 = 12;

impl SimVenue {
    /// What an execution comes to.
    pub(super) fn plan(&self, at: (usize, usize), take: &Take<'_>) -> Plan {
        let Some(market) = self.markets.get(at.0) else { return Plan::Wait };
        let Some(order) = market.orders.get(at.1) else { return Plan::Wait };
        let price = self.price_for(order, market, take);
        let liquidity = take.hit.liquidity;
        let (wanted, resolved, mut refused) = if order.sized_at_fill() {
            let Some(total) = self.resolved_size(order, market, price, liquidity) else {
                return Plan::Refuse("insufficient_margin");
            };
            (total, Some(total), None)
        } else if order.reduces_only() {
            (closing_part(order.side(), order.remaining(), market.position), None, None)
        } else {
            let (quantity, refused) = self.affordable(order, market, price, liquidity);
            (quantity, None, refused)
        };
        if wanted.is_zero() {
            return Plan::Refuse(refused.unwrap_or("reduce_only_canceled"));
        }
        let room = [self.volume_room(order, market, take.print), take.room].into_iter().flatten().min();
        let quantity = match room {
            Some(room) if room < wanted => {
                if order.request.time_in_force == TimeInForce::Fok && !take.walks {
                    return Plan::Refuse("fok_canceled");
                }
                refused = None;
                legal(room, &market.instrument)
            }
            _ => wanted,
        };
        if quantity.is_zero() { Plan::Wait } else { Plan::Fill { price, quantity, resolved, refused } }
    }

    /// Total size of an order that is a share of equity: what it closes plus what the rest of the account can
    /// open after that; `None` for nothing.
    fn resolved_size(
        &self,
        order: &Working,
        market: &Market,
        price: Price,
        liquidity: Liquidity,
    ) -> Option<Quantity> {
        let OrderSizing::EquityShare { share, whole_units } = order.request.sizing else { return None };
        let closed = closing_part(order.side(), market.position.abs(), market.position);
        let opened = if order.reduces_only() {
            Quantity::ZERO
        } else {
            self.share_of_equity(order.side(), market, price, (share, whole_units), (closed, liquidity))
                .unwrap_or_default()
        };
        let total = closed + opened;
        (total.signum() > 0).then_some(total)
    }

    fn share_of_equity(
        &self,
        side: Side,
        market: &Market,
        price: Price,
        (share, whole_units): (Ratio, bool),
        (closed, liquidity): (Quantity, Liquidity),
    ) -> Option<Quantity> {
        if self.portfolio.kind() == AccountKind::Spot && side == Side::Sell {
            return None;
        }
        let fee_rate = self.config.fees.rate(liquidity);
        let available = self.available_at(market, price, (closed, fee_rate))?;
        let leverage =
            if self.portfolio.kind() == AccountKind::Spot { Decimal::ONE } else { market.leverage.get() };
        let buys = available.checked_mul(leverage)?.checked_mul(share.get())?;
        let unit_cost = price.get().checked_mul(market.instrument.multiplier)?;
        let unit = unit_cost.checked_mul(Decimal::ONE + fee_rate)?;
        let exact = buys.checked_div(unit)?.trunc_with_scale(SHARE_PLACES);
        let exact = if whole_units { exact.floor() } else { exact };
        Some(legal(Quantity::new(exact).ok()?, &market.instrument))
    }

    /// Announces the size of an order that was sized just now.
    pub(super) fn resolve(&mut self, at: (usize, usize), total: Quantity, time: Timestamp, out: &mut Out) {
        let Some(order) = self.markets.get_mut(at.0).and_then(|market| market.orders.get_mut(at.1)) else {
            return;
        };
        order.quantity = total;
        order.sized = true;
        order.updated = time;
        out.push((time, Event::OrderReport(order.report())));
    }

    /// What of an order can be paid at a price, and why the rest cannot.
    fn affordable(
        &self,
        order: &Working,
        market: &Market,
        price: Price,
        liquidity: Liquidity,
    ) -> (Quantity, Option<&'static str>) {
        let wanted = order.remaining();
        let free = self.portfolio.kind() == AccountKind::Unconstrained && !self.config.require_funds;
        if free {
            return (wanted, None);
        }
        let closed = closing_part(order.side(), wanted, market.position);
        let opened = wanted - closed;
        if opened.is_zero() {
            return (wanted, None);
        }
        match self.refuses_opening(order.side(), market, (price, opened), (closed, liquidity), Decimal::ZERO)
        {
            None => (wanted, None),
            Some(code) => (closed, Some(code)),
        }
    }

    /// Why an opening cannot be paid; `None` if it can. `reserved` is spoken for by other orders.
    pub(super) fn refuses_opening(
        &self,
        side: Side,
        market: &Market,
        (price, opened): (Price, Quantity),
        (closed, liquidity): (Quantity, Liquidity),
        reserved: Decimal,
    ) -> Option<&'static str> {
        let fee_rate = self.config.fees.rate(liquidity);
        let (code, leverage) = match self.portfolio.kind() {
            AccountKind::Unconstrained if !self.config.require_funds => return None,
            AccountKind::Unconstrained => ("insufficient_margin", market.leverage.get()),
            AccountKind::Spot => ("insufficient_spot_balance_rejected", Decimal::ONE),
            AccountKind::CrossMargin | AccountKind::IsolatedMargin => {
                ("perp_margin_rejected", market.leverage.get())
            }
        };
        if self.portfolio.kind() == AccountKind::Spot && side == Side::Sell {
            return Some(code);
        }
        let in_base = self.config.fees.currency == super::FeeCurrency::BaseOnSpotBuys
            && market.instrument.kind == InstrumentKind::Spot
            && side == Side::Buy;
        let fee_rate_opening = if in_base { Decimal::ZERO } else { fee_rate };
        let notional = market.instrument.notional(price, opened).get();
        let available = self.available_at(market, price, (closed, fee_rate)).map(|value| value - reserved);
        let ok = available.is_some_and(|available| match self.portfolio.kind() {
            AccountKind::CrossMargin | AccountKind::IsolatedMargin => {
                let margin = notional.checked_div(leverage).unwrap_or(Decimal::MAX);
                margin.saturating_add(notional.saturating_mul(fee_rate_opening)) <= available
            }
            AccountKind::Unconstrained | AccountKind::Spot => {
                notional.saturating_mul(Decimal::ONE + fee_rate_opening) <= available.saturating_mul(leverage)
            }
        });
        (!ok).then_some(code)
    }
}

//! Executions.

use qtp_core::{
    Event, Fill, Instrument, Liquidity, OrderStatus, Price, Quantity, Side, TimeInForce, TradeId,
};

use super::market::{Market, Print};
use super::order::Working;
use super::slippage::SlippageInput;
use super::trigger::{Hit, within};
use super::venue::{Out, SimVenue};

/// What an order may take at an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Take<'a> {
    pub hit: Hit,
    pub print: &'a Print,
    /// At most so much, where the queue or the book says so.
    pub room: Option<Quantity>,
    /// One step of a walk through a book: what must fill at once is judged at its end.
    pub walks: bool,
}

/// What an execution comes to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Plan {
    /// Nothing now.
    Wait,
    /// Nothing at all, for this reason.
    Refuse(&'static str),
    Fill {
        price: Price,
        quantity: Quantity,
        /// Total size of an order that was sized just now.
        resolved: Option<Quantity>,
        /// The rest is refused for this reason.
        refused: Option<&'static str>,
    },
}

impl SimVenue {
    /// Lets one order trade.
    pub(super) fn execute(&mut self, at: (usize, usize), take: Take<'_>, out: &mut Out) {
        match self.plan(at, &take) {
            Plan::Wait => {}
            Plan::Refuse(code) => self.cancel_at(at, code, take.print.time, out),
            Plan::Fill { price, quantity, resolved, refused } => {
                if let Some(total) = resolved {
                    self.resolve(at, total, take.print.time, out);
                }
                self.commit(at, &take, (price, quantity), out);
                self.conclude(at, &take, refused, out);
            }
        }
    }

    /// Price after slippage.
    pub(super) fn price_for(&self, order: &Working, market: &Market, take: &Take<'_>) -> Price {
        if take.hit.liquidity == Liquidity::Maker {
            return take.hit.price;
        }
        let quote = if take.print.is_tape { market.quote.as_ref() } else { None };
        let volume = take.print.volume;
        let input = SlippageInput { side: order.side(), quantity: order.remaining(), volume, quote };
        let spread = matches!(self.config.slippage, super::Slippage::Spread(_));
        if spread && !take.print.is_tape {
            // A quote or book carries its own spread.
            return take.hit.price;
        }
        let price = self.config.slippage.apply(take.hit.price, &input, &market.instrument);
        match order.request.kind.limit() {
            Some(limit) if !within(order.side(), price, limit) => limit,
            _ => price,
        }
    }

    /// What an order may still take of this event's volume; `None` without a bound.
    pub(super) fn volume_room(&self, order: &Working, market: &Market, print: &Print) -> Option<Quantity> {
        let share = self.config.volume_share?;
        let most = print.volume?.get().checked_mul(share.get())?;
        let taken = if order.taken.0 == print.event { order.taken.1 } else { Quantity::ZERO };
        let room = Quantity::new(most).unwrap_or_default() - taken;
        Some(market.instrument.size_rule.floor(room).max(Quantity::ZERO))
    }

    pub(super) fn has_room(&self, order: &Working, market: &Market, print: &Print) -> bool {
        self.volume_room(order, market, print).is_none_or(|room| room.signum() > 0)
    }

    /// Books the execution and emits it.
    fn commit(
        &mut self,
        at: (usize, usize),
        take: &Take<'_>,
        (price, quantity): (Price, Quantity),
        out: &mut Out,
    ) {
        self.last_trade += 1;
        let Some(trade_id) = trade_id(self.last_trade) else { return };
        let Some(market) = self.markets.get_mut(at.0) else { return };
        let Some(order) = market.orders.get_mut(at.1) else { return };
        let time = take.print.time;
        let (side, liquidity) = (order.side(), take.hit.liquidity);
        let charge = self.config.fees.charge(&market.instrument, side, (price, quantity), liquidity);
        let fill = Fill {
            trade_id,
            client_order_id: Some(order.request.client_order_id),
            venue_order_id: Some(order.venue_order_id.clone()),
            account: order.request.account.clone(),
            instrument: market.instrument.id.clone(),
            time,
            side,
            price,
            quantity,
            fee: charge.fee,
            builder_fee: charge.builder,
            liquidity,
            external: None,
        };
        order.filled += quantity;
        order.updated = time;
        order.status =
            if order.remaining().signum() > 0 { OrderStatus::PartiallyFilled } else { OrderStatus::Filled };
        let before = if order.taken.0 == take.print.event { order.taken.1 } else { Quantity::ZERO };
        order.taken = (take.print.event, before + quantity);
        self.book(at.0, fill, out);
    }

    /// Books a fill of any cause.
    pub(super) fn book(&mut self, index: usize, fill: Fill, out: &mut Out) {
        let Some(market) = self.markets.get_mut(index) else { return };
        let before = market.position;
        self.portfolio.apply_fill(&fill, &market.instrument);
        market.position = self.portfolio.quantity(&market.instrument.id);
        if !market.extra_margin.is_zero() {
            market.release_margin(before);
        }
        let phase = &mut market.phase;
        phase.settled = false;
        if phase.closing {
            // What answers this fill is judged against its price, not against the close.
            market.last = Some(fill.price);
            let (before, after) = (before, market.position);
            let turned = before.signum() != after.signum() && !after.is_zero();
            phase.entered_inside |= turned;
            phase.grew_inside |= turned || after.abs() > before.abs();
        }
        out.push((fill.time, Event::Fill(fill.clone())));
        self.history.add_fill(fill);
    }

    /// What follows an execution: the order's end, its children, siblings, and orders that have nothing to reduce.
    fn conclude(
        &mut self,
        at: (usize, usize),
        take: &Take<'_>,
        refused: Option<&'static str>,
        out: &mut Out,
    ) {
        let time = take.print.time;
        let Some(order) = self.markets.get(at.0).and_then(|market| market.orders.get(at.1)) else { return };
        let (number, sibling, whole) = (order.number, order.sibling, order.status == OrderStatus::Filled);
        let immediate = immediate_code(order.request.time_in_force).filter(|_| !take.walks);
        self.wake_children(at.0, number, whole, time);
        if whole {
            self.retire(at);
        } else if let Some(code) = refused.or(immediate) {
            self.cancel_at(at, code, time, out);
        }
        if let Some(sibling) = sibling {
            self.cancel_number(at.0, sibling, "sibling_filled_canceled", time, out);
        }
        self.drop_idle_reducers(at.0, time, out);
    }
}

/// Why the rest of an order that must fill at once is cancelled; `None` for orders that may wait.
pub(super) const fn immediate_code(time_in_force: TimeInForce) -> Option<&'static str> {
    match time_in_force {
        TimeInForce::Ioc => Some("ioc_canceled"),
        TimeInForce::Fok => Some("fok_canceled"),
        TimeInForce::Gtc | TimeInForce::Gtd(_) => None,
    }
}

/// The next trade id; `None` never happens, for digits are a legal id.
pub(super) fn trade_id(number: u64) -> Option<TradeId> {
    super::report::digits(number, |text| text.parse().ok())
}

/// Magnitude of the part of an order that reduces a position.
pub(super) fn closing_part(side: Side, quantity: Quantity, position: Quantity) -> Quantity {
    let against = side.signed(Quantity::new(qtp_core::Decimal::ONE).unwrap_or_default()).signum()
        * position.signum()
        < 0;
    if against { quantity.min(position.abs()) } else { Quantity::ZERO }
}

/// The legal size at or below `quantity`.
pub(super) fn legal(quantity: Quantity, instrument: &Instrument) -> Quantity {
    instrument.size_rule.floor(quantity).max(Quantity::ZERO)
}

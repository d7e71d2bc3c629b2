//! Why a venue refuses an order.

use qtp_core::{
    AccountKind, Illegal, Instrument, InstrumentStatus, Liquidity, OrderKind, OrderRequest, OrderSizing,
    Price, Quantity, Reason, Side, TimeInForce, Timestamp, TrailingOffset,
};

use super::fill::closing_part;
use super::market::Market;
use super::submit::crosses;
use super::trigger::trigger_on_wrong_side;
use super::venue::SimVenue;

/// An order at the door.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newcomer<'a> {
    pub order: &'a OrderRequest,
    /// The entry that it protects, in a bracket.
    pub parent: Option<&'a OrderRequest>,
    pub arrives: Timestamp,
}

/// A refusal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refusal {
    Code(&'static str),
    Illegal(Illegal),
}

impl Refusal {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Code(code) => code,
            Self::Illegal(illegal) => illegal.code(),
        }
    }

    pub(super) fn reason(self) -> Reason {
        Reason::new(self.code(), "")
    }
}

impl From<Illegal> for Refusal {
    fn from(illegal: Illegal) -> Self {
        Self::Illegal(illegal)
    }
}

type Check = Result<(), Refusal>;

fn ensure(ok: bool, code: &'static str) -> Check {
    if ok { Ok(()) } else { Err(Refusal::Code(code)) }
}

impl SimVenue {
    /// Checks an order as the venue does on arrival.
    pub(super) fn accept(&self, newcomer: &Newcomer<'_>) -> Check {
        let order = newcomer.order;
        ensure(order.account == *self.portfolio.account(), "unknown_account")?;
        let market = self.at(&order.instrument).ok_or(Refusal::Code("unknown_instrument"))?;
        let id = &order.client_order_id;
        let known = self.working(id).is_some() || self.history.ended(id).is_some();
        ensure(!known, "duplicate_client_order_id")?;
        ensure(order.valid_until.is_none_or(|end| newcomer.arrives <= end), "valid_until_passed")?;
        let lives = !matches!(order.time_in_force, TimeInForce::Gtd(end) if end <= newcomer.arrives);
        ensure(lives, "good_till_passed")?;
        let working: usize = self.markets.iter().map(|market| market.orders.len()).sum();
        ensure(working < self.config.max_open_orders, "too_many_open_orders_rejected")?;
        check_status(newcomer, market)?;
        check_kind(&order.kind, &market.instrument)?;
        check_size(newcomer, market)?;
        check_sides(newcomer, market)?;
        self.check_funds(newcomer, market)
    }

    fn check_funds(&self, newcomer: &Newcomer<'_>, market: &Market) -> Check {
        let order = newcomer.order;
        let reduces = order.reduce_only || newcomer.parent.is_some();
        // An unconstrained account's funds are tested at the fill, where the price is known.
        if reduces || sized_at_fill(order) || self.portfolio.kind() == AccountKind::Unconstrained {
            return Ok(());
        }
        let closed = closing_part(order.side, order.quantity, market.position);
        let opened = order.quantity - closed;
        let price =
            order.kind.limit().or_else(|| order.kind.trigger().map(|t| t.price)).or(market.touch(order.side));
        let Some(price) = price else { return Ok(()) };
        if self.portfolio.kind() == AccountKind::Spot && order.side == Side::Sell {
            let enough = order.quantity + selling(market) <= market.position;
            return ensure(enough, "insufficient_spot_balance_rejected");
        }
        if opened.is_zero() {
            return Ok(());
        }
        let reserved = self.reserved(market, order.side);
        let size = (price, opened);
        match self.refuses_opening(order.side, market, size, (closed, Liquidity::Taker), reserved) {
            Some(code) => Err(Refusal::Code(code)),
            None => Ok(()),
        }
    }
}

/// Sum of the working sells that lock coins.
fn selling(market: &Market) -> Quantity {
    let locks = market.orders.iter().filter(|order| order.side() == Side::Sell && !order.reduces_only());
    locks.map(super::order::Working::remaining).sum()
}

const fn sized_at_fill(order: &OrderRequest) -> bool {
    matches!(order.sizing, OrderSizing::EquityShare { .. })
}

/// True if the order as a whole can only reduce the position.
fn only_closes(newcomer: &Newcomer<'_>, market: &Market) -> bool {
    let order = newcomer.order;
    let closed = closing_part(order.side, order.quantity, market.position);
    newcomer.parent.is_some() || order.reduce_only || (closed == order.quantity && !sized_at_fill(order))
}

fn check_status(newcomer: &Newcomer<'_>, market: &Market) -> Check {
    let ok = match market.instrument.status {
        InstrumentStatus::Trading => true,
        InstrumentStatus::ReduceOnly => newcomer.parent.is_none() && only_closes(newcomer, market),
        InstrumentStatus::Halted => false,
    };
    if ok { Ok(()) } else { Err(Illegal::Status.into()) }
}

/// Prices on the grid, and a trailing distance that leaves a price.
pub(super) fn check_kind(kind: &OrderKind, instrument: &Instrument) -> Check {
    let trigger = kind.trigger().map(|trigger| trigger.price);
    if !kind.limit().into_iter().chain(trigger).all(|price| instrument.price_rule.allows(price)) {
        return Err(Illegal::Tick.into());
    }
    if let OrderKind::TrailingStop { offset: TrailingOffset::Ratio(ratio), .. } = kind {
        let legal = ratio.signum() > 0 && *ratio < qtp_core::Ratio::ONE;
        ensure(legal, "bad_trigger_px_rejected")?;
    }
    Ok(())
}

fn check_size(newcomer: &Newcomer<'_>, market: &Market) -> Check {
    let (order, instrument) = (newcomer.order, &market.instrument);
    if let OrderSizing::EquityShare { share, .. } = order.sizing {
        return ensure(share.signum() > 0, "size_rejected");
    }
    let trigger = order.kind.trigger().map(|trigger| trigger.price);
    let price = order.kind.limit().or(trigger).or(market.touch(order.side)).or(market.last);
    let Some(price) = price else {
        // Without any price the value is not known; only a rule on it stands in the way.
        ensure(instrument.min_notional.is_none(), "market_order_no_liquidity_rejected")?;
        let one = Price::new(qtp_core::Decimal::ONE).map_err(|_| Refusal::Code("size_rejected"))?;
        return Ok(instrument.check_size(order.quantity, one, order.kind.is_market(), false)?);
    };
    let closes = only_closes(newcomer, market);
    Ok(instrument.check_size(order.quantity, price, order.kind.is_market(), closes)?)
}

/// Reduce-only, post-only and trigger sides.
fn check_sides(newcomer: &Newcomer<'_>, market: &Market) -> Check {
    let order = newcomer.order;
    if order.reduce_only && newcomer.parent.is_none() {
        let reduces = closing_part(order.side, order.quantity, market.position).signum() > 0;
        ensure(reduces, "reduce_only_rejected")?;
    }
    if let Some(parent) = newcomer.parent {
        ensure(parent.instrument == order.instrument && parent.side != order.side, "reduce_only_rejected")?;
    }
    if order.post_only {
        let limit = if let OrderKind::Limit { price } = order.kind { Some(price) } else { None };
        let crosses = limit.is_some_and(|limit| crosses(market, order.side, limit));
        let rests = limit.is_some() && matches!(order.time_in_force, TimeInForce::Gtc | TimeInForce::Gtd(_));
        ensure(rests && !crosses, "bad_alo_px_rejected")?;
    }
    // A child watches the price that its entry is expected to get: that of the market, if the entry takes.
    let expected = newcomer.parent.and_then(|parent| {
        let limit = parent.kind.limit().or_else(|| parent.kind.trigger().map(|trigger| trigger.price))?;
        let takes = matches!(parent.kind, OrderKind::Limit { .. }) && crosses(market, parent.side, limit);
        if takes { market.touch(parent.side) } else { Some(limit) }
    });
    let wrong = trigger_on_wrong_side(&order.kind, order.side, expected, market);
    ensure(!wrong, "bad_trigger_px_rejected")
}

//! An account, an instrument and orders to ask rules about.
#![allow(dead_code, reason = "each test file uses its own part of the fixture")]

use std::time::Duration;

use qtp_core::{
    AccountKind, Amount, ClientOrderId, Currency, Decimal, Instrument, Notional, OrderKind, OrderRequest,
    OrderRole, OrderSizing, Portfolio, Price, Quantity, Ratio, RiskContext, RiskRule, RiskState, Side,
    TimeInForce, Timestamp, Verdict,
};

pub(crate) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn qty(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn ratio(text: &str) -> Ratio {
    text.parse().unwrap()
}

pub(crate) fn money(text: &str) -> Notional {
    text.parse().unwrap()
}

pub(crate) const NOON: Timestamp = Timestamp::from_secs(43_200);

/// 10 000 of equity, a price of 100, flat, healthy.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) instrument: Instrument,
    pub(crate) portfolio: Portfolio,
    pub(crate) state: RiskState,
    pub(crate) now: Timestamp,
    pub(crate) position: Quantity,
    pub(crate) working: Quantity,
    pub(crate) price: Price,
    pub(crate) equity: Option<Notional>,
    pub(crate) exposure: Notional,
    pub(crate) rate: Decimal,
    pub(crate) other_open: usize,
    pub(crate) data_age: Duration,
    pub(crate) liquidation: Option<Price>,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut state = RiskState::default();
        state.on_time(NOON, || Some(money("10000")));
        Self {
            instrument: Instrument::unrestricted("BTC-USD-PERP@test".parse().unwrap()).unwrap(),
            portfolio: Portfolio::new(
                "main".parse().unwrap(),
                AccountKind::CrossMargin,
                Amount::new(dec("10000"), Currency::USD),
            ),
            state,
            now: NOON,
            position: Quantity::ZERO,
            working: Quantity::ZERO,
            price: price("100"),
            equity: Some(money("10000")),
            exposure: Notional::ZERO,
            rate: Decimal::ONE,
            other_open: 0,
            data_age: Duration::ZERO,
            liquidation: None,
        }
    }

    pub(crate) fn context(&self) -> RiskContext<'_> {
        RiskContext {
            now: self.now,
            instrument: &self.instrument,
            portfolio: &self.portfolio,
            position: self.position,
            working: self.working,
            adds: Quantity::ZERO,
            price: self.price,
            equity: self.equity,
            exposure: self.exposure,
            rate: self.rate,
            other_open: self.other_open,
            data_age: self.data_age,
            leverage: Ratio::ONE,
            liquidation: self.liquidation,
            state: &self.state,
        }
    }

    /// Asks one rule about an order of which everything adds.
    pub(crate) fn ask(&self, rule: &dyn RiskRule, order: &OrderRequest) -> Verdict {
        rule.check(order, &RiskContext { adds: order.quantity, ..self.context() })
    }
}

pub(crate) fn order(side: Side, quantity: &str) -> OrderRequest {
    OrderRequest {
        client_order_id: ClientOrderId::from_bits(1),
        account: "main".parse().unwrap(),
        instrument: "BTC-USD-PERP@test".parse().unwrap(),
        side,
        quantity: qty(quantity),
        kind: OrderKind::Market,
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        reduce_only: false,
        sizing: OrderSizing::Fixed,
        role: OrderRole::Entry,
        valid_until: None,
        protective_stop: None,
        decision_price: None,
    }
}

pub(crate) fn buy(quantity: &str) -> OrderRequest {
    order(Side::Buy, quantity)
}

pub(crate) fn sell(quantity: &str) -> OrderRequest {
    order(Side::Sell, quantity)
}

/// Code of an objection, empty for an approval.
pub(crate) fn code(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "",
        Verdict::Reduce { reason, .. } | Verdict::Deny(reason) | Verdict::Halt(reason) => reason.code,
    }
}

/// The quantity that a rule leaves.
pub(crate) fn left(verdict: &Verdict) -> Option<Quantity> {
    match verdict {
        Verdict::Reduce { quantity, .. } => Some(*quantity),
        _ => None,
    }
}

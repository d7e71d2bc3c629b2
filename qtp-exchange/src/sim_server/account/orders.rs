//! Orders on their way in and out of an account.

use qtp_core::{
    CancelRequest, ClientOrderId, Decimal, OrderGroup, OrderKind, OrderRequest, OrderRole, OrderSizing,
    Price, Quantity, Side, TimeInForce, Timestamp, Trigger, TriggerSource,
};

use super::super::market::Market;
use super::records::TriggerRecord;
use super::{Account, Counters, OrderRecord, Out};
use crate::hyperliquid::sign::Address;
use crate::hyperliquid::wire::{Order, OrderType, TimeInForce as Tif, Tpsl};

/// The id of an order inside the simulated venue: the protocol's own number.
pub(super) fn venue_id(oid: u64) -> ClientOrderId {
    ClientOrderId::from_bits(u128::from(oid))
}

/// A legal order, not yet placed.
#[derive(Debug, Clone)]
pub(in crate::sim_server) struct Draft {
    pub request: OrderRequest,
    pub record: OrderRecord,
}

/// What the whole group of an order says of it.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::sim_server) struct Terms {
    pub builder: Option<(Address, Decimal)>,
    /// Part of a `positionTpsl` group.
    pub ties_to_position: bool,
}

impl Account {
    /// Turns an order of the wire into one of the simulated venue.
    pub(in crate::sim_server) fn draft(
        &mut self,
        order: &Order,
        market: &Market,
        terms: Terms,
        now: Timestamp,
        counters: &mut Counters,
    ) -> Option<Draft> {
        let held = self.position(market.asset.id).map_or(Decimal::ZERO, |held| held.quantity().get().abs());
        let whole = terms.ties_to_position && (order.size.get().is_zero() || order.size.get() == held);
        let size = if whole && !held.is_zero() { held } else { order.size.get() };
        let (price, size) = (Price::new(order.price.get()).ok()?, Quantity::new(size).ok()?);
        let (kind, tif, trigger) = kind_of(order, price)?;
        let reduce_only = order.reduce_only || terms.ties_to_position;
        let oid = counters.next_oid();
        let venue = self.venue(market.asset.id);
        let immediate = matches!(tif, Some(Tif::Ioc | Tif::FrontendMarket));
        let request = OrderRequest {
            client_order_id: venue_id(oid),
            account: venue.portfolio().account().clone(),
            instrument: market.asset.instrument.id.clone(),
            side: if order.is_buy { Side::Buy } else { Side::Sell },
            quantity: size,
            kind,
            time_in_force: if immediate { TimeInForce::Ioc } else { TimeInForce::Gtc },
            post_only: tif == Some(Tif::Alo),
            reduce_only,
            sizing: OrderSizing::Fixed,
            role: if reduce_only { OrderRole::Exit } else { OrderRole::Entry },
            valid_until: None,
            protective_stop: None,
            decision_price: None,
        };
        let record = OrderRecord {
            oid,
            asset: market.asset.id,
            coin: market.asset.coin.clone(),
            is_buy: order.is_buy,
            price: order.price.get(),
            size: size.get(),
            filled: Decimal::ZERO,
            cost: Decimal::ZERO,
            tif: tif.map(tif_word),
            trigger,
            triggered: false,
            reduce_only,
            cloid: order.cloid,
            whole_position: whole,
            is_position_tpsl: terms.ties_to_position,
            children: Vec::new(),
            siblings: Vec::new(),
            builder: terms.builder,
            placed: now,
            status: "open",
            changed: now,
        };
        Some(Draft { request, record })
    }

    /// Places drafts as one group: a single order, a parent with its children, or two that cancel each other.
    pub(in crate::sim_server) fn place(
        &mut self,
        drafts: Vec<Draft>,
        is_bracket: bool,
        (market, now): (&Market, Timestamp),
        counters: &mut Counters,
    ) {
        let mut out = Out::new();
        let asset = market.asset.id;
        let requests: Vec<OrderRequest> = drafts.iter().map(|draft| draft.request.clone()).collect();
        let oids: Vec<u64> = drafts.iter().map(|draft| draft.record.oid).collect();
        for (place, draft) in drafts.into_iter().enumerate() {
            let mut record = draft.record;
            let rest =
                |skip: usize| oids.iter().copied().skip(skip).filter(|oid| *oid != record.oid).collect();
            match (is_bracket, place) {
                (true, 0) => record.children = rest(1),
                (true, _) => record.siblings = rest(1),
                (false, _) => record.siblings = rest(0),
            }
            if let Some(cloid) = record.cloid {
                self.cloids.insert(cloid, record.oid);
            }
            self.open.insert(record.oid, record);
        }
        let Some(group) = group_of(requests, is_bracket) else { return };
        self.show(market, now, &mut out);
        let before = out.len();
        self.venue(asset).submit(&group, now, &mut out);
        let refused = out.iter().skip(before).any(|(_, event)| {
            matches!(event, qtp_core::Event::OrderReport(report) if report.status == qtp_core::OrderStatus::Rejected)
        });
        if !refused {
            for oid in &oids {
                if let Some(order) = self.open.get_mut(oid) {
                    let news = super::absorb::order_news(order, "open", now);
                    self.news.push(news);
                }
            }
            // Only now does it meet the book.
            self.show(market, now, &mut out);
        }
        self.absorb(&mut out, market, counters, "canceled");
    }

    /// Cancels an open order of this market with a word.
    pub(in crate::sim_server) fn cancel(
        &mut self,
        oid: u64,
        because: &'static str,
        (market, now): (&Market, Timestamp),
        counters: &mut Counters,
    ) {
        let mut out = Out::new();
        self.cancel_on_venue(oid, market, now, &mut out);
        self.absorb(&mut out, market, counters, because);
        // A venue that lost it already has said so; the record goes in any case.
        self.end(oid, because, now);
    }

    pub(super) fn cancel_on_venue(&mut self, oid: u64, market: &Market, now: Timestamp, out: &mut Out) {
        let venue = self.venue(market.asset.id);
        let request = CancelRequest {
            client_order_id: venue_id(oid),
            account: venue.portfolio().account().clone(),
            instrument: market.asset.instrument.id.clone(),
        };
        venue.cancel(&request, now, out);
    }

    /// Own orders that a new limit would trade with: they go, the new one stays.
    pub(in crate::sim_server) fn crossed_by(&self, draft: &Draft) -> Vec<u64> {
        let (record, is_limit) = (&draft.record, draft.record.trigger.is_none());
        let crosses = |other: &&OrderRecord| {
            let live = other.trigger.is_none() || (other.triggered && other.tif.is_none());
            let meets = if record.is_buy { other.price <= record.price } else { other.price >= record.price };
            other.asset == record.asset && other.is_buy != record.is_buy && live && meets
        };
        let own = self.open.values().filter(|_| is_limit && !draft.request.post_only);
        own.filter(crosses).map(|order| order.oid).collect()
    }

    /// Orders tied to the position get its size.
    pub(super) fn resize_position_orders(&mut self, market: &Market) {
        let held = self.position(market.asset.id).map_or(Decimal::ZERO, |held| held.quantity().get().abs());
        if held.is_zero() || !self.open.values().any(|order| order.whole_position) {
            return;
        }
        let Ok(quantity) = Quantity::new(held) else { return };
        let wrong = |order: &&OrderRecord| {
            order.whole_position
                && order.asset == market.asset.id
                && order.size != held
                && order.filled.is_zero()
        };
        let oids: Vec<u64> = self.open.values().filter(wrong).map(|order| order.oid).collect();
        for oid in oids {
            let venue = self.venue(market.asset.id);
            let Some(kind) = venue.kind(&venue_id(oid)) else { continue };
            let request = qtp_core::ModifyRequest {
                client_order_id: venue_id(oid),
                account: venue.portfolio().account().clone(),
                instrument: market.asset.instrument.id.clone(),
                quantity,
                kind,
            };
            let time = market.book.as_ref().map_or(Timestamp::EPOCH, |book| book.time);
            if venue.try_modify(&request, time, &mut Out::new()).is_ok()
                && let Some(order) = self.open.get_mut(&oid)
            {
                order.size = held;
            }
        }
    }
}

/// Kind, lifetime and trigger of an order.
fn kind_of(order: &Order, price: Price) -> Option<(OrderKind, Option<Tif>, Option<TriggerRecord>)> {
    let wire = match order.kind {
        OrderType::Limit(limit) => return Some((OrderKind::Limit { price }, Some(limit.tif), None)),
        OrderType::Trigger(wire) => wire,
    };
    let trigger = Trigger { price: Price::new(wire.trigger_px.get()).ok()?, source: TriggerSource::Mark };
    let kind = match (wire.tpsl, wire.is_market) {
        (Tpsl::Sl, true) => OrderKind::StopMarket { trigger },
        (Tpsl::Sl, false) => OrderKind::StopLimit { trigger, price },
        (Tpsl::Tp, true) => OrderKind::TakeProfitMarket { trigger },
        (Tpsl::Tp, false) => OrderKind::TakeProfitLimit { trigger, price },
    };
    let record = TriggerRecord { price: trigger.price.get(), is_market: wire.is_market, tpsl: wire.tpsl };
    Some((kind, None, Some(record)))
}

const fn tif_word(tif: Tif) -> &'static str {
    match tif {
        Tif::Gtc => "Gtc",
        Tif::Ioc => "Ioc",
        Tif::Alo => "Alo",
        Tif::FrontendMarket => "FrontendMarket",
    }
}

fn group_of(requests: Vec<OrderRequest>, is_bracket: bool) -> Option<OrderGroup> {
    let mut requests = requests.into_iter();
    let first = requests.next()?;
    if !is_bracket {
        return Some(match requests.next() {
            Some(second) => OrderGroup::Oco(first, Box::new(second)),
            None => OrderGroup::Single(first),
        });
    }
    let (mut stop, mut target) = (None, None);
    for child in requests {
        let is_stop = matches!(child.kind, OrderKind::StopMarket { .. } | OrderKind::StopLimit { .. });
        *if is_stop { &mut stop } else { &mut target } = Some(Box::new(child));
    }
    Some(OrderGroup::Bracket { entry: first, stop, target })
}

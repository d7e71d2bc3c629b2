//! What the simulated venues report, turned into the protocol's records.

use qtp_core::{
    Decimal, Event, ExternalCause, Fill, FundingPayment, Liquidity, OrderStatus, Position, Quantity,
    Timestamp,
};

use super::super::market::Market;
use super::super::number::mix;
use super::{Account, FillRecord, KEPT_FILLS, KEPT_ORDERS, KEPT_PAYMENTS, News, Out, PaymentRecord};

/// Numbers that are unique on the whole venue.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim_server) struct Counters {
    pub oid: u64,
    pub fill: u64,
}

impl Counters {
    pub(in crate::sim_server) const fn next_oid(&mut self) -> u64 {
        self.oid += 1;
        self.oid
    }
}

impl Account {
    /// Takes in what happened on one market. `because` is the word for cancels that were asked for.
    pub(in crate::sim_server) fn absorb(
        &mut self,
        out: &mut Out,
        market: &Market,
        counters: &mut Counters,
        because: &'static str,
    ) {
        for (time, event) in out.drain(..) {
            match event {
                Event::Fill(fill) => self.on_fill(&fill, market, counters),
                Event::Funding(payment) => self.on_payment(&payment, market),
                Event::OrderReport(report) => {
                    let Some(oid) = report.client_order_id.and_then(|id| u64::try_from(id.bits()).ok())
                    else {
                        continue;
                    };
                    let code = report.reason.as_ref().map_or("", |reason| reason.code.as_str());
                    match report.status {
                        OrderStatus::Rejected => self.end(oid, rejected_word(code), time),
                        OrderStatus::Canceled | OrderStatus::Expired => {
                            self.end(oid, canceled_word(code, because), time);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        self.note_triggers(market);
        self.resize_position_orders(market);
    }

    fn on_fill(&mut self, fill: &Fill, market: &Market, counters: &mut Counters) {
        counters.fill += 1;
        let asset = &market.asset;
        let flat = || Position::flat(asset.instrument.id.clone(), asset.instrument.multiplier);
        let position = self.positions.entry(asset.id).or_insert_with(flat);
        let start = position.quantity();
        let change = position.apply(fill.signed_quantity(), fill.price);
        if fill.fee.currency == asset.instrument.base
            && let Ok(kept) = Quantity::new(fill.fee.value)
        {
            position.apply(-kept, fill.price);
        }
        let end = position.quantity();
        let oid = fill.client_order_id.and_then(|id| u64::try_from(id.bits()).ok());
        let value = asset.instrument.notional(fill.price, fill.quantity).get();
        self.volume += value;
        let order = oid.and_then(|oid| self.open.get(&oid));
        // A builder is paid in dollars: nothing of a spot purchase.
        let in_dollars = fill.fee.currency == asset.instrument.settle;
        let builder = order.and_then(|order| order.builder).filter(|_| in_dollars);
        let builder = builder.map(|(_, rate)| (value * rate).round_dp(8));
        let is_buy = fill.side == qtp_core::Side::Buy;
        let record = FillRecord {
            coin: asset.coin.clone(),
            oid: oid.unwrap_or_else(|| counters.next_oid()),
            tid: mix(counters.fill) >> 14,
            price: fill.price.get(),
            size: fill.quantity.get(),
            is_buy,
            time: fill.time,
            start: start.get(),
            dir: dir_word(fill, asset.is_spot(), (start, end), self.perp.is_isolated(&asset.instrument.id)),
            closed_pnl: change.realized.get(),
            crossed: fill.liquidity == Liquidity::Taker,
            fee: fill.fee.value,
            fee_token: fill.fee.currency.as_str().to_owned(),
            builder_fee: builder,
            cloid: order.and_then(|order| order.cloid),
            liquidation: (fill.external == Some(ExternalCause::Liquidation))
                .then(|| (self.address, market.mark())),
        };
        if record.crossed {
            self.taker_volume += value;
        }
        if let Some(fee) = builder {
            self.pay_in(-fee, asset.is_spot(), fill.time);
        }
        if record.liquidation.is_some() {
            self.news.push(News::Liquidation(value, self.perp.portfolio().balance(qtp_core::Currency::USDC)));
        }
        self.note_funding_of(market, start, end);
        let filled = oid.map(|oid| self.note_filled(oid, &record));
        if self.fills.len() >= KEPT_FILLS {
            self.fills.pop_front();
        }
        self.fills.push_back(record.clone());
        self.news.push(News::Fill(record));
        if let Some(siblings) = filled {
            self.cancel_siblings(&siblings, market, fill.time);
        }
    }

    /// Books a fill on its order; gives the orders that die if that filled it.
    fn note_filled(&mut self, oid: u64, fill: &FillRecord) -> Vec<u64> {
        let Some(order) = self.open.get_mut(&oid) else { return Vec::new() };
        let fires = order.trigger.is_some() && !order.triggered;
        order.filled += fill.size;
        order.cost += fill.size * fill.price;
        let whole =
            order.remaining() <= Decimal::ZERO || (order.whole_position && order.filled >= order.size);
        if fires {
            order.triggered = true;
            let news = order_news(order, "triggered", fill.time);
            self.news.push(news);
        }
        let Some(order) = self.open.get_mut(&oid) else { return Vec::new() };
        if !whole {
            let news = order_news(order, "open", fill.time);
            self.news.push(news);
            return Vec::new();
        }
        let siblings = order.siblings.clone();
        self.end(oid, "filled", fill.time);
        siblings
    }

    fn cancel_siblings(&mut self, siblings: &[u64], market: &Market, now: Timestamp) {
        for sibling in siblings {
            if self.open.contains_key(sibling) {
                let mut out = Out::new();
                self.cancel_on_venue(*sibling, market, now, &mut out);
                self.end(*sibling, "siblingFilledCanceled", now);
            }
        }
    }

    fn on_payment(&mut self, payment: &FundingPayment, market: &Market) {
        let asset = market.asset.id;
        let size = self.positions.get(&asset).map_or(Decimal::ZERO, |position| position.quantity().get());
        let totals = self.funding.entry(asset).or_default();
        // Here a cost is positive, in the record a receipt is.
        for total in [&mut totals.all_time, &mut totals.since_open, &mut totals.since_change] {
            *total -= payment.amount.value;
        }
        let record = PaymentRecord {
            time: payment.time,
            coin: market.asset.coin.clone(),
            usdc: payment.amount.value,
            size,
            rate: market.rate,
        };
        if self.payments.len() >= KEPT_PAYMENTS {
            self.payments.pop_front();
        }
        self.payments.push_back(record.clone());
        self.news.push(News::Payment(record));
    }

    fn note_funding_of(&mut self, market: &Market, start: Quantity, end: Quantity) {
        let totals = self.funding.entry(market.asset.id).or_default();
        totals.since_change = Decimal::ZERO;
        if start.signum() != end.signum() {
            totals.since_open = Decimal::ZERO;
        }
    }

    /// Notes triggers that fired without a fill.
    fn note_triggers(&mut self, market: &Market) {
        let asset = market.asset.id;
        let venue = if asset.is_spot() { &self.spot } else { &self.perp };
        for order in self.open.values_mut().filter(|order| order.asset == asset) {
            let waits = venue.awaits_trigger(&super::orders::venue_id(order.oid));
            if order.trigger.is_some() && !order.triggered && !waits {
                order.triggered = true;
                let time = venue
                    .order(&super::orders::venue_id(order.oid))
                    .map_or(order.changed, |report| report.time);
                self.news.push(order_news(order, "triggered", time));
            }
        }
    }

    /// Ends an order with a status.
    pub(in crate::sim_server) fn end(&mut self, oid: u64, status: &'static str, time: Timestamp) {
        let Some(mut order) = self.open.remove(&oid) else { return };
        (order.status, order.changed) = (status, time);
        self.news.push(order_news(&mut order, status, time));
        let by_venue =
            !matches!(status, "filled" | "canceled") && !status.ends_with("Rejected") && status != "rejected";
        if by_venue {
            self.news.push(News::NonUserCancel(order.coin.clone(), oid));
        }
        if self.ended.len() >= KEPT_ORDERS
            && let Some(oldest) = self.ended.pop_front()
            && let Some(cloid) = oldest.cloid
            && self.cloids.get(&cloid) == Some(&oldest.oid)
        {
            self.cloids.remove(&cloid);
        }
        self.ended.push_back(order);
    }
}

/// What `orderUpdates` says of an order.
pub(super) fn order_news(order: &mut super::OrderRecord, status: &'static str, time: Timestamp) -> News {
    (order.status, order.changed) = (if status == "triggered" { "open" } else { status }, time);
    News::Order(
        serde_json::json!({"order": order.basic(), "status": status, "statusTimestamp": time.as_millis()}),
    )
}

/// The protocol's word for a cancel.
fn canceled_word(code: &str, because: &'static str) -> &'static str {
    match code {
        "ioc_canceled" | "fok_canceled" => "iocCancelRejected",
        "reduce_only_canceled" => "reduceOnlyCanceled",
        "sibling_filled_canceled" => "siblingFilledCanceled",
        "liquidated_canceled" => "liquidatedCanceled",
        "perp_margin_rejected" | "insufficient_margin" | "insufficient_spot_balance_rejected" => {
            "marginCanceled"
        }
        "canceled" | "parent_canceled" => because,
        _ => "canceled",
    }
}

/// The protocol's word for a refusal.
fn rejected_word(code: &str) -> &'static str {
    match code {
        "tick_rejected" => "tickRejected",
        "min_trade_ntl_rejected" => "minTradeNtlRejected",
        "perp_margin_rejected" => "perpMarginRejected",
        "reduce_only_rejected" => "reduceOnlyRejected",
        "bad_alo_px_rejected" => "badAloPxRejected",
        "bad_trigger_px_rejected" => "badTriggerPxRejected",
        "insufficient_spot_balance_rejected" => "insufficientSpotBalanceRejected",
        "too_many_open_orders_rejected" => "tooManyOpenOrdersRejected",
        "market_order_no_liquidity_rejected" => "marketOrderNoLiquidityRejected",
        _ => "rejected",
    }
}

/// What a fill did to a position.
fn dir_word(fill: &Fill, spot: bool, (start, end): (Quantity, Quantity), isolated: bool) -> &'static str {
    let is_buy = fill.side == qtp_core::Side::Buy;
    match (fill.external, start.signum() > 0) {
        (Some(ExternalCause::Liquidation), true) if isolated => return "Liquidated Isolated Long",
        (Some(ExternalCause::Liquidation), false) if isolated => return "Liquidated Isolated Short",
        (Some(ExternalCause::Liquidation), true) => return "Liquidated Cross Long",
        (Some(ExternalCause::Liquidation), false) => return "Liquidated Cross Short",
        (Some(ExternalCause::Adl), _) => return "Auto-Deleveraging",
        _ if spot => return if is_buy { "Buy" } else { "Sell" },
        _ => {}
    }
    match (start.signum(), end.signum(), is_buy) {
        (-1, 1, _) => "Short > Long",
        (1, -1, _) => "Long > Short",
        (0 | 1, _, true) => "Open Long",
        (0 | -1, _, false) => "Open Short",
        (_, _, true) => "Close Short",
        (_, _, false) => "Close Long",
    }
}

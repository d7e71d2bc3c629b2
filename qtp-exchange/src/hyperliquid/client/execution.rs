//! Orders and account.

use std::collections::HashSet;

use async_trait::async_trait;
use qtp_core::port::{AccountSnapshot, AccountStream, Execution, Finding, OrderAck};
use qtp_core::{
    AccountId, Approved, CancelRequest, ClientOrderId, Currency, Decimal, ExchangeError, Fill, InstrumentId,
    LeverageRequest, ModifyRequest, OrderGroup, OrderKind, OrderReport, OrderRequest, OrderRole, OrderSizing,
    OrderStatus, Price, Quantity, TimeInForce, Timestamp, TriggerSource, VenueCapabilities, VenueOrderId,
};
use serde_json::json;

use super::Hyperliquid;
use super::link::refusal;
use crate::hyperliquid::Listing;
use crate::hyperliquid::order::{needs_price, order_action, unsupported_order, wire_order};
use crate::hyperliquid::payload::{self, Answer, GONE, Placed, Wallet, unread};
use crate::hyperliquid::stream;
use crate::hyperliquid::wire::{Action, CancelByCloid, Cloid, Modify, OrderRef};

/// Fills of one page, and pages that exist: the venue keeps 10,000.
const PAGE: usize = 2000;
const PAGES: usize = 8;

#[async_trait]
impl Execution for Hyperliquid {
    fn account(&self) -> AccountId {
        self.config().account.clone()
    }

    fn capabilities(&self) -> VenueCapabilities {
        let perpetual = self.config().wallet == Wallet::Perpetual;
        VenueCapabilities {
            trigger_sources: if perpetual { vec![TriggerSource::Mark] } else { Vec::new() },
            reduce_only: perpetual,
            flip_in_one_order: perpetual,
            // A parent that fills in part has no protection: groups are taken here, but not offered to the engine.
            native_bracket: false,
            amend: true,
            post_only: true,
            validity: true,
            equity_sized_orders: false,
            stop_and_target: perpetual,
        }
    }

    async fn preflight(&self, instruments: &[InstrumentId]) -> Result<Vec<Finding>, ExchangeError> {
        let mut found = self.identity().await?;
        self.check_margin(instruments, &mut found).await?;
        Ok(found)
    }

    /// As [`order_action`] writes it. An order that names no end is valid for the settings' `validity`.
    async fn submit(&self, group: &Approved<OrderGroup>) -> Result<Vec<OrderAck>, ExchangeError> {
        let group = group.get();
        let catalogue = self.catalogue().await?;
        let first = group.first();
        let mid = if group.orders().any(needs_price) { Some(self.mid(first).await?) } else { None };
        let config = self.config();
        let prices = (mid, config.slippage);
        let action = order_action(group, &catalogue, config.wallet, prices)?;
        let expires = first.valid_until.unwrap_or_else(|| config.clock.now() + config.validity);
        let exit = group.orders().all(|order| order.reduce_only || order.role != OrderRole::Entry);
        let answer =
            self.inner.link.submit("submit", first.client_order_id, &action, (expires, exit)).await?;
        acknowledged(group, answer)
    }

    /// Replaces the order by one of what is left of the new size. What fills between the look-up and the change is
    /// not in it: use it for orders that only reduce, or that do not trade meanwhile.
    async fn modify(&self, request: &Approved<ModifyRequest>) -> Result<(), ExchangeError> {
        let request = request.get();
        let (id, catalogue) = (request.client_order_id, self.catalogue().await?);
        let listing = catalogue.instrument("modify", &request.instrument)?;
        let found = self.order(&id).await?.filter(|report| !report.status.is_terminal());
        let gone = || qtp_core::Reason::new(GONE, "the order does not work any more");
        let found = found.ok_or_else(|| refusal("modify", gone()))?;
        let order = self.replacement(request, listing, &found).await?;
        let action =
            Action::BatchModify { modifies: vec![Modify { oid: OrderRef::Cloid(Cloid(id)), order }] };
        let expires = self.config().clock.now() + self.config().validity;
        match self.inner.link.submit("modify", id, &action, (expires, false)).await? {
            Answer::Refused(reason) => Err(refusal("modify", reason)),
            Answer::Taken(placed) => placed.into_iter().try_for_each(|placed| match placed {
                Placed::Refused(reason) => Err(refusal("modify", reason)),
                _ => Ok(()),
            }),
        }
    }

    async fn set_leverage(&self, request: &Approved<LeverageRequest>) -> Result<(), ExchangeError> {
        const OPERATION: &str = "set_leverage";
        let request = request.get();
        let catalogue = self.catalogue().await?;
        let listing = catalogue.instrument(OPERATION, &request.instrument)?;
        let unsupported =
            |what: &str| ExchangeError::Unsupported { operation: OPERATION, what: what.to_owned() };
        if listing.asset.is_spot() {
            return Err(unsupported("leverage of spot"));
        }
        if listing.isolated_only && !request.isolated {
            return Err(unsupported("cross margin for an asset that is isolated only"));
        }
        let leverage = request.leverage.get().normalize();
        let whole = u32::try_from(leverage).ok().filter(|whole| Decimal::from(*whole) == leverage);
        let leverage = whole.ok_or_else(|| unsupported("leverage that is not a whole number"))?;
        let action = Action::UpdateLeverage { asset: listing.asset, is_cross: !request.isolated, leverage };
        self.inner.link.set(OPERATION, &action).await.map(|_| ())
    }

    async fn cancel(&self, request: &CancelRequest) -> Result<(), ExchangeError> {
        let catalogue = self.catalogue().await?;
        let asset = catalogue.instrument("cancel", &request.instrument)?.asset;
        let cancels = vec![CancelByCloid { asset, cloid: Cloid(request.client_order_id) }];
        match self.inner.link.cancel("cancel", &Action::CancelByCloid { cancels }).await? {
            Answer::Taken(placed) => placed.into_iter().try_for_each(|placed| match placed {
                Placed::Refused(reason) if reason.code != GONE => Err(refusal("cancel", reason)),
                _ => Ok(()),
            }),
            Answer::Refused(reason) => Err(refusal("cancel", reason)),
        }
    }

    async fn order(&self, id: &ClientOrderId) -> Result<Option<OrderReport>, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let owner = self.owner("order", &catalogue)?;
        let body = json!({"type": "orderStatus", "user": owner.address, "oid": Cloid(*id)});
        payload::found_order(self.inner.link.info("order", 2, &body).await?.text(), &owner)
    }

    async fn open_orders(&self) -> Result<Vec<OrderReport>, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let owner = self.owner("open_orders", &catalogue)?;
        let mut open = Vec::new();
        for dex in self.dexes() {
            let body = json!({"type": "frontendOpenOrders", "user": owner.address, "dex": dex});
            let reply = self.inner.link.info("open_orders", 20, &body).await?;
            open.extend(payload::open_orders(reply.text(), &owner)?);
        }
        self.inner.link.also(open.len() / 20);
        Ok(open)
    }

    async fn fills_since(&self, since: Timestamp) -> Result<Vec<Fill>, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let owner = self.owner("fills_since", &catalogue)?;
        let (mut fills, mut seen) = (Vec::new(), HashSet::new());
        let mut start = since.as_millis().max(0);
        for _ in 0..PAGES {
            let page = self.fill_page(start, &owner).await?;
            let last = page.last.map(Timestamp::as_millis).filter(|_| page.entries >= PAGE);
            let new = |fill: &Fill| {
                fill.time >= since && seen.insert((fill.trade_id.clone(), fill.venue_order_id.clone()))
            };
            fills.extend(page.fills.into_iter().filter(new));
            match last {
                // A page that ends where it began would come again.
                Some(last) => start = if last > start { last } else { start + 1 },
                None => return Ok(fills),
            }
        }
        Err(unread("fills_since", "userFillsByTime", format!("more than {PAGES} pages of {PAGE} fills")))
    }

    async fn account_snapshot(&self) -> Result<AccountSnapshot, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let user = self.user("account_snapshot")?;
        let config = self.config();
        if config.wallet == Wallet::Spot {
            let body = json!({"type": "spotClearinghouseState", "user": user});
            let reply = self.inner.link.info("account_snapshot", 2, &body).await?;
            return payload::spot_account(reply.text(), &catalogue, &config.account, config.clock.now());
        }
        let mut whole: Option<AccountSnapshot> = None;
        for dex in self.dexes() {
            let settle = settlement(catalogue.listings(), dex);
            let body = json!({"type": "clearinghouseState", "user": user, "dex": dex});
            let reply = self.inner.link.info("account_snapshot", 2, &body).await?;
            let now = config.clock.now();
            let part = payload::perpetual_account(reply.text(), &catalogue, &config.account, settle, now)?;
            let Some(whole) = &mut whole else {
                whole = Some(part);
                continue;
            };
            whole.time = whole.time.min(part.time);
            whole.positions.extend(part.positions);
            for (currency, value) in part.balances {
                let sum = value.saturating_add(whole.balances.get(&currency).copied().unwrap_or_default());
                whole.balances.insert(currency, sum);
            }
        }
        whole.ok_or_else(|| unread("account_snapshot", "clearinghouseState", "no exchange was read"))
    }

    async fn subscribe_account(&self) -> Result<AccountStream, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let user = self.user("subscribe_account")?;
        stream::account(self.config(), catalogue, user).await
    }
}

impl Hyperliquid {
    /// The middle of the market, for an order that was decided without a price.
    async fn mid(&self, order: &OrderRequest) -> Result<Price, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let coin = &catalogue.instrument("submit", &order.instrument)?.coin;
        let dex = coin.split_once(':').map_or("", |(dex, _)| dex);
        let reply = self.inner.link.info("submit", 2, &json!({"type": "allMids", "dex": dex})).await?;
        let mids = payload::mids(reply.text())?;
        mids.get(coin).copied().ok_or_else(|| unsupported_order("a market order where there is no market"))
    }

    /// What replaces an order: side and flags stay, the size is what is left of the new total.
    async fn replacement(
        &self,
        request: &ModifyRequest,
        listing: &Listing,
        found: &OrderReport,
    ) -> Result<crate::hyperliquid::wire::Order, ExchangeError> {
        let details = self.details(request.client_order_id).await?;
        let post_only = details.tif.as_deref() == Some("Alo");
        let order = OrderRequest {
            client_order_id: request.client_order_id,
            account: request.account.clone(),
            instrument: request.instrument.clone(),
            side: found.side,
            quantity: Quantity::ZERO.max(request.quantity - found.filled),
            kind: request.kind,
            time_in_force: TimeInForce::Gtc,
            post_only: post_only && matches!(request.kind, OrderKind::Limit { .. }),
            reduce_only: details.reduce_only,
            sizing: OrderSizing::Fixed,
            role: OrderRole::Entry,
            valid_until: None,
            protective_stop: None,
            decision_price: None,
        };
        if order.quantity.is_zero() || found.status == OrderStatus::Filled {
            return Err(refusal(
                "modify",
                qtp_core::Reason::new("min_quantity_rejected", "nothing would be left"),
            ));
        }
        if matches!(request.kind, OrderKind::Market) {
            return Err(unsupported_order("a change into a market order"));
        }
        wire_order(&order, listing, self.config().wallet, (None, self.config().slippage))
    }

    async fn details(&self, id: ClientOrderId) -> Result<payload::Details, ExchangeError> {
        let user = self.user("modify")?;
        let body = json!({"type": "orderStatus", "user": user, "oid": Cloid(id)});
        payload::order_details(self.inner.link.info("modify", 2, &body).await?.text())
    }
}

/// What the perpetuals of an exchange are settled in.
fn settlement(listings: &[Listing], dex: &str) -> Currency {
    let prefix = |listing: &&Listing| {
        let of = listing.coin.split_once(':').map_or("", |(dex, _)| dex);
        !listing.asset.is_spot() && of == dex
    };
    listings.iter().find(prefix).map_or(Currency::USDC, |listing| listing.instrument.settle)
}

/// One acknowledgement an order. If the first was refused, nothing of the group lives. A later one that was refused has
/// no id, and a look-up does not find it.
fn acknowledged(group: &OrderGroup, answer: Answer) -> Result<Vec<OrderAck>, ExchangeError> {
    let placed = match answer {
        Answer::Taken(placed) => placed,
        Answer::Refused(reason) => return Err(refusal("submit", reason)),
    };
    if let Some(Placed::Refused(reason)) = placed.first() {
        let others = placed.iter().skip(1).all(|other| matches!(other, Placed::Refused(_)));
        if others {
            return Err(refusal("submit", reason.clone()));
        }
    }
    let unclear = |words: &str| ExchangeError::OutcomeUnknown {
        client_order_id: group.first().client_order_id,
        source: words.to_owned().into(),
    };
    if placed.len() != group.orders().count() {
        return Err(unclear("the answer speaks of another number of orders"));
    }
    group
        .orders()
        .zip(placed)
        .map(|(order, placed)| {
            let venue_order_id = match placed {
                Placed::Resting { oid } | Placed::Filled { oid } => Some(id(oid)?),
                Placed::Done | Placed::Refused(_) => None,
            };
            Ok(OrderAck { client_order_id: order.client_order_id, venue_order_id })
        })
        .collect()
}

fn id(oid: u64) -> Result<VenueOrderId, ExchangeError> {
    oid.to_string().parse().map_err(|error| unread("submit", "oid", error))
}

//! Orders, fills and payments of an account.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::account::{Account, FillRecord, OrderRecord};
use super::super::world::World;
use super::{Answer, OrderName, Query, Unanswered};

/// Orders and fills that one request brings at most.
const LISTED: usize = 2_000;
/// Payments that one request brings at most.
const PAYMENTS: usize = 500;

pub(super) fn answer(world: &World, query: &Query) -> Answer {
    query.main_dex()?;
    let Some(account) = world.accounts.get(&query.user()?) else {
        // A user that nobody knows has nothing.
        return Ok(if query.kind == "orderStatus" { json!({"status": "unknownOid"}) } else { json!([]) });
    };
    let times = query.start_time.unwrap_or(0)..=query.end_time.unwrap_or(i64::MAX);
    Ok(match query.kind.as_str() {
        "openOrders" => open_orders(account),
        "frontendOpenOrders" => frontend_orders(account),
        "historicalOrders" => historical(account),
        "userFills" => fills_json(account.fills.iter().rev().take(LISTED), query.aggregate_by_time),
        "userFillsByTime" => {
            query.start_time.ok_or(Unanswered::Unreadable)?;
            let within = account.fills.iter().filter(|fill| times.contains(&fill.time.as_millis()));
            fills_json(within.take(LISTED), query.aggregate_by_time)
        }
        "orderStatus" => order_status(account, query.oid.ok_or(Unanswered::Unreadable)?),
        "userFunding" => {
            let within = account.payments.iter().filter(|payment| times.contains(&payment.time.as_millis()));
            within.take(PAYMENTS).map(super::super::account::PaymentRecord::json).collect()
        }
        "userNonFundingLedgerUpdates" => {
            let within = account.ledger.iter().filter(|record| times.contains(&record.time.as_millis()));
            within.take(PAYMENTS).map(super::super::account::LedgerRecord::json).collect()
        }
        // Orders spread over time are not offered.
        _ => json!([]),
    })
}

/// Newest first, as the venue lists them.
pub(in crate::sim_server) fn open_orders(account: &Account) -> Value {
    let visible = account.open.values().rev().filter(|order| !waits_for_parent(account, order));
    visible.map(|order| Value::Object(order.basic())).collect()
}

pub(in crate::sim_server) fn frontend_orders(account: &Account) -> Value {
    let visible = account.open.values().rev().filter(|order| !waits_for_parent(account, order));
    visible.map(|order| order.full(children(account, order))).collect()
}

/// Children of an open parent are shown inside it.
fn waits_for_parent(account: &Account, order: &OrderRecord) -> bool {
    order.trigger.is_some() && !order.siblings.is_empty() && order.siblings_parent_open(&account.open)
        || (order.trigger.is_some() && order.siblings_parent_open(&account.open))
}

fn children(account: &Account, order: &OrderRecord) -> Vec<Value> {
    let children = order.children.iter().filter_map(|oid| account.open.get(oid));
    children.map(|child| child.full(Vec::new())).collect()
}

fn with_status(account: &Account, order: &OrderRecord) -> Value {
    json!({"order": order.full(children(account, order)), "status": order.status,
        "statusTimestamp": order.changed.as_millis()})
}

fn historical(account: &Account) -> Value {
    let mut orders: Vec<&OrderRecord> = account.open.values().chain(&account.ended).collect();
    orders.sort_by_key(|order| std::cmp::Reverse((order.changed, order.oid)));
    orders.into_iter().take(LISTED).map(|order| with_status(account, order)).collect()
}

fn order_status(account: &Account, name: OrderName) -> Value {
    let oid = match name {
        OrderName::Oid(oid) => Some(oid),
        OrderName::Cloid(cloid) => account.cloids.get(&cloid).copied(),
    };
    let found = oid.and_then(|oid| {
        account.open.get(&oid).or_else(|| account.ended.iter().rev().find(|order| order.oid == oid))
    });
    found.map_or_else(
        || json!({"status": "unknownOid"}),
        |order| json!({"status": "order", "order": with_status(account, order)}),
    )
}

/// Fills; those of one order at one instant made one, if that is asked for.
pub(in crate::sim_server) fn fills_json<'a>(
    fills: impl Iterator<Item = &'a FillRecord>,
    aggregate: Option<bool>,
) -> Value {
    if aggregate != Some(true) {
        return fills.map(FillRecord::json).collect();
    }
    let mut merged: Vec<FillRecord> = Vec::new();
    let mut places: BTreeMap<(u64, i64), usize> = BTreeMap::new();
    for fill in fills {
        let key = (fill.oid, fill.time.as_nanos());
        let Some(place) = places.get(&key).copied() else {
            places.insert(key, merged.len());
            merged.push(fill.clone());
            continue;
        };
        if let Some(sum) = merged.get_mut(place) {
            let size = sum.size + fill.size;
            let cost = sum.price * sum.size + fill.price * fill.size;
            sum.price = cost.checked_div(size).unwrap_or(sum.price).round_dp(8);
            (sum.size, sum.fee, sum.closed_pnl) =
                (size, sum.fee + fill.fee, sum.closed_pnl + fill.closed_pnl);
            sum.builder_fee = sum.builder_fee.map(|fee| fee + fill.builder_fee.unwrap_or_default());
            if fill.tid < sum.tid {
                sum.start = fill.start;
            }
        }
    }
    merged.iter().map(FillRecord::json).collect()
}

//! One number for all commands of a run: two runs with the same hash did the same.

use qtp_core::money::Decimal;
use qtp_core::{
    Command, OrderKind, OrderRequest, OrderSizing, Price, TimeInForce, Timestamp, TrailingOffset,
};
use serde::{Deserialize, Serialize};
use sha2::digest::common::hazmat::{SerializableState as _, SerializedState};
use sha2::{Digest, Sha256};

/// SHA-256 over every command, in order: orders in a fixed binary form, everything else as JSON.
///
/// Backtests send tens of thousands of orders a second, and JSON would take longer than the rest of an order.
#[derive(Debug, Clone, Default)]
pub struct CommandHash {
    hasher: Sha256,
    buffer: Vec<u8>,
    count: u64,
}

impl CommandHash {
    /// Adds a command.
    pub fn add(&mut self, command: &Command) {
        self.buffer.clear();
        match command {
            Command::Submit(group) => {
                for order in group.get().orders() {
                    put_order(&mut self.buffer, order);
                }
            }
            other => {
                // A command holds nothing that JSON cannot write; a failure would leave a short, still hashed, text.
                let written = serde_json::to_writer(&mut self.buffer, other);
                self.buffer.push(u8::from(written.is_err()));
            }
        }
        self.hasher.update(&self.buffer);
        self.count += 1;
    }

    /// Where the hash stands, for a checkpoint.
    pub(super) fn save(&self) -> SavedHash {
        let state = self.hasher.serialize().iter().map(|byte| format!("{byte:02x}")).collect();
        SavedHash { state, count: self.count }
    }

    pub(super) fn restore(&mut self, saved: &SavedHash) -> Result<(), String> {
        let wrong = || "its hash of commands cannot be read".to_owned();
        let mut state = SerializedState::<Sha256>::default();
        if saved.state.len() != state.len() * 2 {
            return Err(wrong());
        }
        for (index, byte) in state.iter_mut().enumerate() {
            let digits = saved.state.get(index * 2..index * 2 + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        self.hasher = Sha256::deserialize(&state).map_err(|_| wrong())?;
        self.count = saved.count;
        Ok(())
    }

    /// How many commands there were.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The hash so far, in hex.
    pub fn finish(&self) -> String {
        let digest = self.hasher.clone().finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A hash half-way: the hasher's state in hex.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedHash {
    state: String,
    count: u64,
}

/// Every field of an order. Taking it apart by name makes a new field an error here.
fn put_order(out: &mut Vec<u8>, order: &OrderRequest) {
    let OrderRequest {
        client_order_id,
        account,
        instrument,
        side,
        quantity,
        kind,
        time_in_force,
        post_only,
        reduce_only,
        sizing,
        role,
        valid_until,
        protective_stop,
        decision_price,
    } = order;
    out.extend(client_order_id.bits().to_be_bytes());
    for text in [account.as_str(), instrument.as_str()] {
        out.extend((text.len() as u64).to_be_bytes());
        out.extend(text.as_bytes());
    }
    out.extend([*side as u8, u8::from(*post_only), u8::from(*reduce_only), *role as u8]);
    put_decimal(out, quantity.get());
    put_kind(out, kind);
    match time_in_force {
        TimeInForce::Gtc => out.push(0),
        TimeInForce::Ioc => out.push(1),
        TimeInForce::Fok => out.push(2),
        TimeInForce::Gtd(until) => {
            out.push(3);
            put_time(out, Some(*until));
        }
    }
    match sizing {
        OrderSizing::Fixed => out.push(0),
        OrderSizing::EquityShare { share, whole_units } => {
            out.push(1 + u8::from(*whole_units));
            put_decimal(out, share.get());
        }
    }
    put_time(out, *valid_until);
    put_price(out, *protective_stop);
    put_price(out, *decision_price);
}

fn put_kind(out: &mut Vec<u8>, kind: &OrderKind) {
    let tag = match kind {
        OrderKind::Market => 0,
        OrderKind::Limit { .. } => 1,
        OrderKind::StopMarket { .. } => 2,
        OrderKind::StopLimit { .. } => 3,
        OrderKind::TakeProfitMarket { .. } => 4,
        OrderKind::TakeProfitLimit { .. } => 5,
        OrderKind::TrailingStop { .. } => 6,
    };
    out.push(tag);
    put_price(out, kind.limit());
    if let Some(trigger) = kind.trigger() {
        out.push(trigger.source as u8);
        put_decimal(out, trigger.price.get());
    }
    if let OrderKind::TrailingStop { offset, source } = kind {
        out.push(*source as u8);
        match offset {
            TrailingOffset::Price(price) => put_decimal(out, price.get()),
            TrailingOffset::Ratio(ratio) => put_decimal(out, ratio.get()),
        }
    }
}

fn put_price(out: &mut Vec<u8>, price: Option<Price>) {
    out.push(u8::from(price.is_some()));
    if let Some(price) = price {
        put_decimal(out, price.get());
    }
}

fn put_time(out: &mut Vec<u8>, time: Option<Timestamp>) {
    out.push(u8::from(time.is_some()));
    out.extend(time.unwrap_or_default().as_nanos().to_be_bytes());
}

/// Equal numbers have equal bytes, whatever zeros they were written with.
fn put_decimal(out: &mut Vec<u8>, value: Decimal) {
    out.extend(value.normalize().serialize());
}

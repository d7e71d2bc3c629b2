//! What the protocol remembers of an account, and how it looks on the wire.

use qtp_core::{Decimal, Timestamp};
use serde_json::{Map, Value, json};

use super::super::number::{hash, text, usd};
use crate::hyperliquid::sign::Address;
use crate::hyperliquid::wire::{AssetId, Cloid, Tpsl};

/// A trigger of an order.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim_server) struct TriggerRecord {
    pub price: Decimal,
    pub is_market: bool,
    pub tpsl: Tpsl,
}

/// An order, open or ended.
#[derive(Debug, Clone)]
pub(in crate::sim_server) struct OrderRecord {
    pub oid: u64,
    pub asset: AssetId,
    pub coin: String,
    pub is_buy: bool,
    pub price: Decimal,
    pub size: Decimal,
    pub filled: Decimal,
    /// Sum of price times size of its fills.
    pub cost: Decimal,
    pub tif: Option<&'static str>,
    pub trigger: Option<TriggerRecord>,
    /// The trigger fired.
    pub triggered: bool,
    pub reduce_only: bool,
    pub cloid: Option<Cloid>,
    /// Tied to the position: its size is that of the position.
    pub whole_position: bool,
    pub is_position_tpsl: bool,
    /// Orders that live once this one is filled.
    pub children: Vec<u64>,
    /// Orders that die when this one fills.
    pub siblings: Vec<u64>,
    /// Rate for the client's builder, and who that is.
    pub builder: Option<(Address, Decimal)>,
    pub placed: Timestamp,
    pub status: &'static str,
    pub changed: Timestamp,
}

impl OrderRecord {
    pub(in crate::sim_server) fn remaining(&self) -> Decimal {
        self.size - self.filled
    }

    pub(in crate::sim_server) fn average(&self) -> Decimal {
        self.cost.checked_div(self.filled).unwrap_or_default()
    }

    /// True if the parent that it waits for is still open.
    pub(in crate::sim_server) fn siblings_parent_open(
        &self,
        open: &std::collections::BTreeMap<u64, Self>,
    ) -> bool {
        open.values().any(|order| order.children.contains(&self.oid))
    }

    /// `openOrders` and `orderUpdates`.
    pub(in crate::sim_server) fn basic(&self) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("coin".into(), json!(self.coin));
        map.insert("side".into(), json!(side_word(self.is_buy)));
        map.insert("limitPx".into(), json!(text(self.price)));
        let size = if self.whole_position { Decimal::ZERO } else { self.remaining() };
        let original = if self.whole_position { Decimal::ZERO } else { self.size };
        map.insert("sz".into(), json!(text(size)));
        map.insert("oid".into(), json!(self.oid));
        map.insert("timestamp".into(), json!(self.placed.as_millis()));
        map.insert("origSz".into(), json!(text(original)));
        if self.reduce_only {
            map.insert("reduceOnly".into(), json!(true));
        }
        if let Some(cloid) = self.cloid {
            map.insert("cloid".into(), json!(cloid.to_string()));
        }
        map
    }

    /// `frontendOpenOrders`, `orderStatus` and `historicalOrders`; `children` are the records of its children.
    pub(in crate::sim_server) fn full(&self, children: Vec<Value>) -> Value {
        let mut map = self.basic();
        let condition = self.trigger.map_or_else(
            || "N/A".to_owned(),
            |trigger| {
                let below = (trigger.tpsl == Tpsl::Sl) != self.is_buy;
                format!("Price {} {}", if below { "below" } else { "above" }, trigger.price.normalize())
            },
        );
        map.insert("triggerCondition".into(), json!(condition));
        map.insert("isTrigger".into(), json!(self.trigger.is_some() && !self.triggered));
        let trigger_px = self.trigger.map_or(Decimal::ZERO, |trigger| trigger.price);
        map.insert("triggerPx".into(), json!(text(trigger_px)));
        map.insert("isPositionTpsl".into(), json!(self.is_position_tpsl));
        map.insert("reduceOnly".into(), json!(self.reduce_only));
        map.insert("orderType".into(), json!(self.kind_word()));
        map.insert("tif".into(), json!(self.tif));
        map.insert("cloid".into(), self.cloid.map_or(Value::Null, |cloid| json!(cloid.to_string())));
        map.insert("children".into(), Value::Array(children));
        Value::Object(map)
    }

    const fn kind_word(&self) -> &'static str {
        match self.trigger {
            None if matches!(self.tif, Some(tif) if tif.len() > 3) => "Market",
            None => "Limit",
            Some(TriggerRecord { is_market: true, tpsl: Tpsl::Sl, .. }) => "Stop Market",
            Some(TriggerRecord { is_market: false, tpsl: Tpsl::Sl, .. }) => "Stop Limit",
            Some(TriggerRecord { is_market: true, tpsl: Tpsl::Tp, .. }) => "Take Profit Market",
            Some(TriggerRecord { is_market: false, tpsl: Tpsl::Tp, .. }) => "Take Profit Limit",
        }
    }
}

pub(in crate::sim_server) const fn side_word(is_buy: bool) -> &'static str {
    if is_buy { "B" } else { "A" }
}

/// An execution.
#[derive(Debug, Clone)]
pub(in crate::sim_server) struct FillRecord {
    pub coin: String,
    pub oid: u64,
    pub tid: u64,
    pub price: Decimal,
    pub size: Decimal,
    pub is_buy: bool,
    pub time: Timestamp,
    pub start: Decimal,
    pub dir: &'static str,
    pub closed_pnl: Decimal,
    pub crossed: bool,
    pub fee: Decimal,
    pub fee_token: String,
    pub builder_fee: Option<Decimal>,
    pub cloid: Option<Cloid>,
    /// Who was liquidated, at which mark.
    pub liquidation: Option<(Address, Decimal)>,
}

impl FillRecord {
    pub(in crate::sim_server) fn json(&self) -> Value {
        let fee = self.fee + self.builder_fee.unwrap_or_default();
        let mut value = json!({"coin": self.coin, "px": text(self.price), "sz": text(self.size),
            "side": side_word(self.is_buy), "time": self.time.as_millis(), "startPosition": text(self.start),
            "dir": self.dir, "closedPnl": text(self.closed_pnl.round_dp(8)), "hash": hash(self.oid), "oid": self.oid,
            "crossed": self.crossed, "fee": text(fee.round_dp(8)), "tid": self.tid, "feeToken": self.fee_token, "twapId": null});
        if let Some(map) = value.as_object_mut() {
            if let Some(fee) = self.builder_fee {
                map.insert("builderFee".into(), json!(text(fee.round_dp(8))));
            }
            if let Some(cloid) = self.cloid {
                map.insert("cloid".into(), json!(cloid.to_string()));
            }
            if let Some((user, mark)) = self.liquidation {
                let liquidation = json!({"liquidatedUser": user, "markPx": text(mark), "method": "market"});
                map.insert("liquidation".into(), liquidation);
            }
        }
        value
    }
}

/// A funding payment.
#[derive(Debug, Clone)]
pub(in crate::sim_server) struct PaymentRecord {
    pub time: Timestamp,
    pub coin: String,
    /// Negative: paid.
    pub usdc: Decimal,
    pub size: Decimal,
    pub rate: Decimal,
}

impl PaymentRecord {
    /// `userFunding`; the stream has the same without the wrapping.
    pub(in crate::sim_server) fn json(&self) -> Value {
        json!({"time": self.time.as_millis(), "hash": format!("0x{:064x}", 0),
            "delta": {"type": "funding", "coin": self.coin, "usdc": usd(self.usdc), "szi": text(self.size),
                "fundingRate": text(self.rate), "nSamples": null}})
    }

    pub(in crate::sim_server) fn flat(&self) -> Value {
        json!({"time": self.time.as_millis(), "coin": self.coin, "usdc": usd(self.usdc), "szi": text(self.size),
            "fundingRate": text(self.rate), "nSamples": null})
    }
}

/// A deposit, withdrawal or transfer.
#[derive(Debug, Clone)]
pub(in crate::sim_server) struct LedgerRecord {
    pub time: Timestamp,
    pub number: u64,
    pub delta: Value,
}

impl LedgerRecord {
    pub(in crate::sim_server) fn json(&self) -> Value {
        json!({"time": self.time.as_millis(), "hash": hash(self.number), "delta": self.delta})
    }
}

/// What subscribers of an account are told.
#[derive(Debug, Clone)]
pub(in crate::sim_server) enum News {
    Order(Value),
    Fill(FillRecord),
    Payment(PaymentRecord),
    Ledger(LedgerRecord),
    /// A forced close: value of the position and of the account.
    Liquidation(Decimal, Decimal),
    /// An order that the venue cancelled by itself.
    NonUserCancel(String, u64),
}

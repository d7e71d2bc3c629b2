//! What a bot wanted, by its journal, against what exists on the venue.

use std::collections::{BTreeMap, BTreeSet};

use qtp_core::port::JournalRecord;
use qtp_core::{ClientOrderId, Decimal, Event, Intent, OrderStatus, Timestamp};
use qtp_exchange::hyperliquid::sign::Address;
use qtp_exchange::sim_server::SimServer;
use serde::Deserialize;
use serde_json::json;

use crate::exit::Failure;

/// What a journal says of a run's orders and fills.
#[derive(Debug, Default)]
pub(super) struct Journaled {
    /// When each order left.
    pub(super) intended: BTreeMap<ClientOrderId, Timestamp>,
    /// Found to have never reached the venue.
    pub(super) absent: BTreeSet<ClientOrderId>,
    /// Refused by the venue.
    pub(super) rejected: BTreeSet<ClientOrderId>,
    /// When each order was first known to have arrived.
    pub(super) arrived: BTreeMap<ClientOrderId, Timestamp>,
    /// Trade and order of the venue.
    pub(super) fills: BTreeSet<(String, String)>,
    /// Positions that were corrected without a fill.
    pub(super) adjusted: usize,
}

impl Journaled {
    pub(super) fn of(records: impl IntoIterator<Item = JournalRecord>) -> Self {
        let mut journaled = Self::default();
        for record in records {
            let time = record.time();
            match record {
                JournalRecord::Command(record) => {
                    if let Intent::Submit(group) = &record.intent {
                        let orders = group.orders().map(|order| (order.client_order_id, time));
                        journaled.intended.extend(orders);
                    }
                }
                JournalRecord::Event(record) => journaled.note(time, record.event),
            }
        }
        journaled
    }

    fn note(&mut self, time: Timestamp, event: Event) {
        match event {
            Event::Fill(fill) => {
                let order = fill.venue_order_id.as_ref().map(ToString::to_string).unwrap_or_default();
                self.fills.insert((fill.trade_id.to_string(), order));
                if let Some(id) = fill.client_order_id {
                    self.arrived.entry(id).or_insert(time);
                }
            }
            Event::OrderAbsent { client_order_id, .. } => {
                self.absent.insert(client_order_id);
            }
            Event::OrderReport(report) => {
                let Some(id) = report.client_order_id else { return };
                if report.status == OrderStatus::Rejected {
                    self.rejected.insert(id);
                } else {
                    self.arrived.entry(id).or_insert(time);
                }
            }
            Event::PositionAdjustment { .. } => self.adjusted += 1,
            _ => {}
        }
    }
}

/// What differs. All of it is zero if nothing was sent twice and nothing was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Audit {
    pub(super) intended: usize,
    pub(super) absent: usize,
    /// Orders that were intended, are not known to have failed, and do not exist.
    pub(super) lost: usize,
    /// Orders that exist and were not intended.
    pub(super) unknown: usize,
    /// Orders that exist more than once.
    pub(super) twice: usize,
    /// Orders of somebody else.
    pub(super) foreign: usize,
    /// Orders that still work.
    pub(super) open: usize,
    /// Fills of the venue.
    pub(super) fills: usize,
    /// Fills of the venue that are not in the journal.
    pub(super) unbooked: usize,
    /// Fills of the journal that the venue does not know.
    pub(super) invented: usize,
    /// Positions corrected without a fill.
    pub(super) adjusted: usize,
    /// Net size of all fills of the venue.
    pub(super) position: Decimal,
}

#[derive(Deserialize)]
struct Told {
    order: Listed,
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    oid: u64,
    cloid: Option<String>,
    sz: String,
    orig_sz: String,
}

#[derive(Deserialize)]
struct Filled {
    oid: u64,
    tid: u64,
    side: String,
    sz: String,
}

impl Audit {
    /// Compares a journal with all orders and fills of an account.
    ///
    /// # Errors
    /// If the venue's answer cannot be read.
    pub(super) fn of(journaled: &Journaled, server: &SimServer, user: Address) -> Result<Self, Failure> {
        let ask = |kind: &str| {
            server
                .ask(&json!({"type": kind, "user": user}).to_string())
                .ok_or_else(|| format!("{kind}: no answer"))
        };
        let orders: Vec<Told> = serde_json::from_str(&ask("historicalOrders")?)?;
        let fills: Vec<Filled> = serde_json::from_str(&ask("userFills")?)?;
        let (absent, intended) = (journaled.absent.len(), journaled.intended.len());
        let mut audit = Self { intended, absent, adjusted: journaled.adjusted, ..Self::default() };
        let mut known: BTreeMap<ClientOrderId, BTreeSet<u64>> = BTreeMap::new();
        for told in &orders {
            audit.open += usize::from(told.status == "open");
            match told.order.cloid.as_deref().map(id_of) {
                None => audit.foreign += 1,
                Some(None) => audit.unknown += 1,
                // What the venue refused does not exist, unless a part of it was filled before.
                Some(Some(_))
                    if told.status.to_lowercase().ends_with("rejected")
                        && told.order.sz == told.order.orig_sz => {}
                Some(Some(id)) => {
                    known.entry(id).or_default().insert(told.order.oid);
                }
            }
        }
        audit.unknown += known.keys().filter(|id| !journaled.intended.contains_key(id)).count();
        audit.unknown += known.keys().filter(|id| journaled.absent.contains(id)).count();
        audit.twice = known.values().filter(|oids| oids.len() > 1).count();
        let failed = |id: &&ClientOrderId| journaled.absent.contains(id) || journaled.rejected.contains(id);
        audit.lost = journaled.intended.keys().filter(|id| !failed(id) && !known.contains_key(id)).count();
        let theirs: BTreeSet<_> =
            fills.iter().map(|fill| (fill.tid.to_string(), fill.oid.to_string())).collect();
        audit.fills = theirs.len();
        audit.unbooked = theirs.difference(&journaled.fills).count();
        audit.invented = journaled.fills.difference(&theirs).count();
        for fill in &fills {
            let size = Decimal::from_str_exact(&fill.sz)?;
            audit.position += if fill.side == "B" { size } else { -size };
        }
        Ok(audit)
    }

    /// What is wrong, in words. `foreign` orders of others are expected or not.
    pub(super) fn problems(&self, foreign: bool) -> Vec<String> {
        let counts = [
            (self.lost, "lost orders"),
            (self.unknown, "orders that nobody intended"),
            (self.twice, "orders there twice"),
            (if foreign { 0 } else { self.foreign }, "orders of others"),
            (self.unbooked, "fills not in the journal"),
            (self.invented, "fills that the venue does not know"),
            (self.adjusted, "positions corrected without a fill"),
        ];
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }
}

fn id_of(cloid: &str) -> Option<ClientOrderId> {
    cloid.trim_start_matches("0x").parse().ok()
}

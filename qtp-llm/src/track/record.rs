//! Advice on entries, and how the positions that followed it ended.

use std::collections::BTreeMap;
use std::path::Path;

use qtp_core::{AssetView, Decision, DecisionAction, DecisionRequest, InstrumentId, Timestamp};
use serde::{Deserialize, Serialize};

use super::conditions::Conditions;
use super::file::TrackFile;
use crate::error::LlmError;

/// Trades that are remembered; older ones are forgotten.
const TRADES_MAX: usize = 1000;
/// Longest rationale that is remembered, in characters.
const WORDS_MAX: usize = 200;

/// A position that followed advice and is closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosedTrade {
    /// Whose advice: the seat of a council, `decide` otherwise.
    pub seat: String,
    /// Instrument.
    pub instrument: InstrumentId,
    /// 1 long, -1 short.
    pub direction: i8,
    /// Conviction of the advice, from 0 to 1.
    pub conviction: f64,
    /// The instant of the picture that the advice was about.
    pub advised: Timestamp,
    /// When the position was closed.
    pub ended: Timestamp,
    /// The advice was right: its direction was the position's and the position won, or it was against one that lost.
    pub right: bool,
    /// The market then.
    pub(crate) conditions: Option<Conditions>,
    /// The rationale then, cut.
    pub rationale: String,
}

/// Advice that waits for its outcome.
#[derive(Debug, Clone, PartialEq)]
struct Thesis {
    seat: String,
    direction: i8,
    conviction: f64,
    advised: Timestamp,
    conditions: Option<Conditions>,
    rationale: String,
}

/// The record of one engine or of the seats of a council.
#[derive(Debug, Default)]
pub(crate) struct TrackRecord {
    closed: Vec<ClosedTrade>,
    /// Advice on instruments that were flat then, one a seat.
    open: BTreeMap<InstrumentId, Vec<Thesis>>,
    /// Direction of the position that followed, once it is seen.
    held: BTreeMap<InstrumentId, i8>,
    file: Option<TrackFile>,
}

impl TrackRecord {
    /// A record that goes on where the file ends; without a file it is empty.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, LlmError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let (file, mut closed) = TrackFile::open(path)?;
        let forgotten = closed.len().saturating_sub(TRADES_MAX);
        closed.drain(..forgotten);
        Ok(Self { closed, file: Some(file), ..Self::default() })
    }

    /// The trades that are remembered, oldest first.
    pub(crate) fn closed(&self) -> &[ClosedTrade] {
        &self.closed
    }

    /// Looks at a new picture: which positions of ours have ended?
    pub(crate) fn observe(&mut self, request: &DecisionRequest) {
        for asset in &request.assets {
            self.look(asset);
        }
    }

    fn look(&mut self, asset: &AssetView) {
        let Some(theses) = self.open.get(&asset.instrument) else { return };
        let Some(advised) = theses.iter().map(|thesis| thesis.advised).max() else { return };
        if let Some(last) = asset.last_trade.filter(|last| last.time > advised) {
            // A position that opened and closed between two pictures had the direction of the seats' majority.
            let net: i32 = theses.iter().map(|thesis| i32::from(thesis.direction)).sum();
            let seen = self.held.remove(&asset.instrument);
            let direction = seen.unwrap_or_else(|| i8::try_from(net.signum()).unwrap_or(0));
            let theses = self.open.remove(&asset.instrument).unwrap_or_default();
            for thesis in theses.into_iter().filter(|_| direction != 0) {
                self.close(asset, thesis, last.time, last.won, direction);
            }
        } else if asset.position.signum() != 0 {
            self.held.insert(asset.instrument.clone(), asset.position.signum());
        }
    }

    fn close(&mut self, asset: &AssetView, thesis: Thesis, ended: Timestamp, won: bool, direction: i8) {
        let trade = ClosedTrade {
            right: won == (thesis.direction == direction),
            instrument: asset.instrument.clone(),
            seat: thesis.seat,
            direction: thesis.direction,
            conviction: thesis.conviction,
            advised: thesis.advised,
            ended,
            conditions: thesis.conditions,
            rationale: thesis.rationale,
        };
        // A run that went through its past again tells nothing twice.
        let same = |known: &ClosedTrade| {
            known.ended == trade.ended && known.instrument == trade.instrument && known.seat == trade.seat
        };
        if self.closed.iter().rev().any(same) {
            return;
        }
        if let Some(file) = &mut self.file {
            file.append(&trade);
        }
        if self.closed.len() == TRADES_MAX {
            self.closed.remove(0);
        }
        self.closed.push(trade);
    }

    /// Remembers what a seat advised on instruments that are flat.
    pub(crate) fn advise(&mut self, seat: &str, request: &DecisionRequest, decision: &Decision) {
        for trade in &decision.trades {
            let direction = match trade.action {
                DecisionAction::Buy => 1,
                DecisionAction::Sell => -1,
                _ => continue,
            };
            let Some(asset) = request.asset(&trade.instrument) else { continue };
            if asset.position.signum() != 0 {
                continue;
            }
            let theses = self.open.entry(trade.instrument.clone()).or_default();
            // What was advised on an earlier picture and led to nothing is void.
            theses.retain(|thesis| thesis.advised == request.as_of && thesis.seat != seat);
            theses.push(Thesis {
                seat: seat.to_owned(),
                direction,
                conviction: trade.conviction.to_f64(),
                advised: request.as_of,
                conditions: Conditions::of(asset),
                rationale: trade.rationale.chars().take(WORDS_MAX).collect(),
            });
            self.held.remove(&trade.instrument);
        }
    }
}

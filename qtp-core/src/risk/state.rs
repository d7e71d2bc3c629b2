//! Counters that limits are judged by. They live in the engine and survive a restart with it.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::Reason;
use crate::id::InstrumentId;
use crate::money::Notional;
use crate::time::Timestamp;

/// Most order times that are remembered.
const ORDER_TIMES: usize = 4096;

/// How a round trip ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeOutcome {
    /// When it ended.
    pub time: Timestamp,
    /// Net of fees and funding: above zero is a win.
    pub won: bool,
}

/// The counters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RiskState {
    /// Time after 00:00 UTC at which the day begins.
    pub midnight: Duration,
    day: Option<i64>,
    day_start_equity: Option<Notional>,
    order_times: VecDeque<Timestamp>,
    losses_in_row: u32,
    last_trades: Vec<(InstrumentId, TradeOutcome)>,
    halt: Option<Halt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suspended: Option<Reason>,
}

/// A halt and when it ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Halt {
    reason: Reason,
    until_day: Option<i64>,
}

impl RiskState {
    /// Counters of a day that begins `midnight` after 00:00 UTC.
    pub fn new(midnight: Duration) -> Self {
        Self { midnight, ..Self::default() }
    }

    /// Starts a new day if one began; ends a halt that lasts until then. Returns true if a halt ended.
    pub fn on_time(&mut self, now: Timestamp, equity: impl FnOnce() -> Option<Notional>) -> bool {
        if self.day.is_some_and(|day| now.is_on(day, self.midnight)) {
            return false;
        }
        let day = now.day(self.midnight);
        // An unknown equity is asked for again: a day without its base would have no loss limit.
        let Some(equity) = equity() else { return false };
        self.day = Some(day);
        self.day_start_equity = Some(equity);
        let ended = self.halt.as_ref().is_some_and(|halt| halt.until_day.is_some_and(|until| day >= until));
        if ended {
            self.resume();
        }
        ended
    }

    /// Moves the base of the daily loss by a deposit or withdrawal.
    pub fn on_cash_flow(&mut self, amount: Notional) {
        if let Some(equity) = &mut self.day_start_equity {
            *equity += amount;
        }
    }

    /// Counts an order that leaves.
    pub fn on_order(&mut self, now: Timestamp) {
        if self.order_times.len() == ORDER_TIMES {
            self.order_times.pop_front();
        }
        self.order_times.push_back(now);
    }

    /// Counts a round trip that ended.
    pub fn on_round_trip(&mut self, instrument: &InstrumentId, outcome: TradeOutcome) {
        self.losses_in_row = if outcome.won { 0 } else { self.losses_in_row.saturating_add(1) };
        match self.last_trades.iter_mut().find(|(id, _)| id == instrument) {
            Some((_, last)) => *last = outcome,
            None => self.last_trades.push((instrument.clone(), outcome)),
        }
    }

    /// Stops new risk, until the next day or for good.
    pub fn halt(&mut self, reason: Reason, until_next_day: bool) {
        let until_day = if until_next_day { self.day.map(|day| day + 1) } else { None };
        self.halt = Some(Halt { reason, until_day });
    }

    /// Ends a halt, and forgives the losing streak that may have caused it.
    pub fn resume(&mut self) {
        self.halt = None;
        self.losses_in_row = 0;
    }

    /// Stops new risk while the account's state at the venue is not known. Unlike a halt it does not outlive its
    /// cause, and no operator ends it. Returns true if that is new.
    pub fn suspend(&mut self, reason: Reason) -> bool {
        self.suspended.replace(reason).is_none()
    }

    /// The account's state is known again. Returns true if it was not.
    pub fn end_suspension(&mut self) -> bool {
        self.suspended.take().is_some()
    }

    /// Why new risk is stopped.
    pub fn halted(&self) -> Option<&Reason> {
        self.halt.as_ref().map(|halt| &halt.reason).or(self.suspended.as_ref())
    }

    /// Equity at the beginning of the day.
    pub const fn day_start_equity(&self) -> Option<Notional> {
        self.day_start_equity
    }

    /// Orders that left within `window` before `now`.
    pub fn orders_within(&self, window: Duration, now: Timestamp) -> usize {
        let start = now.saturating_sub(window);
        self.order_times.iter().rev().take_while(|time| **time > start).count()
    }

    /// Losing round trips since the last winning one.
    pub const fn losses_in_row(&self) -> u32 {
        self.losses_in_row
    }

    /// How the last round trip in an instrument ended.
    pub fn last_trade(&self, instrument: &InstrumentId) -> Option<TradeOutcome> {
        self.last_trades.iter().find(|(id, _)| id == instrument).map(|(_, outcome)| *outcome)
    }

    /// When the last round trip in any instrument ended.
    pub fn last_trade_time(&self) -> Option<Timestamp> {
        self.last_trades.iter().map(|(_, outcome)| outcome.time).max()
    }
}

//! What goes wrong, by script.
//!
//! A rule names a point (a request of a type, a message on a channel, a connection that closed), and says what happens
//! there from its n-th match on. Rules are asked in their order; of those that match, the first that is due acts. Every
//! match is counted, also when nobody acts.

mod read;
mod rule;

pub(super) use read::rules;
pub use read::{FaultFileError, parse, read};
pub(super) use rule::Written;
pub use rule::{Rule, RuleError};

use std::time::Duration;

use qtp_core::Decimal;
use qtp_core::port::{Clock, SystemClock};
use rule::{Deed, Filter};

use crate::hyperliquid::sign::Address;

/// Where a fault can strike.
#[derive(Debug, Clone, Copy)]
pub(super) enum Point<'a> {
    /// A request: `info` or `exchange`, and its type.
    Request { path: &'a str, kind: &'a str, coin: &'a str, user: Option<Address> },
    /// A WebSocket message on its way out.
    Message { channel: &'a str, coin: &'a str, user: Option<Address> },
    /// A WebSocket connection that had topics of a user has ended.
    Closed { user: Option<Address> },
}

impl Point<'_> {
    /// `info:TYPE`, `exchange:TYPE`, `ws:CHANNEL`, `closed`.
    fn matches(&self, filter: &Filter) -> bool {
        let (head, tail, coin, user) = match *self {
            Self::Request { path, kind, coin, user } => (path, kind, coin, user),
            Self::Message { channel, coin, user } => ("ws", channel, coin, user),
            Self::Closed { user } => ("closed", "", "", user),
        };
        let named = filter.head == head && (filter.tail == "*" || filter.tail == tail);
        named
            && filter.coin.as_deref().is_none_or(|own| own == coin)
            && filter.user.is_none_or(|own| Some(own) == user)
    }
}

/// What happens to a request or message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It is carried out, and the connection ends without an answer.
    DropReply,
    /// It is not carried out, and the connection ends without an answer.
    DropRequest,
    /// It waits before it is carried out.
    Delay(Duration),
    /// The connection ends without an answer at once; it is carried out later.
    Late(Duration),
    /// It is not carried out; an HTTP status answers.
    Status(u16),
    /// It is not carried out; nothing answers, and the connection stays open.
    HalfOpen,
    /// It is carried out twice (a request), or sent twice (a message).
    Duplicate,
    /// A message leaves behind the next one.
    Reorder,
    /// A message is left out.
    Gap,
    /// The connection ends.
    Disconnect,
    /// Half of the answer, then the connection ends.
    Truncate,
}

/// What happens to the market or to an account.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stroke {
    /// Clients see another time, by so many milliseconds.
    Clock(i64),
    Halt(String, bool),
    /// The price moves to a level, or by a share.
    Price(String, Decimal),
    Move(String, Decimal),
    Liquidate(Address, String),
    /// A share of the position is taken over at the mark.
    Adl(Address, String, Decimal),
    /// A market order by hand: buys if positive.
    Manual(Address, String, Decimal),
    Cut(Option<Address>),
    /// The next order is filled by this share and then cancelled.
    FillThenCancel(Decimal),
}

/// A rule and what came of it.
#[derive(Debug)]
struct Armed {
    rule: Rule,
    seen: u64,
    acted: u64,
    since: Option<qtp_core::Timestamp>,
}

/// All rules.
#[derive(Debug, Default)]
pub(super) struct Faults {
    rules: Vec<Armed>,
    /// Strokes that a rule called for, not yet carried out.
    pub strokes: Vec<Stroke>,
}

impl Faults {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let mut faults = Self::default();
        faults.add(rules);
        faults
    }

    pub(super) fn add(&mut self, rules: Vec<Rule>) {
        self.rules.extend(rules.into_iter().map(|rule| Armed { rule, seen: 0, acted: 0, since: None }));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
        self.strokes.clear();
    }

    /// Each rule's own words, how often it matched and how often it acted.
    pub(super) fn report(&self) -> serde_json::Value {
        let rules = self.rules.iter();
        rules.map(|armed| serde_json::json!({"rule": armed.rule.words, "seen": armed.seen, "acted": armed.acted})).collect()
    }

    /// How often rules acted, all of them together.
    pub(super) fn acted(&self) -> u64 {
        self.rules.iter().map(|armed| armed.acted).sum()
    }

    /// What happens at a point. Strokes are kept in `strokes` for whoever holds the world.
    pub(super) fn meets(&mut self, point: &Point<'_>) -> Option<Effect> {
        let mut effect = None;
        for armed in &mut self.rules {
            if !point.matches(&armed.rule.filter) {
                continue;
            }
            armed.seen += 1;
            if effect.is_some() || !armed.is_due() {
                continue;
            }
            armed.acted += 1;
            match &armed.rule.deed {
                Deed::Effect(own) => effect = Some(*own),
                Deed::Stroke(stroke) => self.strokes.push(stroke.clone()),
            }
        }
        effect
    }
}

impl Armed {
    fn is_due(&mut self) -> bool {
        if self.seen < self.rule.nth {
            return false;
        }
        let Some(lasts) = self.rule.lasts else { return self.acted < self.rule.times };
        let now = SystemClock.now();
        let since = *self.since.get_or_insert(now);
        now.since(since) < lasts
    }
}

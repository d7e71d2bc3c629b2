//! Times and bounds of the driver.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of a live or paper run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveSettings {
    /// How long after a close the driver waits for its candles before it asks for them.
    pub grace: Duration,
    /// Longest time for one read.
    pub read_timeout: Duration,
    /// How often a read is tried before it counts as failed.
    pub read_attempts: u32,
    /// After this time without an answer the outcome of a submit is unknown.
    pub submit_timeout: Duration,
    /// How long the account stream may take to say what an answer promised, before the order is looked up.
    pub ack_patience: Duration,
    /// Longest time for a decision; afterwards the answer is hold.
    pub decision_timeout: Duration,
    /// Most decisions that may be under way; further requests are answered with hold.
    pub decisions: usize,
    /// An order that carries a validity counts as absent if it is in neither open orders, history nor fills this long
    /// after the validity ended.
    pub absence_margin: Duration,
    /// An order without a validity counts as absent if two look-ups this far apart do not find it.
    pub absence_spacing: Duration,
    /// Time between the two snapshots in which a difference must be seen before it counts.
    pub snapshot_spacing: Duration,
    /// Time between comparisons with the venue while all is well.
    pub reconcile_every: Duration,
    /// How far before the last known fill the venue is asked for fills.
    pub fill_overlap: Duration,
    /// Most prints that wait; what comes on top becomes a gap.
    pub trade_room: usize,
    /// Longest time for orders to come to rest when the run stops.
    pub stop_timeout: Duration,
    /// Seconds of the driver's clock in one second: 1 but for data that is played faster. Limits of calls are not
    /// scaled.
    pub speed: u32,
    /// The run ends when a market stream ends, as recorded data does. Otherwise the stream is opened again.
    pub stop_at_market_end: bool,
}

impl Default for LiveSettings {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(2),
            read_timeout: Duration::from_secs(5),
            read_attempts: 4,
            submit_timeout: Duration::from_secs(10),
            ack_patience: Duration::from_secs(1),
            decision_timeout: Duration::from_secs(60),
            decisions: 8,
            absence_margin: Duration::from_secs(10),
            absence_spacing: Duration::from_secs(30),
            snapshot_spacing: Duration::from_secs(5),
            reconcile_every: Duration::from_secs(20),
            fill_overlap: Duration::from_secs(60),
            trade_room: 1024,
            stop_timeout: Duration::from_secs(10),
            speed: 1,
            stop_at_market_end: false,
        }
    }
}

impl LiveSettings {
    /// Every problem.
    pub fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, problem: &str| {
            if !ok {
                problems.push(problem.to_owned());
            }
        };
        check(self.read_attempts > 0, "read_attempts: must be at least 1");
        check(self.trade_room > 0, "trade_room: must be at least 1");
        check(self.snapshot_spacing >= Duration::from_secs(5), "snapshot_spacing: must be at least 5 s");
        check(self.absence_spacing >= Duration::from_secs(30), "absence_spacing: must be at least 30 s");
        check(!self.reconcile_every.is_zero(), "reconcile_every: must be above 0");
        check(self.speed > 0, "speed: must be at least 1");
        check(!self.submit_timeout.is_zero(), "submit_timeout: must be above 0");
        check(!self.read_timeout.is_zero(), "read_timeout: must be above 0");
        problems
    }
}

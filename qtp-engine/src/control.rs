//! What the order manager keeps of each instrument that somebody owns.

use std::time::Duration;

use qtp_core::{AccountId, Bracket, ClientOrderId, Decimal, InstrumentId, Timestamp};
use serde::{Deserialize, Serialize};

/// The order manager's memory of one (account, instrument).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Control {
    pub(crate) account: AccountId,
    pub(crate) instrument: InstrumentId,
    /// Number of the strategy that owns it.
    pub(crate) owner: u16,
    /// Protection that the present position should have.
    pub(crate) bracket: Bracket,
    /// Resting or pending protective stop.
    pub(crate) stop: Option<ClientOrderId>,
    /// Resting or pending profit target.
    pub(crate) target: Option<ClientOrderId>,
    /// Since when the position stands without the stop that was asked for.
    pub(crate) naked_since: Option<Timestamp>,
    /// Sum of the finished naked times.
    pub(crate) naked_total: Duration,
    /// Rejected stops in a row.
    pub(crate) stop_rejects: u32,
    /// Its stop could not be brought to rest: whatever the target, the position closes first.
    pub(crate) must_close: bool,
    /// A cancel is under way, after which the target is looked at again.
    pub(crate) replacing: bool,
    /// Profit net of fees and funding of the round trip that is open.
    #[serde(with = "qtp_core::serde_decimal")]
    pub(crate) trip: Decimal,
    /// Time of the last fill that changed the position.
    pub(crate) filled: Option<Timestamp>,
    /// The venue ended an exit without a fill: the price that we go by may be an old one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) exit_missed: bool,
}

impl Control {
    pub(crate) const fn new(account: AccountId, instrument: InstrumentId, owner: u16) -> Self {
        Self {
            account,
            instrument,
            owner,
            bracket: Bracket::NONE,
            stop: None,
            target: None,
            naked_since: None,
            naked_total: Duration::ZERO,
            stop_rejects: 0,
            must_close: false,
            replacing: false,
            trip: Decimal::ZERO,
            filled: None,
            exit_missed: false,
        }
    }

    /// The position that was protected is gone.
    pub(crate) const fn forget_protection(&mut self) {
        self.bracket = Bracket::NONE;
        (self.stop_rejects, self.must_close) = (0, false);
    }

    /// Ends a naked time that is running.
    pub(crate) fn end_naked(&mut self, now: Timestamp) {
        if let Some(since) = self.naked_since.take() {
            self.naked_total += now.since(since);
        }
    }
}

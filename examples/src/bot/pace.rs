//! How fast simulated time goes.

use std::str::FromStr;
use std::time::Duration;

use qtp_core::Timestamp;
use qtp_core::port::{Clock, SystemClock};

/// Speed of the demo's first days.
const DEMO_SPEED: u32 = 3_000;
/// How long it lasts.
const DEMO_DAYS: Duration = Duration::from_secs(3 * 86_400);

/// Simulated seconds per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Without waiting.
    Unlimited,
    /// A fixed factor.
    Factor(u32),
    /// Fast for some days, then real time.
    Demo,
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Unlimited);
        }
        let factor = text.parse::<u32>().ok().filter(|factor| (1..=1_000_000).contains(factor));
        factor.map(Self::Factor).ok_or_else(|| "a whole number from 1 to 1000000, or max".to_owned())
    }
}

/// Waits so that simulated time keeps its pace.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Pace,
    start: Timestamp,
    anchor: Option<(Timestamp, Timestamp, u32)>,
}

impl Pacer {
    /// A pacer for a run that began at `start` in simulated time.
    pub(super) const fn new(pace: Pace, start: Timestamp) -> Self {
        Self { pace, start, anchor: None }
    }

    /// The present factor; `None` without a limit.
    pub(super) fn factor(&self, simulated: Timestamp) -> Option<u32> {
        match self.pace {
            Pace::Unlimited => None,
            Pace::Factor(factor) => Some(factor),
            Pace::Demo if simulated.since(self.start) < DEMO_DAYS => Some(DEMO_SPEED),
            Pace::Demo => Some(1),
        }
    }

    /// How long to wait until `simulated` is due.
    pub(super) fn wait(&mut self, simulated: Timestamp) -> Duration {
        let Some(factor) = self.factor(simulated) else { return Duration::ZERO };
        let now = SystemClock.now();
        let (from, wall, _) = match self.anchor {
            Some(anchor) if anchor.2 == factor => anchor,
            // A new speed counts from where it begins.
            _ => *self.anchor.insert((simulated, now, factor)),
        };
        let due = wall + simulated.since(from) / factor;
        due.since(now)
    }
}

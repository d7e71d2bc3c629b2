//! How long to wait before the next attempt.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// Waits that double from `first` to `longest`, each with up to as much again at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Before the second attempt.
    pub first: Duration,
    /// No wait is longer, its random part included.
    pub longest: Duration,
}

impl Backoff {
    /// The waits, one a further attempt, without an end.
    pub(super) fn waits(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        let longest = self.longest;
        ExponentialBuilder::default()
            .with_min_delay(self.first)
            .with_max_delay(longest)
            .without_max_times()
            .with_jitter()
            .build()
            .map(move |wait| wait.min(longest))
    }
}

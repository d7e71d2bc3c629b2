//! The `[journal]` section: how a run is kept, and when the disk is too full to go on.

use std::time::Duration;

use qtp_store::{Durability, FolderSettings};
use serde::{Deserialize, Serialize};

use super::args::Mode;

/// What a restart may have to go through again, at most, and what stays on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keeping {
    /// Records from one checkpoint to the next; none are made at 0.
    pub checkpoint_every: u64,
    /// Size of a journal segment in KiB.
    pub segment_kib: u64,
    /// Most MiB of closed segments.
    pub keep_mib: Option<u64>,
    /// Most days of closed segments, in the run's time.
    pub keep_days: Option<u64>,
    /// MiB that must stay free on the disk: below it there is no new risk. Not watched at 0.
    pub min_free_mib: u64,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            checkpoint_every: 10_000,
            segment_kib: 16 << 10,
            keep_mib: None,
            keep_days: None,
            min_free_mib: 512,
        }
    }
}

impl Keeping {
    /// Every problem, as `key: problem`.
    pub(super) fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, problem: &str| {
            if !ok {
                problems.push(problem.to_owned());
            }
        };
        let bounds = 64..=4 << 20;
        check(bounds.contains(&self.segment_kib), "segment_kib: must be from 64 to 4194304");
        check(self.keep_mib != Some(0), "keep_mib: must be above 0; leave it out to keep everything");
        check(self.keep_days != Some(0), "keep_days: must be above 0; leave it out to keep everything");
        let drops = self.keep_mib.or(self.keep_days).is_some();
        check(
            !drops || self.checkpoint_every > 0,
            "checkpoint_every: must be above 0 if segments are dropped: nothing could be restarted without one",
        );
        problems
    }

    pub(super) fn folder_settings(&self, mode: Mode) -> FolderSettings {
        FolderSettings {
            // What a power loss takes of a simulated run can be made again.
            durability: if mode == Mode::Live { Durability::Fsync } else { Durability::Os },
            segment_bytes: self.segment_kib.saturating_mul(1 << 10),
            keep_bytes: self.keep_mib.map(|mib| mib.saturating_mul(1 << 20)),
            keep_age: self.keep_days.map(|days| Duration::from_secs(days.saturating_mul(86_400))),
            ..FolderSettings::default()
        }
    }
}

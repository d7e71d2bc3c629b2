//! Watches the free disk: a journal that cannot be written stops everything, so new risk ends before that.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use qtp_core::port::{Clock as _, SystemClock};
use qtp_core::{Reason, Timestamp};

/// How often the disk is asked.
const EVERY: Duration = Duration::from_secs(1);
const MIB: u64 = 1 << 20;

type FreeBytes = fn(&Path) -> io::Result<u64>;

/// Halts below a bound; a resume needs a quarter more than that, so that a run does not stop and go at it.
#[derive(Debug)]
pub(super) struct DiskGuard {
    folder: PathBuf,
    bound: u64,
    free: FreeBytes,
    next: Timestamp,
}

impl DiskGuard {
    /// A guard of the file system that holds a folder. A bound of 0 is never reached.
    pub(super) fn new(folder: &Path, min_free_mib: u64) -> Self {
        Self::with(folder, min_free_mib, free_bytes)
    }

    fn with(folder: &Path, min_free_mib: u64, free: FreeBytes) -> Self {
        let bound = min_free_mib.saturating_mul(MIB);
        Self { folder: folder.to_owned(), bound, free, next: Timestamp::EPOCH }
    }

    /// Why new risk must end, if it must. Asks the disk once a second.
    pub(super) fn check(&mut self) -> Option<Reason> {
        let now = SystemClock.now();
        if self.bound == 0 || now < self.next {
            return None;
        }
        self.next = now + EVERY;
        self.problem(self.bound)
    }

    /// Why a halt may not end yet.
    pub(super) fn refusal(&self) -> Option<Reason> {
        if self.bound == 0 { None } else { self.problem(self.bound.saturating_add(self.bound / 4)) }
    }

    fn problem(&self, bound: u64) -> Option<Reason> {
        let words = match (self.free)(&self.folder) {
            Ok(free) if free >= bound => return None,
            Ok(free) => format!("{} MiB are free, {} MiB must be", free / MIB, bound.div_ceil(MIB)),
            // Nobody knows whether the next record can be written.
            Err(error) => format!("the free space cannot be read: {error}"),
        };
        Some(Reason::new("disk_space", words))
    }
}

fn free_bytes(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn guard(free: FreeBytes) -> DiskGuard {
        DiskGuard::with(Path::new("."), 512, free)
    }

    #[test]
    fn new_risk_ends_below_the_bound_and_comes_back_a_quarter_above_it() {
        let below = guard(|_| Ok(512 * MIB - 1)).check().unwrap();
        assert!(below.code == "disk_space" && below.message.contains("511 MiB are free, 512"), "{below}");
        assert_eq!(guard(|_| Ok(512 * MIB)).check(), None);
        assert_eq!(guard(|_| Ok(640 * MIB)).refusal(), None);
        let refused = guard(|_| Ok(640 * MIB - 1)).refusal().unwrap();
        assert!(refused.message.contains("640 MiB must be"), "{refused}");
    }

    #[test]
    fn a_disk_that_cannot_be_read_counts_as_full() {
        assert!(guard(|_| Err(io::Error::other("gone"))).check().unwrap().message.contains("gone"));
        assert!(guard(|_| Err(io::Error::other("gone"))).refusal().is_some());
        assert!(free_bytes(Path::new(".")).unwrap() > 0);
        assert!(free_bytes(Path::new("/does/not/exist")).is_err());
    }

    #[test]
    fn the_disk_is_asked_once_a_second_and_never_without_a_bound() {
        let mut full = guard(|_| Ok(0));
        assert!(full.check().is_some());
        assert_eq!(full.check(), None, "within the same second");
        let mut off = DiskGuard::with(Path::new("."), 0, |_| Ok(0));
        assert_eq!((off.check(), off.refusal()), (None, None));
    }
}

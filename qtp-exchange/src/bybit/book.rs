//! A book out of a stream that begins with a snapshot.

use qtp_core::Timestamp;

use super::wire::DepthUpdate;
use crate::native::Levels;

/// What a message did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The book is in sync, and newer than before.
    InSync,
    /// It lies before the book and changes nothing.
    Old,
    /// Changes are missing, or none came yet that begins a book: subscribe anew.
    NeedsSnapshot,
}

/// A local book that checks the venue's update ids. After a gap nothing is shown until the next snapshot.
#[derive(Debug, Clone, Default)]
pub struct FeedBook {
    levels: Levels,
    time: Timestamp,
    last: Option<u64>,
}

impl FeedBook {
    /// The levels and their time, while in sync.
    pub fn levels(&self) -> Option<(&Levels, Timestamp)> {
        self.last.map(|_| (&self.levels, self.time))
    }

    /// Takes a snapshot or change of the stream.
    pub fn on_update(&mut self, update: &DepthUpdate) -> Step {
        if update.snapshot {
            self.levels.clear();
        } else {
            match self.last {
                Some(last) if update.id <= last => return Step::Old,
                Some(last) if update.id == last + 1 => {}
                _ => {
                    self.restart();
                    return Step::NeedsSnapshot;
                }
            }
        }
        self.levels.apply(&update.bids, &update.asks);
        self.last = Some(update.id);
        self.time = update.time;
        Step::InSync
    }

    /// Forgets everything, as after a reconnection.
    pub fn restart(&mut self) {
        self.levels.clear();
        self.last = None;
    }
}

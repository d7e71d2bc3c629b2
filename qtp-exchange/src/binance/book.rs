//! A book out of a snapshot and the changes around it.

use std::collections::VecDeque;

use qtp_core::{Price, Timestamp};

use super::Product;
use super::wire::{Depth, DepthUpdate};
use crate::native::Levels;

/// Changes that wait for a snapshot: some minutes of the fastest stream.
const BUFFER: usize = 10_000;

/// What a change or snapshot did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The book is in sync, and newer than before.
    InSync,
    /// It lies before the book and changes nothing.
    Old,
    /// A snapshot is needed to go on.
    NeedsSnapshot,
    /// Changes are missing. The book was dropped; a snapshot is needed.
    Gap,
}

/// A local book that checks the venue's sequence numbers.
///
/// Changes that come before the snapshot are kept and applied behind it. After a gap nothing is shown until the next
/// snapshot.
#[derive(Debug, Clone)]
pub struct DepthBook {
    product: Product,
    levels: Levels,
    time: Timestamp,
    /// Last update id that is in the book; `None` without a snapshot.
    last: Option<u64>,
    /// The first change behind a snapshot links to it by another rule than the later ones among themselves.
    linked: bool,
    /// Beyond these prices the snapshot said nothing, and levels that do not change are missing.
    ends: (Option<Price>, Option<Price>),
    waiting: VecDeque<DepthUpdate>,
}

impl DepthBook {
    /// An empty book without a snapshot.
    pub fn new(product: Product) -> Self {
        Self {
            product,
            levels: Levels::default(),
            time: Timestamp::EPOCH,
            last: None,
            linked: false,
            ends: (None, None),
            waiting: VecDeque::new(),
        }
    }

    /// The levels and their time, while in sync.
    pub fn levels(&self) -> Option<(&Levels, Timestamp)> {
        self.last.map(|_| (&self.levels, self.time))
    }

    /// True if the best `depth` levels are known. They are not once the price has left what the last
    /// snapshot reached to: then take another one.
    pub fn reaches(&self, depth: usize) -> bool {
        self.levels.lie_within(self.ends, depth)
    }

    /// Takes a change of the stream.
    pub fn on_update(&mut self, update: DepthUpdate) -> Step {
        let Some(last) = self.last else {
            if self.waiting.len() == BUFFER {
                self.waiting.pop_front();
            }
            self.waiting.push_back(update);
            return Step::NeedsSnapshot;
        };
        let old = match (self.product, self.linked) {
            (Product::UsdMargin, false) => update.last < last,
            _ => update.last <= last,
        };
        if old {
            return Step::Old;
        }
        let follows = match (self.product, self.linked) {
            (Product::Spot, false) => update.first <= last + 1,
            (Product::Spot, true) => update.first == last + 1,
            (Product::UsdMargin, false) => update.first <= last || update.previous == Some(last),
            (Product::UsdMargin, true) => update.previous == Some(last),
        };
        if !follows {
            self.restart();
            self.waiting.push_back(update);
            return Step::Gap;
        }
        self.levels.apply(&update.bids, &update.asks);
        self.last = Some(update.last);
        self.linked = true;
        self.time = self.time.max(update.time);
        Step::InSync
    }

    /// Takes a snapshot of at most `limit` levels a side, and the changes that waited for it.
    pub fn on_snapshot(&mut self, snapshot: &Depth, limit: usize) -> Step {
        // One from before the oldest change that waits would leave a hole.
        let reaches = self.waiting.front().is_none_or(|first| first.first <= snapshot.last + 1);
        if !reaches {
            return Step::NeedsSnapshot;
        }
        self.levels.clear();
        self.levels.apply(&snapshot.bids, &snapshot.asks);
        let (lowest, highest) = self.levels.ends();
        self.ends = (
            lowest.filter(|_| snapshot.bids.len() >= limit),
            highest.filter(|_| snapshot.asks.len() >= limit),
        );
        self.last = Some(snapshot.last);
        self.linked = false;
        self.time = snapshot.time.unwrap_or(self.time);
        let mut waiting = std::mem::take(&mut self.waiting).into_iter();
        while let Some(update) = waiting.next() {
            if self.on_update(update) == Step::Gap {
                self.waiting.extend(waiting);
                return Step::Gap;
            }
        }
        Step::InSync
    }

    /// Forgets everything, as after a reconnection.
    pub fn restart(&mut self) {
        self.levels.clear();
        self.last = None;
        self.linked = false;
        self.waiting.clear();
    }
}

//! Columns that are checked block by block, each just before it is worked on.

use std::cell::Cell;

use super::{Admit, Node, Reads};
use crate::sweep::{BLOCK, vectorised};

/// The columns of a batch, open as far as they have been checked.
///
/// The check brings a block into the nearest cache, where the loops that follow find it.
#[derive(Debug)]
pub(crate) struct Gate<'a, I: Admit> {
    columns: I::Columns<'a>,
    reads: Reads,
    checked: Cell<usize>,
    sound: Cell<bool>,
}

impl<'a, I: Admit> Gate<'a, I> {
    /// Columns of which nothing is known.
    pub(crate) fn new(columns: I::Columns<'a>, reads: Reads) -> Self {
        Self { columns, reads, checked: Cell::new(0), sound: Cell::new(true) }
    }

    /// Columns that are known to be admissible.
    pub(crate) fn open(columns: I::Columns<'a>) -> Self {
        Self { checked: Cell::new(I::len(columns)), ..Self::new(columns, Reads::HLC) }
    }

    /// The columns; nothing may be computed from what has not been let through.
    pub(crate) fn columns(&self) -> I::Columns<'a> {
        self.columns
    }

    pub(crate) fn len(&self) -> usize {
        I::len(self.columns)
    }

    /// Whether no input that was looked at is inadmissible.
    pub(crate) fn sound(&self) -> bool {
        self.sound.get()
    }

    /// Whether every input before `end` is admissible.
    pub(crate) fn admits(&self, end: usize) -> bool {
        let end = end.min(self.len());
        while self.sound.get() && self.checked.get() < end {
            let at = self.checked.get();
            let next = block_end(at, self.len());
            self.sound.set(I::admissible(I::part(self.columns, at, next), self.reads));
            self.checked.set(next);
        }
        self.sound.get()
    }

    /// The columns, if every input is admissible.
    pub(crate) fn all(&self) -> Option<I::Columns<'a>> {
        self.admits(self.len()).then_some(self.columns)
    }

    /// Takes it from loops that have looked at every input: whether all of them were admissible.
    pub(crate) fn vouch(&self, sound: bool) {
        self.sound.set(self.sound.get() & sound);
        self.checked.set(self.len());
    }

    /// Calls `f` with the bounds of blocks that cover what is from `from` on, each checked before; stops at the first with an
    /// input that is not admissible.
    pub(crate) fn blocks(&self, from: usize, mut f: impl FnMut(usize, usize)) {
        let (mut at, len) = (from, self.len());
        while at < len {
            let end = block_end(at, len);
            if !self.admits(end) {
                return;
            }
            f(at, end);
            at = end;
        }
    }
}

impl<I: Admit> Gate<'_, I> {
    /// Writes `f` of every input from `lag` on and of the one `lag` before it, checked in the same loop.
    ///
    /// The node is named so that the compiler knows which columns to load.
    pub(crate) fn map<N: Node<In = I>>(&self, lag: usize, out: &mut [f64], f: impl Fn(I, I) -> f64) {
        let (columns, len) = (self.columns, self.len());
        if lag >= len || !self.admits(lag) {
            self.admits(len);
            return;
        }
        let (now, old) = (I::part(columns, lag, len), I::part(columns, 0, len - lag));
        let out = &mut out[lag..len];
        // What comes before a whole line of the cache is written first: a vector that lies in two lines takes twice the time.
        let head = out.as_ptr().align_offset(64).min(out.len());
        let sound = vectorised(
            #[inline(always)]
            move || {
                let mut least = 0;
                for (from, end) in [(0, head), (head, out.len())] {
                    let (now, old) = (I::part(now, from, end), I::part(old, from, end));
                    let out = &mut out[from..end];
                    for i in 0..out.len() {
                        let x = I::at(now, i);
                        least |= x.margin(N::READS);
                        out[i] = f(x, I::at(old, i));
                    }
                }
                least >= 0
            },
        );
        self.vouch(sound);
    }
}

/// Where the block of `at` ends: blocks begin at multiples of their length, whoever looks first.
fn block_end(at: usize, len: usize) -> usize {
    ((at / BLOCK + 1) * BLOCK).min(len)
}

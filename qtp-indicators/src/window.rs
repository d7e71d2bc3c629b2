//! The last `n` inputs in a ring.

use serde::{Deserialize, Serialize};

/// A ring of fixed capacity, allocated once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawWindow")]
pub(crate) struct Window {
    values: Vec<f64>,
    /// Where the next input goes; when full, that is the oldest.
    next: usize,
    len: usize,
}

impl Window {
    /// Makes an empty window; `capacity` is at least 1.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { values: vec![0.0; capacity.max(1)], next: 0, len: 0 }
    }

    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.values.len()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.len == self.values.len()
    }

    /// Whether the next push makes the window full or keeps it so.
    #[inline]
    pub(crate) fn fills(&self) -> bool {
        self.len + 1 >= self.values.len()
    }

    /// Whether the next push lands in the last slot: once every `capacity` pushes.
    #[inline]
    pub(crate) fn closes_lap(&self) -> bool {
        self.next + 1 == self.values.len()
    }

    /// Whether the next push lands in the first slot.
    #[inline]
    pub(crate) fn starts_lap(&self) -> bool {
        self.next == 0
    }

    /// Place in the ring where the next push lands.
    #[inline]
    pub(crate) fn place(&self) -> usize {
        self.next
    }

    /// The value that the next push overwrites; meaningful when full.
    #[inline]
    pub(crate) fn oldest(&self) -> f64 {
        self.values[self.next]
    }

    #[inline]
    pub(crate) fn push(&mut self, x: f64) {
        self.values[self.next] = x;
        self.next = if self.closes_lap() { 0 } else { self.next + 1 };
        self.len = (self.len + 1).min(self.values.len());
    }

    /// The window as it would be after `push(x)`, oldest first.
    pub(crate) fn iter_with(&self, x: f64) -> impl Iterator<Item = f64> + '_ {
        let (old, new) = if self.is_full() {
            (&self.values[self.next + 1..], self.next)
        } else {
            (&self.values[..0], self.len)
        };
        old.iter().chain(&self.values[..new]).copied().chain(std::iter::once(x))
    }

    /// All cells, in no order of age.
    pub(crate) fn cells(&self) -> &[f64] {
        &self.values
    }

    /// All cells as they would be after `push(x)`, in no order of age.
    pub(crate) fn cells_with(&self, x: f64) -> impl Iterator<Item = f64> + Clone + '_ {
        let (before, after) = self.values.split_at(self.next);
        before.iter().copied().chain(std::iter::once(x)).chain(after.iter().skip(1).copied())
    }

    pub(crate) fn clear(&mut self) {
        self.values.fill(0.0);
        self.next = 0;
        self.len = 0;
    }
}

/// The stored form, not yet known to be consistent.
#[derive(Deserialize)]
struct RawWindow {
    values: Vec<f64>,
    next: usize,
    len: usize,
}

impl TryFrom<RawWindow> for Window {
    type Error = &'static str;

    fn try_from(raw: RawWindow) -> Result<Self, Self::Error> {
        let capacity = raw.values.len();
        let consistent = if raw.len == capacity { raw.next < capacity } else { raw.next == raw.len };
        if raw.len > capacity || !consistent {
            return Err("window positions do not fit its capacity");
        }
        Ok(Self { values: raw.values, next: raw.next, len: raw.len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iter_with_shows_the_window_after_the_push() {
        let mut window = Window::new(3);
        for (x, expected) in
            [(1.0, vec![1.0]), (2.0, vec![1.0, 2.0]), (3.0, vec![1.0, 2.0, 3.0]), (4.0, vec![2.0, 3.0, 4.0])]
        {
            assert_eq!(window.iter_with(x).collect::<Vec<_>>(), expected);
            window.push(x);
        }
        assert_eq!(window.oldest(), 2.0);
    }

    #[test]
    fn inconsistent_snapshot_is_refused() {
        for text in [
            r#"{"values":[],"next":0,"len":0}"#,
            r#"{"values":[1.0],"next":1,"len":1}"#,
            r#"{"values":[1.0,2.0],"next":0,"len":3}"#,
            r#"{"values":[1.0,2.0],"next":0,"len":1}"#,
        ] {
            assert!(serde_json::from_str::<Window>(text).is_err(), "{text}");
        }
    }
}

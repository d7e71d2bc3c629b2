//! Texts that are kept once and as long as the program runs.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// Most texts that are kept: names of instruments, accounts, venues and strategies, of which no program has a million.
const MOST: usize = 1 << 20;

static TEXTS: Mutex<Option<HashMap<&'static str, Interned>>> = Mutex::new(None);

/// A text that exists once: copies and comparisons are those of a pointer, which the engine makes by the hundred
/// for every order.
#[derive(Clone, Copy)]
pub(crate) struct Interned(&'static &'static str);

impl Interned {
    /// Keeps a text; `None` if there are too many.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = texts.get_or_insert_default();
        if let Some(kept) = texts.get(text) {
            return Some(*kept);
        }
        if texts.len() == MOST {
            return None;
        }
        let kept: &'static str = Box::leak(Box::from(text));
        let interned = Self(Box::leak(Box::new(kept)));
        texts.insert(kept, interned);
        Some(interned)
    }

    #[inline]
    pub(crate) const fn as_str(self) -> &'static str {
        self.0
    }
}

impl PartialEq for Interned {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Interned {}

impl PartialOrd for Interned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Interned {
    /// The order of the texts, the same in every run.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other { Ordering::Equal } else { self.0.cmp(other.0) }
    }
}

impl Hash for Interned {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one() {
        let (a, b) = (Interned::new("BTC-USD@x").unwrap(), Interned::new("BTC-USD@x").unwrap());
        assert!(a == b && std::ptr::eq(a.as_str(), b.as_str()));
        assert_eq!(a.cmp(&b), Ordering::Equal);
    }

    #[test]
    fn order_is_that_of_the_texts() {
        let made = ["b", "a", "c"].map(|text| Interned::new(text).unwrap());
        let mut sorted = made;
        sorted.sort();
        assert_eq!(sorted.map(Interned::as_str), ["a", "b", "c"]);
    }
}

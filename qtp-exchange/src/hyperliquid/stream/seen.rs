//! What was told already: after a reconnection the venue tells its history again.

use std::collections::{BTreeSet, VecDeque};

/// Most names that are remembered: the venue tells at most 2000 entries again.
const ROOM: usize = 4096;

/// Names of entries, the oldest forgotten first.
#[derive(Debug, Default)]
pub(super) struct Seen {
    names: BTreeSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    /// True the first time.
    pub(super) fn first(&mut self, name: String) -> bool {
        if !self.names.insert(name.clone()) {
            return false;
        }
        self.order.push_back(name);
        if self.order.len() > ROOM
            && let Some(oldest) = self.order.pop_front()
        {
            self.names.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_once_while_it_is_remembered() {
        let mut seen = Seen::default();
        assert!(seen.first("0".to_owned()));
        assert!(!seen.first("0".to_owned()));
        for name in 1..=ROOM {
            assert!(seen.first(name.to_string()));
        }
        assert!(seen.first("0".to_owned()), "forgotten");
        assert_eq!((seen.names.len(), seen.order.len()), (ROOM, ROOM));
    }
}

//! When an order that cannot be found counts as absent.

use std::time::Duration;

use qtp_core::Timestamp;

/// What the look-ups of an order have shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Absence {
    /// Start of the first look-up that did not find it.
    first: Option<Timestamp>,
}

impl Absence {
    /// A look-up that began at `started` found the order in neither open orders, history nor fills. Returns true if it
    /// is absent: its validity and a margin were over by then or, without a validity, an earlier look-up did not find
    /// it either.
    pub(super) fn not_found(
        &mut self,
        started: Timestamp,
        valid_until: Option<Timestamp>,
        (margin, spacing): (Duration, Duration),
    ) -> bool {
        let first = *self.first.get_or_insert(started);
        valid_until.map_or(started >= first + spacing, |until| started >= until + margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(30));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }

    #[test]
    fn without_a_validity_two_look_ups_half_a_minute_apart_are_needed() {
        let mut absence = Absence::default();
        assert!(!absence.not_found(at(100), None, RULE));
        assert!(!absence.not_found(at(129), None, RULE));
        assert!(absence.not_found(at(130), None, RULE));
    }

    #[test]
    fn with_a_validity_one_look_up_after_its_end_and_margin_is_enough() {
        let mut absence = Absence::default();
        assert!(!absence.not_found(at(100), Some(at(95)), RULE));
        assert!(absence.not_found(at(105), Some(at(95)), RULE));
    }
}

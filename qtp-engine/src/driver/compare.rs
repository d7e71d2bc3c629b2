//! Whether two records are the same, and how one reads in an error.

use qtp_core::port::JournalRecord;

/// True if two records have the same stored form: what a journal leaves out does not count.
pub(super) fn same(one: &JournalRecord, other: &JournalRecord) -> bool {
    match (one, other) {
        _ if one == other => true,
        (JournalRecord::Command(one), JournalRecord::Command(other)) => {
            serde_json::to_value(one).ok().is_some_and(|one| serde_json::to_value(other).ok() == Some(one))
        }
        _ => false,
    }
}

/// A record in one line of bounded length, for an error.
pub(super) fn describe(record: &JournalRecord) -> String {
    let text = match record {
        JournalRecord::Event(record) => serde_json::to_string(&record.event),
        JournalRecord::Command(record) => serde_json::to_string(&record.intent),
    };
    let mut text = text.unwrap_or_else(|error| error.to_string());
    if text.len() > 300 {
        let cut = (0..=300).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(cut);
        text.push_str("...");
    }
    text
}

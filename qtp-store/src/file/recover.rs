//! What is left of a journal file after its writer died.

use std::io::BufRead;

use qtp_core::StoreError;

use super::line::parse_line;
use super::reader::{Line, Lines, MAX_LINE, read_record, too_long};
use crate::chain::Chain;
use crate::error::{corrupt, io_error};

/// The good part of a journal file.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where the journal stands.
    pub(crate) chain: Chain,
    /// Length of the good part in bytes.
    pub(crate) length: u64,
    /// How many records it holds.
    pub(crate) records: u64,
}

/// Finds the good part behind the records that `chain` stands for. What follows it is a torn tail: there is no
/// whole record in it.
pub(crate) fn scan(chain: Chain, reader: impl BufRead) -> Result<Found, StoreError> {
    let mut lines = Lines::new(reader, MAX_LINE);
    let mut found = Found { chain, length: 0, records: 0 };
    loop {
        let (problem, begins) = match lines.next_line().map_err(|error| io_error("open journal", error))? {
            Line::End => return Ok(found),
            Line::Torn if found.records > 0 => return Ok(found),
            Line::Torn => return if lines.begins_like_a_record() { Ok(found) } else { Err(foreign()) },
            Line::TooLong => (too_long(&found.chain), false),
            Line::Whole(line) => {
                let checked = read_record(line, &found.chain).and_then(|stored| found.chain.verify(&stored));
                match checked {
                    Ok(()) => {
                        found.length += lines.taken();
                        found.records += 1;
                        continue;
                    }
                    Err(problem @ StoreError::Corrupt { .. }) => (problem, line.starts_with(HEAD)),
                    Err(problem) => return Err(problem),
                }
            }
        };
        if found.records == 0 && !begins {
            return Err(foreign());
        }
        return if holds_a_record(&mut lines)? { Err(problem) } else { Ok(found) };
    }
}

/// What every record begins with.
const HEAD: &[u8] = br#"{"v":"#;

/// A file without a single record is only cut if it begins like one: it may be somebody's other file.
fn foreign() -> StoreError {
    corrupt(0, "the file does not begin like a journal")
}

fn holds_a_record(lines: &mut Lines<impl BufRead>) -> Result<bool, StoreError> {
    loop {
        match lines.next_line().map_err(|error| io_error("open journal", error))? {
            Line::Whole(line) if parse_line(line).is_ok() => return Ok(true),
            Line::Whole(_) | Line::TooLong => {}
            Line::Torn | Line::End => return Ok(false),
        }
    }
}

impl<R: BufRead> Lines<R> {
    /// True if the torn line is the beginning of a record, or the record's beginning starts with it.
    fn begins_like_a_record(&self) -> bool {
        let text = self.rest();
        text.starts_with(HEAD) || HEAD.starts_with(text)
    }
}

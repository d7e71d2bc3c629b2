//! Reading a journal file record by record, with bounded memory.

use std::fmt;
use std::io::{self, BufRead, Read as _};

use qtp_core::StoreError;
use qtp_core::port::JournalRecord;

use super::line::parse_line;
use crate::chain::Chain;
use crate::codec::StoredRecord;
use crate::error::{corrupt, io_error};

/// Longest line that is read, in bytes. A longer one is damage.
pub const MAX_LINE: usize = 64 << 20;

/// The records of a journal file, in sequence, each checked against the hash chain before it is given out.
///
/// The first record that does not fit is an error, and the last item. A last line without its line feed was
/// being written when the writer was killed: it is left out, and [`JournalReader::torn_bytes`] tells its size.
pub struct JournalReader<R> {
    lines: Lines<R>,
    chain: Chain,
    /// Records before it are checked and not given out.
    from: u64,
    torn: u64,
    done: bool,
}

impl<R: BufRead> JournalReader<R> {
    /// Reads from the start of a journal.
    pub const fn new(reader: R) -> Self {
        Self::behind(Chain::new(), 0, reader)
    }

    /// Reads what stands behind the records that `chain` stands for. Records before `from` are checked only.
    pub(crate) const fn behind(chain: Chain, from: u64, reader: R) -> Self {
        Self { lines: Lines::new(reader, MAX_LINE), chain, from, torn: 0, done: false }
    }

    /// Where the journal stands after what was read.
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Bytes of an unfinished last line; zero until the end was reached.
    pub const fn torn_bytes(&self) -> u64 {
        self.torn
    }

    fn step(&mut self) -> Result<Option<JournalRecord>, StoreError> {
        loop {
            match self.lines.next_line().map_err(|error| io_error("read journal", error))? {
                Line::End => return Ok(None),
                Line::Torn => {
                    self.torn = self.lines.taken();
                    return Ok(None);
                }
                Line::TooLong => return Err(too_long(&self.chain)),
                Line::Whole(line) => {
                    let stored = read_record(line, &self.chain)?;
                    if stored.seq >= self.from {
                        return self.chain.open(&stored).map(Some);
                    }
                    // Decoding takes longer than checking.
                    self.chain.verify(&stored)?;
                }
            }
        }
    }
}

impl<R: BufRead> Iterator for JournalReader<R> {
    type Item = Result<JournalRecord, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.step().transpose();
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}

impl<R: BufRead> std::iter::FusedIterator for JournalReader<R> {}

impl<R> fmt::Debug for JournalReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalReader")
            .field("chain", &self.chain)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// Reads the line behind `chain`; the error names the line's own number if that number may stand there.
pub(super) fn read_record(line: &[u8], chain: &Chain) -> Result<StoredRecord, StoreError> {
    parse_line(line).map_err(|error| {
        let seq = error.seq.filter(|seq| chain.admits(*seq)).unwrap_or_else(|| chain.expected());
        corrupt(seq, error.problem)
    })
}

pub(super) fn too_long(chain: &Chain) -> StoreError {
    corrupt(chain.expected(), format!("a line is longer than {MAX_LINE} bytes"))
}

/// What stands next in the file.
pub(super) enum Line<'a> {
    /// A line, without its line feed.
    Whole(&'a [u8]),
    /// The rest of the file: it has no line feed.
    Torn,
    /// A line over the limit; it was skipped.
    TooLong,
    /// Nothing.
    End,
}

/// Lines of bounded length.
pub(super) struct Lines<R> {
    reader: R,
    limit: usize,
    buffer: Vec<u8>,
    taken: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(reader: R, limit: usize) -> Self {
        Self { reader, limit, buffer: Vec::new(), taken: 0 }
    }

    /// Bytes of the last line, its line feed included.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    /// What was read last, without its line feed.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer
    }

    pub(super) fn next_line(&mut self) -> io::Result<Line<'_>> {
        self.taken = 0;
        let mut long = false;
        loop {
            self.buffer.clear();
            let bound = self.limit as u64 + 1;
            let read = (&mut self.reader).take(bound).read_until(b'\n', &mut self.buffer)?;
            self.taken += read as u64;
            let ended = self.buffer.pop_if(|byte| *byte == b'\n').is_some();
            match (ended, long) {
                (true, true) => return Ok(Line::TooLong),
                (true, false) => return Ok(Line::Whole(&self.buffer)),
                (false, _) if self.taken == 0 => return Ok(Line::End),
                (false, _) if (read as u64) < bound => return Ok(Line::Torn),
                (false, _) => long = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_and_the_rest_is_still_found() {
        let mut lines = Lines::new(b"abc\nabcdefghij\n\nxy".as_slice(), 4);
        assert!(matches!(lines.next_line().unwrap(), Line::Whole(b"abc")));
        assert!(matches!(lines.next_line().unwrap(), Line::TooLong));
        assert_eq!(lines.taken(), 11);
        assert!(matches!(lines.next_line().unwrap(), Line::Whole(b"")));
        assert!(matches!(lines.next_line().unwrap(), Line::Torn));
        assert_eq!(lines.taken(), 2);
        assert!(matches!(lines.next_line().unwrap(), Line::End));
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_whole() {
        let mut lines = Lines::new(b"abcd\nabcde".as_slice(), 4);
        assert!(matches!(lines.next_line().unwrap(), Line::Whole(b"abcd")));
        assert!(matches!(lines.next_line().unwrap(), Line::Torn));
        assert_eq!(lines.taken(), 5);
    }
}

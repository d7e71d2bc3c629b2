//! Reading a folder of segments as one journal.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use qtp_core::StoreError;
use qtp_core::port::JournalRecord;

use super::index::{Index, packed, plain};
use crate::chain::Chain;
use crate::error::corrupt;
use crate::file::{BUFFER, JournalReader, located};

type Segment = JournalReader<Box<dyn BufRead + Send>>;

/// The records of a folder journal, in sequence, each checked against the hash chain before it is given out.
///
/// It begins at the first record that is asked for and still there. The first record that does not fit is an
/// error, and the last item. An unfinished last line of the last segment is left out.
pub struct FolderReader {
    folder: PathBuf,
    index: Index,
    number: u64,
    segment: Option<Segment>,
    from: u64,
    chain: Chain,
    torn: u64,
    done: bool,
}

impl FolderReader {
    /// Reads records from `from` on. The segments before are not looked at: the index says where they end.
    pub(super) fn new(folder: &Path, index: Index, from: u64) -> Result<Self, StoreError> {
        let dropped = index.dropped.as_ref();
        if let Some(dropped) = dropped.filter(|dropped| from <= dropped.end.last) {
            let problem = format!("the records up to {} were dropped by retention", dropped.end.last);
            return Err(corrupt(from, problem));
        }
        let holds = index.closed.iter().find(|closed| closed.end.last >= from);
        let number = holds.map_or_else(|| index.active(), |closed| closed.number);
        let chain = index.chain_before(number)?;
        let folder = folder.to_owned();
        Ok(Self { folder, index, number, segment: None, from, chain, torn: 0, done: false })
    }

    /// Where the journal stands after what was read.
    pub fn chain(&self) -> &Chain {
        self.segment.as_ref().map_or(&self.chain, JournalReader::chain)
    }

    /// Bytes of an unfinished last line; zero until the end was reached.
    pub const fn torn_bytes(&self) -> u64 {
        self.torn
    }

    fn step(&mut self) -> Result<Option<JournalRecord>, StoreError> {
        loop {
            let Some(segment) = &mut self.segment else {
                let Some(reader) = open(&self.folder, self.number)? else {
                    return self.missing();
                };
                self.segment = Some(JournalReader::behind(self.chain, self.from, reader));
                continue;
            };
            match segment.next().transpose()? {
                Some(record) => return Ok(Some(record)),
                None => {
                    (self.chain, self.torn) = (*JournalReader::chain(segment), segment.torn_bytes());
                    let Some(closed) = self.index.closed.iter().find(|c| c.number == self.number) else {
                        return Ok(None);
                    };
                    if self.torn > 0 || closed.end.chain()? != self.chain {
                        let problem = format!("segment {} does not end where the index has it", self.number);
                        return Err(corrupt(self.chain.expected(), problem));
                    }
                    self.segment = None;
                    self.number += 1;
                }
            }
        }
    }

    /// The open segment may not have been made yet; a closed one must be there.
    fn missing(&self) -> Result<Option<JournalRecord>, StoreError> {
        if self.number == self.index.active() {
            return Ok(None);
        }
        Err(corrupt(self.chain.expected(), format!("segment {} is missing", self.number)))
    }
}

impl Iterator for FolderReader {
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

impl std::iter::FusedIterator for FolderReader {}

impl fmt::Debug for FolderReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderReader")
            .field("folder", &self.folder)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// A segment, packed or not; `None` if it is not there. It may be packed just now: then the other name is there.
pub(super) fn open(folder: &Path, number: u64) -> Result<Option<Box<dyn BufRead + Send>>, StoreError> {
    for _ in 0..2 {
        match File::open(plain(folder, number)) {
            Ok(file) => return Ok(Some(Box::new(BufReader::with_capacity(BUFFER, file)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(located("read journal", &plain(folder, number), error)),
        }
        match File::open(packed(folder, number)) {
            Ok(file) => {
                let unpacked = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file));
                return Ok(Some(Box::new(BufReader::with_capacity(BUFFER, unpacked))));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(located("read journal", &packed(folder, number), error)),
        }
    }
    Ok(None)
}

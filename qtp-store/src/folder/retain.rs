//! Retention: which closed segments go, and what is remembered of them.

use std::fs;
use std::io::{self, BufRead as _};

use qtp_core::StoreError;

use super::index::{Closed, Dropped, packed, plain};
use super::{FolderJournal, reader};
use crate::error::corrupt;
use crate::file::located;

impl FolderJournal {
    /// Drops the oldest closed segments while they are too many or too old. Without a checkpoint behind it no
    /// segment goes: nothing could be restarted from what is left.
    pub(super) fn retain(&mut self) -> Result<(), StoreError> {
        let Some(oldest) = self.kept.iter().min().copied() else { return Ok(()) };
        loop {
            let Some(first) = self.index.closed.first().cloned() else { return Ok(()) };
            if first.end.last >= oldest || !self.is_too_much(&first)? {
                return Ok(());
            }
            let start = match &self.index.dropped {
                Some(dropped) => dropped.start.clone(),
                None => self.first_line(first.number)?,
            };
            // The index first: what it does not know of is taken away when the folder is opened again.
            self.index.dropped = Some(Dropped { number: first.number, end: first.end, start });
            self.index.closed.remove(0);
            self.index.save(&self.folder, self.settings.durability)?;
            for path in [plain(&self.folder, first.number), packed(&self.folder, first.number)] {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(located("drop journal segment", &path, error));
                    }
                    _ => {}
                }
            }
        }
    }

    fn is_too_much(&self, first: &Closed) -> Result<bool, StoreError> {
        if self.settings.keep_age.is_some_and(|age| self.newest.since(first.time) > age) {
            return Ok(true);
        }
        let Some(bytes) = self.settings.keep_bytes else { return Ok(false) };
        let size = |closed: &Closed| {
            let sizes = [plain(&self.folder, closed.number), packed(&self.folder, closed.number)];
            sizes.iter().find_map(|path| fs::metadata(path).ok()).map_or(0, |metadata| metadata.len())
        };
        Ok(self.index.closed.iter().map(size).sum::<u64>() > bytes)
    }

    /// Record 0 as it stands, with its line feed.
    fn first_line(&self, number: u64) -> Result<String, StoreError> {
        let mut line = String::new();
        let segment = reader::open(&self.folder, number)?;
        let mut segment = segment.ok_or_else(|| corrupt(0, format!("segment {number} is missing")))?;
        let path = plain(&self.folder, number);
        segment.read_line(&mut line).map_err(|error| located("read journal", &path, error))?;
        Ok(line)
    }
}

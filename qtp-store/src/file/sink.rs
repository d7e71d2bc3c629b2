//! Where the bytes of a journal file go.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;

use super::Durability;

/// The I/O under a [`FileJournal`](super::FileJournal). A test can put a sink of its own here and, for
/// instance, lose everything written after the last sync, as a power cut may.
///
/// # Contract
/// `write` appends all bytes or fails; `sync` makes everything written so far as durable as the sink
/// promises. After an error neither is called again.
pub trait JournalSink: Send {
    /// Appends bytes.
    ///
    /// # Errors
    /// Any I/O error: it is then unknown how much was written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything written durable.
    ///
    /// # Errors
    /// Any I/O error: it is then unknown what is durable.
    fn sync(&mut self) -> io::Result<()>;
}

impl<S: JournalSink + ?Sized> JournalSink for Box<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        (**self).sync()
    }
}

/// A locked file that bytes are appended to.
#[derive(Debug)]
pub struct DiskSink {
    file: File,
    durability: Durability,
}

impl DiskSink {
    /// A new file; its name is durable too if `durability` asks for it.
    pub(crate) fn create(path: &Path, durability: Durability) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        lock(&file)?;
        if durability == Durability::Fsync {
            file.sync_all()?;
            sync_folder(path)?;
        }
        Ok(Self { file, durability })
    }

    /// An existing file, for reading first.
    pub(crate) fn open(path: &Path, durability: Durability) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        lock(&file)?;
        Ok(Self { file, durability })
    }

    pub(crate) const fn file(&self) -> &File {
        &self.file
    }

    /// Cuts the file, durably: a torn tail must not come back behind new records.
    pub(crate) fn cut(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        if self.durability == Durability::Fsync { self.file.sync_all() } else { Ok(()) }
    }
}

impl JournalSink for DiskSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.durability {
            Durability::Os => Ok(()),
            Durability::Fsync => self.file.sync_data(),
        }
    }
}

/// Two writers would tear the chain apart. The lock ends with the process, however that ends.
pub(crate) fn lock(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => {
            io::Error::new(io::ErrorKind::WouldBlock, "another writer has this journal open")
        }
        TryLockError::Error(error) => error,
    })
}

pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Only Unix can open a folder as a file; elsewhere the name is the file system's business.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

//! What can go wrong with a recording.

use std::io;
use std::path::{Path, PathBuf};

/// A recording that cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// The bytes from here on are not what was written, and more follows than a torn tail.
    #[error("{}: damaged at byte {offset}: {problem}", path.display())]
    Damaged {
        /// File.
        path: PathBuf,
        /// Where the block begins, in bytes of the file.
        offset: u64,
        /// What does not fit.
        problem: String,
    },
    /// Not a recording, or one of another version.
    #[error("{}: {problem}", path.display())]
    Format {
        /// File or folder.
        path: PathBuf,
        /// What it is instead.
        problem: String,
    },
}

impl RecordingError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    pub(super) fn format(path: &Path, problem: impl Into<String>) -> Self {
        Self::Format { path: path.to_owned(), problem: problem.into() }
    }
}

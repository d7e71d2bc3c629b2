//! The record as a file: one JSON line a closed trade.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::record::ClosedTrade;
use crate::error::LlmError;

/// Appends what is new.
#[derive(Debug)]
pub(super) struct TrackFile {
    path: PathBuf,
    file: File,
}

impl TrackFile {
    /// The file and what it holds; it is made if it is not there, its folder too. A last line that a crash cut off is dropped.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<ClosedTrade>), LlmError> {
        let failed = |operation| {
            let path = path.to_path_buf();
            move |source: std::io::Error| LlmError::File { path, operation, source: Box::new(source) }
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed("make its folder"))?;
        }
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(path).map_err(failed("open it"))?;
        let text = std::fs::read_to_string(path).map_err(failed("read it"))?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            tracing::warn!(path = %path.display(), "the track record's last line is cut off");
            file.set_len(whole as u64).map_err(failed("repair its end"))?;
        }
        let mut closed = Vec::new();
        for (index, line) in text.get(..whole).unwrap_or_default().lines().enumerate() {
            let trade = serde_json::from_str(line).map_err(|error| LlmError::Recording {
                path: path.to_path_buf(),
                line: index + 1,
                problem: format!("not a closed trade: {error}"),
            })?;
            closed.push(trade);
        }
        Ok((Self { path: path.to_path_buf(), file }, closed))
    }

    pub(super) fn append(&mut self, trade: &ClosedTrade) {
        let written = serde_json::to_string(trade)
            .map_err(std::io::Error::from)
            .and_then(|line| self.file.write_all(format!("{line}\n").as_bytes()));
        if let Err(error) = written {
            tracing::error!(path = %self.path.display(), %error, "a closed trade was not kept");
        }
    }
}

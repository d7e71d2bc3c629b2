//! Files of a user's own words: read whole, and refused where they are larger than anybody meant.

use std::path::Path;

use qtp_core::Source;

use crate::error::LlmError;

/// A whole text file of at most `most` bytes; `operation` says what it is read for.
pub(crate) fn read(path: &Path, operation: &'static str, most: u64) -> Result<String, LlmError> {
    let text = || -> Result<String, Source> {
        let size = std::fs::metadata(path)?.len();
        if size > most {
            return Err(format!("it has {size} bytes, at most {most}").into());
        }
        Ok(std::fs::read_to_string(path)?)
    };
    text().map_err(|source| LlmError::File { path: path.to_path_buf(), operation, source })
}

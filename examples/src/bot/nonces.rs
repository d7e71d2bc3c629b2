//! The highest request number that may have been used, on the disk.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use qtp_exchange::hyperliquid::NonceStore;
use qtp_exchange::hyperliquid::sign::Address;

use crate::exit::Failure;

/// A file beside the runs, one for each signer: numbers ascend over all runs of a key, whatever the clock does.
#[derive(Debug)]
pub(super) struct NonceFile {
    path: PathBuf,
    highest: u64,
}

impl NonceFile {
    /// The file of a signer in the folder of all runs.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub(super) fn open(runs: &Path, signer: Address) -> Result<Self, Failure> {
        let path = runs.join(format!("nonces-{signer}").to_lowercase());
        let highest = match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map_err(|error| format!("{}: {error}", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        Ok(Self { path, highest })
    }

    fn write(&self, highest: u64) -> std::io::Result<()> {
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        writeln!(file, "{highest}")?;
        file.sync_all()?;
        fs::rename(new, &self.path)
    }
}

impl NonceStore for NonceFile {
    fn highest(&self) -> u64 {
        self.highest
    }

    fn reserve(&self, highest: u64) {
        if let Err(error) = self.write(highest) {
            // The clock alone keeps numbers in order then, unless it is set back.
            tracing::error!("{}: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reserved_is_known_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let signer: Address = "0x14791697260E4c9A71f18484C9f997B308e59325".parse().unwrap();
        let first = NonceFile::open(folder.path(), signer).unwrap();
        assert_eq!(first.highest(), 0);
        first.reserve(1_700_000_060_000);
        assert_eq!(NonceFile::open(folder.path(), signer).unwrap().highest(), 1_700_000_060_000);
        fs::write(&first.path, "x").unwrap();
        let error = NonceFile::open(folder.path(), signer).unwrap_err().to_string();
        assert!(error.contains("nonces-0x1479"), "{error}");
    }
}

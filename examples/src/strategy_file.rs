//! Strategy files: read once, kept in the run's configuration, so that a replay needs no file.

use std::path::Path;

use qtp_core::port::Strategy;
use qtp_core::{InstrumentId, StrategyFile, StrategyFileError, StrategyId, Timeframe};
use qtp_engine::strategy::{FileStrategy, Size};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// A strategy file's text, and where it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategyDocument {
    /// Name of the file, for messages.
    pub file: String,
    /// Its text.
    pub text: String,
}

impl StrategyDocument {
    /// Reads a file. What is in it is checked when a strategy is built.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| format!("{file}: {error}"))?;
        Ok(Self { file, text })
    }

    /// The document.
    ///
    /// # Errors
    /// The first problem, with file, line and column.
    pub fn parse(&self) -> Result<StrategyFile, Failure> {
        StrategyFile::parse(&self.text).map_err(|error| self.named(&error))
    }

    /// The strategy for one market; `size` where the file says none.
    ///
    /// # Errors
    /// The first problem, with file, line and column.
    pub fn build(
        &self,
        id: StrategyId,
        market: (InstrumentId, Timeframe),
        size: Size,
    ) -> Result<Box<dyn Strategy>, Failure> {
        let strategy =
            FileStrategy::parse(id, market, &self.text, size).map_err(|error| self.named(&error))?;
        Ok(Box::new(strategy))
    }

    fn named(&self, error: &StrategyFileError) -> Failure {
        format!("{}: {error}", self.file).into()
    }
}

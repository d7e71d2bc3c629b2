//! Answers from a recording.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionError, DecisionRequest};
use serde::de::DeserializeOwned;

use super::format::{Answer, Entry, Header, VERSION};
use super::key::request_key;
use crate::error::LlmError;

/// Longest line, in bytes.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// Answers from a recording, and from nothing else: a request that is not in it is
/// [`DecisionError::NotRecorded`], never a live call. Recorded errors come back as errors.
///
/// Where one picture was asked about more than once, the latest answer counts. A last line that a crash cut off is
/// skipped with a warning.
#[derive(Debug)]
pub struct Replay {
    engine: String,
    model: Option<String>,
    answers: BTreeMap<String, Answer>,
}

impl Replay {
    /// Reads a whole recording into memory.
    ///
    /// # Errors
    /// [`LlmError::File`] if it cannot be read, [`LlmError::Recording`] with the line that is no record.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LlmError> {
        let mut lines = Lines::open(path.as_ref())?;
        let header = lines.header()?;
        let mut answers = BTreeMap::new();
        while let Some(entry) = lines.next::<Entry>()? {
            answers.insert(entry.key, entry.answer);
        }
        Ok(Self { engine: header.engine, model: header.model, answers })
    }

    /// Number of different pictures that have an answer.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// True if nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Name of the engine whose answers these are.
    pub fn recorded_engine(&self) -> &str {
        &self.engine
    }

    /// The model whose answers these are, where there was one.
    pub fn recorded_model(&self) -> Option<&str> {
        self.model.as_deref()
    }
}

#[async_trait]
impl DecisionEngine for Replay {
    fn name(&self) -> &str {
        "replay"
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        let key = request_key(&self.engine, self.model.as_deref(), request)?;
        match self.answers.get(&key) {
            Some(Answer::Decided(decision)) => Ok(decision.clone()),
            Some(Answer::Failed(failure)) => Err(failure.rebuild(&self.engine)),
            None => Err(DecisionError::NotRecorded { engine: "replay".to_owned(), key }),
        }
    }
}

/// The header of a recording.
pub(super) fn read_header(path: &Path) -> Result<Header, LlmError> {
    Lines::open(path)?.header()
}

struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    number: usize,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, LlmError> {
        let file = File::open(path).map_err(|source| LlmError::File {
            path: path.to_path_buf(),
            operation: "open it",
            source: Box::new(source),
        })?;
        Ok(Self { path: path.to_path_buf(), reader: BufReader::new(file), number: 0 })
    }

    fn header(&mut self) -> Result<Header, LlmError> {
        let header =
            self.next::<Header>()?.ok_or_else(|| self.problem("the header is missing".to_owned()))?;
        if header.v == VERSION {
            return Ok(header);
        }
        Err(self.problem(format!("version {} is not supported (this build reads {VERSION})", header.v)))
    }

    /// The next line, `None` at the end.
    fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, LlmError> {
        self.number += 1;
        let mut line = Vec::new();
        let read = (&mut self.reader).take(LINE_MAX + 1).read_until(b'\n', &mut line);
        read.map_err(|source| LlmError::File {
            path: self.path.clone(),
            operation: "read it",
            source: Box::new(source),
        })?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.len() as u64 > LINE_MAX {
            return Err(self.problem(format!("longer than {LINE_MAX} bytes")));
        }
        if line.last() != Some(&b'\n') {
            // Every complete record ends with a line feed, so this one was cut off.
            tracing::warn!(path = %self.path.display(), line = self.number, "the recording's last line is cut off");
            return Ok(None);
        }
        serde_json::from_slice(&line)
            .map(Some)
            .map_err(|error| self.problem(format!("not a record: {error}")))
    }

    fn problem(&self, problem: String) -> LlmError {
        LlmError::Recording { path: self.path.clone(), line: self.number, problem }
    }
}

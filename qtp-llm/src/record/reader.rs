//! Replies from a recording.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use qtp_core::DecisionError;
use serde::de::DeserializeOwned;

use super::format::{Answer, Entry, Header, VERSION};
use super::key::request_key;
use crate::error::LlmError;
use crate::model::{CallContext, ChatModel, ChatReply, ChatRequest};

/// Longest line, in bytes.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// A model that replies from a recording, and from nothing else: a request that is not in it is
/// [`DecisionError::NotRecorded`], never a live call. Recorded errors come back as errors.
///
/// Where one question was asked more than once, its replies come in their order, and the last one repeats. A last line
/// that a crash cut off is skipped with a warning.
#[derive(Debug)]
pub struct Replay {
    provider: String,
    model: String,
    answers: Answers,
}

/// Replies by key, in the order in which they were recorded.
pub(super) type Answers = Mutex<BTreeMap<String, VecDeque<Answer>>>;

impl Replay {
    /// Reads a whole recording into memory.
    ///
    /// # Errors
    /// [`LlmError::File`] if it cannot be read, [`LlmError::Recording`] with the line that is no record.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LlmError> {
        let mut lines = Lines::open(path.as_ref())?;
        let header = lines.header()?;
        let mut answers: BTreeMap<String, VecDeque<Answer>> = BTreeMap::new();
        while let Some(entry) = lines.next::<Entry>()? {
            answers.entry(entry.key).or_default().push_back(entry.answer);
        }
        Ok(Self { provider: header.provider, model: header.model, answers: Mutex::new(answers) })
    }

    /// Number of different questions that have a reply.
    pub fn len(&self) -> usize {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// True if nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The answers, for a recorder that reuses them.
    pub(super) fn into_answers(self) -> Answers {
        self.answers
    }
}

/// The next reply to a question; the last one repeats.
pub(super) fn next(answers: &Answers, key: &str) -> Option<Answer> {
    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    let queue = answers.get_mut(key)?;
    if queue.len() > 1 { queue.pop_front() } else { queue.front().cloned() }
}

#[async_trait]
impl ChatModel for Replay {
    fn provider(&self) -> &str {
        &self.provider
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn complete(&self, request: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        let key = request_key(&self.provider, &self.model, request)?;
        match next(&self.answers, &key) {
            Some(Answer::Replied(reply)) => Ok(reply),
            Some(Answer::Failed(failure)) => Err(failure.rebuild(&self.provider)),
            None => Err(DecisionError::NotRecorded { engine: self.provider.clone(), key }),
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

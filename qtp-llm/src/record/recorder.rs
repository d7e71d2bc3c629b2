//! Writes down what another model replies.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use qtp_core::DecisionError;

use super::format::{Answer, Entry, Failure, Header, VERSION};
use super::key::request_key;
use super::reader::{Answers, Replay, next, read_header};
use crate::error::LlmError;
use crate::model::{CallContext, ChatModel, ChatReply, ChatRequest};

/// Passes requests on and appends every reply, errors included, to a file that [`Replay`](super::Replay) reads.
///
/// One JSON line a reply, handed to the operating system at once. A call that is dropped before it ends leaves no
/// line. The file holds replies, never a key.
#[derive(Debug)]
pub struct Recorder<M> {
    path: PathBuf,
    file: Mutex<File>,
    /// What was recorded before, where it is to be used again.
    known: Option<Answers>,
    lost: AtomicU64,
    inner: M,
}

impl<M: ChatModel> Recorder<M> {
    /// Records what `inner` replies at the end of `path`, which is created if it is not there.
    ///
    /// # Errors
    /// [`LlmError::File`] if the file cannot be opened, [`LlmError::Recording`] if it is not a recording or is one of
    /// another provider or model.
    pub fn open(inner: M, path: impl AsRef<Path>) -> Result<Self, LlmError> {
        let path = path.as_ref().to_path_buf();
        let (provider, model) = (inner.provider().to_owned(), inner.model().to_owned());
        let header = Header { v: VERSION, provider, model };
        let failed = |operation| {
            let path = path.clone();
            move |source: io::Error| LlmError::File { path, operation, source: Box::new(source) }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("open it"))?;
        if cut_torn_tail(&mut file).map_err(failed("repair its end"))? == 0 {
            write_line(&mut file, &header).map_err(failed("write its header"))?;
        } else {
            let found = read_header(&path)?;
            if found != header {
                let problem = format!(
                    "holds replies of {}:{}, not of {}:{}",
                    found.provider, found.model, header.provider, header.model
                );
                return Err(LlmError::Recording { path, line: 1, problem });
            }
        }
        Ok(Self { path, file: Mutex::new(file), known: None, lost: AtomicU64::new(0), inner })
    }

    /// Like [`Recorder::open`], but a question that the file has a reply to is not asked again. Recorded errors are:
    /// they may have passed.
    ///
    /// # Errors
    /// As [`Recorder::open`], and [`LlmError::Recording`] with the line that is no record.
    pub fn open_and_reuse(inner: M, path: impl AsRef<Path>) -> Result<Self, LlmError> {
        let recorder = Self::open(inner, &path)?;
        let known = Replay::open(path)?.into_answers();
        for queue in known.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            queue.retain(|answer| matches!(answer, Answer::Replied(_)));
        }
        Ok(Self { known: Some(known), ..recorder })
    }

    /// Replies that could not be written since the file was opened; each was also logged.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn record(&self, key: String, context: &CallContext, answer: Answer) {
        let entry = Entry { key, decision: context.decision, as_of: context.as_of, answer };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = write_line(&mut file, &entry) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            let path = self.path.display();
            tracing::error!(%path, %error, decision = context.decision, "a reply was not recorded");
        }
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Recorder<M> {
    fn provider(&self) -> &str {
        self.inner.provider()
    }

    fn model(&self) -> &str {
        self.inner.model()
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        context: &CallContext,
    ) -> Result<ChatReply, DecisionError> {
        let key = request_key(self.provider(), self.model(), request)?;
        if let Some(Answer::Replied(reply)) = self.known.as_ref().and_then(|known| next(known, &key)) {
            return Ok(reply);
        }
        let result = self.inner.complete(request, context).await;
        let answer = match &result {
            Ok(reply) => Answer::Replied(reply.clone()),
            Err(error) => Answer::Failed(Failure::of(error)),
        };
        self.record(key, context, answer);
        result
    }
}

fn write_line(file: &mut File, value: &impl serde::Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    file.write_all(&line)
}

/// Drops what follows the last line feed (a write that a crash cut off), and returns the length that is left.
fn cut_torn_tail(file: &mut File) -> io::Result<u64> {
    const CHUNK: u64 = 64 * 1024;
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut keep = 0;
    let mut chunk = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        file.seek(SeekFrom::Start(start))?;
        chunk.clear();
        file.take(end - start).read_to_end(&mut chunk)?;
        if let Some(index) = chunk.iter().rposition(|byte| *byte == b'\n') {
            keep = start + index as u64 + 1;
            break;
        }
        end = start;
    }
    file.set_len(keep)?;
    file.seek(SeekFrom::Start(keep))?;
    Ok(keep)
}

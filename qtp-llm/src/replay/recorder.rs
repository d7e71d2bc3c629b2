//! Writes down what another engine answers.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionError, DecisionRequest};

use super::format::{Answer, Entry, Failure, Header, VERSION};
use super::key::{request_digest, request_key};
use super::reader::read_header;
use crate::error::LlmError;

/// Passes requests on and appends every answer, errors included, to a file that [`Replay`](super::Replay) reads.
///
/// One JSON line an answer, handed to the operating system at once. A call that is dropped before it ends leaves no
/// line. The file holds prompts and answers, never a key.
#[derive(Debug)]
pub struct Recorder<E: ?Sized> {
    path: PathBuf,
    model: Option<String>,
    file: Mutex<File>,
    lost: AtomicU64,
    inner: Box<E>,
}

impl<E: DecisionEngine + ?Sized> Recorder<E> {
    /// Records what `inner` answers at the end of `path`, which is created if it is not there. `model` is the model's
    /// name, if `inner` has one.
    ///
    /// # Errors
    /// [`LlmError::File`] if the file cannot be opened, [`LlmError::Recording`] if it is not a recording or is one of
    /// another engine or model.
    pub fn open(inner: Box<E>, model: Option<&str>, path: impl AsRef<Path>) -> Result<Self, LlmError> {
        let path = path.as_ref().to_path_buf();
        let header = Header { v: VERSION, engine: inner.name().to_owned(), model: model.map(str::to_owned) };
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
                    "holds answers of {} {:?}, not of {} {:?}",
                    found.engine, found.model, header.engine, header.model
                );
                return Err(LlmError::Recording { path, line: 1, problem });
            }
        }
        Ok(Self { path, model: header.model, file: Mutex::new(file), lost: AtomicU64::new(0), inner })
    }

    /// Answers that could not be written since the file was opened; each was also logged.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn record(&self, request: &DecisionRequest, answer: Answer) -> Result<(), DecisionError> {
        let engine = self.inner.name();
        let entry = Entry {
            key: request_key(engine, self.model.as_deref(), request)?,
            digest: request_digest(engine, request)?,
            as_of: request.as_of,
            answer,
        };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = write_line(&mut file, &entry) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            let path = self.path.display();
            tracing::error!(%path, %error, request = request.id, "a decision was not recorded");
        }
        Ok(())
    }
}

#[async_trait]
impl<E: DecisionEngine + ?Sized> DecisionEngine for Recorder<E> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        let result = self.inner.decide(request).await;
        let answer = match &result {
            Ok(decision) => Answer::Decided(decision.clone()),
            Err(error) => Answer::Failed(Failure::of(error)),
        };
        self.record(request, answer)?;
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

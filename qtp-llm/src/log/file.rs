//! `llm_requests.log`, one JSON line a call, and `prompts.log`, the same for people. Neither ever holds a key: what is
//! written is what a request is made of before a provider's adapter adds its key.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use qtp_core::port::{Clock as _, SystemClock};
use qtp_core::{ModelCall, Timestamp};
use serde::Serialize;

use crate::error::LlmError;
use crate::model::ChatRequest;
use crate::settings::LogSettings;

/// The files that are asked for.
#[derive(Debug, Default)]
pub(crate) struct LogFiles {
    requests: Option<LogFile>,
    prompts: Option<LogFile>,
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: Mutex<File>,
}

#[derive(Serialize)]
struct Line<'a> {
    /// When the reply was there, by the clock of this machine.
    time: String,
    decision: u64,
    as_of: String,
    millis: u64,
    request: &'a ChatRequest,
    call: &'a ModelCall,
}

impl LogFiles {
    pub(crate) fn open(settings: &LogSettings) -> Result<Self, LlmError> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(LogFile::open).transpose();
        Ok(Self { requests: open(&settings.requests)?, prompts: open(&settings.prompts)? })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.requests.is_none() && self.prompts.is_none()
    }

    pub(super) fn write(
        &self,
        decision: u64,
        (request, as_of): (&ChatRequest, Timestamp),
        call: &ModelCall,
        millis: u64,
    ) {
        if let Some(file) = &self.requests {
            let (time, as_of) = (SystemClock.now().to_string(), as_of.to_string());
            let line = Line { time, decision, as_of, millis, request, call };
            match serde_json::to_string(&line) {
                Ok(line) => file.append(&format!("{line}\n")),
                Err(error) => tracing::error!(%error, decision, "a request was not logged"),
            }
        }
        if let Some(file) = &self.prompts {
            file.append(&page(decision, as_of, call));
        }
    }
}

fn page(decision: u64, as_of: Timestamp, call: &ModelCall) -> String {
    let ModelCall { seat, provider, model, sent, reply, tools, error, .. } = call;
    let mut text = format!("=== decision {decision} as of {as_of}: {seat}, {provider}:{model}\n");
    for spoken in sent {
        text.push_str(&format!("--- {}\n{}\n", spoken.role, spoken.text));
    }
    for (name, arguments) in tools {
        text.push_str(&format!("--- calls {name}\n{arguments}\n"));
    }
    match error {
        Some(error) => text.push_str(&format!("--- no reply: {error}\n\n")),
        None => text.push_str(&format!("--- reply\n{reply}\n\n")),
    }
    text
}

impl LogFile {
    fn open(path: &Path) -> Result<Self, LlmError> {
        let failed = |source: io::Error| LlmError::File {
            path: path.to_path_buf(),
            operation: "open it",
            source: Box::new(source),
        };
        let file = OpenOptions::new().append(true).create(true).open(path).map_err(failed)?;
        Ok(Self { path: path.to_path_buf(), file: Mutex::new(file) })
    }

    fn append(&self, text: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(text.as_bytes()) {
            // A log that cannot be written is no reason to miss a decision.
            tracing::error!(path = %self.path.display(), %error, "a call was not logged");
        }
    }
}

//! Calls and findings of the decisions that are under way.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use qtp_core::{DecisionError, ModelCall, Reason, Spoken, Timestamp};

use super::file::LogFiles;
use crate::error::LlmError;
use crate::model::{CallContext, ChatReply, ChatRequest, Message, cut};
use crate::settings::LogSettings;

/// Decisions that are under way at a time: older ones have ended and nobody asked for their calls.
const DECISIONS_MAX: usize = 256;

/// Collects what models were asked and what checks found, decision by decision, and writes it to the log files.
#[derive(Debug, Default)]
pub struct CallBook {
    files: LogFiles,
    pages: Mutex<BTreeMap<u64, Page>>,
}

/// One decision.
#[derive(Debug, Default)]
struct Page {
    calls: Vec<ModelCall>,
    findings: Vec<Reason>,
    /// Messages of each seat's conversation that were written down.
    told: BTreeMap<String, usize>,
    /// Tries of each seat that failed since its last call.
    failed: BTreeMap<String, Vec<Reason>>,
}

/// Where a call stands in the book.
#[derive(Debug, Clone)]
pub(super) struct Place {
    decision: u64,
    index: usize,
}

/// A call that is about to be made.
pub(super) struct Opening<'a> {
    pub(super) seat: &'a str,
    pub(super) provider: &'a str,
    pub(super) model: &'a str,
    pub(super) request: &'a ChatRequest,
}

impl CallBook {
    /// A book that also writes the files that are asked for.
    ///
    /// # Errors
    /// [`LlmError::File`] if a file cannot be opened.
    pub fn new(settings: &LogSettings) -> Result<Self, LlmError> {
        Ok(Self { files: LogFiles::open(settings)?, pages: Mutex::default() })
    }

    /// Notes what a check found: a stable code and words.
    pub fn find(&self, decision: u64, finding: Reason) {
        self.page(decision, |page| page.findings.push(finding));
    }

    /// Everything about a decision that has ended: it is then forgotten.
    pub fn take(&self, decision: u64) -> (Vec<ModelCall>, Vec<Reason>) {
        let page = self.lock().remove(&decision).unwrap_or_default();
        (page.calls, page.findings)
    }

    /// Writes down a question before it is asked: one whose answer never comes is still in the book.
    pub(super) fn open(&self, context: &CallContext, opening: &Opening<'_>) -> Place {
        let messages = &opening.request.messages;
        let index = self.page(context.decision, |page| {
            let told = page.told.insert(opening.seat.to_owned(), messages.len()).unwrap_or_default();
            // A shorter conversation is another one.
            let told = if told > messages.len() { 0 } else { told };
            page.calls.push(ModelCall {
                seat: opening.seat.to_owned(),
                provider: opening.provider.to_owned(),
                model: opening.model.to_owned(),
                sent: messages.iter().skip(told).filter_map(spoken).collect(),
                reply: String::new(),
                tools: Vec::new(),
                used: qtp_core::TokenUsage::default(),
                repair: is_repair(messages),
                failed: Vec::new(),
                error: Some(Reason::new("no_answer", "the decision ended before the reply")),
            });
            page.calls.len() - 1
        });
        Place { decision: context.decision, index }
    }

    /// Writes down what came back.
    pub(super) fn close(&self, place: &Place, result: &Result<ChatReply, DecisionError>) {
        self.page(place.decision, |page| {
            let Some(call) = page.calls.get_mut(place.index) else { return };
            call.failed = page.failed.remove(&call.seat).unwrap_or_default();
            match result {
                Ok(reply) => {
                    call.error = None;
                    call.used = reply.usage;
                    call.reply.clone_from(&reply.text);
                    let wish = |wish: &crate::model::ToolCall| (wish.name.clone(), wish.arguments.clone());
                    call.tools = reply.calls.iter().map(wish).collect();
                    if !reply.model.is_empty() {
                        call.model.clone_from(&reply.model);
                    }
                }
                Err(error) => call.error = Some(Reason::new(error.code(), words(error))),
            }
        });
    }

    /// Writes down a try that failed.
    pub(super) fn fail(&self, decision: u64, seat: &str, reason: Reason) {
        self.page(decision, |page| page.failed.entry(seat.to_owned()).or_default().push(reason));
    }

    /// Writes a call to the files.
    pub(super) fn log(&self, place: &Place, asked: (&ChatRequest, Timestamp), millis: u64) {
        if self.files.is_empty() {
            return;
        }
        let call = self.lock().get(&place.decision).and_then(|page| page.calls.get(place.index).cloned());
        if let Some(call) = call {
            self.files.write(place.decision, asked, &call, millis);
        }
    }

    fn page<T>(&self, decision: u64, change: impl FnOnce(&mut Page) -> T) -> T {
        let mut pages = self.lock();
        if pages.len() >= DECISIONS_MAX && !pages.contains_key(&decision) {
            pages.pop_first();
        }
        change(pages.entry(decision).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Page>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error and its cause, on one line of a bounded length.
pub(super) fn words(error: &DecisionError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    cut(&format!("{error}{}", cause.unwrap_or_default()).replace('\n', " "))
}

/// A message for people; the model's own words stand in its replies.
fn spoken(message: &Message) -> Option<Spoken> {
    let (role, text) = match message {
        Message::System(text) => ("system".to_owned(), text),
        Message::User(text) => ("user".to_owned(), text),
        Message::Assistant { .. } => return None,
        Message::Tool { name, content, .. } => (format!("tool {name}"), content),
    };
    Some(Spoken { role, text: text.clone() })
}

/// A user's message behind the model's words: they could not be used.
fn is_repair(messages: &[Message]) -> bool {
    let mut last = messages.iter().rev();
    matches!(last.next(), Some(Message::User(_)))
        && matches!(last.next(), Some(Message::Assistant { calls, .. }) if calls.is_empty())
}

//! The engine: one conversation with a model for each decision.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{Decimal, Decision, DecisionError, DecisionRequest};
use tokio::time::{Instant, timeout};

use super::judge::{self, Verdict, judge};
use super::prompt::{self, Prompt};
use super::{sanitize, schema};
use crate::error::LlmError;
use crate::model::{
    CALLS_MAX, CallContext, ChatModel, ChatReply, ChatRequest, Finish, Format, Message, TokenUsage,
};
use crate::settings::{ChatSettings, Structured};
use crate::tool::{Calls, Tool, Toolbox};

/// Longest piece of a refused answer that is shown to a model again, in characters.
const ECHO_MAX: usize = 16_000;

/// What one engine used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Conversations that ended in a decision or not.
    pub decisions: u64,
    /// Replies of models.
    pub calls: u64,
    /// Tokens of the prompts.
    pub prompt_tokens: u64,
    /// Tokens of the answers, reasoning included.
    pub completion_tokens: u64,
    /// Cost in USD, as far as it is known.
    pub cost: Decimal,
}

/// Asks a chat model, and lets nothing through that does not make sense for the request.
///
/// The model may call tools for a bounded number of rounds. An answer that cannot be used is sent back once with the
/// problem in words; then a cheap model may change its form, never its content; if that fails too, the result is
/// [`DecisionError::Invalid`] and the caller holds. Must be called within a tokio runtime with time.
pub struct ChatEngine {
    model: Arc<dyn ChatModel>,
    sanitizer: Option<Arc<dyn ChatModel>>,
    toolbox: Toolbox,
    /// The system part of every prompt.
    system: String,
    settings: ChatSettings,
    usage: Mutex<Usage>,
}

impl ChatEngine {
    /// An engine that asks `model`, with whatever layers it is wrapped in. Makes no call.
    ///
    /// # Errors
    /// [`LlmError::Settings`] with every problem of the settings or of the prompt's template, [`LlmError::File`] if
    /// the template cannot be read.
    pub fn new(model: Arc<dyn ChatModel>, settings: ChatSettings) -> Result<Self, LlmError> {
        settings.validate()?;
        let system = prompt::system(&settings)?;
        let toolbox = Toolbox::default();
        Ok(Self { model, sanitizer: None, toolbox, system, settings, usage: Mutex::default() })
    }

    /// Lets the model call these tools.
    ///
    /// # Errors
    /// [`LlmError::Settings`] for a name that providers refuse, or one that two tools share.
    pub fn with_tools(mut self, tools: Vec<Arc<dyn Tool>>) -> Result<Self, LlmError> {
        self.toolbox = Toolbox::new(tools)?;
        Ok(self)
    }

    /// Lets another model change the form of an answer that cannot be used.
    #[must_use]
    pub fn with_sanitizer(mut self, model: Arc<dyn ChatModel>) -> Self {
        self.sanitizer = Some(model);
        self
    }

    /// What the conversations so far used.
    pub fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, used: &TokenUsage) {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.calls += 1;
        usage.prompt_tokens = usage.prompt_tokens.saturating_add(used.prompt_tokens);
        usage.completion_tokens = usage.completion_tokens.saturating_add(used.completion_tokens);
        usage.cost = usage.cost.saturating_add(used.cost.unwrap_or_default());
    }

    fn invalid(&self, problem: String) -> DecisionError {
        DecisionError::Invalid { engine: self.name().to_owned(), problem }
    }
}

/// One conversation.
struct Conversation<'a> {
    engine: &'a ChatEngine,
    request: &'a DecisionRequest,
    chat: ChatRequest,
    calls: Calls,
    deadline: Instant,
    /// What was said, for the record.
    record: String,
}

impl<'a> Conversation<'a> {
    fn new(
        engine: &'a ChatEngine,
        request: &'a DecisionRequest,
        deadline: Instant,
    ) -> Result<Self, DecisionError> {
        let settings = &engine.settings;
        let prompt =
            Prompt::of(&engine.system, request, settings).map_err(|problem| engine.invalid(problem))?;
        let format = match settings.structured {
            Structured::Schema => {
                Format::Schema { name: "trade_decisions".to_owned(), schema: schema::answer_schema(request) }
            }
            Structured::Object => Format::Object,
            Structured::Prompt => Format::Text,
        };
        let record = prompt.text();
        let messages = vec![Message::System(prompt.system.to_owned()), Message::User(prompt.user)];
        let chat = ChatRequest {
            tools: engine.toolbox.specs(),
            format,
            temperature: settings.temperature,
            seed: settings.seed,
            effort: settings.effort,
            max_tokens: settings.max_tokens,
            ..ChatRequest::new(messages)
        };
        let calls = engine.toolbox.calls(request, settings);
        Ok(Self { engine, request, chat, calls, deadline, record })
    }

    async fn decide(mut self) -> Result<Decision, DecisionError> {
        let first = self.answer().await?;
        let (text, problem) = match self.judge(&first) {
            Verdict::Usable(decision) => return Ok(self.recorded(decision)),
            Verdict::Final(problem) => return Err(self.engine.invalid(problem)),
            Verdict::AskAgain { text, problem } => (text, problem),
        };
        let (provider, model) = (self.engine.name(), self.engine.model.model());
        tracing::info!(provider, model, %problem, "asking again");
        self.complain(first, &text, &problem);
        let second = self.answer().await?;
        let (text, again) = match self.judge(&second) {
            Verdict::Usable(decision) => return Ok(self.recorded(decision)),
            Verdict::Final(second) => (String::new(), second),
            Verdict::AskAgain { text, problem } => (text, problem),
        };
        let failed = format!("{again} (the first answer: {problem})");
        match &self.engine.sanitizer {
            Some(sanitizer) if second.finish == Finish::Stop && !text.trim().is_empty() => {
                let sanitized = self.sanitize(&**sanitizer, &text, &again).await;
                sanitized.map_err(|why| self.engine.invalid(format!("{failed} (sanitizer: {why})")))
            }
            _ => Err(self.engine.invalid(failed)),
        }
    }

    /// The model's answer once it has called all the tools that it wants.
    async fn answer(&mut self) -> Result<ChatReply, DecisionError> {
        loop {
            self.chat.final_round = self.calls.rounds() >= self.engine.settings.tool_rounds;
            let reply = self.ask(&*self.engine.model, &self.chat).await?;
            if reply.finish != Finish::ToolCalls || self.chat.final_round {
                return Ok(reply);
            }
            if reply.calls.len() > CALLS_MAX {
                let problem = format!("it calls {} tools at a time, at most {CALLS_MAX}", reply.calls.len());
                return Err(self.engine.invalid(problem));
            }
            let results = self.calls.round(&reply.calls).await;
            for (call, result) in reply.calls.iter().zip(&results) {
                self.note("tool", &format!("{}({})\n{}", call.name, call.arguments, result.text));
            }
            let answers = reply.calls.iter().zip(results).map(|(call, result)| Message::Tool {
                call: call.id.clone(),
                name: call.name.clone(),
                content: result.text,
                failed: result.failed,
            });
            let answers: Vec<_> = answers.collect();
            self.chat.messages.push(Message::said(reply));
            self.chat.messages.extend(answers);
        }
    }

    async fn ask(&self, model: &dyn ChatModel, chat: &ChatRequest) -> Result<ChatReply, DecisionError> {
        let limit = self.deadline.saturating_duration_since(Instant::now());
        let context = CallContext { decision: self.request.id, as_of: self.request.as_of, limit };
        let mut reply = model.complete(chat, &context).await?;
        self.engine.count(&reply.usage);
        if reply.model.is_empty() {
            reply.model = model.model().to_owned();
        }
        Ok(reply)
    }

    fn judge(&self, reply: &ChatReply) -> Verdict {
        judge(self.engine.name(), reply, self.request, self.engine.settings.require_stop)
    }

    fn complain(&mut self, reply: ChatReply, text: &str, problem: &str) {
        let complaint = prompt::complaint(problem);
        self.note("user, after an unusable answer", &complaint);
        let text: String = text.chars().take(ECHO_MAX).collect();
        // Calls that were not carried out must not go back: providers want a result for each.
        let carry = reply.carry.filter(|_| reply.calls.is_empty());
        self.chat.messages.push(Message::Assistant { text, calls: Vec::new(), carry });
        self.chat.messages.push(Message::User(complaint));
    }

    async fn sanitize(&self, model: &dyn ChatModel, text: &str, problem: &str) -> Result<Decision, String> {
        let settings = &self.engine.settings;
        let text: String = text.chars().take(ECHO_MAX).collect();
        let request = sanitize::request(&text, problem, &self.chat.format, settings.max_tokens);
        let reply = self.ask(model, &request).await.map_err(|error| error.to_string())?;
        if reply.finish != Finish::Stop {
            return Err("it gave no whole answer".to_owned());
        }
        let (engine, asked) = (self.engine.name(), self.engine.model.model());
        let decision = judge::read(engine, asked, &reply.text, self.request, settings.require_stop)?;
        match sanitize::invention(&text, &decision) {
            Some(invention) => Err(invention),
            None => Ok(self.recorded(decision)),
        }
    }

    fn note(&mut self, who: &str, text: &str) {
        self.record.push_str(&format!("\n\n[{who}]\n{text}"));
    }

    fn recorded(&self, decision: Decision) -> Decision {
        Decision { prompt: Some(self.record.clone()), ..decision }
    }
}

impl fmt::Debug for ChatEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatEngine")
            .field("provider", &self.model.provider())
            .field("model", &self.model.model())
            .field("settings", &self.settings)
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl DecisionEngine for ChatEngine {
    fn name(&self) -> &str {
        self.model.provider()
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        let limit = Duration::from_millis(self.settings.deadline_ms);
        let conversation = Conversation::new(self, request, Instant::now() + limit)?;
        let result = timeout(limit, conversation.decide()).await;
        self.usage.lock().unwrap_or_else(PoisonError::into_inner).decisions += 1;
        let engine = self.name().to_owned();
        result.unwrap_or(Err(DecisionError::Timeout { engine, limit }))
    }
}

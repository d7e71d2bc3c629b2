//! The layers around a model, from the inside out: adapter, budget, retries, fallback, recording, conversation.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use qtp_core::Timestamp;

use crate::budget::{Budgeted, Ledger};
use crate::council::{Briefed, Briefings};
use crate::decision::ChatEngine;
use crate::error::LlmError;
use crate::log::{CallBook, Noted};
use crate::model::{ChatModel, Fallback, ModelCards, Retry, RetrySettings, Rung};
use crate::settings::{ChatSettings, CouncilKind, LlmSettings, RecordMode};
use crate::spec::EngineSpec;
use crate::text_file;
use crate::tool::{self, News, NewsFile};

/// Largest file of model cards, in bytes.
const CARDS_MAX: u64 = 16 * 1024 * 1024;
/// Seat of the model of the settings.
const DECIDE: &str = "decide";
/// Seat of the model that may bring an answer into form.
const SANITIZE: &str = "sanitize";

/// Seat of a model that is asked something else than a decision.
const PROBE: &str = "probe";

/// One conversation a decision, whose calls go into `book`.
#[cfg(all(test, feature = "http"))]
pub(crate) fn engine(
    spec: &EngineSpec,
    settings: &LlmSettings,
    book: &Arc<CallBook>,
) -> Result<ChatEngine, LlmError> {
    let chair = Chair { seat: DECIDE, spec, chat: &settings.chat, briefings: Vec::new() };
    Parts::new(spec, settings, book)?.conversation(&chair)
}

/// The model of a spec alone, within its budget, with retries, fallback and recording, for questions that are no decisions.
/// Its recording stands beside that of the decisions, with the ending `probe`.
///
/// # Errors
/// As [`build`](crate::build); [`LlmError::Settings`] for `rules`, which are no model.
pub fn chat_model(spec: &EngineSpec, settings: &LlmSettings) -> Result<Arc<dyn ChatModel>, LlmError> {
    if *spec == EngineSpec::Rules {
        let problems = vec!["`rules` are no model".to_owned()];
        return Err(LlmError::Settings { what: "chat", problems });
    }
    let book = Arc::default();
    let parts = Parts::new(spec, settings, &book)?;
    parts.layered(|| parts.chain(spec, PROBE), PROBE)
}

/// A voice: who it is, which model speaks, how it is asked and what it reads besides the picture.
pub(crate) struct Chair<'a> {
    pub(crate) seat: &'a str,
    pub(crate) spec: &'a EngineSpec,
    pub(crate) chat: &'a ChatSettings,
    pub(crate) briefings: Vec<Arc<Briefings>>,
}

/// The model behind a spec, within its budget, with retries, fallback and recording: for conversations that are no
/// decisions. Makes no call.
///
/// # Errors
/// As [`build`](crate::build).
pub fn model(spec: &EngineSpec, settings: &LlmSettings) -> Result<Arc<dyn ChatModel>, LlmError> {
    let book = Arc::default();
    let parts = Parts::new(spec, settings, &book)?;
    parts.layered(|| parts.chain(spec, DECIDE), DECIDE)
}

/// Where replies are recorded, and what for.
fn recording(spec: &EngineSpec, settings: &LlmSettings) -> Result<(Option<PathBuf>, RecordMode), LlmError> {
    match (spec, &settings.record, settings.record_mode) {
        (EngineSpec::Replay { .. }, Some(_), mode) if mode != RecordMode::Off => {
            let problems = vec!["record: a replay cannot be recorded".to_owned()];
            Err(LlmError::Settings { what: "replay", problems })
        }
        (EngineSpec::Replay { file }, _, _) => Ok((Some(file.clone()), RecordMode::Replay)),
        (_, file, mode) => Ok((file.clone(), mode)),
    }
}

/// A model and its recording. In a replay the model is not even made: it needs no key.
fn layered(
    model: impl FnOnce() -> Result<Fallback, LlmError>,
    file: Option<&Path>,
    mode: RecordMode,
) -> Result<Arc<dyn ChatModel>, LlmError> {
    match (file, mode) {
        (None, _) | (_, RecordMode::Off) => Ok(Arc::new(model()?)),
        (Some(file), RecordMode::Replay) => replay(file),
        (Some(file), mode) => record(model()?, file, mode),
    }
}

/// A provider's model within the budget, whose failures are written down.
type BudgetedModel = Noted<Budgeted<Arc<dyn ChatModel>>>;

/// What all conversations of an engine share.
pub(crate) struct Parts<'a> {
    /// Provider of the first model: the one that `base_url` belongs to.
    main: &'static str,
    settings: &'a LlmSettings,
    cards: ModelCards,
    ledger: Arc<Ledger>,
    book: &'a Arc<CallBook>,
    /// Where replies are recorded, and what for.
    recording: (Option<PathBuf>, RecordMode),
}

impl<'a> Parts<'a> {
    pub(crate) fn new(
        spec: &EngineSpec,
        settings: &'a LlmSettings,
        book: &'a Arc<CallBook>,
    ) -> Result<Self, LlmError> {
        settings.chat.validate()?;
        let problems = settings.budget.problems();
        if !problems.is_empty() {
            return Err(LlmError::Settings { what: "budget", problems });
        }
        let recording = recording(spec, settings)?;
        let cards = cards(settings)?;
        let ledger = match &settings.budget_file {
            Some(path) => Ledger::open(settings.budget, path)?,
            None => Ledger::new(settings.budget),
        };
        Ok(Self { main: spec.provider(), settings, cards, ledger: Arc::new(ledger), book, recording })
    }

    /// A conversation with its model, tools and sanitizer.
    pub(crate) fn conversation(&self, chair: &Chair<'_>) -> Result<ChatEngine, LlmError> {
        let Chair { seat, spec, chat, briefings } = chair;
        chat.validate()?;
        let model = self.layered(|| self.chain(spec, seat), seat)?;
        let mut chat = ChatSettings::clone(chat);
        if let Some(card) = self.cards.get(model.provider(), model.model()) {
            let room = card.context.saturating_sub(chat.max_tokens).max(1000);
            chat.max_prompt_tokens = chat.max_prompt_tokens.min(room);
        }
        let model = Noted::questions(model, *seat, self.book);
        let model = Arc::new(Briefed::new(model, briefings.clone()));
        let mut tools = tool::named(&self.settings.chat.tools)?;
        if let Some(path) = &self.settings.chat.news {
            tools.push(Arc::new(News::new(Arc::new(NewsFile::open(path)?))));
        }
        let engine = ChatEngine::new(model, chat)?.with_tools(tools)?;
        let Some(text) = &self.settings.chat.sanitizer else { return Ok(engine) };
        let sanitizer: EngineSpec = text.parse()?;
        let seat = if *seat == DECIDE { SANITIZE.to_owned() } else { format!("{seat}.{SANITIZE}") };
        // A recording holds the replies of one model, so every seat has its own.
        let model = self.layered(|| self.alone(&sanitizer, &seat), &seat)?;
        Ok(engine.with_sanitizer(Arc::new(Noted::questions(model, seat, self.book))))
    }

    /// A model and its recording: the file of the settings for the one that decides, one beside it for each other seat.
    fn layered(
        &self,
        model: impl FnOnce() -> Result<Fallback, LlmError>,
        seat: &str,
    ) -> Result<Arc<dyn ChatModel>, LlmError> {
        let (file, mode) = &self.recording;
        let beside = match seat {
            DECIDE => String::new(),
            SANITIZE => "sanitizer".to_owned(),
            other => other.replace(SANITIZE, "sanitizer"),
        };
        let file = file
            .as_ref()
            .map(|file| if beside.is_empty() { file.clone() } else { file.with_added_extension(&beside) });
        layered(model, file.as_deref(), *mode)
    }

    /// The model and those that follow when it fails.
    fn chain(&self, spec: &EngineSpec, seat: &str) -> Result<Fallback, LlmError> {
        let mut rungs = vec![self.rung(spec, seat)?];
        for text in &self.settings.chat.fallback {
            rungs.push(self.rung(&text.parse()?, seat)?);
        }
        fallback(rungs)
    }

    /// One model, in plainer and plainer forms.
    fn alone(&self, spec: &EngineSpec, seat: &str) -> Result<Fallback, LlmError> {
        fallback(vec![self.rung(spec, seat)?])
    }

    fn rung(&self, spec: &EngineSpec, seat: &str) -> Result<Rung, LlmError> {
        let model = self.retried(spec, seat)?;
        let card = self.cards.get(model.provider(), model.model()).cloned().unwrap_or_default();
        Ok(Rung { tools: card.tools, schema: card.schema, model: Arc::new(model) })
    }

    fn retried(&self, spec: &EngineSpec, seat: &str) -> Result<Retry<BudgetedModel>, LlmError> {
        let chat = &self.settings.chat;
        let model = adapter(spec, self.main, self.settings)?;
        let card = self.cards.get(model.provider(), model.model()).cloned();
        let retry = RetrySettings {
            call_timeout: Duration::from_millis(chat.call_timeout_ms),
            attempts: chat.attempts,
            backoff: Duration::from_millis(chat.backoff_ms),
            jitter_percent: chat.jitter_percent,
        };
        let budgeted = Budgeted::new(model, card, Arc::clone(&self.ledger));
        Ok(Retry::new(Noted::failures(budgeted, seat, self.book), retry))
    }
}

/// The cards that come with this crate and those of the settings' file.
fn cards(settings: &LlmSettings) -> Result<ModelCards, LlmError> {
    let mut cards = ModelCards::known()?;
    let Some(path) = &settings.chat.cards else { return Ok(cards) };
    let text = text_file::read(path, "read its model cards", CARDS_MAX)?;
    cards.extend(&text)?;
    Ok(cards)
}

/// What is known of the training data of all models that may decide.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrainingData {
    /// End of the last day that any of them knows of, by its card: what a backtest shows before it may be memory.
    pub until: Option<Timestamp>,
    /// Models without such a day: nobody knows what they remember.
    pub unknown: Vec<String>,
}

/// Until when the training data goes of the models that may decide: that of the spec, its fallbacks, the members of a council;
/// of a recording, the model that was recorded.
///
/// # Errors
/// As [`build`](crate::build) for specs, cards and recordings that cannot be read; [`LlmError::Settings`] for a card's day that
/// is none.
pub fn training_data(spec: &EngineSpec, settings: &LlmSettings) -> Result<TrainingData, LlmError> {
    let mut specs = Vec::new();
    if settings.council.kind != CouncilKind::Vote {
        specs.push(spec.clone());
    }
    let others = settings.council.members.iter().map(|member| &member.llm).chain(&settings.chat.fallback);
    for text in others.filter(|_| *spec != EngineSpec::Rules) {
        specs.push(text.parse()?);
    }
    let cards = cards(settings)?;
    let mut data = TrainingData::default();
    for spec in specs.iter().filter(|spec| **spec != EngineSpec::Rules) {
        let (provider, model) = match spec {
            EngineSpec::Replay { file } => {
                let model = replay(file)?;
                (model.provider().to_owned(), model.model().to_owned())
            }
            spec => {
                let text = spec.to_string();
                let (provider, model) = text.split_once(':').unwrap_or((spec.provider(), ""));
                (provider.to_owned(), model.to_owned())
            }
        };
        match cards.get(&provider, &model).and_then(|card| card.knowledge_cutoff.as_deref()) {
            Some(day) => data.until = data.until.max(Some(end_of(day, &format!("{provider}:{model}"))?)),
            None => data.unknown.push(format!("{provider}:{model}")),
        }
    }
    Ok(data)
}

fn end_of(day: &str, model: &str) -> Result<Timestamp, LlmError> {
    let begin: Timestamp = format!("{day}T00:00:00Z").parse().map_err(|_| LlmError::Settings {
        what: "model cards",
        problems: vec![format!("{model}: knowledge_cutoff: {day:?} is not YYYY-MM-DD")],
    })?;
    Ok(begin + Duration::from_secs(86_400))
}

fn fallback(rungs: Vec<Rung>) -> Result<Fallback, LlmError> {
    let none = || LlmError::Settings { what: "chat", problems: vec!["no model".to_owned()] };
    Fallback::new(rungs).ok_or_else(none)
}

#[cfg(feature = "replay")]
fn replay(file: &Path) -> Result<Arc<dyn ChatModel>, LlmError> {
    Ok(Arc::new(crate::record::Replay::open(file)?))
}

#[cfg(not(feature = "replay"))]
fn replay(_: &Path) -> Result<Arc<dyn ChatModel>, LlmError> {
    Err(LlmError::FeatureOff { engine: "replay", feature: "replay" })
}

#[cfg(feature = "replay")]
fn record(model: Fallback, file: &Path, mode: RecordMode) -> Result<Arc<dyn ChatModel>, LlmError> {
    use crate::record::Recorder;
    Ok(match mode {
        RecordMode::ReplayOrRecord => Arc::new(Recorder::open_and_reuse(model, file)?),
        _ => Arc::new(Recorder::open(model, file)?),
    })
}

#[cfg(not(feature = "replay"))]
fn record(_: Fallback, _: &Path, _: RecordMode) -> Result<Arc<dyn ChatModel>, LlmError> {
    Err(LlmError::FeatureOff { engine: "record", feature: "replay" })
}

/// The settings for one model: another provider's does not inherit the first one's address.
#[cfg(feature = "http")]
fn own(spec: &EngineSpec, main: &str, settings: &LlmSettings) -> ChatSettings {
    let chat = &settings.chat;
    let base_url = match chat.base_urls.get(spec.provider()) {
        Some(url) => Some(url.clone()),
        None => chat.base_url.clone().filter(|_| spec.provider() == main),
    };
    ChatSettings { base_url, ..chat.clone() }
}

/// The provider's adapter.
#[cfg_attr(
    not(feature = "http"),
    allow(unused_variables, reason = "a build without providers has no adapter")
)]
fn adapter(spec: &EngineSpec, main: &str, settings: &LlmSettings) -> Result<Arc<dyn ChatModel>, LlmError> {
    match spec {
        EngineSpec::Rules | EngineSpec::Replay { .. } => {
            let problems = vec![format!("fallback: `{spec}` is no model")];
            Err(LlmError::Settings { what: "chat", problems })
        }
        #[cfg(feature = "openai")]
        EngineSpec::OpenRouter { .. } | EngineSpec::OpenAi { .. } | EngineSpec::Ollama { .. } => {
            open_ai(spec, main, settings)
        }
        #[cfg(feature = "gemini")]
        EngineSpec::Gemini { model } => {
            let chat = own(spec, main, settings);
            Ok(Arc::new(crate::provider::GeminiModel::new(model, settings.gemini_api_key.clone(), &chat)?))
        }
        #[cfg(feature = "anthropic")]
        EngineSpec::Anthropic { model } => {
            let chat = own(spec, main, settings);
            let key = settings.anthropic_api_key.clone();
            Ok(Arc::new(crate::provider::AnthropicModel::new(model, key, &chat)?))
        }
        #[allow(unreachable_patterns, reason = "reached where a feature is off")]
        spec => Err(spec.feature_off()),
    }
}

#[cfg(feature = "openai")]
fn open_ai(spec: &EngineSpec, main: &str, settings: &LlmSettings) -> Result<Arc<dyn ChatModel>, LlmError> {
    use crate::provider::{OpenAiModel, Provider};
    let (provider, model, key) = match spec {
        EngineSpec::OpenRouter { model } => {
            (Provider::OpenRouter, model, settings.openrouter_api_key.clone())
        }
        EngineSpec::OpenAi { model } => (Provider::OpenAi, model, settings.openai_api_key.clone()),
        EngineSpec::Ollama { model } => (Provider::Ollama, model, None),
        other => return Err(other.feature_off()),
    };
    Ok(Arc::new(OpenAiModel::new(provider, model, key, &own(spec, main, settings))?))
}

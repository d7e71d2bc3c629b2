//! A model writes strategy documents; code checks, runs and judges them.

mod prompt;
mod report;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::{LabError, LabResult, Sample, StrategyLab};
use qtp_core::{DecisionError, StrategyFile};
use tokio::time::timeout;

pub use report::{Attempt, AttemptOutcome, GeneratorReport, MultipleTesting};
pub use settings::GeneratorSettings;

use crate::decision::{Usage, extract};
use crate::error::LlmError;
use crate::model::{CallContext, ChatModel, ChatReply, ChatRequest, Finish, Format, Message, cut};

/// The field that tells a document from any other JSON.
const MARK: &str = "\"entry\"";
/// Longest piece of a reply that is kept and shown again, in characters.
const ECHO_MAX: usize = 16_000;

/// Asks a model for strategy documents until one passes every threshold, a bounded number of times.
///
/// Every document is checked with its error's place, run in sample, and only if it passes there run out of sample; of the
/// later data the model hears no figure. Budgets and recordings are the model's layers.
#[derive(Clone)]
pub struct Generator {
    model: Arc<dyn ChatModel>,
    settings: GeneratorSettings,
}

impl std::fmt::Debug for Generator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let model = self.model.model();
        f.debug_struct("Generator").field("model", &model).field("settings", &self.settings).finish()
    }
}

/// What is said again after a rejection.
struct Rejection {
    reply: String,
    reasons: Vec<String>,
    figures: Option<LabResult>,
}

/// One run.
struct Session<'a> {
    generator: &'a Generator,
    lab: &'a dyn StrategyLab,
    /// System part and task.
    opening: [Message; 2],
    attempts: Vec<Attempt>,
    /// A line on each attempt before the last one.
    earlier: Vec<String>,
    last: Option<Rejection>,
    /// Documents that were run, as canonical text.
    seen: BTreeMap<String, u32>,
    accepted: Option<StrategyFile>,
    usage: Usage,
}

impl Generator {
    /// A generator that asks `model`, with whatever layers it is wrapped in.
    ///
    /// # Errors
    /// [`LlmError::Settings`] with every problem of the settings.
    pub fn new(model: Arc<dyn ChatModel>, settings: GeneratorSettings) -> Result<Self, LlmError> {
        settings.validate()?;
        Ok(Self { model, settings })
    }

    /// Works on an idea, in words, until a document passes or the attempts are used up. `progress` hears of every
    /// attempt. Must be called within a tokio runtime with time.
    ///
    /// # Errors
    /// [`LabError`] if a document that is valid cannot be run. A model that fails, and a budget that is used up, end
    /// the run and are named in the report.
    pub async fn run(
        &self,
        idea: &str,
        lab: &dyn StrategyLab,
        mut progress: impl FnMut(&Attempt) + Send,
    ) -> Result<GeneratorReport, LabError> {
        let task = prompt::task(idea, &lab.description(), &self.settings);
        let mut session = Session {
            generator: self,
            lab,
            opening: [Message::System(prompt::system()), Message::User(task)],
            attempts: Vec::new(),
            earlier: Vec::new(),
            last: None,
            seen: BTreeMap::new(),
            accepted: None,
            usage: Usage::default(),
        };
        let mut stopped = None;
        for number in 1..=self.settings.attempts {
            let reply = match session.ask(number).await {
                Ok(reply) => reply,
                Err(error) => {
                    stopped = Some(error.to_string());
                    break;
                }
            };
            session.judge(number, &reply)?;
            if let Some(attempt) = session.attempts.last() {
                progress(attempt);
            }
            if session.accepted.is_some() {
                break;
            }
        }
        let multiple_testing = MultipleTesting::of(&session.attempts);
        let Session { attempts, accepted, usage, .. } = session;
        Ok(GeneratorReport { attempts, accepted, stopped, multiple_testing, usage })
    }
}

impl Session<'_> {
    async fn ask(&mut self, number: u32) -> Result<ChatReply, DecisionError> {
        let settings = &self.generator.settings;
        let mut messages = self.opening.to_vec();
        if let Some(last) = &self.last {
            messages.push(Message::Assistant { text: last.reply.clone(), calls: Vec::new(), carry: None });
            let complaint = prompt::complaint(&self.earlier, &last.reasons, last.figures.as_ref());
            messages.push(Message::User(complaint));
        }
        let request = ChatRequest {
            format: Format::Object,
            max_tokens: settings.max_tokens,
            ..ChatRequest::new(messages)
        };
        let limit = Duration::from_millis(settings.timeout_ms);
        let context = CallContext { decision: u64::from(number), as_of: self.lab.as_of(), limit };
        let model = &self.generator.model;
        let engine = || model.provider().to_owned();
        let reply = timeout(limit, model.complete(&request, &context)).await;
        let reply = reply.unwrap_or_else(|_| Err(DecisionError::Timeout { engine: engine(), limit }))?;
        self.usage.calls += 1;
        self.usage.prompt_tokens = self.usage.prompt_tokens.saturating_add(reply.usage.prompt_tokens);
        self.usage.completion_tokens =
            self.usage.completion_tokens.saturating_add(reply.usage.completion_tokens);
        self.usage.cost = self.usage.cost.saturating_add(reply.usage.cost.unwrap_or_default());
        Ok(reply)
    }

    fn judge(&mut self, number: u32, reply: &ChatReply) -> Result<(), LabError> {
        let text: String = reply.text.chars().take(ECHO_MAX).collect();
        let (outcome, reasons, figures) = match self.read(reply) {
            Err(problem) => {
                let problem = cut(&problem);
                (AttemptOutcome::Invalid { problem: problem.clone() }, vec![problem], None)
            }
            Ok(file) => self.measure(number, file)?,
        };
        if let (Some(last), Some(before)) = (&self.last, self.attempts.last()) {
            self.earlier.push(format!("attempt {}: {}", before.number, cut(&last.reasons.join("; "))));
        }
        self.last = Some(Rejection { reply: text.clone(), reasons, figures });
        self.attempts.push(Attempt { number, reply: text, outcome });
        Ok(())
    }

    fn read(&self, reply: &ChatReply) -> Result<StrategyFile, String> {
        match &reply.finish {
            Finish::Stop => {}
            Finish::Length => return Err("it was cut off at the limit of tokens; be shorter".to_owned()),
            Finish::ToolCalls => return Err("there are no tools to call".to_owned()),
            Finish::Refused(why) => return Err(format!("it was refused: {why}")),
        }
        let object = extract(&reply.text, MARK)?;
        let file = self.lab.check(&object).map_err(|error| error.to_string())?;
        if file.stop.is_none() {
            return Err("(/stop): a protective stop is needed".to_owned());
        }
        Ok(file)
    }

    fn measure(
        &mut self,
        number: u32,
        file: StrategyFile,
    ) -> Result<(AttemptOutcome, Vec<String>, Option<LabResult>), LabError> {
        let settings = &self.generator.settings;
        // The same rules under another name are the same trial.
        let rules = StrategyFile { name: String::new(), description: String::new(), ..file.clone() };
        let canonical = serde_json::to_string(&rules).unwrap_or_default();
        if let Some(of) = self.seen.get(&canonical) {
            let reasons = vec![format!("it is attempt {of} again; change its rules")];
            return Ok((AttemptOutcome::Repeated { of: *of }, reasons, None));
        }
        self.seen.insert(canonical, number);
        let name = file.name.clone();
        let inside = self.lab.run(&file, Sample::InSample)?;
        let reasons = settings.in_sample(&inside);
        if !reasons.is_empty() {
            let in_sample = Box::new(inside.clone());
            let rejected =
                AttemptOutcome::Rejected { name, reasons: reasons.clone(), in_sample, out_of_sample: None };
            return Ok((rejected, reasons, Some(inside)));
        }
        let outside = self.lab.run(&file, Sample::OutOfSample)?;
        let missed = settings.out_of_sample(&inside, &outside);
        let (in_sample, out_of_sample) = (Box::new(inside.clone()), Box::new(outside));
        if missed.is_empty() {
            self.accepted = Some(file);
            return Ok((
                AttemptOutcome::Accepted { name, in_sample, out_of_sample },
                Vec::new(),
                Some(inside),
            ));
        }
        // No figure of the later data goes back: it would be fitted too.
        let told = vec!["it did not hold on later data that you do not see; make it simpler".to_owned()];
        let reasons = missed.into_iter().map(|reason| format!("out of sample: {reason}")).collect();
        let out_of_sample = Some(out_of_sample);
        Ok((AttemptOutcome::Rejected { name, reasons, in_sample, out_of_sample }, told, Some(inside)))
    }
}

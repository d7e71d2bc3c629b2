//! From a spec and settings to an engine, from the inside out: models, conversations, grounding, council, lessons, mask,
//! calibration, trace.

use std::path::PathBuf;
use std::sync::Arc;

use qtp_core::port::DecisionEngine;

use crate::calibration::Calibrated;
use crate::council::{Briefings, Debate, Ensemble, Member, Reflecting, Role};
use crate::error::LlmError;
use crate::grounding::Grounded;
use crate::layers::{Chair, Parts};
use crate::log::{CallBook, Traced};
use crate::mask::Masked;
use crate::settings::{ChatSettings, CouncilKind, Grounding, LlmSettings};
use crate::spec::EngineSpec;

type Engine = Arc<dyn DecisionEngine>;

/// Everything behind a spec of a model or a recording.
pub(crate) fn stack(spec: &EngineSpec, settings: &LlmSettings) -> Result<Box<dyn DecisionEngine>, LlmError> {
    let mut problems = settings.council.problems();
    if settings.mask.is_on() && settings.chat.news.is_some() {
        problems.push("mask: news would give away what it hides; leave out chat.news".to_owned());
    }
    if !problems.is_empty() {
        return Err(LlmError::Settings { what: "llm", problems });
    }
    let book = Arc::new(CallBook::new(&settings.log)?);
    let floor = Floor {
        spec,
        settings,
        parts: Parts::new(spec, settings, &book)?,
        book: &book,
        lessons: Arc::default(),
    };
    let mut engine = floor.council()?;
    if settings.lessons > 0 {
        let (record, briefings) = (floor.record("lessons"), Arc::clone(&floor.lessons));
        engine = Arc::new(Reflecting::new(engine, settings.lessons, record.as_deref(), briefings)?);
    }
    if settings.mask.is_on() {
        engine = Arc::new(Masked::new(engine, settings.mask));
    }
    if settings.calibration.scale_size {
        let (record, book) = (floor.record("calibration"), Arc::clone(&book));
        engine = Arc::new(Calibrated::new(engine, settings.calibration, record.as_deref(), book)?);
    }
    Ok(Box::new(Traced::new(engine, book)))
}

/// What everything is built from.
struct Floor<'a> {
    spec: &'a EngineSpec,
    settings: &'a LlmSettings,
    parts: Parts<'a>,
    book: &'a Arc<CallBook>,
    lessons: Arc<Briefings>,
}

impl Floor<'_> {
    fn council(&self) -> Result<Engine, LlmError> {
        match self.settings.council.kind {
            CouncilKind::Off => self.seat(Role::Judge.seat(), self.spec, &self.settings.chat, vec![]),
            CouncilKind::Vote => self.vote(),
            CouncilKind::Debate => self.debate(),
        }
    }

    fn vote(&self) -> Result<Engine, LlmError> {
        let council = &self.settings.council;
        let mut members = Vec::with_capacity(council.members.len());
        for member in &council.members {
            let engine = self.seat(&member.name, &member.llm.parse()?, &self.settings.chat, vec![])?;
            members.push(Member { name: member.name.clone(), weight: member.weight, engine });
        }
        let record = self.record("council");
        let (quorum, book) = (council.quorum.unwrap_or(0.5), Arc::clone(self.book));
        Ok(Arc::new(Ensemble::new(members, quorum, record.as_deref(), book)?))
    }

    fn debate(&self) -> Result<Engine, LlmError> {
        let (cases, remarks) = (Arc::<Briefings>::default(), Arc::<Briefings>::default());
        let voice = |role: Role, briefings: Vec<Arc<Briefings>>| {
            let own = self.settings.council.members.iter().find(|member| member.name == role.seat());
            let spec = own.map_or_else(|| Ok(self.spec.clone()), |member| member.llm.parse())?;
            self.seat(role.seat(), &spec, &role.settings(&self.settings.chat), briefings)
        };
        Ok(Arc::new(Debate {
            bull: voice(Role::Bull, vec![])?,
            bear: voice(Role::Bear, vec![])?,
            risk: voice(Role::Risk, vec![Arc::clone(&cases)])?,
            judge: voice(Role::Judge, vec![Arc::clone(&cases), Arc::clone(&remarks)])?,
            cases,
            remarks,
            book: Arc::clone(self.book),
        }))
    }

    /// One conversation, whose reasons are looked up.
    fn seat(
        &self,
        seat: &str,
        spec: &EngineSpec,
        chat: &ChatSettings,
        mut briefings: Vec<Arc<Briefings>>,
    ) -> Result<Engine, LlmError> {
        if self.settings.lessons > 0 {
            briefings.insert(0, Arc::clone(&self.lessons));
        }
        let engine = self.parts.conversation(&Chair { seat, spec, chat, briefings })?;
        if self.settings.grounding == Grounding::Off {
            return Ok(Arc::new(engine));
        }
        let book = Arc::clone(self.book);
        Ok(Arc::new(Grounded::new(Arc::new(engine), self.settings.grounding, book)))
    }

    /// The file of a record: one for each of those that keep one.
    fn record(&self, keeper: &str) -> Option<PathBuf> {
        self.settings.track.as_ref().map(|path| path.with_added_extension(keeper))
    }
}

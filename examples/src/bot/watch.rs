//! Everyone who watches a run of the bot, in order.

use qtp_core::{Command, DecisionOutcome, DecisionResult, Event, EventRecord, Notice, Timeframe, Timestamp};
use qtp_engine::Engine;
use qtp_engine::driver::{Observer, Recorder, RecorderState};
use qtp_engine::stats::ModelUse;
use qtp_llm::TrainingData;
use serde::{Deserialize, Serialize};

use super::narrator::Narrator;
use super::projector::{Projector, ProjectorState};
use crate::exit::Failure;

/// Most notices and decisions that a report shows.
const REPORT_ROWS: usize = 2_000;

/// Statistics first, then the screen, which shows them, then the store.
pub(super) struct Watch {
    pub(super) recorder: Recorder,
    /// Width of the candles that fill orders and draw the equity.
    pub(super) timeframe: Timeframe,
    pub(super) narrator: Narrator,
    pub(super) projector: Projector,
    pub(super) decisions: Vec<(Timestamp, DecisionOutcome)>,
    pub(super) notices: Vec<(Timestamp, Notice)>,
    pub(super) denied: u64,
    pub(super) halts: u64,
    /// What models were asked.
    pub(super) models: ModelUse,
    /// Until when the training data of the models goes.
    pub(super) training: TrainingData,
    /// Batches of base candles that closed by then.
    pub(super) candles_before: u64,
}

impl Watch {
    pub(super) fn new(
        (recorder, timeframe): (Recorder, Timeframe),
        narrator: Narrator,
        projector: Projector,
    ) -> Self {
        let (decisions, notices) = (Vec::new(), Vec::new());
        Self {
            recorder,
            timeframe,
            narrator,
            projector,
            decisions,
            notices,
            denied: 0,
            halts: 0,
            models: ModelUse::default(),
            training: TrainingData::default(),
            candles_before: 0,
        }
    }
}

/// What the report, the screen and the store rest on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchState {
    recorder: RecorderState,
    projector: ProjectorState,
    decisions: Vec<(Timestamp, DecisionOutcome)>,
    notices: Vec<(Timestamp, Notice)>,
    denied: u64,
    halts: u64,
    #[serde(default)]
    models: ModelUse,
    #[serde(default)]
    candles_before: u64,
}

impl Watch {
    /// Goes on where another one of the same run was saved.
    ///
    /// # Errors
    /// If the text is not of one; this one is then unchanged.
    pub(super) fn restore(&mut self, text: &str) -> Result<(), Failure> {
        let saved: WatchState = serde_json::from_str(text)?;
        self.recorder.restore(saved.recorder);
        self.projector.restore(saved.projector);
        self.narrator.skip_trips(&self.recorder);
        (self.decisions, self.notices) = (saved.decisions, saved.notices);
        (self.denied, self.halts) = (saved.denied, saved.halts);
        (self.models, self.candles_before) = (saved.models, saved.candles_before);
        Ok(())
    }
}

impl Observer for Watch {
    fn on_event(&mut self, record: &EventRecord, engine: &Engine) {
        self.recorder.on_event(record, engine);
        self.narrator.on_event(record, &self.recorder);
        self.projector.on_event(record, engine);
        if let Event::Candles(batch) = &record.event
            && self.training.until.is_some_and(|cutoff| record.receive_time <= cutoff)
        {
            let base = |candle: &&qtp_core::Candle| candle.timeframe() == self.timeframe;
            self.candles_before += batch.candles.iter().filter(base).count() as u64;
        }
        if let Event::Decision(outcome) = &record.event {
            self.models.add(outcome);
            let acts = match &outcome.result {
                DecisionResult::Decided(decision) => {
                    decision.trades.iter().any(|trade| trade.action != qtp_core::DecisionAction::Hold)
                }
                DecisionResult::Hold(_) => true,
            };
            if acts && self.decisions.len() < REPORT_ROWS {
                self.decisions.push((record.receive_time, (**outcome).clone()));
            }
        }
    }

    fn on_command(&mut self, seq: u64, command: &Command, engine: &Engine) {
        self.recorder.on_command(seq, command, engine);
        self.narrator.on_command(command, engine);
        self.projector.on_command(seq, command, engine);
        let Command::Publish(notice) = command else { return };
        match notice {
            Notice::Denied { .. } => self.denied += 1,
            Notice::Halted { .. } => self.halts += 1,
            Notice::Void { .. } => {}
            _ => return,
        }
        if self.notices.len() < REPORT_ROWS {
            self.notices.push((engine.state().now, notice.clone()));
        }
    }

    fn save(&mut self) -> Option<String> {
        let state = WatchState {
            projector: self.projector.save()?,
            recorder: self.recorder.save(),
            decisions: self.decisions.clone(),
            notices: self.notices.clone(),
            denied: self.denied,
            halts: self.halts,
            models: self.models.clone(),
            candles_before: self.candles_before,
        };
        serde_json::to_string(&state).ok()
    }
}

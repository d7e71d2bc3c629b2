//! How a run begins: anew, at its newest checkpoint, or at its first record again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;

use qtp_core::port::{Checkpoint, JournalRecord};
use qtp_core::{DecisionOutcome, Event, RunResumed};
use qtp_engine::driver::Simulation;
use qtp_store::{FolderFound, FolderJournal};

use super::build::start;
use super::control::{self, Call};
use super::folder::RunFolder;
use super::settings::BotSettings;
use super::watch::Watch;
use crate::exit::Failure;

/// Records between two looks at the signals while the journal is read.
const GLANCE: usize = 1_000;

/// A run before its next step.
pub(super) struct Begun {
    pub(super) simulation: Simulation,
    pub(super) watch: Watch,
    /// First record that it must go through again.
    from: u64,
}

/// A run as of its newest checkpoint that fits, or before its first record. A checkpoint that does not fit the
/// journal, the store or this program is named and passed over.
pub(super) fn begin(
    found: &FolderFound,
    stored: Option<u64>,
    mut fresh: impl FnMut() -> Result<(Simulation, Watch), Failure>,
) -> Result<Begun, Failure> {
    for problem in &found.ignored {
        eprintln!("journal: ignored {problem}");
    }
    for checkpoint in &found.checkpoints {
        let (mut simulation, mut watch) = fresh()?;
        match restore(&mut simulation, &mut watch, checkpoint, stored) {
            Ok(()) => return Ok(Begun { simulation, watch, from: checkpoint.seq + 1 }),
            Err(error) => {
                let problem = crate::exit::one_line(&*error);
                eprintln!("journal: ignored checkpoint of record {}: {problem}", checkpoint.seq);
            }
        }
    }
    if let Some(dropped) = found.dropped {
        let words = "the run cannot go on: no checkpoint can be used, and the records up to";
        return Err(format!("{words} {dropped} were dropped; start a new one with --fresh").into());
    }
    let (simulation, watch) = fresh()?;
    Ok(Begun { simulation, watch, from: 0 })
}

fn restore(
    simulation: &mut Simulation,
    watch: &mut Watch,
    checkpoint: &Checkpoint,
    stored: Option<u64>,
) -> Result<(), Failure> {
    if stored < Some(checkpoint.seq) {
        return Err("the store does not hold everything before it".into());
    }
    let observer = simulation.restore(&checkpoint.state)?;
    if simulation.next_seq() != checkpoint.seq + 1 {
        return Err(format!("its state is that before record {}", simulation.next_seq()).into());
    }
    watch.restore(&observer)
}

/// Goes through what the journal holds behind the beginning, then notes that the run goes on; a new run gets its
/// record 0. Answers the operator on the way. False if a signal came first: nothing was changed then.
pub(super) fn go_through(
    begun: &mut Begun,
    (settings, folder): (&BotSettings, &RunFolder),
    found: &FolderFound,
    (calls, stop): (&Receiver<Call>, &AtomicBool),
) -> Result<bool, Failure> {
    let Begun { simulation, watch, from } = begun;
    let Some(last_seq) = found.last_seq else {
        simulation.inject(Event::RunStarted(Box::new(start(settings, folder.run_id())?)), watch)?;
        return Ok(true);
    };
    watch.narrator.silent = true;
    if *from <= last_seq {
        let answer = |at: u64| {
            while let Ok(call) = calls.try_recv() {
                // The caller may have gone; then nobody waits for the answer.
                let _ = call.reply.send(control::starting(&call.request, at, last_seq));
            }
            stop.load(Ordering::SeqCst)
        };
        let Some(decisions) = decisions(&folder.journal(), *from, answer)? else { return Ok(false) };
        simulation.set_past(FolderJournal::read(folder.journal(), *from)?, decisions);
        while simulation.in_past() {
            if answer(simulation.next_seq()) {
                return Ok(false);
            }
            if simulation.step(watch)?.is_none() {
                break;
            }
        }
    }
    watch.narrator.silent = false;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    simulation.inject(Event::RunResumed(RunResumed { version, last_seq }), watch)?;
    let by = if *from > 0 { format!(", by the checkpoint of record {}", *from - 1) } else { String::new() };
    watch.narrator.line(&format!("resumed at record {last_seq}{by}, simulated time {}", simulation.now()));
    Ok(true)
}

/// The answers that a journal holds from a record on; `None` if a signal came first.
fn decisions(
    journal: &Path,
    from: u64,
    answer: impl Fn(u64) -> bool,
) -> Result<Option<BTreeMap<u64, DecisionOutcome>>, Failure> {
    let mut decisions = BTreeMap::new();
    for (count, record) in FolderJournal::read(journal, from)?.enumerate() {
        if count % GLANCE == 0 && answer(from) {
            return Ok(None);
        }
        if let JournalRecord::Event(record) = record?
            && let Event::Decision(outcome) = record.event
        {
            decisions.insert(outcome.request, *outcome);
        }
    }
    Ok(Some(decisions))
}

//! The bot's loop: step, pace, operator, until a signal or the end.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use qtp_core::port::{JournalRecord, JournalWriter};
use qtp_core::{DecisionOutcome, DecisionRequest, DecisionResult, Event, Reason, RunResumed, Timestamp};
use qtp_engine::driver::{Decider, Recorder, RecorderSettings, Simulation, SimulationSetup};
use qtp_engine::stats::{DayCount, Keep};
use qtp_store::{Durability, FileJournal};

use super::args::{BotArgs, Mode};
use super::build::{BASE, account, build_engine, build_source, build_venue, instruments, start};
use super::control::{self, Call, Request};
use super::crash::{CrashJournal, CrashPoint, TornSink};
use super::ended::Ended;
use super::finish;
use super::folder::RunFolder;
use super::journal::{TeeJournal, TestSink};
use super::live;
use super::narrator::Narrator;
use super::pace::{Pace, Pacer};
use super::projector::{Projector, StoreThread, Write};
use super::settings::BotSettings;
use super::watch::Watch;
use crate::exit::Failure;

/// Runs `bot`.
///
/// # Errors
/// Settings that do not fit, a run folder that cannot be used, or a journal that fails.
pub fn run(args: &BotArgs, environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    let settings = BotSettings::load(args, environment)?;
    if settings.trading.mode == Mode::Paper {
        return live::run(args, &settings, environment);
    }
    let pace = args.speed.unwrap_or(Pace::Demo);
    let runs = args.runs.clone().unwrap_or_else(|| "data/runs".into());
    let folder = RunFolder::open(&runs, &settings, args.fresh)?;
    let stop = stop_flag()?;
    let path = folder.journal();
    let file = open_journal(&path)?;
    let store = StoreThread::start(&folder.store(), &path)?;
    let sender = store.sender().ok_or("the store has ended")?;
    let journal = journal(args, (&path, file), &sender)?;
    let mut simulation = simulation(&settings, &folder, environment, journal)?;
    let recorder = Recorder::new(
        simulation.engine(),
        account()?,
        RecorderSettings { keep: Keep::All, days: DayCount::Every, timeframe: BASE, charts: true },
    );
    let mut watch = Watch::new(recorder, Narrator::new()?, Projector::new(sender, account()?));
    let calls = control::listen(&folder.socket())?;
    greet(&watch.narrator, &settings, &folder);
    resume(&mut simulation, &settings, &folder, &mut watch)?;
    step_on(&mut simulation, &settings, (args, pace), &mut watch, (&calls, &stop))?;
    simulation
        .inject(Event::Stopped(Reason::new("stopped", "by a signal or the end of the run")), &mut watch)?;
    simulation.sync()?;
    let _ = std::fs::remove_file(folder.socket());
    finish::finish(Ended::Simulated(Box::new(simulation)), watch, &folder, store)
}

pub(super) fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let set = Arc::clone(&flag);
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            set.store(true, Ordering::SeqCst);
        });
    })?;
    Ok(flag)
}

/// The journal's file, locked: a second bot on the same folder ends here, before it touched anything.
pub(super) fn open_journal(path: &Path) -> Result<FileJournal, Failure> {
    let durability = Durability::Os;
    if !path.exists() {
        return Ok(FileJournal::create(path, durability)?);
    }
    let (file, recovery) = FileJournal::open(path, durability)?;
    if recovery.cut_bytes > 0 {
        eprintln!("journal: cut a torn tail of {} bytes", recovery.cut_bytes);
    }
    Ok(file)
}

pub(super) fn journal(
    args: &BotArgs,
    (path, file): (&Path, FileJournal),
    store: &Sender<Write>,
) -> Result<Box<dyn JournalWriter>, Failure> {
    let torn_sync = args.crash_at.and_then(CrashPoint::torn_sync);
    if !args.lose_unsynced && torn_sync.is_none() {
        return Ok(with_crash(args, TeeJournal::new(file, store.clone())));
    }
    let chain = *file.chain();
    drop(file);
    let sink = TestSink::append_to(path, args.lose_unsynced)?;
    Ok(match torn_sync {
        Some(sync) => {
            let file = FileJournal::with_sink(TornSink::new(sink, sync), chain);
            Box::new(TeeJournal::new(file, store.clone()))
        }
        None => with_crash(args, TeeJournal::new(FileJournal::with_sink(sink, chain), store.clone())),
    })
}

fn with_crash<J: JournalWriter + 'static>(args: &BotArgs, journal: J) -> Box<dyn JournalWriter> {
    match args.crash_at {
        Some(point) => Box::new(CrashJournal::new(journal, point)),
        None => Box::new(journal),
    }
}

fn simulation(
    settings: &BotSettings,
    folder: &RunFolder,
    environment: &BTreeMap<String, String>,
    journal: Box<dyn JournalWriter>,
) -> Result<Simulation, Failure> {
    let source = build_source(settings)?;
    let venue = build_venue(settings, &instruments(&source)?)?;
    Ok(Simulation::new(SimulationSetup {
        engine: build_engine(settings, folder.run_id())?,
        venue,
        source: Box::new(source),
        timeframe: BASE,
        decider: Some(decider(settings, environment)?),
        decision_delay: Duration::from_millis(settings.run.decision_delay_ms),
        journal: Some(journal),
        journal_candles: true,
        marks: Vec::new(),
    }))
}

/// A decision engine as a plain function: the run waits for the answer.
fn decider(settings: &BotSettings, environment: &BTreeMap<String, String>) -> Result<Decider, Failure> {
    let engine = live::decision_engine(settings, environment)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(Box::new(move |request: &DecisionRequest| match runtime.block_on(engine.decide(request)) {
        Ok(decision) => DecisionResult::Decided(decision),
        Err(error) => DecisionResult::Hold(Reason::new(error.code(), crate::exit::one_line(&error))),
    }))
}

pub(super) fn greet(narrator: &Narrator, settings: &BotSettings, folder: &RunFolder) {
    let (trading, run) = (&settings.trading, folder.run_id());
    narrator.line(&format!(
        "qtp bot  run {run}  {} on {}  {} every {}  decisions by {}  SYNTHETIC market, seed {}",
        trading.strategy,
        trading.assets.join(", "),
        trading.venue,
        trading.interval,
        trading.llm,
        settings.run.seed
    ));
}

/// Goes through what the journal holds, then notes that the run goes on; a new run gets its record 0.
fn resume(
    simulation: &mut Simulation,
    settings: &BotSettings,
    folder: &RunFolder,
    watch: &mut Watch,
) -> Result<(), Failure> {
    let mut last = None;
    let mut decisions: BTreeMap<u64, DecisionOutcome> = BTreeMap::new();
    for record in FileJournal::read(folder.journal())? {
        let record = record?;
        last = Some(record.seq());
        if let JournalRecord::Event(record) = record
            && let Event::Decision(outcome) = record.event
        {
            decisions.insert(outcome.request, *outcome);
        }
    }
    let Some(last_seq) = last else {
        return Ok(simulation.inject(Event::RunStarted(Box::new(start(settings, folder.run_id())?)), watch)?);
    };
    watch.narrator.silent = true;
    simulation.set_past(FileJournal::read(folder.journal())?, decisions);
    while simulation.in_past() && simulation.step(watch)?.is_some() {}
    watch.narrator.silent = false;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    simulation.inject(Event::RunResumed(RunResumed { version, last_seq }), watch)?;
    watch.narrator.line(&format!("resumed at record {last_seq}, simulated time {}", simulation.now()));
    Ok(())
}

fn step_on(
    simulation: &mut Simulation,
    settings: &BotSettings,
    (args, pace): (&BotArgs, Pace),
    watch: &mut Watch,
    (calls, stop): (&Receiver<Call>, &AtomicBool),
) -> Result<(), Failure> {
    let begin = build_source(settings)?.now();
    let end = args.duration.map(|duration| begin + duration.as_duration());
    let interval = settings.trading.interval;
    let mut pacer = Pacer::new(pace, begin);
    while !stop.load(Ordering::SeqCst) && end.is_none_or(|end| simulation.now() < end) {
        let Some(close) = simulation.step(watch)? else { break };
        let next = interval.floor(close) + interval.as_duration();
        watch.narrator.status(simulation.engine(), &watch.recorder, next, pacer.factor(close));
        serve_operator(simulation, watch, calls, (&mut pacer, close), stop)?;
    }
    Ok(())
}

/// Answers the operator until the next candle is due.
fn serve_operator(
    simulation: &mut Simulation,
    watch: &mut Watch,
    calls: &Receiver<Call>,
    (pacer, due): (&mut Pacer, Timestamp),
    stop: &AtomicBool,
) -> Result<(), Failure> {
    // Short waits, so that a signal is seen soon.
    const SLICE: Duration = Duration::from_millis(200);
    loop {
        // Anew each time: answering takes none of the market's time.
        let wait = pacer.wait(due);
        match calls.recv_timeout(wait.min(SLICE)) {
            Ok(call) => {
                let answer = answer(simulation, watch, &call.request)?;
                // The caller may have gone; then nobody waits for the answer.
                let _ = call.reply.send(answer);
            }
            Err(RecvTimeoutError::Disconnected) => return Err("the operator's channel has ended".into()),
            Err(RecvTimeoutError::Timeout) => {
                if pacer.wait(due).is_zero() || stop.load(Ordering::SeqCst) {
                    return Ok(());
                }
            }
        }
    }
}

fn answer(
    simulation: &mut Simulation,
    watch: &mut Watch,
    request: &Request,
) -> Result<serde_json::Value, Failure> {
    if let Request::Act(action) = request {
        if let Some(refusal) = control::refusal(simulation.engine(), action) {
            return Ok(refusal);
        }
        simulation.inject(Event::Operator(action.clone()), watch)?;
        // What an operator was told is done must survive a crash.
        simulation.sync()?;
    }
    Ok(control::answer(simulation.engine(), request))
}

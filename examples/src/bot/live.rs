//! Paper and live mode: the driver for real time over an exchange.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use qtp_core::port::{Clock, DecisionEngine, Exchange, JournalRecord, JournalWriter, Severity};
use qtp_core::{
    Command, Event, EventRecord, MarketTopic, OperatorAction, Reason, RunId, RunResumed, Timeframe,
};
use qtp_engine::Engine;
use qtp_engine::driver::Observer;
use qtp_engine::driver::live::{LiveDriver, LiveHandle, LiveSetup, Preflight, may_start};
use qtp_exchange::paper::ScaledClock;
use qtp_llm::{EngineSpec, LlmSettings};
use qtp_store::FolderJournal;
use serde_json::{Value, json};

use super::args::{BotArgs, Mode};
use super::build::{BASE, account, build_engine, instruments, is_contract, start};
use super::control::{self, Call, Request};
use super::disk::DiskGuard;
use super::ended::Ended;
use super::finish;
use super::projector::Projector;
use super::run::{greet, log_models, stop_flag, watch};
use super::settings::BotSettings;
use super::store::StoreThread;
use super::watch::Watch;
use super::{journal, market};
use crate::exit::Failure;
use crate::model_keys::take_keys;
use crate::recording::Tape;
use crate::venues::{live_settings, unproven};

/// The watch, shared with the driver.
#[derive(Clone)]
struct Shared(Arc<Mutex<Watch>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut Watch) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Shared {
    fn on_event(&mut self, record: &EventRecord, engine: &Engine) {
        self.with(|watch| watch.on_event(record, engine));
    }

    fn on_command(&mut self, seq: u64, command: &Command, engine: &Engine) {
        self.with(|watch| watch.on_command(seq, command, engine));
    }
}

/// Runs the bot in real time, or `--speed` times as fast.
pub(super) fn run(
    args: &BotArgs,
    settings: BotSettings,
    environment: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (folder, mut settings) = runtime.block_on(market::folder(args, settings, environment))?;
    log_models(args, &folder, &mut settings);
    let settings = &settings;
    let stop = stop_flag()?;
    let (file, found) = journal::open(args, &folder, settings)?;
    let store = StoreThread::start(&folder.store(), &folder.journal(), found.last_seq)?;
    let sender = store.sender().ok_or("the store has ended")?;
    let journal = journal::writer(args, &folder, file, sender.clone());
    let records = FolderJournal::read(folder.journal(), 0)?.collect::<Result<Vec<_>, _>>()?;
    let engine = build_engine(settings, folder.run_id())?;
    let watch = watch((&engine, BASE), Projector::new(sender, account(settings)?, store.stored()), settings)?;
    let calls = control::listen(&folder.socket())?;
    let (clock, speed) = market::clock(settings, &records, args.speed)?;
    greet(&watch.narrator, settings, &folder);
    let shared = Shared(Arc::new(Mutex::new(watch)));
    let runs = folder.path().parent().unwrap_or(folder.path());
    let tape =
        args.record.as_deref().map(|folder| Tape::start(folder, Arc::clone(&clock) as _)).transpose()?;
    let mut setup = {
        let _inside = runtime.enter();
        let exchange = market::exchange(settings, &clock, &records, environment, (tape.as_ref(), runs))?;
        setup(settings, (engine, Box::new(shared.clone()), journal), Arc::clone(&clock) as _, exchange)?
    };
    if let Some(tape) = &tape {
        tape.note(&begins(&setup, &records));
    }
    if settings.trading.mode == Mode::Live {
        runtime.block_on(preflight(settings, &setup, folder.run_id(), !records.is_empty()))?;
    }
    (setup.decider, setup.settings.speed) = (Some(decision_engine(settings, environment)?.into()), speed);
    let driver = driver(setup, records, &shared)?;
    let guard = || DiskGuard::new(folder.path(), settings.journal.min_free_mib);
    let outcome =
        drive(&runtime, driver, (calls, guard(), tape.clone()), (&clock, args.duration), (stop, guard()))?;
    let _ = std::fs::remove_file(folder.socket());
    if let Some(tape) = tape {
        let figures = tape.figures();
        say!("recorded {} events, {} left out", figures.events, figures.lost);
        figures.error.map_or(Ok(()), |error| Err(format!("recording: {error}")))?;
    }
    drop(outcome.observer);
    let watch = Arc::try_unwrap(shared.0).map_err(|_| "the watch is still in use")?;
    let watch = watch.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (engine, hash) = (Box::new(outcome.engine), outcome.command_hash);
    let ended = Ended::Live { engine, hash, venue: Box::new(settings.venue.clone()) };
    finish::finish(ended, watch, (&folder, settings), store)
}

/// What a recording begins with: the run, or that it goes on.
fn begins(setup: &LiveSetup, records: &[JournalRecord]) -> Event {
    match records.last() {
        None => Event::RunStarted(Box::new(setup.start.clone())),
        Some(last) => {
            Event::RunResumed(RunResumed { version: setup.start.version.clone(), last_seq: last.seq() })
        }
    }
}

type Parts = (Engine, Box<dyn Observer + Send>, Box<dyn JournalWriter>);

pub(super) fn setup(
    settings: &BotSettings,
    (engine, observer, journal): Parts,
    clock: Arc<dyn Clock>,
    exchange: Arc<dyn Exchange>,
) -> Result<LiveSetup, Failure> {
    let instruments = instruments(settings)?;
    // The finest candles fill orders and draw the equity; the mark, of contracts, brings funding.
    let topics = instruments
        .iter()
        .flat_map(|instrument| {
            let mark = is_contract(instrument).then(|| MarketTopic::Mark(instrument.id.clone()));
            std::iter::once(MarketTopic::Candles(instrument.id.clone(), BASE)).chain(mark)
        })
        .collect();
    Ok(LiveSetup {
        start: start(settings, engine.run_id())?,
        engine,
        exchanges: vec![exchange],
        topics,
        decider: None,
        clock,
        journal,
        observer,
        settings: live_settings(&settings.trading.venue),
    })
}

/// Asks the venue everything that must hold before an order leaves, and says what it found.
async fn preflight(
    settings: &BotSettings,
    setup: &LiveSetup,
    run_id: RunId,
    resumed: bool,
) -> Result<(), Failure> {
    if let Some(refusal) = unproven(&settings.trading.venue, settings.trading.network) {
        return Err(format!("preflight: {refusal}").into());
    }
    let instruments = instruments(settings)?;
    let foreign = setup.engine.config().foreign_position;
    let validity = setup.engine.config().order_validity;
    let check = Preflight { instruments: &instruments, run_id, foreign, validity, resumed };
    for exchange in &setup.exchanges {
        let findings = check.check(&**exchange, &*setup.clock).await?;
        for finding in &findings {
            let weight = if finding.severity == Severity::Refuse { "refused" } else { "warning" };
            eprintln!("preflight: {weight}: {}", finding.reason);
        }
        if !may_start(&findings) {
            return Err("preflight: the run may not start for the reasons above".into());
        }
    }
    Ok(())
}

/// A new run, or one that goes on.
fn driver(setup: LiveSetup, records: Vec<JournalRecord>, shared: &Shared) -> Result<LiveDriver, Failure> {
    let Some(last) = records.last().map(JournalRecord::seq) else { return Ok(LiveDriver::new(setup)?) };
    shared.with(|watch| watch.narrator.silent = true);
    let driver = LiveDriver::recover(setup, records.into_iter().map(Ok))?;
    shared.with(|watch| {
        watch.narrator.silent = false;
        watch.narrator.line(&format!("resumed at record {last}"));
    });
    Ok(driver)
}

fn drive(
    runtime: &tokio::runtime::Runtime,
    driver: LiveDriver,
    (calls, refusals, tape): (Receiver<Call>, DiskGuard, Option<Tape>),
    (clock, duration): (&Arc<ScaledClock>, Option<Timeframe>),
    (stop, mut disk): (Arc<AtomicBool>, DiskGuard),
) -> Result<qtp_engine::driver::live::LiveOutcome, Failure> {
    let handle = driver.handle();
    serve(calls, refusals, handle.clone(), runtime.handle().clone())?;
    let clock = Arc::clone(clock);
    drop(runtime.spawn(async move {
        // The driver answers once its warm-up is done: only then the duration begins.
        handle.look(|_| ()).await;
        let end = duration.map(|duration| clock.now() + duration.as_duration());
        // Short waits, so that a signal is seen soon.
        while !stop.load(Ordering::SeqCst) && end.is_none_or(|end| clock.now() < end) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if let Some(reason) = disk.check() {
                halt_for(&handle, reason).await;
            }
        }
        let reason = Reason::new("stopped", "by a signal or the end of the run");
        if let Some(tape) = tape {
            tape.note(&Event::Stopped(reason.clone()));
        }
        handle.stop(reason).await
    }));
    Ok(runtime.block_on(driver.run())?)
}

/// Ends new risk while there is too little room for the journal.
async fn halt_for(handle: &LiveHandle, reason: Reason) {
    let halted =
        |engine: &Engine| engine.state().accounts.iter().all(|account| account.risk.halted().is_some());
    if handle.look(halted).await == Some(false) {
        // False only if the run has ended meanwhile.
        let _ = handle.act(OperatorAction::HaltFor(reason)).await;
    }
}

/// Answers the operator from a thread of its own.
fn serve(
    calls: Receiver<Call>,
    disk: DiskGuard,
    handle: LiveHandle,
    runtime: tokio::runtime::Handle,
) -> Result<(), Failure> {
    std::thread::Builder::new().name("operator".to_owned()).spawn(move || {
        for call in calls {
            let resumes = matches!(&call.request, Request::Act(OperatorAction::Resume));
            let answer = match disk.refusal().filter(|_| resumes) {
                Some(reason) => json!({"error": format!("the halt stays: {reason}")}),
                None => runtime.block_on(answer(&handle, call.request)),
            };
            // The caller may have gone; then nobody waits for the answer.
            let _ = call.reply.send(answer);
        }
    })?;
    Ok(())
}

async fn answer(handle: &LiveHandle, request: Request) -> Value {
    let ended = || json!({"error": "the run has ended"});
    if let Request::Act(action) = &request {
        let asked = action.clone();
        if let Some(refusal) = handle.look(move |engine| control::refusal(engine, &asked)).await.flatten() {
            return refusal;
        }
        if !handle.act(action.clone()).await {
            return ended();
        }
    }
    handle.look(move |engine| control::answer(engine, &request)).await.unwrap_or_else(ended)
}

/// The decision engine of the settings.
pub(super) fn decision_engine(
    settings: &BotSettings,
    environment: &BTreeMap<String, String>,
) -> Result<Box<dyn DecisionEngine>, Failure> {
    let spec: EngineSpec = settings.trading.llm.parse()?;
    Ok(qtp_llm::build(&spec, &with_keys(settings, environment)?)?)
}

/// The settings of models with the keys of the environment.
///
/// # Errors
/// A key in the settings' file.
pub fn with_keys(
    settings: &BotSettings,
    environment: &BTreeMap<String, String>,
) -> Result<LlmSettings, Failure> {
    let mut llm = settings.llm.clone();
    take_keys(&mut llm, environment)?;
    llm.calibration.risk_per_trade = settings.trading.risk_per_trade;
    Ok(llm)
}

//! Paper mode: the driver for real time over a paper exchange. A venue's exchange would run the same way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use qtp_core::port::{Clock, DecisionEngine, JournalRecord, SystemClock};
use qtp_core::{Command, EventRecord, MarketTopic, OperatorAction, Reason, Timestamp};
use qtp_engine::Engine;
use qtp_engine::driver::Observer;
use qtp_engine::driver::live::{LiveDriver, LiveHandle, LiveSettings, LiveSetup};
use qtp_exchange::paper::{Paced, PaperExchange, ScaledClock};
use qtp_exchange::synthetic::SyntheticMarket;
use qtp_llm::{EngineSpec, Secret};
use qtp_store::FolderJournal;
use serde_json::{Value, json};

use super::args::BotArgs;
use super::build::{BASE, account, build_engine, build_source, build_venue, instruments, start};
use super::control::{self, Call, Request};
use super::disk::DiskGuard;
use super::ended::Ended;
use super::finish;
use super::folder::RunFolder;
use super::journal;
use super::pace::Pace;
use super::projector::Projector;
use super::run::{greet, stop_flag, watch};
use super::settings::BotSettings;
use super::store::StoreThread;
use super::watch::Watch;
use crate::exit::Failure;

/// History that the synthetic market has before a run: enough for every strategy's warm-up.
const HISTORY: Duration = Duration::from_secs(6 * 86_400);

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
    settings: &BotSettings,
    environment: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let speed = match args.speed {
        Some(Pace::Factor(factor)) => factor,
        Some(Pace::Unlimited) => return Err("--speed max is for the demo: paper mode keeps a clock".into()),
        Some(Pace::Demo) | None => 1,
    };
    let runs = args.runs.clone().unwrap_or_else(|| "data/runs".into());
    let folder = RunFolder::open(&runs, settings, args.fresh)?;
    let stop = stop_flag()?;
    let (file, found) = journal::open(args, &folder, &settings.journal)?;
    let store = StoreThread::start(&folder.store(), &folder.journal(), found.last_seq)?;
    let sender = store.sender().ok_or("the store has ended")?;
    let journal = journal::writer(args, &folder, file, sender.clone());
    let records = FolderJournal::read(folder.journal(), 0)?.collect::<Result<Vec<_>, _>>()?;
    let engine = build_engine(settings, folder.run_id())?;
    let watch = watch(&engine, Projector::new(sender, account()?, store.stored()))?;
    let calls = control::listen(&folder.socket())?;
    greet(&watch.narrator, settings, &folder);
    let shared = Shared(Arc::new(Mutex::new(watch)));
    let begin = records.last().map_or(build_source(settings)?.now() + HISTORY, time);
    let clock = Arc::new(ScaledClock::new(Arc::new(SystemClock), begin, speed));
    let mut setup = setup(settings, (engine, Box::new(shared.clone()), journal), &clock, &records)?;
    (setup.decider, setup.settings.speed) = (Some(decision_engine(settings, environment)?.into()), speed);
    setup.start = start(settings, folder.run_id())?;
    let driver = driver(setup, records, &shared)?;
    let end = args.duration.map(|duration| begin + duration.as_duration());
    let guard = || DiskGuard::new(folder.path(), settings.journal.min_free_mib);
    let outcome = drive(driver, (calls, guard()), (&clock, end), (stop, guard()))?;
    let _ = std::fs::remove_file(folder.socket());
    drop(outcome.observer);
    let watch = Arc::try_unwrap(shared.0).map_err(|_| "the watch is still in use")?;
    let watch = watch.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (engine, hash) = (Box::new(outcome.engine), outcome.command_hash);
    finish::finish(
        Ended::Live { engine, hash, venue: Box::new(settings.venue.clone()) },
        watch,
        &folder,
        store,
    )
}

const fn time(record: &JournalRecord) -> Timestamp {
    match record {
        JournalRecord::Event(record) => record.receive_time,
        JournalRecord::Command(record) => record.time,
    }
}

type Parts = (Engine, Box<dyn Observer + Send>, Box<dyn qtp_core::port::JournalWriter>);

fn setup(
    settings: &BotSettings,
    (engine, observer, journal): Parts,
    clock: &Arc<ScaledClock>,
    records: &[JournalRecord],
) -> Result<LiveSetup, Failure> {
    let source = build_source(settings)?;
    let instruments = instruments(&source)?;
    let market = SyntheticMarket::new(settings.run.seed, source.config().clone())?;
    let market = Paced::new(market, Arc::clone(clock));
    let venue = build_venue(settings, &instruments)?;
    let exchange = if records.is_empty() {
        PaperExchange::new(market, venue)
    } else {
        let (exchange, rebuilt) = PaperExchange::rebuild(market, venue, records);
        if rebuilt.differences > 0 {
            let count = rebuilt.differences;
            eprintln!("paper venue: {count} account events of the journal did not come out again");
        }
        exchange
    };
    // The finest candles fill orders and draw the equity; the mark brings funding.
    let ids = instruments.iter().map(|instrument| &instrument.id);
    let topics =
        ids.flat_map(|id| [MarketTopic::Candles(id.clone(), BASE), MarketTopic::Mark(id.clone())]).collect();
    Ok(LiveSetup {
        start: start(settings, engine.run_id())?,
        engine,
        exchanges: vec![Arc::new(exchange)],
        topics,
        decider: None,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        journal,
        observer,
        settings: LiveSettings::default(),
    })
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
    driver: LiveDriver,
    (calls, refusals): (Receiver<Call>, DiskGuard),
    (clock, end): (&Arc<ScaledClock>, Option<Timestamp>),
    (stop, mut disk): (Arc<AtomicBool>, DiskGuard),
) -> Result<qtp_engine::driver::live::LiveOutcome, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let handle = driver.handle();
    serve(calls, refusals, handle.clone(), runtime.handle().clone())?;
    let clock = Arc::clone(clock);
    drop(runtime.spawn(async move {
        // Short waits, so that a signal is seen soon.
        while !stop.load(Ordering::SeqCst) && end.is_none_or(|end| clock.now() < end) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if let Some(reason) = disk.check() {
                halt_for(&handle, reason).await;
            }
        }
        handle.stop(Reason::new("stopped", "by a signal or the end of the run")).await
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
    let mut llm = settings.llm.clone();
    for (name, place) in [
        ("OPENROUTER_API_KEY", &mut llm.openrouter_api_key),
        ("OPENAI_API_KEY", &mut llm.openai_api_key),
        ("GEMINI_API_KEY", &mut llm.gemini_api_key),
        ("ANTHROPIC_API_KEY", &mut llm.anthropic_api_key),
    ] {
        // Keys come from the environment alone.
        if place.take().is_some() {
            return Err(format!("llm: keys do not belong into a file; set {name}").into());
        }
        *place = environment.get(name).map(Secret::new);
    }
    Ok(qtp_llm::build(&spec, &llm)?)
}

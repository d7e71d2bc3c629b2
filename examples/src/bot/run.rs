//! The bot's loop: step, pace, operator, until a signal or the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use qtp_core::{DecisionRequest, Event, OperatorAction, Reason, RunId, Timeframe, Timestamp};
use qtp_engine::Engine;
use qtp_engine::driver::{Decider, Recorder, RecorderSettings, Simulation, SimulationSetup};
use qtp_engine::stats::{DayCount, Keep};
use qtp_exchange::candle_file::CandleSource;

use super::args::{BotArgs, Mode};
use super::build::{BASE, account, build_engine, build_source, build_venue, instruments};
use super::control::{self, Call, Request};
use super::disk::DiskGuard;
use super::ended::Ended;
use super::facts::synthetic;
use super::finish;
use super::folder::RunFolder;
use super::narrator::Narrator;
use super::pace::{Pace, Pacer};
use super::projector::Projector;
use super::recorded::Recorded;
use super::resume;
use super::settings::BotSettings;
use super::store::StoreThread;
use super::watch::Watch;
use super::{breaking, journal, live, matrix};
use crate::exit::Failure;

/// Runs `bot`.
///
/// # Errors
/// Settings that do not fit, a run folder that cannot be used, or a journal that fails.
pub fn run(args: &BotArgs, environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    if let Some(folder) = &args.matrix_bot {
        return matrix::bot(args, folder, environment.get("HYPERLIQUID_PRIVATE_KEY"));
    }
    if args.matrix {
        return matrix::run(args);
    }
    if args.break_it {
        return breaking::run(args);
    }
    let mut settings = BotSettings::load(args, environment)?;
    if settings.trading.mode != Mode::Demo {
        return live::run(args, settings, environment);
    }
    let pace = args.speed.unwrap_or(Pace::Demo);
    let runs = args.runs.clone().unwrap_or_else(|| "data/runs".into());
    let folder = RunFolder::open(&runs, &settings, args.fresh)?;
    folder.write_manifest(&settings)?;
    log_models(args, &folder, &mut settings);
    let stop = stop_flag()?;
    let (file, found) = journal::open(args, &folder, &settings)?;
    // Before all that may take long, so that an operator hears that the bot is starting.
    let calls = control::listen(&folder.socket())?;
    let store = StoreThread::start(&folder.store(), &folder.journal(), found.last_seq)?;
    let stored = store.stored();
    let sender = store.sender().ok_or("the store has ended")?;
    let fresh = || {
        let simulation = simulation(&settings, folder.run_id(), environment)?;
        let watch = watch(
            (simulation.engine(), simulation.timeframe()),
            Projector::new(sender.clone(), account(&settings)?, stored),
            &settings,
        )?;
        Ok((simulation, watch))
    };
    let mut begun = resume::begin(&found, stored, fresh)?;
    begun.simulation.set_journal(journal::writer(args, &folder, file, sender));
    begun.simulation.set_checkpoint_every(settings.journal.checkpoint_every);
    greet(&begun.watch.narrator, &settings, &folder);
    if !resume::go_through(&mut begun, (&settings, &folder), &found, (&calls, &stop))? {
        let _ = std::fs::remove_file(folder.socket());
        say!("stopped while going through the past, at record {}", begun.simulation.next_seq());
        return Ok(());
    }
    let (mut simulation, mut watch) = (begun.simulation, begun.watch);
    step_on(&mut simulation, (&settings, &folder), (args, pace), &mut watch, (&calls, &stop))?;
    simulation
        .inject(Event::Stopped(Reason::new("stopped", "by a signal or the end of the run")), &mut watch)?;
    simulation.sync()?;
    let _ = std::fs::remove_file(folder.socket());
    finish::finish(Ended::Simulated(Box::new(simulation)), watch, (&folder, &settings), store)
}

/// What models leave behind stands in the run's folder: the log files of `--log-llm`, and the record of closed trades that
/// lessons, votes and calibration learn from.
pub(super) fn log_models(args: &BotArgs, folder: &RunFolder, settings: &mut BotSettings) {
    settings.llm.track.get_or_insert_with(|| folder.path().join("track"));
    if args.log_llm {
        let log = &mut settings.llm.log;
        log.requests.get_or_insert_with(|| folder.path().join("llm_requests.log"));
        log.prompts.get_or_insert_with(|| folder.path().join("prompts.log"));
    }
}

/// Everyone who watches a run that is at its beginning.
pub(super) fn watch(
    (engine, timeframe): (&Engine, Timeframe),
    projector: Projector,
    run: &BotSettings,
) -> Result<Watch, Failure> {
    let settings = RecorderSettings { keep: Keep::All, days: DayCount::Every, timeframe, charts: true };
    let recorder = Recorder::new(engine, account(run)?, settings);
    let mut watch = Watch::new((recorder, timeframe), Narrator::new()?, projector);
    // What is made up anew cannot be remembered.
    if run.trading.strategy == "decision-loop" && !synthetic(&run.trading) {
        watch.training = qtp_llm::training_data(&run.trading.llm.parse()?, &run.llm)?;
    }
    Ok(watch)
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

pub(super) fn simulation(
    settings: &BotSettings,
    run_id: RunId,
    environment: &BTreeMap<String, String>,
) -> Result<Simulation, Failure> {
    let Market { source, timeframe, .. } = Market::of(settings)?;
    let venue = build_venue(settings, &instruments(settings)?)?;
    Ok(Simulation::new(SimulationSetup {
        engine: build_engine(settings, run_id)?,
        venue,
        source,
        timeframe,
        decider: Some(decider(settings, environment)?),
        decision_delay: Duration::from_millis(settings.run.decision_delay_ms),
        journal: None,
        journal_candles: true,
        marks: Vec::new(),
    }))
}

/// The market of a run in simulated time.
struct Market {
    source: Box<dyn CandleSource>,
    begin: Timestamp,
    /// Width of the candles that drive the venue.
    timeframe: Timeframe,
}

impl Market {
    fn of(settings: &BotSettings) -> Result<Self, Failure> {
        if settings.trading.candles.is_empty() {
            let feed = build_source(settings)?;
            return Ok(Self { begin: feed.now(), source: Box::new(feed), timeframe: BASE });
        }
        let recorded = Recorded::read(&settings.trading)?;
        let (begin, timeframe) = (recorded.begin(), recorded.timeframe);
        Ok(Self { source: Box::new(recorded.feed), begin, timeframe })
    }
}

/// When the market of a run in simulated time begins.
pub(super) fn begin(settings: &BotSettings) -> Result<Timestamp, Failure> {
    Ok(Market::of(settings)?.begin)
}

/// A decision engine as a plain function: the run waits for the answer.
fn decider(settings: &BotSettings, environment: &BTreeMap<String, String>) -> Result<Decider, Failure> {
    let engine = live::decision_engine(settings, environment)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(Box::new(move |request: &DecisionRequest| runtime.block_on(engine.answer(request))))
}

pub(super) fn greet(narrator: &Narrator, settings: &BotSettings, folder: &RunFolder) {
    let (trading, run) = (&settings.trading, folder.run_id());
    let market = match trading.mode {
        _ if synthetic(trading) => format!("SYNTHETIC market, seed {}", settings.run.seed),
        Mode::Demo => "recorded market, simulated orders".to_owned(),
        Mode::Live => "REAL ORDERS".to_owned(),
        Mode::Paper => "real market, simulated orders".to_owned(),
    };
    let network = trading.network.map_or_else(String::new, |network| format!(" {network}"));
    narrator.line(&format!(
        "qtp bot  run {run}  {} on {}  {}{network} every {}  decisions by {}  {market}",
        trading.strategy,
        trading.assets.join(", "),
        trading.venue,
        trading.interval,
        trading.llm,
    ));
}

fn step_on(
    simulation: &mut Simulation,
    (settings, folder): (&BotSettings, &RunFolder),
    (args, pace): (&BotArgs, Pace),
    watch: &mut Watch,
    (calls, stop): (&Receiver<Call>, &AtomicBool),
) -> Result<(), Failure> {
    let begin = begin(settings)?;
    let end = args.duration.map(|duration| begin + duration.as_duration());
    let interval = settings.trading.interval;
    let mut pacer = Pacer::new(pace, begin);
    let mut disk = DiskGuard::new(folder.path(), settings.journal.min_free_mib);
    while !stop.load(Ordering::SeqCst) && end.is_none_or(|end| simulation.now() < end) {
        watch_disk(simulation, watch, &mut disk)?;
        let Some(close) = simulation.step(watch)? else { break };
        let next = interval.floor(close) + interval.as_duration();
        watch.narrator.status(simulation.engine(), &watch.recorder, next, pacer.factor(close));
        let operator = Operator { calls, stop, disk: &mut disk };
        serve_operator(simulation, watch, operator, (&mut pacer, close))?;
    }
    Ok(())
}

/// Ends new risk while there is too little room for the journal.
fn watch_disk(simulation: &mut Simulation, watch: &mut Watch, disk: &mut DiskGuard) -> Result<(), Failure> {
    let Some(reason) = disk.check() else { return Ok(()) };
    let accounts = &simulation.engine().state().accounts;
    if accounts.iter().all(|account| account.risk.halted().is_some()) {
        return Ok(());
    }
    simulation.inject(Event::Operator(OperatorAction::HaltFor(reason)), watch)?;
    Ok(simulation.sync()?)
}

/// Whom the loop listens to while it waits.
struct Operator<'a> {
    calls: &'a Receiver<Call>,
    stop: &'a AtomicBool,
    disk: &'a mut DiskGuard,
}

/// Answers the operator until the next candle is due.
fn serve_operator(
    simulation: &mut Simulation,
    watch: &mut Watch,
    operator: Operator<'_>,
    (pacer, due): (&mut Pacer, Timestamp),
) -> Result<(), Failure> {
    // Short waits, so that a signal is seen soon.
    const SLICE: Duration = Duration::from_millis(200);
    loop {
        // Anew each time: answering takes none of the market's time.
        let wait = pacer.wait(due);
        match operator.calls.recv_timeout(wait.min(SLICE)) {
            Ok(call) => {
                let answer = answer(simulation, watch, operator.disk, &call.request)?;
                // The caller may have gone; then nobody waits for the answer.
                let _ = call.reply.send(answer);
            }
            Err(RecvTimeoutError::Disconnected) => return Err("the operator's channel has ended".into()),
            Err(RecvTimeoutError::Timeout) => {
                if pacer.wait(due).is_zero() || operator.stop.load(Ordering::SeqCst) {
                    return Ok(());
                }
                // Nothing follows for a while that would take waiting records along.
                simulation.sync()?;
                watch_disk(simulation, watch, operator.disk)?;
            }
        }
    }
}

fn answer(
    simulation: &mut Simulation,
    watch: &mut Watch,
    disk: &DiskGuard,
    request: &Request,
) -> Result<serde_json::Value, Failure> {
    if let Request::Act(action) = request {
        let full = disk.refusal().filter(|_| *action == OperatorAction::Resume);
        if let Some(reason) = full {
            return Ok(serde_json::json!({"error": format!("the halt stays: {reason}")}));
        }
        if let Some(refusal) = control::refusal(simulation.engine(), action) {
            return Ok(refusal);
        }
        simulation.inject(Event::Operator(action.clone()), watch)?;
        // What an operator was told is done must survive a crash.
        simulation.sync()?;
    }
    Ok(control::answer(simulation.engine(), request))
}

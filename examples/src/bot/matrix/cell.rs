//! One cell: one fault at one step, with a venue and a bot of its own.

use std::path::Path;
use std::time::Duration;

use qtp_core::port::{Clock as _, JournalWriter as _, SystemClock};
use qtp_core::{AccountId, Reason, Timestamp};
use qtp_engine::EngineError;
use qtp_engine::driver::live::{LiveDriver, LiveHandle, LiveOutcome, random_run_id};
use qtp_exchange::sim_server::faults;
use qtp_store::{FolderJournal, FolderSettings};
use tokio::task::JoinHandle;

use super::fault::{Fault, Strike};
use super::life::Step;
use super::rig::{LIVES, Memory, Run, Stage, client, until};
use crate::bot::audit::{Audit, Journaled};
use crate::exit::Failure;

/// Longest time until the bot is at its step.
const ARRIVES: Duration = Duration::from_secs(60);
/// Longest time until a rule has acted.
const STRIKES: Duration = Duration::from_secs(30);
/// Longest time from there to the end of all lives.
const ENDS: Duration = Duration::from_secs(150);
/// Longest time until the last answers are in.
const SETTLES: Duration = Duration::from_secs(40);
/// How long a bot that went down stays away.
const AWAY: Duration = Duration::from_secs(3);
/// The bot trades on within so much of the venue's recovery.
pub(super) const TRADES_ON: Duration = Duration::from_secs(30);

/// What came of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// From the venue's recovery to the next order that arrived.
    pub traded_after: Option<Duration>,
    /// How long a position stood without the stop that was asked for, in all.
    /// Not known of a process that was killed.
    pub naked: Option<Duration>,
    /// What is wrong; empty if nothing is.
    pub problems: Vec<String>,
}

/// Strikes and sees what remains. The journal of a cell that is not well goes into the folder `keep`.
pub(super) async fn run(fault: Fault, step: Step, keep: Option<&Path>) -> Result<Option<Verdict>, Failure> {
    let stage = Stage::open().await?;
    let Some(strike) = fault.at(step, &stage.user()?) else { return Ok(None) };
    let mut cell = Cell::start(stage).await?;
    let arrived = until(ARRIVES, || cell.run.probe.at() == (0, Some(step.phase()))).await;
    if !arrived {
        return Err(format!("the bot never came to {}: {:?}", step.name(), cell.run.probe.at()).into());
    }
    let recovered = cell.strike(strike).await?;
    let done = until(ENDS, || cell.run.probe.at().0 >= LIVES).await;
    let journal = cell.journal.clone();
    let verdict = cell.verdict(recovered, done).await;
    if let Some(folder) = keep.filter(|_| verdict.as_ref().is_ok_and(|verdict| !verdict.problems.is_empty()))
    {
        let name = format!("{}-{}", fault.name, step.name()).replace([' ', ','], "_");
        let (mut kept, _) = FolderJournal::open(folder.join(name), FolderSettings::default())?;
        journal.records().iter().try_for_each(|record| kept.append(record))?;
        kept.sync()?;
    }
    verdict.map(Some)
}

struct Cell {
    stage: Stage,
    run: Run,
    journal: Memory,
    handle: LiveHandle,
    task: JoinHandle<Result<LiveOutcome, EngineError>>,
}

impl Drop for Cell {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Cell {
    async fn start(stage: Stage) -> Result<Self, Failure> {
        let client = client(&stage.host, &stage.key)?;
        let run = Run::new(&client, random_run_id()).await?;
        let journal = Memory::default();
        let driver = run.driver(client, Vec::new(), Box::new(journal.clone()))?;
        let (handle, task) = spawn(driver);
        Ok(Self { stage, run, journal, handle, task })
    }

    /// Strikes; returns when the venue was well again.
    async fn strike(&mut self, strike: Strike) -> Result<Timestamp, Failure> {
        let server = self.stage.server.clone();
        match strike {
            Strike::Rules { text, also, lasts, heals } => {
                server.inject(faults::parse("fault", &text)?);
                if let Some(also) = also {
                    server.strike(&faults::parse("also", &also)?)?;
                }
                self.acted().await?;
                tokio::time::sleep(lasts).await;
                server.clear_faults();
                Ok(SystemClock.now() + heals)
            }
            Strike::State { begin, end, lasts } => {
                server.strike(&faults::parse("begin", &begin)?)?;
                tokio::time::sleep(lasts).await;
                server.strike(&faults::parse("end", &end)?)?;
                Ok(SystemClock.now())
            }
            Strike::Now(text) => {
                server.strike(&faults::parse("fault", &text)?)?;
                Ok(SystemClock.now())
            }
            Strike::Down { rules, then } => {
                if let Some(text) = rules {
                    server.inject(faults::parse("fault", &text)?);
                    self.acted().await?;
                }
                self.task.abort();
                server.clear_faults();
                server.strike(&faults::parse("then", &then)?)?;
                tokio::time::sleep(AWAY).await;
                let client = client(&self.stage.host, &self.stage.key)?;
                let driver =
                    self.run.driver(client, self.journal.records(), Box::new(self.journal.clone()))?;
                (self.handle, self.task) = spawn(driver);
                Ok(SystemClock.now())
            }
            Strike::Kill(_) => Err("a process is killed, not a task".into()),
        }
    }

    async fn acted(&self) -> Result<(), Failure> {
        let server = &self.stage.server;
        if until(STRIKES, || server.faults_acted() > 0).await {
            Ok(())
        } else {
            Err("the fault never struck".into())
        }
    }

    async fn verdict(mut self, recovered: Timestamp, done: bool) -> Result<Verdict, Failure> {
        let user = self.stage.user()?.parse()?;
        let server = self.stage.server.clone();
        let look = |journal: &Memory| -> Result<(Journaled, Audit), Failure> {
            let journaled = Journaled::of(journal.records());
            let audit = Audit::of(&journaled, &server, user)?;
            Ok((journaled, audit))
        };
        // What comes late must come by itself.
        let journal = self.journal.clone();
        until(SETTLES, || {
            look(&journal).is_ok_and(|(_, audit)| audit.problems(true).is_empty() && audit.open == 0)
        })
        .await;
        let (journaled, audit) = look(&journal)?;
        let mut problems = audit.problems(true);
        if audit.open > 0 {
            problems.push(format!("{} orders still open", audit.open));
        }
        if !done {
            problems.push(format!("the lives did not end: {:?}", self.run.probe.at()));
        }
        let stopped = self.handle.stop(Reason::new("matrix", "the cell is done")).await;
        let task = &mut self.task;
        let outcome = tokio::time::timeout(Duration::from_secs(30), task).await;
        let outcome = outcome.map_err(|_| "the bot did not stop")???;
        let account: AccountId = "matrix".parse()?;
        let held = outcome
            .engine
            .state()
            .account(&account)
            .map(|account| account.portfolio.quantity(&self.run.instrument.id).get());
        if held != Some(audit.position) || !stopped {
            problems.push(format!("position {held:?}, at the venue {}", audit.position));
        }
        let traded_after = traded_after(&journaled, recovered);
        if traded_after.is_none_or(|time| time > TRADES_ON) {
            problems.push(format!("it trades on after {traded_after:?}"));
        }
        let naked = Some(outcome.engine.naked_time(&account));
        Ok(Verdict { traded_after, naked, problems })
    }
}

/// From an instant to the arrival of the first order that was sent after it.
pub(super) fn traded_after(journaled: &Journaled, recovered: Timestamp) -> Option<Duration> {
    let later = journaled.intended.iter().filter(|(_, sent)| **sent >= recovered);
    later.filter_map(|(id, _)| journaled.arrived.get(id)).min().map(|arrived| arrived.since(recovered))
}

fn spawn(driver: LiveDriver) -> (LiveHandle, JoinHandle<Result<LiveOutcome, EngineError>>) {
    (driver.handle(), tokio::spawn(driver.run()))
}

//! Cells in which a process of its own is killed with SIGKILL and started again.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::str::FromStr;
use std::time::Duration;

use qtp_core::port::{Clock as _, JournalRecord, JournalWriter, SystemClock};
use qtp_core::{Event, Intent, Reason, StoreError};
use qtp_engine::driver::live::random_run_id;
use qtp_store::{FolderJournal, FolderSettings};

use super::cell::{TRADES_ON, Verdict, traded_after};
use super::fault::Death;
use super::life::{Probe, Step};
use super::rig::{LIVES, Run, Stage, client, until};
use crate::bot::audit::{Audit, Journaled};
use crate::bot::crash::kill;
use crate::exit::Failure;

/// Longest time of either half of a run.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long a bot whose lives have ended stays for late answers.
const STAYS: Duration = Duration::from_secs(5);

/// Where a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dying(Step, Death);

impl FromStr for Dying {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (step, death) =
            text.split_once(':').ok_or_else(|| format!("{text:?} is not STEP:before|after"))?;
        let step = Step::ALL.into_iter().find(|known| known.name() == step);
        let death = match death {
            "before" => Death::BeforeSend,
            "after" => Death::AfterSend,
            other => return Err(format!("{other:?} is not before or after")),
        };
        Ok(Self(step.ok_or_else(|| format!("{text:?} names no step"))?, death))
    }
}

/// The process that is killed: a bot over the venue at `host`, with a journal in `folder`. It goes on if there is one.
pub(super) async fn bot(folder: &Path, host: &str, key: &str, dying: Option<Dying>) -> Result<(), Failure> {
    let client = client(host, key)?;
    let (journal, _) = FolderJournal::open(folder, FolderSettings::default())?;
    let records = FolderJournal::read(folder, 0)?.collect::<Result<Vec<_>, _>>()?;
    let begun = records.first().and_then(|record| match record {
        JournalRecord::Event(record) => match &record.event {
            Event::RunStarted(start) => Some(start.run_id),
            _ => None,
        },
        JournalRecord::Command(_) => None,
    });
    let run = Run::new(&client, begun.unwrap_or_else(random_run_id)).await?;
    let journal: Box<dyn JournalWriter> = match dying {
        None => Box::new(journal),
        Some(dying) => {
            Box::new(Deadly { inner: journal, dying, probe: run.probe.clone(), sends: 0, sent: false })
        }
    };
    let driver = run.driver(client, records, journal)?;
    let handle = driver.handle();
    let probe = run.probe.clone();
    drop(tokio::spawn(async move {
        until(PATIENCE, || probe.at().0 >= LIVES).await;
        tokio::time::sleep(STAYS).await;
        handle.stop(Reason::new("matrix", "all lives have ended")).await
    }));
    driver.run().await?;
    if run.probe.at().0 >= LIVES { Ok(()) } else { Err("the lives did not end".into()) }
}

/// A journal that kills its process at a step.
struct Deadly {
    inner: FolderJournal,
    dying: Dying,
    probe: Probe,
    /// Orders and cancels of the step so far.
    sends: u32,
    /// The one that counts is durable.
    sent: bool,
}

impl Deadly {
    fn is_here(&self) -> bool {
        self.probe.at() == (0, Some(self.dying.0.phase()))
    }

    /// Which order or cancel of the step is the one.
    const fn the_one(&self) -> u32 {
        if matches!(self.dying.0, Step::Protect) { 2 } else { 1 }
    }
}

impl JournalWriter for Deadly {
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError> {
        let quiet = self.dying.0.is_quiet() && self.is_here();
        if quiet || self.sent && self.dying.1 == Death::AfterSend {
            kill();
        }
        let leaves = matches!(record, JournalRecord::Command(record)
            if matches!(record.intent, Intent::Submit(_) | Intent::Cancel(_)));
        if leaves && self.is_here() {
            self.sends += 1;
        }
        self.inner.append(record)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.inner.sync()?;
        if self.sends >= self.the_one() {
            if self.dying.1 == Death::BeforeSend {
                kill();
            }
            self.sent = true;
        }
        Ok(())
    }
}

/// Runs a cell with the program `bot`.
pub(super) async fn run(bot: &Path, (step, death): (Step, Death)) -> Result<Option<Verdict>, Failure> {
    if step.is_quiet() && death == Death::BeforeSend {
        return Ok(None);
    }
    let stage = Stage::open().await?;
    let folder = std::env::temp_dir().join(format!("qtp-matrix-{}", random_run_id()));
    let process = Process { bot, folder: folder.join("journal"), stage: &stage };
    std::fs::create_dir_all(&folder)?;
    let verdict = process.die_and_go_on(step, death).await;
    // What is left there is of no use any more.
    let _ = std::fs::remove_dir_all(&folder);
    verdict.map(Some)
}

struct Process<'a> {
    bot: &'a Path,
    folder: PathBuf,
    stage: &'a Stage,
}

impl Process<'_> {
    async fn die_and_go_on(&self, step: Step, death: Death) -> Result<Verdict, Failure> {
        let when = if death == Death::BeforeSend { "before" } else { "after" };
        let died = self.start(Some(&format!("{}:{when}", step.name()))).await?;
        if died.code().is_some() {
            return Err(format!("the bot was not killed: {died}").into());
        }
        let recovered = SystemClock.now();
        let ended = self.start(None).await?;
        if !ended.success() {
            return Err(format!("the bot that went on ended with {ended}").into());
        }
        let records = FolderJournal::read(&self.folder, 0)?.collect::<Result<Vec<_>, _>>()?;
        let journaled = Journaled::of(records);
        let audit = Audit::of(&journaled, &self.stage.server, self.stage.user()?.parse()?)?;
        let mut problems = audit.problems(false);
        if audit.open > 0 || !audit.position.is_zero() {
            problems.push(format!("{} orders still open, position {}", audit.open, audit.position));
        }
        let traded_after = traded_after(&journaled, recovered);
        if traded_after.is_none_or(|time| time > TRADES_ON) {
            problems.push(format!("it trades on after {traded_after:?}"));
        }
        Ok(Verdict { traded_after, naked: None, problems })
    }

    async fn start(&self, die: Option<&str>) -> Result<ExitStatus, Failure> {
        let mut command = tokio::process::Command::new(self.bot);
        command.arg("--matrix-bot").arg(&self.folder).args(["--url", &self.stage.host]);
        if let Some(die) = die {
            command.args(["--die", die]);
        }
        command.env("HYPERLIQUID_PRIVATE_KEY", &self.stage.key).kill_on_drop(true);
        let ended = tokio::time::timeout(PATIENCE, command.spawn()?.wait()).await;
        Ok(ended.map_err(|_| format!("the bot did not end within {} s", PATIENCE.as_secs()))??)
    }
}

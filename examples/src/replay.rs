//! The `replay` command: a journal back into the engine that wrote it.

use std::path::{Path, PathBuf};

use clap::Parser;
use qtp_core::port::{Journal as _, JournalRecord};
use qtp_core::{DataRef, Event, EventRecord, RunStarted};
use qtp_engine::Engine;
use qtp_engine::driver::{NoObserver, Replay, ReplayOutcome};
use qtp_exchange::candle_file::CandleSource;
use qtp_store::{FileJournal, FolderJournal, FolderReader, SqliteStore};

use crate::backtest::{self, BacktestArgs};
use crate::bot::{BotSettings, build_engine};
use crate::exit::Failure;

/// Records that are read from a store at a time.
const PAGE: usize = 5_000;

/// Rebuilds the state of a run from its journal.
#[derive(Debug, Clone, Parser)]
#[command(name = "replay", version)]
pub struct ReplayArgs {
    /// Journal file or folder, SQLite store or run folder
    #[arg(long, value_name = "PATH")]
    pub journal: PathBuf,
    /// Compare the commands with those in the journal; exit 1 on a difference
    #[arg(long)]
    pub verify: bool,
}

/// Runs `replay`.
///
/// # Errors
/// A journal that cannot be read or is damaged (the record is named), data files that changed, or, with
/// `--verify`, commands that differ.
pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let path = journal_of(&args.journal);
    let mut observer = NoObserver;
    let begun = match dropped(&path)? {
        Some(dropped) => begin_at_checkpoint(&path, dropped)?,
        None => begin(&path, &mut observer)?,
    };
    let Begun { start, mut records, mut replay, data, backtest } = begun;
    while let Some(record) = records.next()? {
        if let JournalRecord::Event(event) = &record
            && let Event::DataRef(reference) = &event.event
        {
            check_data(reference, &data)?;
        }
        replay.record(&record, &mut observer)?;
    }
    let outcome = replay.finish(backtest, &mut observer)?;
    print(&start, &outcome);
    match outcome.first_difference {
        Some(difference) if args.verify => {
            Err(format!("{} differences; the first: {difference}", outcome.differences).into())
        }
        _ => {
            if args.verify {
                say!("verified: {} commands are those of the journal", outcome.commands);
            }
            Ok(())
        }
    }
}

/// Where a folder keeps its journal.
pub(crate) fn journal_of(path: &Path) -> PathBuf {
    if !path.is_dir() || FolderJournal::is_one(path) {
        return path.to_owned();
    }
    let folder = path.join("journal");
    if FolderJournal::is_one(&folder) { folder } else { path.join("journal.jsonl") }
}

/// The last record that retention took from a journal.
fn dropped(path: &Path) -> Result<Option<u64>, Failure> {
    if path.is_dir() { Ok(FolderJournal::dropped(path)?) } else { Ok(None) }
}

/// A replay before its next record.
struct Begun {
    start: RunStarted,
    records: Records,
    replay: Replay,
    data: Vec<DataRef>,
    backtest: bool,
}

/// Begins at record 0.
fn begin(path: &Path, observer: &mut NoObserver) -> Result<Begun, Failure> {
    let mut records = Records::open(path)?;
    let start = first(&mut records, path)?;
    let (engine, source, data) = rebuild(&start)?;
    let backtest = source.is_some();
    let mut replay = Replay::new(engine, source);
    replay.record(&JournalRecord::Event(start_record(&start)), observer)?;
    Ok(Begun { start, records, replay, data, backtest })
}

/// Begins at the oldest checkpoint, as the records before it are gone.
fn begin_at_checkpoint(path: &Path, dropped: u64) -> Result<Begun, Failure> {
    let Some(JournalRecord::Event(EventRecord { event: Event::RunStarted(start), .. })) =
        FolderJournal::first(path)?
    else {
        return Err(format!("{}: record 0 is not run_started", path.display()).into());
    };
    let (checkpoints, ignored) = FolderJournal::checkpoints_of(path)?;
    for problem in ignored {
        eprintln!("journal: ignored {problem}");
    }
    let checkpoint = checkpoints.last().ok_or_else(|| {
        format!("{}: the records up to {dropped} were dropped, and no checkpoint fits", path.display())
    })?;
    let (engine, source, data) = rebuild(&start)?;
    let backtest = source.is_some();
    let mut replay = Replay::new(engine, source);
    let from = replay.begin_at(&checkpoint.state)?;
    say!("begins at record {from}, by a checkpoint: the records up to {dropped} were dropped");
    let records = Records::Folder(Box::new(FolderJournal::read(path, from)?));
    Ok(Begun { start: *start, records, replay, data, backtest })
}

fn print(start: &RunStarted, outcome: &ReplayOutcome) {
    let state = outcome.engine.state();
    say!("run      {} by version {}", start.run_id, start.version);
    say!("replayed {} events, {} commands up to {}", outcome.events, outcome.commands, state.now);
    say!("commands sha256 {}", outcome.command_hash);
    if outcome.unwritten > 0 {
        say!(
            "tail     {} commands of the last event were not written before the run ended",
            outcome.unwritten
        );
    }
    for account in &state.accounts {
        let id = account.portfolio.account();
        let equity =
            outcome.engine.equity(id).map_or_else(|| "unknown".to_owned(), |equity| equity.to_string());
        say!("account  {id}: equity {equity} {}", account.portfolio.reporting_currency());
        for position in account.portfolio.open_positions() {
            let entry = position
                .average_entry()
                .map_or_else(String::new, |entry| format!(" from {}", entry.get().round_dp(8)));
            say!("         {} {}{entry}", position.instrument(), position.quantity());
        }
    }
}

fn first(records: &mut Records, path: &Path) -> Result<RunStarted, Failure> {
    match records.next()? {
        Some(JournalRecord::Event(record)) if record.seq == 0 => match record.event {
            Event::RunStarted(start) => Ok(*start),
            other => Err(format!("{}: record 0 is {}, not run_started", path.display(), other.kind()).into()),
        },
        Some(record) => Err(format!("{}: begins with record {}, not 0", path.display(), record.seq()).into()),
        None => Err(format!("{}: holds no record", path.display()).into()),
    }
}

fn start_record(start: &RunStarted) -> qtp_core::EventRecord {
    let epoch = qtp_core::Timestamp::EPOCH;
    let event = Event::RunStarted(Box::new(start.clone()));
    qtp_core::EventRecord { seq: 0, event_time: epoch, receive_time: epoch, event }
}

/// What a journal's candles come from, and what they were.
type Rebuilt = (Engine, Option<Box<dyn CandleSource>>, Vec<DataRef>);

/// The engine that wrote a journal: a backtest's from its arguments, a bot's from its settings.
fn rebuild(start: &RunStarted) -> Result<Rebuilt, Failure> {
    let configuration = start.configuration.clone();
    if configuration.get("trading").is_some() {
        let settings: BotSettings = serde_json::from_value(configuration)?;
        return Ok((build_engine(&settings, start.run_id)?, None, Vec::new()));
    }
    let args: BacktestArgs = serde_json::from_value(configuration)?;
    let (built, setup) = backtest::build(&args, None)?;
    Ok((setup.engine, Some(setup.source), built.data))
}

fn check_data(reference: &DataRef, data: &[DataRef]) -> Result<(), Failure> {
    let found = data.iter().find(|data| data.instrument == reference.instrument);
    match found {
        Some(found) if found.sha256 == reference.sha256 => Ok(()),
        _ => Err(format!("{}: the file is not the one that the journal refers to", reference.path).into()),
    }
}

/// Records of a journal file, of a folder of segments or of a store.
pub(crate) enum Records {
    /// A folder of segments.
    Folder(Box<FolderReader>),
    /// One file.
    File(Box<dyn Iterator<Item = Result<JournalRecord, qtp_core::StoreError>>>),
    /// A store.
    Store(Box<StorePages>),
}

/// A store that is read page by page.
pub(crate) struct StorePages {
    runtime: tokio::runtime::Runtime,
    store: SqliteStore,
    page: std::vec::IntoIter<JournalRecord>,
    next: u64,
}

impl Records {
    /// The records from the first one on that is still there.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if path.is_dir() {
            let from = FolderJournal::dropped(path)?.map_or(0, |dropped| dropped + 1);
            return Ok(Self::Folder(Box::new(FolderJournal::read(path, from)?)));
        }
        let mut magic = [0_u8; 15];
        let name = path.display();
        let mut file = std::fs::File::open(path).map_err(|error| format!("{name}: {error}"))?;
        let read = std::io::Read::read(&mut file, &mut magic).map_err(|error| format!("{name}: {error}"))?;
        if &magic[..read] == b"SQLite format 3" {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let store = runtime.block_on(SqliteStore::open(path))?;
            let page = Vec::new().into_iter();
            return Ok(Self::Store(Box::new(StorePages { runtime, store, page, next: 0 })));
        }
        Ok(Self::File(Box::new(FileJournal::read(path)?)))
    }

    pub(crate) fn next(&mut self) -> Result<Option<JournalRecord>, Failure> {
        match self {
            Self::Folder(records) => Ok(records.next().transpose()?),
            Self::File(records) => Ok(records.next().transpose()?),
            Self::Store(pages) => {
                if let Some(record) = pages.page.next() {
                    return Ok(Some(record));
                }
                let records = pages.runtime.block_on(pages.store.read(pages.next, PAGE))?;
                pages.next = records.last().map_or(pages.next, |record| record.seq() + 1);
                pages.page = records.into_iter();
                Ok(pages.page.next())
            }
        }
    }
}

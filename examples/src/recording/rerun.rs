//! A bot on paper, once more, over what it recorded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::{Clock, EventStream, MarketData, MarketStream};
use qtp_core::{
    Candle, CandleQuery, Event, ExchangeError, Instrument, MarketTopic, Notional, RunStarted, Timestamp,
    Venue,
};
use qtp_engine::driver::live::{LiveOutcome, LiveSetup};
use qtp_exchange::decorator::{Played, Recorded, read};

use super::tape::{At, is_opened};
use crate::exit::Failure;

/// Room of a stream.
const ROOM: usize = 1_024;

/// What a recording says of the run that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// Record 0 of its journal.
    pub start: RunStarted,
    /// When it began.
    pub at: Timestamp,
}

/// The run that a recording begins with; `None` if no bot made it.
///
/// # Errors
/// A recording that cannot be read, or that begins in the middle of a run.
pub fn started(recording: &Path) -> Result<Option<Started>, Failure> {
    let Some(first) = read(recording)?.next().transpose()? else { return Ok(None) };
    match first.event {
        Event::RunStarted(start) => Ok(Some(Started { start: *start, at: first.receive_time })),
        Event::RunResumed(_) => {
            let name = recording.display();
            Err(format!(
                "{name}: it begins in the middle of a run; only a run from its start can be run again"
            )
            .into())
        }
        _ => Ok(None),
    }
}

/// A clock that stands still while work is done, and moves to what comes next.
#[derive(Debug, Clone)]
pub struct Rerun {
    base: Timestamp,
    start: tokio::time::Instant,
}

impl Rerun {
    fn at(base: Timestamp) -> Self {
        Self { base, start: tokio::time::Instant::now() }
    }
}

impl Clock for Rerun {
    fn now(&self) -> Timestamp {
        self.base + self.start.elapsed()
    }
}

/// The recorded market: every event at the instant at which it was heard.
#[derive(Debug)]
struct Again {
    recording: PathBuf,
    played: Played,
    clock: Arc<Rerun>,
}

#[async_trait]
impl MarketData for Again {
    fn venue(&self) -> Venue {
        self.played.venue()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        self.played.instruments().await
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let now = self.clock.now();
        let closed =
            Timestamp::from_nanos((now - query.timeframe.as_duration()).as_nanos().saturating_add(1));
        let query = CandleQuery { end: query.end.min(closed), ..query.clone() };
        if query.end <= query.start { Ok(Vec::new()) } else { self.played.candles(&query).await }
    }

    /// The topics are those of the run that recorded.
    async fn subscribe(&self, _: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let failed = |error: Failure| ExchangeError::Transport { operation: "subscribe", source: error };
        let mut events = read(&self.recording).map_err(|error| failed(error.into()))?;
        let wait = |at: At, clock: &Rerun| tokio::time::sleep(at.since(clock.now()));
        for event in events.by_ref() {
            let event = event.map_err(|error| failed(error.into()))?;
            if is_opened(&event.event) {
                wait(event.receive_time, &self.clock).await;
                break;
            }
        }
        let (sender, stream) = EventStream::channel(ROOM);
        let clock = Arc::clone(&self.clock);
        drop(tokio::spawn(async move {
            // What cannot be read was found when the recording was loaded.
            for event in events.map_while(Result::ok) {
                wait(event.receive_time, &clock).await;
                let ended = matches!(event.event, Event::Stopped(_));
                if ended || heard(&event) && sender.send(event.event_time, event.event).await.is_err() {
                    break;
                }
            }
        }));
        Ok(stream)
    }
}

/// True for what came by the market stream. Reads were noted as history.
fn heard(recorded: &Recorded) -> bool {
    !matches!(&recorded.event, Event::Candles(batch) if batch.warmup) && !is_opened(&recorded.event)
}

/// How a run came out again.
#[derive(Debug)]
pub struct Outcome {
    /// Events of the recording.
    pub events: u64,
    /// Events that the recording left out.
    pub lost: u64,
    /// Equity at the end.
    pub equity: Option<Notional>,
    /// Hash of all commands.
    pub commands: String,
}

/// Runs it: `setup` builds the bot over the market and clock that it is given. Nothing is waited for: time goes on when all
/// work is done.
///
/// # Errors
/// A recording that cannot be read, or what the bot ended with.
pub fn rerun(
    recording: &Path,
    begun: &Started,
    (venue, instruments): (Venue, Vec<Instrument>),
    setup: impl FnOnce(Arc<dyn MarketData>, Arc<dyn Clock>) -> Result<LiveSetup, Failure>,
) -> Result<Outcome, Failure> {
    let played = Played::load(recording, venue, instruments)?;
    let (events, lost) = (played.events(), played.lost());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    let outcome: LiveOutcome = runtime.block_on(async {
        let clock = Arc::new(Rerun::at(begun.at));
        let market = Again { recording: recording.to_owned(), played, clock: Arc::clone(&clock) };
        let mut setup = setup(Arc::new(market), clock)?;
        setup.settings.stop_at_market_end = true;
        Ok::<_, Failure>(qtp_engine::driver::live::LiveDriver::new(setup)?.run().await?)
    })?;
    let account = outcome.engine.state().accounts.first().map(|account| account.portfolio.account().clone());
    let equity = account.and_then(|account| outcome.engine.equity(&account));
    Ok(Outcome { events, lost, equity, commands: outcome.command_hash.finish() })
}

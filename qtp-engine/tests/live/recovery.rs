//! A run goes on from its journal.

use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::{Exchange, Execution as _, JournalRecord, JournalWriter};
use qtp_core::{Event, Intent, StoreError, Timestamp};
use qtp_engine::EngineError;
use qtp_engine::driver::live::LiveDriver;

use crate::chaos_exchange::{Chaos, Faults};
use crate::common::*;
use crate::rig::*;

fn strategy() -> Box<Walker> {
    Box::new(Walker { every: 2, bracket: true, warmup: 3, ..Walker::plain() })
}

async fn exchange(clock: &Arc<TokioClock>, journal: &Durable) -> Arc<Chaos> {
    let feed = Feed::new(clock, &[candles(&btc(), 60, 5)]);
    Chaos::start(paper(feed), journal, (1, Faults::default())).await
}

fn dynamic(exchange: &Arc<Chaos>) -> Arc<dyn Exchange> {
    Arc::clone(exchange) as Arc<dyn Exchange>
}

/// Runs until the kill, waits until the venue has noticed, and returns what the journal holds.
async fn killed(exchange: &Arc<Chaos>, clock: &Arc<TokioClock>, journal: &Durable, after: Duration) {
    let driver = LiveDriver::new(setup(engine(vec![strategy()]), dynamic(exchange), clock, journal)).unwrap();
    assert!(tokio::time::timeout(after, driver.run()).await.is_err());
    pass(61).await;
}

fn kinds(records: &[JournalRecord]) -> Vec<&'static str> {
    let kind = |record: &JournalRecord| match record {
        JournalRecord::Event(record) => record.event.kind(),
        JournalRecord::Command(_) => "command",
    };
    records.iter().map(kind).collect()
}

#[tokio::test(start_paused = true)]
async fn an_intent_whose_order_never_left_is_looked_up_and_never_sent_again() {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let exchange = exchange(&clock, &journal).await;
    // Everything is lost on its way: the journal holds the intent, the venue nothing.
    exchange.set(Faults { lost: 100, ..Faults::default() });
    killed(&exchange, &clock, &journal, Duration::from_millis(120_500)).await;
    let sent = exchange.submitted();
    assert_eq!(sent, 1);
    exchange.set(Faults::default());
    let before = journal.records();
    let records = before.clone().into_iter().map(Ok);
    let driver =
        LiveDriver::recover(setup(engine(vec![strategy()]), dynamic(&exchange), &clock, &journal), records);
    let outcome = driver.unwrap().run().await.unwrap();
    let kinds = kinds(&journal.records());
    let resumed = kinds.iter().position(|kind| *kind == "run_resumed").unwrap();
    assert_eq!(resumed, before.len());
    let after = &kinds[resumed..];
    let place = |kind: &str| after.iter().position(|other| *other == kind).unwrap();
    assert!(place("outcome_unknown") < place("order_absent"));
    assert_eq!(exchange.problems(), Vec::<String>::new());
    verify(engine(vec![strategy()]), &journal.records(), Some(&outcome));
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_is_filled_in_and_its_commands_are_discarded() {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let exchange = exchange(&clock, &journal).await;
    killed(&exchange, &clock, &journal, Duration::from_secs(610)).await;
    pass(300).await;
    let before = journal.records().len();
    let records = journal.records().into_iter().map(Ok);
    let made = setup(engine(vec![strategy()]), dynamic(&exchange), &clock, &journal);
    let outcome = LiveDriver::recover(made, records).unwrap().run().await.unwrap();
    let opens = |records: &[JournalRecord]| -> Vec<(Timestamp, bool)> {
        let candles = |record: &JournalRecord| match record {
            JournalRecord::Event(record) => match &record.event {
                Event::Candles(batch) => {
                    batch.candles.iter().map(|candle| (candle.open_time(), batch.warmup)).collect()
                }
                _ => Vec::new(),
            },
            JournalRecord::Command(_) => Vec::new(),
        };
        records.iter().flat_map(candles).collect()
    };
    let all = opens(&journal.records());
    assert_eq!(all.len(), 60, "every candle once");
    assert!(all.is_sorted());
    let filled = opens(&journal.records()[before..]).iter().filter(|(_, warmup)| *warmup).count();
    assert_eq!(filled, 6);
    verify(engine(vec![strategy()]), &journal.records(), Some(&outcome));
}

#[tokio::test(start_paused = true)]
async fn another_strategy_or_an_altered_journal_is_refused() {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let exchange = exchange(&clock, &journal).await;
    killed(&exchange, &clock, &journal, Duration::from_secs(610)).await;
    let recover = |strategy: Box<Walker>, records: Vec<JournalRecord>| {
        let made = setup(engine(vec![strategy]), dynamic(&exchange), &clock, &Durable::default());
        LiveDriver::recover(made, records.into_iter().map(Ok))
    };
    let records = journal.records();
    let other = recover(Box::new(Walker { every: 3, ..*strategy() }), records.clone());
    assert!(matches!(other, Err(EngineError::Difference { .. })));
    let is_submit = |record: &JournalRecord| matches!(record, JournalRecord::Command(command) if matches!(command.intent, Intent::Submit(_)));
    let mut gap = records.clone();
    gap.remove(records.iter().position(is_submit).unwrap());
    assert!(matches!(recover(strategy(), gap), Err(EngineError::OutOfSequence { .. })));
    assert!(recover(strategy(), records).is_ok());
}

/// Fails from its third sync on.
#[derive(Debug)]
struct Breaking(Durable, u32);

impl JournalWriter for Breaking {
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError> {
        self.0.append(record)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.1 += 1;
        if self.1 > 6 {
            let source = "the disk is full".into();
            return Err(StoreError::Backend { operation: "sync", retryable: false, source });
        }
        self.0.sync()
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_journal_ends_the_run_and_nothing_but_cancels_of_entries_leaves() {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let exchange = exchange(&clock, &journal).await;
    let mut made = setup(engine(vec![strategy()]), dynamic(&exchange), &clock, &journal);
    made.journal = Box::new(Breaking(journal.clone(), 0));
    let ended = LiveDriver::new(made).unwrap().run().await;
    assert!(matches!(ended, Err(EngineError::Journal(_))));
    assert_eq!(exchange.problems(), Vec::<String>::new(), "nothing left without its intent");
    let open = exchange.truth().open_orders().await.unwrap();
    assert!(open.iter().all(|report| report.price.is_some()), "no entry rests: {open:?}");
}

/// The process is gone and with it the paper venue: both come back from the journal.
#[tokio::test(start_paused = true)]
async fn a_paper_run_goes_on_from_its_journal_alone() {
    let clock = TokioClock::at(0);
    let series = candles(&btc(), 120, 5);
    let journal = Durable::default();
    let first = paper(Feed::new(&clock, std::slice::from_ref(&series)));
    let driver = LiveDriver::new(setup(engine(vec![strategy()]), first, &clock, &journal)).unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(1_830_500), driver.run()).await.is_err());
    pass(125).await;
    let records = journal.records();
    let feed = Feed::new(&clock, &[series]);
    let (venue, rebuilt) = qtp_exchange::paper::PaperExchange::rebuild(
        feed,
        venue(),
        Arc::<TokioClock>::clone(&clock),
        &records,
    );
    assert_eq!((rebuilt.differences, rebuilt.pending), (0, 0));
    let venue = Arc::new(venue);
    let made = setup(engine(vec![strategy()]), Arc::clone(&venue) as Arc<dyn Exchange>, &clock, &journal);
    let outcome = LiveDriver::recover(made, records.into_iter().map(Ok)).unwrap().run().await.unwrap();
    let theirs = venue.account_snapshot().await.unwrap();
    let ours = &outcome.engine.state().account(&account_id()).unwrap().portfolio;
    assert_eq!(ours.balances(), &theirs.balances);
    let adjusted = |event: &Event| matches!(event, Event::PositionAdjustment { .. });
    assert!(!journal.events().iter().any(adjusted));
    verify(engine(vec![strategy()]), &journal.records(), Some(&outcome));
}

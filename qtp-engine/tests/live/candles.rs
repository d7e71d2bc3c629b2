//! The candle barrier and the market inbox, end to end.

use qtp_core::{Event, MarketTopic, Price, Quantity, Quote, Timeframe, Timestamp};

use crate::common::*;
use crate::rig::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_secs(MIDNIGHT + 60 * minute)
}

fn both() -> Vec<Box<dyn qtp_core::port::Strategy>> {
    vec![Box::new(Walker::plain()), Box::new(Walker { instrument: eth(), ..Walker::plain() })]
}

/// Close, number of candles, number of missing ones, and by how much our time is behind the close, in seconds.
fn batches(journal: &Durable) -> Vec<(i64, usize, usize, u64)> {
    let records = journal.records();
    let batch = |record: &qtp_core::port::JournalRecord| match record {
        qtp_core::port::JournalRecord::Event(record) => match &record.event {
            Event::Candles(batch) => {
                let minute = (record.event_time.as_secs() - MIDNIGHT) / 60;
                let late = record.receive_time.since(record.event_time).as_secs();
                Some((minute, batch.candles.len(), batch.missing.len(), late))
            }
            _ => None,
        },
        qtp_core::port::JournalRecord::Command(_) => None,
    };
    records.iter().filter_map(batch).collect()
}

#[tokio::test(start_paused = true)]
async fn a_candle_that_is_nowhere_is_reported_missing_after_the_grace() {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let mut feed = Feed::new(&clock, &[candles(&btc(), 6, 7), candles(&eth(), 6, 8)]);
    // Minute 2 is nowhere; minute 4 the stream lost, but the venue has it.
    feed.unstreamed = [(eth(), at(2)), (eth(), at(4))].into();
    feed.unknown = [(eth(), at(2))].into();
    run(setup(engine(both()), paper(feed), &clock, &journal)).await;
    let expected = [(1, 2, 0, 0), (2, 2, 0, 0), (3, 1, 1, 2), (4, 2, 0, 0), (5, 2, 0, 2), (6, 2, 0, 0)];
    assert_eq!(batches(&journal), expected);
    let missing = journal.events().into_iter().find_map(|event| match event {
        Event::Candles(batch) => batch.missing.first().cloned(),
        _ => None,
    });
    assert_eq!(missing, Some(MarketTopic::Candles(eth(), Timeframe::M1)));
    verify(engine(both()), &journal.records(), None);
}

#[tokio::test(start_paused = true)]
async fn history_is_read_over_a_long_pause_of_the_market() {
    let clock = TokioClock::at(3 * 1_440);
    let journal = Durable::default();
    // Three days before the run the market closed, with as much history as is needed and more.
    let feed = Feed::new(&clock, &[candles(&btc(), 40, 7)]);
    let walker = Walker { warmup: 30, ..Walker::plain() };
    run(setup(engine(vec![Box::new(walker)]), paper(feed), &clock, &journal)).await;
    let told: Vec<_> = batches(&journal).into_iter().map(|(minute, ..)| minute).collect();
    assert_eq!(told, (11..=40).collect::<Vec<_>>());
}

/// Listens to quotes as well.
#[derive(Debug)]
struct Quoted(Walker);

impl qtp_core::port::Strategy for Quoted {
    fn id(&self) -> qtp_core::StrategyId {
        self.0.id()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(btc(), Timeframe::M1), MarketTopic::Quotes(btc())]
    }

    fn on_candle(
        &mut self,
        candle: &qtp_core::Candle,
        context: &mut qtp_core::Context<'_>,
    ) -> Result<(), qtp_core::StrategyError> {
        self.0.on_candle(candle, context)
    }
}

#[tokio::test(start_paused = true)]
async fn of_quotes_that_come_at_once_the_newest_counts_and_the_lag_is_journaled() {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let mut feed = Feed::new(&clock, &[candles(&btc(), 3, 7)]);
    let quote = |cents: i64| {
        let price = |cents: i64| Price::new(cents.into()).unwrap();
        let quantity = Quantity::new(1.into()).unwrap();
        let (bid, ask, time) = (price(cents), price(cents + 1), at(1) + std::time::Duration::from_secs(5));
        let (instrument, bid_quantity, ask_quantity) = (btc(), quantity, quantity);
        (time, Event::Quote(Quote { instrument, time, bid, bid_quantity, ask, ask_quantity }))
    };
    feed.events = (100..150).map(quote).collect();
    let strategy = || Box::new(Quoted(Walker::plain()));
    let outcome = run(setup(engine(vec![strategy()]), paper(feed), &clock, &journal)).await;
    let quotes = journal.events().iter().filter(|event| matches!(event, Event::Quote(_))).count();
    let gaps = journal
        .events()
        .iter()
        .filter(|event| matches!(event, Event::Gap(gap) if gap.cause == "lag"))
        .count();
    assert!(quotes < 50 && gaps > 0, "{quotes} quotes, {gaps} gaps");
    let market = outcome.engine.state().market.get(&btc()).unwrap();
    assert_eq!(market.quote().unwrap().bid, price("149"));
    verify(engine(vec![strategy()]), &journal.records(), Some(&outcome));
}

//! Many series come out in the order in which they closed.

#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use qtp_core::{
    Candle, CandleBatch, CandleParts, CandleQuery, Event, FundingRate, MarketTopic, Ratio, Timeframe,
    Timestamp,
};
use qtp_exchange::MarketData;
use qtp_exchange::candle_file::{CandleFeed, CandleSource, FileMarket};

const BTC: &str = "BTC-USD-PERP@files";
const ETH: &str = "ETH-USD-PERP@files";

fn candle(symbol: &str, timeframe: Timeframe, place: i64) -> Candle {
    let price = "100".parse().unwrap();
    Candle::new(CandleParts {
        instrument: symbol.parse().unwrap(),
        timeframe,
        open_time: Timestamp::from_nanos(place * timeframe.as_nanos()),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: "1".parse().unwrap(),
    })
    .unwrap()
}

fn series(symbol: &str, timeframe: Timeframe, places: impl IntoIterator<Item = i64>) -> Vec<Candle> {
    places.into_iter().map(|place| candle(symbol, timeframe, place)).collect()
}

fn rate(symbol: &str, seconds: i64) -> FundingRate {
    let (instrument, time) = (symbol.parse().unwrap(), Timestamp::from_secs(seconds));
    FundingRate { instrument, time, rate: Ratio::ZERO, reference: None }
}

#[test]
fn a_saved_feed_goes_on_where_it_stood_and_refuses_other_series() {
    let build = |hours| {
        let all = vec![series(BTC, Timeframe::H1, 0..hours), series(ETH, Timeframe::H1, 2..9)];
        CandleFeed::new(all).unwrap().with_funding((0..9).map(|hour| rate(BTC, hour * 3_600)).collect())
    };
    let rest = |feed: &mut CandleFeed| {
        let (mut batch, mut rates, mut all) = (CandleBatch::default(), Vec::new(), Vec::new());
        while let Some(close) = feed.next_into(&mut batch) {
            feed.funding_until(close, &mut rates);
            all.push((close, batch.candles.clone(), rates.clone()));
        }
        all
    };
    let (mut whole, mut batch) = (build(9), CandleBatch::default());
    whole.next_into(&mut batch);
    let close = whole.next_into(&mut batch).unwrap();
    whole.funding_until(close, &mut Vec::new());
    let text = whole.save().unwrap();
    let mut restored = build(9);
    restored.restore(&text).unwrap();
    assert_eq!(rest(&mut restored), rest(&mut whole));
    assert!(build(8).restore(&text).unwrap_err().to_string().contains("another length"));
    assert!(build(9).restore("[").is_err());
}

#[test]
fn a_batch_is_ordered_by_timeframe_then_instrument() {
    let mut feed = CandleFeed::new(vec![
        series(BTC, Timeframe::M5, 0..2),
        series(ETH, Timeframe::M1, 0..10),
        series(BTC, Timeframe::M1, 0..10),
        Vec::new(),
    ])
    .unwrap();
    assert_eq!(feed.remaining(), 22);
    let mut batch = CandleBatch { warmup: true, ..CandleBatch::default() };
    for minute in 1..=10 {
        assert_eq!(feed.next_into(&mut batch), Some(Timestamp::from_secs(minute * 60)));
        let keys: Vec<_> = batch.candles.iter().map(|c| (c.timeframe(), c.instrument().base())).collect();
        let expected = [(Timeframe::M1, "BTC"), (Timeframe::M1, "ETH"), (Timeframe::M5, "BTC")];
        assert_eq!(keys, expected[..if minute % 5 == 0 { 3 } else { 2 }]);
        assert!(!batch.warmup);
    }
    assert_eq!(feed.next_into(&mut batch), None);
    assert!(batch.candles.is_empty());
}

#[test]
fn files_of_one_series_are_joined_and_overlap_is_refused() {
    let parts = vec![series(BTC, Timeframe::M1, 5..8), series(BTC, Timeframe::M1, 0..5)];
    let feed = CandleFeed::new(parts).unwrap();
    assert_eq!(feed.series(&BTC.parse().unwrap(), Timeframe::M1).unwrap().len(), 8);
    assert_eq!(feed.keys().count(), 1);
    let overlap = vec![series(BTC, Timeframe::M1, 0..5), series(BTC, Timeframe::M1, 4..8)];
    assert!(CandleFeed::new(overlap).is_err());
    let mixed = [series(BTC, Timeframe::M1, 0..1), series(ETH, Timeframe::M1, 1..2)].concat();
    assert!(CandleFeed::new(vec![mixed]).is_err());
}

#[test]
fn funding_is_handed_out_once_in_time_order() {
    let rates = vec![rate(ETH, 3600), rate(BTC, 7200), rate(BTC, 3600)];
    let mut feed = CandleFeed::new(vec![series(BTC, Timeframe::H1, 0..3)]).unwrap().with_funding(rates);
    let mut out = Vec::new();
    feed.funding_until(Timestamp::from_secs(3599), &mut out);
    assert!(out.is_empty());
    feed.funding_until(Timestamp::from_secs(3600), &mut out);
    assert_eq!(out, [rate(BTC, 3600), rate(ETH, 3600)]);
    feed.funding_until(Timestamp::MAX, &mut out);
    feed.funding_until(Timestamp::MAX, &mut out);
    assert_eq!(out.len(), 3);
}

#[test]
fn skipping_equals_reading() {
    let series = || vec![series(BTC, Timeframe::M1, 0..20), series(ETH, Timeframe::M5, 0..4)];
    let mut read = CandleFeed::new(series()).unwrap().with_funding(vec![rate(BTC, 60), rate(BTC, 900)]);
    let mut skipped = read.clone();
    let (mut batch, mut out) = (CandleBatch::default(), Vec::new());
    while read.next_into(&mut batch).is_some_and(|close| close < Timestamp::from_secs(600)) {}
    read.funding_until(Timestamp::from_secs(600), &mut out);
    skipped.skip_until(Timestamp::from_secs(600));
    assert_eq!(read.next_close(), skipped.next_close());
    assert_eq!(read.remaining(), skipped.remaining());
    out.clear();
    skipped.funding_until(Timestamp::MAX, &mut out);
    assert_eq!(out, [rate(BTC, 900)]);
}

#[test]
fn a_candle_that_the_next_one_cuts_short_is_skipped_when_it_closed() {
    // As months are: the second candle opens before the first one's width is over.
    let parts = CandleParts { timeframe: Timeframe::H1, ..candle(BTC, Timeframe::M5, 11).parts().clone() };
    let months = vec![candle(BTC, Timeframe::H1, 0), Candle::new(parts).unwrap()];
    let mut read = CandleFeed::new(vec![months]).unwrap();
    let mut skipped = read.clone();
    let close = read.next_into(&mut CandleBatch::default()).unwrap();
    assert_eq!(close, Timestamp::from_secs(11 * 300));
    skipped.skip_until(close);
    assert_eq!((skipped.remaining(), skipped.next_close()), (read.remaining(), read.next_close()));
}

#[tokio::test]
async fn a_file_market_answers_queries_and_streams_in_order() {
    let feed = CandleFeed::new(vec![series(BTC, Timeframe::M1, 0..10), series(ETH, Timeframe::M1, 0..10)])
        .unwrap()
        .with_funding(vec![rate(BTC, 120), rate(ETH, 120)]);
    let market = FileMarket::new("files".parse().unwrap(), feed, Vec::new()).unwrap();
    assert_eq!(market.instruments().await.unwrap().len(), 2);
    let btc: qtp_core::InstrumentId = BTC.parse().unwrap();
    let mut query = CandleQuery {
        instrument: btc.clone(),
        timeframe: Timeframe::M1,
        start: Timestamp::from_secs(60),
        end: Timestamp::from_secs(300),
        limit: None,
    };
    assert_eq!(market.candles(&query).await.unwrap().len(), 4);
    query.limit = Some(2);
    assert_eq!(market.candles(&query).await.unwrap()[0].open_time(), Timestamp::from_secs(180));
    query.instrument = "X-USD@files".parse().unwrap();
    assert!(market.candles(&query).await.is_err());
    let topics = [MarketTopic::Candles(btc.clone(), Timeframe::M1), MarketTopic::Mark(btc)];
    let mut stream = market.subscribe(&topics).await.unwrap();
    let mut seen = Vec::new();
    while let Some((time, event)) = stream.next().await {
        let Event::Candles(batch) = &event else {
            seen.push(format!("{} at {}", event.kind(), time.as_secs()));
            continue;
        };
        assert!(batch.candles.len() == 1 && batch.candles[0].close_time() == time);
        seen.push(time.as_secs().to_string());
    }
    assert_eq!(seen[..4], ["60", "funding_rate at 120", "120", "180"]);
    assert_eq!(seen.len(), 11);
}

proptest! {
    #[test]
    fn merging_keeps_every_candle_and_never_goes_back(
        lengths in prop::collection::vec((0_i64..40, 0_i64..40), 1..8),
    ) {
        let widths = [Timeframe::M1, Timeframe::M5, Timeframe::H1];
        let input: Vec<Vec<Candle>> = lengths.iter().enumerate().map(|(place, (start, length))| {
            series(&format!("C{}-USD@files", place / 3), widths[place % 3], *start..start + length)
        }).collect();
        let total: usize = input.iter().map(Vec::len).sum();
        let mut feed = CandleFeed::new(input).unwrap();
        let (mut batch, mut count, mut last) = (CandleBatch::default(), 0, Timestamp::EPOCH);
        while let Some(close) = feed.next_into(&mut batch) {
            prop_assert!(close > last && !batch.candles.is_empty());
            prop_assert!(batch.candles.iter().all(|candle| candle.close_time() == close));
            prop_assert!(batch.candles.is_sorted_by_key(|candle| (candle.timeframe(), candle.instrument().clone())));
            count += batch.candles.len();
            last = close;
        }
        prop_assert_eq!(count, total);
    }
}

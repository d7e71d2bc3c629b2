//! What was recorded is what is read, whatever happened to the file's end.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use qtp_core::port::{EventStream, MarketData, SimClock};
use qtp_core::{
    Candle, CandleBatch, CandleParts, CandleQuery, Event, FundingRate, Gap, MarketTopic, Quantity, Reason,
    Timeframe, Timestamp, Trade,
};
use qtp_exchange::candle_file::CandleSource;
use qtp_exchange::decorator::{Layer, Played, Recorded, Recorder, RecorderSettings, RecordingError, read};

fn trade(second: i64) -> Event {
    Event::Trade(Trade {
        instrument: "BTC-USD@test".parse().unwrap(),
        time: Timestamp::from_secs(second),
        price: "101.50".parse().unwrap(),
        quantity: "0.25".parse().unwrap(),
        taker: None,
    })
}

fn candles(minute: i64, close: &str) -> Event {
    let price = |text: &str| text.parse().unwrap();
    let candle = Candle::new(CandleParts {
        instrument: "BTC-USD@test".parse().unwrap(),
        timeframe: Timeframe::M1,
        open_time: Timestamp::from_secs(minute * 60),
        open: price("100"),
        high: price("110"),
        low: price("90"),
        close: price(close),
        volume: Quantity::ZERO,
    });
    Event::Candles(CandleBatch { candles: vec![candle.unwrap()], ..CandleBatch::default() })
}

fn settings(folder: &Path) -> RecorderSettings {
    let mut settings = RecorderSettings::new(folder, "tape");
    settings.block_age = Duration::from_secs(3600);
    settings
}

/// Records these events, one a second, and returns the files.
fn record(settings: RecorderSettings, events: &[Event]) -> Vec<PathBuf> {
    let folder = settings.folder.clone();
    let clock = Arc::new(SimClock::new(Timestamp::EPOCH));
    let recorder = Recorder::start(settings, clock.clone()).unwrap();
    for (second, event) in events.iter().enumerate() {
        let second = i64::try_from(second).unwrap();
        clock.advance_to(Timestamp::from_millis(second * 1000 + 7));
        recorder.record(Timestamp::from_secs(second), event);
    }
    assert_eq!(recorder.figures().lost, 0);
    drop(recorder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn events(path: &Path) -> Vec<Event> {
    read(path).unwrap().map(|recorded| recorded.unwrap().event).collect()
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn events_come_back_with_both_times() {
    let folder = tempfile::tempdir().unwrap();
    let written = [trade(0), candles(1, "95.5"), trade(2)];
    record(settings(folder.path()), &written);
    let back: Vec<Recorded> = read(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(back.iter().map(|recorded| recorded.event.clone()).collect::<Vec<_>>(), written);
    assert_eq!((back[2].event_time.as_millis(), back[2].receive_time.as_millis()), (2000, 2007));
    assert!(back.iter().all(|recorded| recorded.lost_before == 0));
}

#[test]
fn files_rotate_and_later_runs_write_behind_earlier_ones() {
    let folder = tempfile::tempdir().unwrap();
    let mut small = settings(folder.path());
    small.block_bytes = 1;
    small.file_bytes = 300;
    let written: Vec<Event> = (0..20).map(trade).collect();
    let files = record(small.clone(), &written);
    assert!(files.len() > 2, "{files:?}");
    let again = record(small, &[trade(20)]);
    assert_eq!(again.len(), files.len() + 1);
    assert_eq!(events(folder.path()).len(), 21);
    assert_eq!(events(folder.path())[20], trade(20));
}

#[test]
fn any_tool_for_gzip_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let files = record(settings(folder.path()), &[trade(0), trade(1)]);
    let mut text = String::new();
    let file = fs::File::open(&files[0]).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(file), &mut text).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert!(text.starts_with("{\"format\":\"qtp-recording\",\"version\":1,"), "{text}");
    assert!(text.contains("\"price\":\"101.5\""), "{text}");
}

#[test]
fn a_recording_that_may_not_grow_ends_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut bounded = settings(folder.path());
    bounded.block_bytes = 1;
    bounded.total_bytes = 600;
    let clock = Arc::new(SimClock::new(Timestamp::EPOCH));
    let recorder = Recorder::start(bounded, clock).unwrap();
    let mut offered = 0;
    while recorder.figures().error.is_none() {
        recorder.record(Timestamp::EPOCH, &trade(0));
        offered += 1;
        std::thread::yield_now();
        assert!(offered < 10_000_000, "it never ended");
    }
    let figures = recorder.figures();
    assert!(figures.error.unwrap().contains("over 600 bytes") && figures.bytes <= 600);
    drop(recorder);
    assert!(!events(folder.path()).is_empty());
}

#[test]
fn what_is_no_recording_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = |path: &Path| match read(path).map(|mut reader| reader.next()) {
        Ok(Some(Err(error))) | Err(error) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(text(folder.path()).contains("no recording in this folder"));
    let path = folder.path().join("a.recording.gz");
    fs::write(&path, "timestamp,open,high,low,close,volume").unwrap();
    assert!(text(&path).contains("a.recording.gz") && text(&path).contains("not a recording"));
    let mut newer = GzEncoder::new(Vec::new(), Compression::fast());
    let header = r#"{"format":"qtp-recording","version":2,"schema":1,"program":"9"}"#;
    newer.write_all(header.as_bytes()).unwrap();
    fs::write(&path, newer.finish().unwrap()).unwrap();
    assert!(text(&path).contains("version 2"), "{}", text(&path));
}

#[test]
fn damage_in_the_middle_is_an_error_and_not_a_short_recording() {
    let folder = tempfile::tempdir().unwrap();
    let mut blocks = settings(folder.path());
    blocks.block_bytes = 1;
    let files = record(blocks, &(0..5).map(trade).collect::<Vec<_>>());
    let mut bytes = fs::read(&files[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(&files[0], bytes).unwrap();
    let read: Vec<_> = read(folder.path()).unwrap().collect();
    let Some(Err(RecordingError::Damaged { offset, .. })) = read.last() else { panic!("{read:?}") };
    assert!(*offset > 0 && read.len() < 6, "{read:?}");
}

#[test]
fn zeros_after_a_power_cut_are_a_torn_tail() {
    let folder = tempfile::tempdir().unwrap();
    let files = record(settings(folder.path()), &[trade(0)]);
    let length = fs::metadata(&files[0]).unwrap().len();
    append(&files[0], &[0; 5000]);
    let mut reader = read(&files[0]).unwrap();
    assert_eq!(reader.by_ref().map(Result::unwrap).count(), 1);
    assert_eq!((reader.tails()[0].offset, reader.tails()[0].bytes), (length, 5000));
}

proptest! {
    /// A file that is cut anywhere gives the whole blocks before the cut, and says what was cut off.
    #[test]
    fn a_cut_at_any_byte_loses_only_the_block_that_it_hits(share in 0.0f64..1.0) {
        let folder = tempfile::tempdir().unwrap();
        let mut blocks = settings(folder.path());
        blocks.block_bytes = 400;
        let written: Vec<Event> = (0..30).map(trade).collect();
        let files = record(blocks, &written);
        let bytes = fs::read(&files[0]).unwrap();
        let cut = (bytes.len() as f64 * share) as usize;
        fs::write(&files[0], &bytes[..cut]).unwrap();
        let mut reader = read(&files[0]).unwrap();
        let back: Vec<Event> = reader.by_ref().map(|event| event.unwrap().event).collect();
        prop_assert_eq!(&back[..], &written[..back.len()]);
        let whole = u64::try_from(cut).unwrap();
        let tail = reader.tails().iter().map(|tail| tail.offset + tail.bytes).next();
        prop_assert!(tail.is_none_or(|end| end == whole));
        // Another reader agrees on whether the cut lies between two blocks.
        let mut text = String::new();
        let all = std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(&bytes[..cut]), &mut text);
        prop_assert_eq!(tail.is_some(), all.is_err() && cut > 0);
    }
}

#[tokio::test]
async fn a_recorded_stream_passes_everything_on() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SimClock::new(Timestamp::EPOCH));
    let recorder = Recorder::start(settings(folder.path()), clock).unwrap();
    let (sender, inner) = EventStream::channel(4);
    let mut stream = recorder.stream(inner);
    for second in 0..50 {
        sender.send(Timestamp::from_secs(second), trade(second)).await.unwrap();
        assert_eq!(stream.next().await, Some((Timestamp::from_secs(second), trade(second))));
    }
    drop(sender);
    assert_eq!(stream.next().await, None);
    assert_eq!(recorder.figures().events, 50);
    drop(recorder);
    assert_eq!(events(folder.path()).len(), 50);
}

fn recorded_market(folder: &Path) -> Played {
    let instrument: qtp_core::InstrumentId = "BTC-USD@test".parse().unwrap();
    let rate = |text: &str| {
        Event::FundingRate(FundingRate {
            instrument: instrument.clone(),
            time: Timestamp::from_secs(3600),
            rate: text.parse().unwrap(),
            reference: None,
        })
    };
    let gap = Event::Gap(Gap {
        topic: MarketTopic::Trades(instrument.clone()),
        from: Timestamp::from_secs(1),
        to: Timestamp::from_secs(2),
        cause: "sequence".into(),
    });
    let account = Event::Connection {
        account: Some("main".parse().unwrap()),
        topic: None,
        healthy: true,
        reason: Reason::new("up", ""),
    };
    // The second candle of minute 1 is a second subscription's; the first rate is a forecast.
    let tape = [
        trade(0),
        rate("0.1"),
        candles(1, "95"),
        candles(1, "96"),
        gap,
        account,
        rate("0.2"),
        candles(2, "97"),
    ];
    record(settings(folder), &tape);
    Played::load(folder, "test".parse().unwrap(), Vec::new()).unwrap()
}

#[test]
fn a_recording_is_a_source_for_a_backtest() {
    let folder = tempfile::tempdir().unwrap();
    let played = recorded_market(folder.path());
    let mut feed = played.feed().clone();
    let (mut batch, mut closes, mut rates) = (CandleBatch::default(), Vec::new(), Vec::new());
    while feed.next_into(&mut batch).is_some() {
        closes.push(batch.candles[0].close().to_string());
    }
    feed.funding_until(Timestamp::MAX, &mut rates);
    assert_eq!(closes, ["95", "97"]);
    assert_eq!(rates.iter().map(|rate| rate.rate.to_string()).collect::<Vec<_>>(), ["0.2"]);
    assert_eq!((played.events(), played.lost(), played.tails().len()), (8, 0, 0));
}

#[tokio::test]
async fn a_recording_is_played_as_the_market_that_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let played = recorded_market(folder.path());
    let id = played.instruments().await.unwrap()[0].id.clone();
    let mut stream = played.subscribe(&[MarketTopic::Trades(id.clone())]).await.unwrap();
    let mut kinds = Vec::new();
    while let Some((_, event)) = stream.next().await {
        kinds.push(event.kind());
    }
    assert_eq!(kinds, ["trade", "gap"]);
    let query = CandleQuery {
        instrument: id,
        timeframe: Timeframe::M1,
        start: Timestamp::EPOCH,
        end: Timestamp::MAX,
        limit: None,
    };
    assert_eq!(played.candles(&query).await.unwrap().len(), 2);
}

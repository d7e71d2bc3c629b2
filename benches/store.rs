//! Candles into and out of SQLite, records into and out of the journal file: rows per second.
//!
//! `cargo bench -p qtp-benches --bench store`. Criterion's `thrpt` is rows (or records) per second.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use qtp_core::port::{CandleStore as _, Journal as _, JournalRecord, JournalWriter as _};
use qtp_core::{
    Candle, CandleParts, CandleQuery, Decimal, Event, EventRecord, InstrumentId, Price, Quantity, Quote,
    Timeframe, Timestamp, ValueError,
};
use qtp_store::{
    Durability, FileJournal, FolderJournal, FolderSettings, MemoryStore, SqliteSettings, SqliteStore,
};
use tokio::runtime::Runtime;

const CANDLES: i64 = 1_000_000;
const RECORDS: u64 = 200_000;

type Failure = Box<dyn std::error::Error>;

fn instrument() -> Result<InstrumentId, ValueError> {
    "BTC-USDC@bench".parse()
}

/// A walk with two decimals in the price and five in the volume, the shape of exchange data.
fn candles() -> Result<Vec<Candle>, ValueError> {
    let instrument = instrument()?;
    let mut state = 42_u64;
    let mut close = 6_400_000_i64;
    let mut draw = |bound: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33).cast_signed() % bound
    };
    let candle = |index: i64| {
        let open = close;
        close = (close + draw(4_001) - 2_000).max(10_000);
        let price = |cents: i64| Price::new(Decimal::new(cents, 2));
        Candle::new(CandleParts {
            instrument: instrument.clone(),
            timeframe: Timeframe::M1,
            open_time: Timestamp::from_secs(1_600_000_000 + index * 60),
            open: price(open)?,
            high: price(open.max(close) + draw(500))?,
            low: price(open.min(close) - draw(500))?,
            close: price(close)?,
            volume: Quantity::new(Decimal::new(draw(100_000_000), 5))?,
        })
    };
    (0..CANDLES).map(candle).collect()
}

fn records() -> Result<Vec<JournalRecord>, ValueError> {
    let record = |seq: u64| {
        let time = Timestamp::from_millis(1_600_000_000_000 + seq.cast_signed());
        let quote = Quote {
            instrument: instrument()?,
            time,
            bid: "64250.5".parse()?,
            bid_quantity: "1.25".parse()?,
            ask: "64251".parse()?,
            ask_quantity: "0.75".parse()?,
        };
        Ok(JournalRecord::Event(EventRecord {
            seq,
            event_time: time,
            receive_time: time,
            event: Event::Quote(quote),
        }))
    };
    (0..RECORDS).map(record).collect()
}

fn whole_series() -> Result<CandleQuery, ValueError> {
    let (start, end) = (Timestamp::EPOCH, Timestamp::MAX);
    Ok(CandleQuery { instrument: instrument()?, timeframe: Timeframe::M1, start, end, limit: None })
}

fn sqlite_candles(criterion: &mut Criterion) -> Result<(), Failure> {
    let runtime = Runtime::new()?;
    let candles = candles()?;
    let query = whole_series()?;
    let folder = tempfile::tempdir()?;
    let settings = SqliteSettings { durability: Durability::Os, ..SqliteSettings::default() };
    let mut group = criterion.benchmark_group("sqlite_candles");
    group.throughput(Throughput::Elements(candles.len() as u64)).sample_size(10);

    let mut number = 0;
    group.bench_function("put_1m", |bencher| {
        let fresh = || {
            number += 1;
            let path = folder.path().join(format!("put-{number}.db"));
            runtime.block_on(SqliteStore::open_with(path, settings))
        };
        let put = |store: Result<SqliteStore, _>| {
            let done = store.map(|store| runtime.block_on(store.put_candles(&candles)).map(|()| store));
            assert!(matches!(done, Ok(Ok(_))), "put failed: {done:?}");
            done
        };
        bencher.iter_batched(fresh, put, BatchSize::PerIteration);
    });

    let store = runtime.block_on(SqliteStore::open_with(folder.path().join("get.db"), settings))?;
    runtime.block_on(store.put_candles(&candles))?;
    assert!(runtime.block_on(store.get_candles(&query))? == candles, "candles differ");
    group.bench_function("get_1m", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(store.get_candles(&query))).is_ok());
    });
    group.finish();
    Ok(())
}

fn journal_file(criterion: &mut Criterion) -> Result<(), Failure> {
    let records = records()?;
    let folder = tempfile::tempdir()?;
    let mut group = criterion.benchmark_group("journal_file");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(10);

    let mut number = 0;
    group.bench_function("append", |bencher| {
        bencher.iter(|| {
            number += 1;
            let path = folder.path().join(format!("{number}.jsonl"));
            let mut journal = FileJournal::create(&path, Durability::Os)?;
            for record in &records {
                journal.append(record)?;
            }
            journal.sync()?;
            drop(journal);
            std::fs::remove_file(path)?;
            Ok::<_, Failure>(())
        });
    });

    let path = folder.path().join("read.jsonl");
    let mut journal = FileJournal::create(&path, Durability::Os)?;
    for record in &records {
        journal.append(record)?;
    }
    drop(journal);
    group.bench_function("read_and_verify", |bencher| {
        bencher.iter(|| FileJournal::read(&path).map(|records| records.filter(Result::is_ok).count()));
    });
    group.bench_function("open_and_verify", |bencher| {
        bencher.iter(|| FileJournal::open(&path, Durability::Os).map(|(_, recovery)| recovery.records));
    });
    group.finish();
    Ok(())
}

fn journal_folder(criterion: &mut Criterion) -> Result<(), Failure> {
    let records = records()?;
    let folder = tempfile::tempdir()?;
    let settings = FolderSettings { durability: Durability::Os, ..FolderSettings::default() };
    let mut group = criterion.benchmark_group("journal_folder");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(10);

    let mut number = 0;
    // With the packing of all closed segments, for which the drop waits.
    group.bench_function("append_and_pack", |bencher| {
        bencher.iter(|| {
            number += 1;
            let path = folder.path().join(number.to_string());
            let (mut journal, _) = FolderJournal::open(&path, settings)?;
            for record in &records {
                journal.append(record)?;
            }
            journal.sync()?;
            drop(journal);
            std::fs::remove_dir_all(path)?;
            Ok::<_, Failure>(())
        });
    });

    let path = folder.path().join("read");
    let (mut journal, _) = FolderJournal::open(&path, settings)?;
    for record in &records {
        journal.append(record)?;
    }
    drop(journal);
    group.bench_function("read_and_verify", |bencher| {
        bencher.iter(|| FolderJournal::read(&path, 0).map(|records| records.filter(Result::is_ok).count()));
    });
    group.bench_function("open", |bencher| {
        bencher.iter(|| FolderJournal::open(&path, settings).map(|(_, found)| found.last_seq));
    });
    group.finish();
    Ok(())
}

fn store_journals(criterion: &mut Criterion) -> Result<(), Failure> {
    let runtime = Runtime::new()?;
    let records = records()?;
    let mut group = criterion.benchmark_group("store_journal");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(10);
    group.bench_function("memory_append", |bencher| {
        bencher.iter_batched(
            MemoryStore::new,
            |store| runtime.block_on(store.append(&records)).map(|()| store),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("sqlite_append", |bencher| {
        bencher.iter_batched(
            || runtime.block_on(SqliteStore::open_in_memory()),
            |store| store.map(|store| runtime.block_on(store.append(&records)).map(|()| store)),
            BatchSize::PerIteration,
        );
    });
    let store = runtime.block_on(SqliteStore::open_in_memory())?;
    runtime.block_on(store.append(&records))?;
    group.bench_function("sqlite_verify", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(store.verify_journal())).is_ok());
    });
    group.finish();
    Ok(())
}

fn all(criterion: &mut Criterion) {
    for part in [sqlite_candles, journal_file, journal_folder, store_journals] {
        if let Err(error) = part(criterion) {
            eprintln!("store bench failed: {error}");
            std::process::exit(1);
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(10)).warm_up_time(Duration::from_secs(1));
    targets = all
}
criterion_main!(benches);

//! Every store passes the conformance suites, and SQLite shows what was done to its file.
#![cfg(all(feature = "memory", feature = "sqlite", feature = "conformance"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::path::Path;

use common::*;
use proptest::prelude::*;
use qtp_core::port::*;
use qtp_core::*;
use qtp_store::{Durability, MemoryStore, SqliteSettings, SqliteStore, conformance};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

#[tokio::test]
async fn memory_conforms() {
    conformance::all(&MemoryStore::new()).await;
}

#[tokio::test]
async fn sqlite_in_memory_conforms() {
    conformance::all(&SqliteStore::open_in_memory().await.unwrap()).await;
}

#[tokio::test]
async fn sqlite_file_conforms_and_keeps_everything_when_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).await.unwrap();
    conformance::all(&store).await;
    store.put_meta("run_id", "1").await.unwrap();
    store.put_meta("run_id", "2").await.unwrap();
    let before = store.verify_journal().await.unwrap();
    let (orders, fills) = (store.orders().await.unwrap(), store.fills().await.unwrap());
    store.close().await;

    let settings = SqliteSettings { durability: Durability::Os, ..SqliteSettings::default() };
    let store = SqliteStore::open_with(&path, settings).await.unwrap();
    assert_eq!(store.meta("run_id").await.unwrap().as_deref(), Some("2"));
    assert_eq!(store.meta("none").await.unwrap(), None);
    assert_eq!(store.verify_journal().await.unwrap(), before);
    assert_eq!((store.orders().await.unwrap(), store.fills().await.unwrap()), (orders, fills));
    let kept: Vec<u64> = store.checkpoints().await.unwrap().iter().map(|kept| kept.seq).collect();
    assert_eq!(kept, [4999, 6]);
    // The room to skip is counted again from the table.
    assert!(matches!(store.append(&[small_record(5002)]).await, Err(StoreError::OutOfOrder { .. })));
    store.append(&[small_record(5001)]).await.unwrap();
    store.close().await;

    let read_only = SqliteStore::open_read_only(&path).await.unwrap();
    assert_eq!(read_only.verify_journal().await.unwrap().last_seq(), Some(5001));
    assert!(read_only.append(&[small_record(5002)]).await.is_err());
    assert!(SqliteStore::open_read_only(folder.path().join("none.db")).await.is_err());
}

#[tokio::test]
async fn every_kind_of_record_comes_back() {
    let stores: [&dyn Store; 2] = [&MemoryStore::new(), &SqliteStore::open_in_memory().await.unwrap()];
    for store in stores {
        store.append(&every_kind()).await.unwrap();
        assert_eq!(store.read(0, usize::MAX).await.unwrap(), every_kind());
    }
}

#[tokio::test]
async fn two_writers_of_one_file_keep_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (a, b) = (SqliteStore::open(&path).await.unwrap(), SqliteStore::open(&path).await.unwrap());
    a.append(&[small_record(0)]).await.unwrap();
    b.append(&[event(1, data_ref(3))]).await.unwrap();
    a.append(&[small_record(4)]).await.unwrap();
    assert!(matches!(b.append(&[small_record(4)]).await, Err(StoreError::OutOfOrder { got: 4, last: 4 })));
    b.append(&[small_record(6)]).await.unwrap();
    assert!(a.append(&[small_record(8)]).await.is_err());
    assert_eq!(a.verify_journal().await.unwrap().last_seq(), Some(6));
}

#[tokio::test]
async fn columns_that_are_read_out_of_json_hold_what_people_query() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let sent = at(7);
    let times =
        OrderTimes { decided: sent, approved: sent, submitted: sent, acknowledged: None, filled: None };
    store.put_orders(&[Order::new(order_request(1), times)]).await.unwrap();
    let decision = StoredDecision { seq: 3, time: at(1), outcome: outcome(decided()) };
    let hold = StoredDecision {
        seq: 4,
        time: at(1),
        outcome: outcome(DecisionResult::Hold(Reason::new("timeout", ""))),
    };
    store.put_decisions(&[decision, hold]).await.unwrap();
    store.put_proposal(&proposal(1), None).await.unwrap();
    store.close().await;

    let mut raw = raw(&path).await;
    let order: (String, String, String, String, String, String, i64) =
        sqlx::query_as("SELECT account, instrument, side, status, price, quantity, submitted FROM orders")
            .fetch_one(&mut raw)
            .await
            .unwrap();
    let text = |text: &str| text.to_owned();
    let expected = (
        text("main"),
        text("BTC-USDC-PERP@hyperliquid"),
        text("buy"),
        text("pending"),
        text("102.5"),
        text("0.25"),
        7_000_000_000,
    );
    assert_eq!(order, expected);
    let decision: (String, String, String, String, Option<String>) =
        sqlx::query_as("SELECT engine, model, reasoning, prompt, hold FROM decisions WHERE seq = 3")
            .fetch_one(&mut raw)
            .await
            .unwrap();
    assert_eq!(
        decision,
        (text("llm"), text("openrouter:some/model"), text("because"), text("You are\na trader"), None)
    );
    let hold: String =
        sqlx::query_scalar("SELECT hold FROM decisions WHERE seq = 4").fetch_one(&mut raw).await.unwrap();
    assert_eq!(hold, "timeout");
    let proposal: (String, String, String) =
        sqlx::query_as("SELECT account, strategy, price FROM proposals").fetch_one(&mut raw).await.unwrap();
    assert_eq!(proposal, (text("main"), text("trend"), text("104.25")));
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

/// A store with small records 0 to 4,999, so that a read takes more than one page.
async fn filled(path: &Path) {
    let settings = SqliteSettings { durability: Durability::Os, ..SqliteSettings::default() };
    let store = SqliteStore::open_with(path, settings).await.unwrap();
    store.append(&(0..5_000).map(small_record).collect::<Vec<_>>()).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn what_was_done_to_the_table_names_the_record() {
    let cases = [
        ("UPDATE journal SET body = replace(body, '64251', '64252') WHERE seq = 4990", 4990),
        ("UPDATE journal SET body = CAST(X'7B22FF7D' AS TEXT) WHERE seq = 8", 8),
        ("UPDATE journal SET body = '' WHERE seq = 0", 0),
        ("UPDATE journal SET kind = 'trade' WHERE seq = 3000", 3000),
        ("UPDATE journal SET event_time = event_time + 1 WHERE seq = 77", 77),
        ("UPDATE journal SET v = 2 WHERE seq = 78", 78),
        ("UPDATE journal SET hash = X'00' WHERE seq = 4096", 4096),
        ("UPDATE journal SET hash = zeroblob(32) WHERE seq = 4097", 4097),
        ("DELETE FROM journal WHERE seq = 0", 0),
        ("DELETE FROM journal WHERE seq = 4500", 4500),
        ("UPDATE journal SET seq = -1 WHERE seq = 0", 0),
        (
            "INSERT INTO journal SELECT 20000, v, event_time, receive_time, kind, body, hash FROM journal WHERE seq = 3",
            5_000,
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    filled(&whole).await;
    for (index, (sql, seq)) in cases.into_iter().enumerate() {
        // A name of its own: the log of the last case must not be taken for this one's.
        let path = folder.path().join(format!("{index}.db"));
        std::fs::copy(&whole, &path).unwrap();
        let mut raw = raw(&path).await;
        sqlx::query(sql).execute(&mut raw).await.unwrap();
        raw.close().await.unwrap();
        let store = SqliteStore::open_read_only(&path).await.unwrap();
        // A read of the end verifies what stands before it.
        let errors = [
            store.read(4_999, 10).await.unwrap_err(),
            store.read(0, usize::MAX).await.unwrap_err(),
            store.verify_journal().await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, StoreError::Corrupt { seq: s, .. } if s == seq), "{sql}: {error}");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn a_record_that_was_verified_is_checked_again_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    filled(&path).await;
    let store = SqliteStore::open(&path).await.unwrap();
    store.verify_journal().await.unwrap();
    let change = sqlx::query("UPDATE journal SET body = body || ' ' WHERE seq = 50");
    change.execute(&mut raw(&path).await).await.unwrap();
    assert_eq!(store.read(60, 1).await.unwrap(), [small_record(60)]);
    assert!(matches!(store.read(40, 20).await, Err(StoreError::Corrupt { seq: 50, .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_candles_come_back_exactly_in_any_batches(
        rows in prop::collection::vec((0_i64..30, any_price(), any_price(), any_quantity()), 1..40), cut in any::<prop::sample::Index>(),
    ) {
        let candles: Vec<_> = rows.into_iter().map(|(minute, a, b, volume)| Candle::new(CandleParts {
            instrument: instrument(),
            timeframe: Timeframe::M1,
            open_time: at(minute * 60),
            open: a,
            high: a.max(b),
            low: a.min(b),
            close: b,
            volume: volume.abs(),
        }).unwrap()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (memory, sqlite) = (MemoryStore::new(), SqliteStore::open_in_memory().await.unwrap());
            let (first, second) = candles.split_at(cut.index(candles.len()));
            for store in [&memory as &dyn Store, &sqlite] {
                store.put_candles(first).await.unwrap();
                store.put_candles(second).await.unwrap();
            }
            for limit in [None, Some(7)] {
                let query = CandleQuery { instrument: instrument(), timeframe: Timeframe::M1, start: at(60), end: at(1500), limit };
                let parts = |candles: Vec<Candle>| candles.into_iter().map(CandleParts::from).collect::<Vec<_>>();
                let (expected, got) = (memory.get_candles(&query).await.unwrap(), sqlite.get_candles(&query).await.unwrap());
                prop_assert_eq!(parts(got), parts(expected));
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_journal_comes_back_from_every_store(records in any_journal(10), from in 0_u64..12, limit in 0_usize..12) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (memory, sqlite) = (MemoryStore::new(), SqliteStore::open_in_memory().await.unwrap());
            let expected: Vec<_> = records.iter().filter(|r| r.seq() >= from).take(limit).cloned().collect();
            for store in [&memory as &dyn Store, &sqlite] {
                store.append(&records).await.unwrap();
                prop_assert_eq!(&store.read(from, limit).await.unwrap(), &expected);
                prop_assert_eq!(&store.read(0, usize::MAX).await.unwrap(), &records);
            }
            Ok(())
        })?;
    }
}

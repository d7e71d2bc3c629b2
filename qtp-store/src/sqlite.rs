//! Everything in one SQLite file: journal, candles, orders, fills, positions, decisions, equity.

mod candles;
mod decisions;
mod equity;
mod journal;
mod trades;

use std::path::Path;
use std::time::Duration;

use qtp_core::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};
use tokio::sync::Mutex;

use crate::chain::Chain;
use crate::error::codec;
use crate::file::Durability;

/// Connections that read at the same time as one writes.
const READERS: u32 = 4;

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteSettings {
    /// [`Durability::Fsync`] is `synchronous = FULL`, [`Durability::Os`] is `NORMAL`.
    pub durability: Durability,
    /// How long to wait for another process that writes.
    pub busy_timeout: Duration,
}

impl Default for SqliteSettings {
    fn default() -> Self {
        Self { durability: Durability::Fsync, busy_timeout: Duration::from_secs(5) }
    }
}

/// A store in one SQLite file, in WAL mode.
///
/// One connection writes, several read. Dropping a call's future leaves all of its effect or none.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use qtp_core::port::{EquityPoint, EquityStore as _};
/// use qtp_core::Timestamp;
/// use qtp_store::SqliteStore;
///
/// let store = SqliteStore::open_in_memory().await?;
/// let account: qtp_core::AccountId = "main".parse()?;
/// let point = EquityPoint { time: Timestamp::EPOCH, account: account.clone(), equity: "10000.5".parse()? };
/// store.put_equity(std::slice::from_ref(&point)).await?;
/// assert_eq!(store.equity(&account).await?, [point]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    reader: SqlitePool,
    /// Where the journal's end is known to stand; checked against the table before it is used.
    tail: Mutex<Option<Chain>>,
    /// How far the journal was verified.
    verified: Mutex<Chain>,
}

impl SqliteStore {
    /// Opens or creates a store, durable across power loss, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Backend`] if the file cannot be opened or a newer version made its tables.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, SqliteSettings::default()).await
    }

    /// As [`SqliteStore::open`], with settings.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn open_with(path: impl AsRef<Path>, settings: SqliteSettings) -> Result<Self, StoreError> {
        let synchronous = match settings.durability {
            Durability::Fsync => SqliteSynchronous::Full,
            Durability::Os => SqliteSynchronous::Normal,
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(settings.busy_timeout);
        let writer = connect(options.clone(), 1).await?;
        migrate(&writer).await?;
        let reader = connect(options, READERS).await?;
        Ok(Self::new(writer, reader))
    }

    /// A store that ends with this value.
    ///
    /// # Errors
    /// [`StoreError::Backend`] if SQLite fails.
    pub async fn open_in_memory() -> Result<Self, StoreError> {
        let pool = connect(SqliteConnectOptions::new().in_memory(true), 1).await?;
        migrate(&pool).await?;
        Ok(Self::new(pool.clone(), pool))
    }

    /// Opens a store for reading: every put fails.
    ///
    /// # Errors
    /// [`StoreError::Backend`] if there is no such file.
    pub async fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let pool = connect(options, READERS).await?;
        Ok(Self::new(pool.clone(), pool))
    }

    /// Keeps a fact about the run under a name.
    ///
    /// # Errors
    /// [`StoreError::Backend`] if SQLite fails.
    pub async fn put_meta(&self, key: &str, value: &str) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO meta (key, value) VALUES (?, ?) \
                           ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let done = sqlx::query(SQL).bind(key).bind(value).execute(&self.writer).await;
        done.map(drop).map_err(backend("put meta"))
    }

    /// A fact about the run.
    ///
    /// # Errors
    /// [`StoreError::Backend`] if SQLite fails.
    pub async fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT value FROM meta WHERE key = ?").bind(key);
        query.fetch_optional(&self.reader).await.map_err(backend("read meta"))
    }

    /// Waits for running calls, folds the write-ahead log into the file and closes it.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    fn new(writer: SqlitePool, reader: SqlitePool) -> Self {
        Self { writer, reader, tail: Mutex::new(None), verified: Mutex::new(Chain::new()) }
    }

    /// Takes the write lock at once: a lock that is upgraded later can fail half-way.
    async fn write(&self, operation: &'static str) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(backend(operation))
    }

    /// One unchanging picture for several queries.
    async fn snapshot(&self, operation: &'static str) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.reader.begin().await.map_err(backend(operation))
    }
}

async fn connect(options: SqliteConnectOptions, connections: u32) -> Result<SqlitePool, StoreError> {
    // Few, large hand-overs between SQLite's thread and ours: the hand-over costs more than the row.
    let options = options.foreign_keys(true).row_buffer_size(1024).statement_cache_capacity(64);
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false);
    pool.connect_with(options).await.map_err(backend("open store"))
}

async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let failed = |source: sqlx::migrate::MigrateError| StoreError::Backend {
        operation: "bring the tables up to date",
        retryable: false,
        source: source.into(),
    };
    sqlx::migrate!("migrations/sqlite").run(pool).await.map_err(failed)
}

/// `SQLITE_BUSY` and `SQLITE_LOCKED`, the low byte of the extended codes.
const BUSY: [u32; 2] = [5, 6];

fn backend(operation: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| {
        let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
        let retryable = matches!(error, sqlx::Error::PoolTimedOut)
            || code.is_some_and(|code| BUSY.contains(&(code & 0xFF)));
        StoreError::Backend { operation, retryable, source: error.into() }
    }
}

/// SQLite has signed integers only.
fn to_i64(what: &'static str, number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|error| codec("encode", what, error))
}

fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| codec("encode", what, error))
}

fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| codec("decode", what, error))
}

//! The journal as a table.

use async_trait::async_trait;
use qtp_core::port::{Checkpoint, Journal, JournalRecord};
use qtp_core::{SCHEMA_VERSION, StoreError, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::{SqliteStore, backend, to_i64};
use crate::chain::{Chain, Hash, announced_rows};
use crate::codec::{self, StoredRecord};
use crate::error::{corrupt, no_record};

/// Records that are read or inserted at once.
const PAGE: usize = 4096;
/// Rows of one INSERT: seven parameters each, of which SQLite takes 32,766.
const INSERT_ROWS: usize = 512;

const APPEND: &str = "append to journal";
const READ: &str = "read journal";

const COLUMNS_FROM: &str = "SELECT v, seq, event_time, receive_time, kind, body, hash FROM journal WHERE seq >= ? ORDER BY seq LIMIT ?";
const ROW_BEFORE: &str = "SELECT seq, hash FROM journal WHERE seq < ? ORDER BY seq DESC LIMIT 1";
const LAST_ROW: &str = "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1";
const DATA_REFS: &str = "SELECT v, seq, event_time, receive_time, kind, body, hash FROM journal \
                         WHERE kind = 'data_ref' ORDER BY seq";

const PUT_CHECKPOINT: &str = "INSERT INTO checkpoint (seq, v, hash, state) \
                              SELECT seq, ?, hash, ? FROM journal WHERE seq = ? \
                              ON CONFLICT (seq) DO UPDATE SET v = excluded.v, hash = excluded.hash, state = excluded.state";
const DROP_MISFITS: &str = "DELETE FROM checkpoint WHERE NOT EXISTS \
                            (SELECT 1 FROM journal j WHERE j.seq = checkpoint.seq AND j.hash = checkpoint.hash)";
const DROP_OLD: &str =
    "DELETE FROM checkpoint WHERE seq NOT IN (SELECT seq FROM checkpoint ORDER BY seq DESC LIMIT 2)";
const CHECKPOINTS: &str = "SELECT c.seq, c.state FROM checkpoint c JOIN journal j ON j.seq = c.seq AND j.hash = c.hash \
                           WHERE c.v = ? ORDER BY c.seq DESC LIMIT 2";

impl SqliteStore {
    /// Verifies the whole journal against its hash chain, from the first record, and tells where it ends.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names the first record that does not fit.
    pub async fn verify_journal(&self) -> Result<Chain, StoreError> {
        let mut snapshot = self.snapshot(READ).await?;
        let mut chain = Chain::new();
        loop {
            let rows = page(&mut snapshot, &chain, first_key(&chain)?, PAGE).await?;
            for stored in &rows {
                chain.verify(stored)?;
            }
            if rows.len() < PAGE {
                *self.verified.lock().await = chain;
                return Ok(chain);
            }
        }
    }
}

#[async_trait]
impl Journal for SqliteStore {
    async fn append(&self, records: &[JournalRecord]) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut tail = self.tail.lock().await;
        let mut transaction = self.write(APPEND).await?;
        let mut chain = end_of_table(&mut transaction, *tail).await?;
        for part in records.chunks(INSERT_ROWS) {
            let sealed = part.iter().map(|record| chain.seal(record)).collect::<Result<Vec<_>, _>>()?;
            insert(&mut transaction, sealed).await?;
        }
        transaction.commit().await.map_err(backend(APPEND))?;
        *tail = Some(chain);
        Ok(())
    }

    async fn read(&self, from: u64, limit: usize) -> Result<Vec<JournalRecord>, StoreError> {
        let mut verified = self.verified.lock().await;
        let mut snapshot = self.snapshot(READ).await?;
        verify_up_to(&mut snapshot, &mut verified, from).await?;
        let first_time = verified.last_seq().is_none_or(|last| last < from);
        let mut chain = if first_time { *verified } else { before(&mut snapshot, &verified, from).await? };
        let mut records = Vec::new();
        let mut key = if from == 0 { i64::MIN } else { to_i64("sequence number", from)? };
        while records.len() < limit {
            let wanted = PAGE.min(limit - records.len());
            let rows = page(&mut snapshot, &chain, key, wanted).await?;
            for stored in &rows {
                records.push(chain.open(stored)?);
            }
            if rows.len() < wanted {
                break;
            }
            key = first_key(&chain)?;
        }
        if first_time {
            *verified = chain;
        }
        Ok(records)
    }

    async fn last_seq(&self) -> Result<Option<u64>, StoreError> {
        let last: Option<i64> = sqlx::query_scalar("SELECT max(seq) FROM journal")
            .fetch_one(&self.reader)
            .await
            .map_err(backend(READ))?;
        last.map(|seq| u64::try_from(seq).map_err(|_| corrupt(0, format!("a record bears the number {seq}"))))
            .transpose()
    }

    async fn put_checkpoint(&self, seq: u64, state: &str) -> Result<(), StoreError> {
        let operation = "put checkpoint";
        let key = to_i64("sequence number", seq)?;
        let mut transaction = self.write(operation).await?;
        let put = sqlx::query(PUT_CHECKPOINT).bind(SCHEMA_VERSION).bind(state).bind(key);
        let done = put.execute(&mut *transaction).await.map_err(backend(operation))?;
        if done.rows_affected() == 0 {
            return Err(no_record(seq));
        }
        for query in [DROP_MISFITS, DROP_OLD] {
            sqlx::query(query).execute(&mut *transaction).await.map_err(backend(operation))?;
        }
        transaction.commit().await.map_err(backend(operation))
    }

    async fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let query = sqlx::query_as(CHECKPOINTS).bind(SCHEMA_VERSION);
        let rows: Vec<(i64, String)> =
            query.fetch_all(&self.reader).await.map_err(backend("read checkpoints"))?;
        let read = |(seq, state): (i64, String)| {
            let seq = u64::try_from(seq).map_err(|e| crate::error::codec("decode", "checkpoint", e))?;
            Ok(Checkpoint { seq, state })
        };
        rows.into_iter().map(read).collect()
    }
}

async fn insert(connection: &mut SqliteConnection, sealed: Vec<StoredRecord>) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO journal (v, seq, event_time, receive_time, kind, body, hash) ",
    );
    for record in &sealed {
        to_i64("sequence number", record.seq)?;
    }
    query.push_values(sealed, |mut row, record| {
        row.push_bind(i64::from(record.v))
            .push_bind(record.seq.cast_signed())
            .push_bind(record.event_time.as_nanos())
            .push_bind(record.receive_time.as_nanos())
            .push_bind(record.kind)
            .push_bind(record.body)
            .push_bind(record.hash.to_vec());
    });
    query.build().execute(connection).await.map(drop).map_err(backend(APPEND))
}

/// Where the table ends. `known` is used if the table still ends there; else what the sequence may skip is
/// counted again.
async fn end_of_table(connection: &mut SqliteConnection, known: Option<Chain>) -> Result<Chain, StoreError> {
    let last = sqlx::query(LAST_ROW).fetch_optional(&mut *connection).await.map_err(backend(APPEND))?;
    let Some(row) = last else { return Ok(Chain::new()) };
    let (seq, hash) = link(&row)?;
    if let Some(known) = known.filter(|known| known.last_seq() == Some(seq) && known.hash() == hash) {
        return Ok(known);
    }
    let refs = sqlx::query(DATA_REFS).fetch_all(&mut *connection).await.map_err(backend(APPEND))?;
    if refs.is_empty() {
        // Then no number was skipped, and nothing needs to be counted.
        return Ok(Chain::resume(seq, hash, 0, seq.saturating_add(1)));
    }
    let count = sqlx::query_scalar("SELECT count(*) FROM journal").fetch_one(&mut *connection).await;
    let records: i64 = count.map_err(backend(APPEND))?;
    let mut announced = 0_u64;
    for row in &refs {
        announced = announced.saturating_add(announced_rows(&codec::decode(&stored(row, 0)?)?));
    }
    Ok(Chain::resume(seq, hash, announced, records.unsigned_abs()))
}

/// Verifies what stands between the verified part and `from`, once.
async fn verify_up_to(
    connection: &mut SqliteConnection,
    verified: &mut Chain,
    from: u64,
) -> Result<(), StoreError> {
    while verified.expected() < from {
        let rows = page(connection, verified, first_key(verified)?, PAGE).await?;
        let whole = rows.len() == PAGE;
        for stored in rows.iter().take_while(|stored| stored.seq < from) {
            verified.verify(stored)?;
        }
        if !whole || rows.last().is_some_and(|stored| stored.seq >= from) {
            break;
        }
    }
    Ok(())
}

/// The chain before `from`, within the verified part. The room to skip is that of the whole part: the hashes
/// guard the sequence here.
async fn before(connection: &mut SqliteConnection, verified: &Chain, from: u64) -> Result<Chain, StoreError> {
    let key = to_i64("sequence number", from)?;
    let row = sqlx::query(ROW_BEFORE).bind(key).fetch_optional(connection).await.map_err(backend(READ))?;
    let Some(row) = row else { return Ok(Chain::new()) };
    let (seq, hash) = link(&row)?;
    Ok(Chain::resume(seq, hash, verified.announced(), seq.saturating_add(1)))
}

/// Where the row behind the chain is looked for. At the start a negative number must be seen too.
fn first_key(chain: &Chain) -> Result<i64, StoreError> {
    if chain.last_seq().is_none() { Ok(i64::MIN) } else { to_i64("sequence number", chain.expected()) }
}

async fn page(
    connection: &mut SqliteConnection,
    chain: &Chain,
    key: i64,
    limit: usize,
) -> Result<Vec<StoredRecord>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let query = sqlx::query(COLUMNS_FROM).bind(key).bind(limit);
    let rows = query.fetch_all(connection).await.map_err(backend(READ))?;
    rows.iter().map(|row| stored(row, chain.expected())).collect()
}

fn link(row: &SqliteRow) -> Result<(u64, Hash), StoreError> {
    let seq: i64 = row.try_get_unchecked(0).map_err(backend(READ))?;
    let hash: &[u8] = row.try_get_unchecked(1).map_err(backend(READ))?;
    let seq = u64::try_from(seq).map_err(|_| corrupt(0, format!("a record bears the number {seq}")))?;
    Ok((seq, hash.try_into().map_err(|_| corrupt(seq, "the hash is not 32 bytes"))?))
}

/// The columns as they stand: whatever was done to them must come out as damage, not as a failed query.
fn stored(row: &SqliteRow, expected: u64) -> Result<StoredRecord, StoreError> {
    let number = |index: usize| row.try_get_unchecked::<i64, _>(index).map_err(backend(READ));
    let bytes = |index: usize| row.try_get_unchecked::<&[u8], _>(index).map_err(backend(READ));
    let seq = number(1)?;
    let seq =
        u64::try_from(seq).map_err(|_| corrupt(expected, format!("a record bears the number {seq}")))?;
    let text = |index, problem| {
        Ok(std::str::from_utf8(bytes(index)?).map_err(|_| corrupt(seq, problem))?.to_owned())
    };
    Ok(StoredRecord {
        v: u32::try_from(number(0)?).map_err(|_| corrupt(seq, "the version cannot be read"))?,
        seq,
        event_time: Timestamp::from_nanos(number(2)?),
        receive_time: Timestamp::from_nanos(number(3)?),
        kind: text(4, "the kind is not UTF-8")?,
        body: text(5, "the body is not UTF-8")?,
        hash: bytes(6)?.try_into().map_err(|_| corrupt(seq, "the hash is not 32 bytes"))?,
    })
}

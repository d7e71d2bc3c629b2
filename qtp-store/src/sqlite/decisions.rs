//! Decisions and proposals: the whole of each as JSON, with columns read out of it for queries.

use async_trait::async_trait;
use qtp_core::port::{DecisionStore, StoredDecision};
use qtp_core::{Proposal, StoreError, Timestamp};

use super::{SqliteStore, backend, from_json, to_i64, to_json};
use crate::error::codec;

const PUT: &str = "put decisions";

#[async_trait]
impl DecisionStore for SqliteStore {
    async fn put_decisions(&self, decisions: &[StoredDecision]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT OR REPLACE INTO decisions (seq, time, body) VALUES (?, ?, ?)";
        let mut transaction = self.write(PUT).await?;
        for decision in decisions {
            let seq = to_i64("sequence number", decision.seq)?;
            let body = to_json("decision", &decision.outcome)?;
            let query = sqlx::query(SQL).bind(seq).bind(decision.time.as_nanos()).bind(body);
            query.execute(&mut *transaction).await.map_err(backend(PUT))?;
        }
        transaction.commit().await.map_err(backend(PUT))
    }

    async fn decisions(&self) -> Result<Vec<StoredDecision>, StoreError> {
        let query = sqlx::query_as("SELECT seq, time, body FROM decisions ORDER BY seq");
        let rows: Vec<(i64, i64, String)> =
            query.fetch_all(&self.reader).await.map_err(backend("read decisions"))?;
        let decision = |(seq, time, body): (i64, i64, String)| {
            let seq = u64::try_from(seq).map_err(|error| codec("decode", "decision", error))?;
            Ok(StoredDecision {
                seq,
                time: Timestamp::from_nanos(time),
                outcome: from_json("decision", &body)?,
            })
        };
        rows.into_iter().map(decision).collect()
    }

    async fn put_proposal(&self, proposal: &Proposal, outcome: Option<&str>) -> Result<(), StoreError> {
        // An end is not forgotten when the proposal itself is put again.
        const SQL: &str = "INSERT INTO proposals (id, body, outcome) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE \
                           SET body = excluded.body, outcome = coalesce(excluded.outcome, outcome)";
        let body = to_json("proposal", proposal)?;
        let query = sqlx::query(SQL).bind(format!("{:020}", proposal.id)).bind(body).bind(outcome);
        query.execute(&self.writer).await.map(drop).map_err(backend("put proposal"))
    }

    async fn proposals(&self) -> Result<Vec<(Proposal, Option<String>)>, StoreError> {
        let query = sqlx::query_as("SELECT body, outcome FROM proposals ORDER BY id");
        let rows: Vec<(String, Option<String>)> =
            query.fetch_all(&self.reader).await.map_err(backend("read proposals"))?;
        rows.into_iter().map(|(body, outcome)| Ok((from_json("proposal", &body)?, outcome))).collect()
    }
}

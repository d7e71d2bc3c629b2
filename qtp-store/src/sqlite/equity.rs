//! The equity curve.

use async_trait::async_trait;
use qtp_core::money::canonical;
use qtp_core::port::{EquityPoint, EquityStore};
use qtp_core::{AccountId, StoreError, Timestamp};

use super::{SqliteStore, backend};
use crate::error::codec;

const PUT: &str = "put equity";

#[async_trait]
impl EquityStore for SqliteStore {
    async fn put_equity(&self, points: &[EquityPoint]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT OR REPLACE INTO equity (account, time, equity) VALUES (?, ?, ?)";
        let mut transaction = self.write(PUT).await?;
        for point in points {
            let query = sqlx::query(SQL).bind(point.account.as_str()).bind(point.time.as_nanos());
            let query = query.bind(canonical(point.equity.get()));
            query.execute(&mut *transaction).await.map_err(backend(PUT))?;
        }
        transaction.commit().await.map_err(backend(PUT))
    }

    async fn equity(&self, account: &AccountId) -> Result<Vec<EquityPoint>, StoreError> {
        let query = sqlx::query_as("SELECT time, equity FROM equity WHERE account = ? ORDER BY time");
        let rows: Vec<(i64, String)> =
            query.bind(account.as_str()).fetch_all(&self.reader).await.map_err(backend("read equity"))?;
        let point = |(time, equity): (i64, String)| {
            let equity = equity.parse().map_err(|error| codec("decode", "equity", error))?;
            Ok(EquityPoint { time: Timestamp::from_nanos(time), account: account.clone(), equity })
        };
        rows.into_iter().map(point).collect()
    }
}

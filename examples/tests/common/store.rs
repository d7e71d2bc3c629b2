//! Questions to a SQLite store, past the code that wrote it.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::runtime::{Builder, Runtime};

pub struct Sql {
    runtime: Runtime,
    connection: SqliteConnection,
}

impl Sql {
    pub fn open(path: &Path) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(SqliteConnectOptions::new().filename(path).connect()).unwrap();
        Self { runtime, connection }
    }

    pub fn number(&mut self, query: &str) -> i64 {
        let query = sqlx::query_scalar(AssertSqlSafe(query));
        self.runtime.block_on(query.fetch_one(&mut self.connection)).unwrap()
    }

    pub fn texts(&mut self, query: &str) -> Vec<String> {
        let query = sqlx::query_scalar(AssertSqlSafe(query));
        self.runtime.block_on(query.fetch_all(&mut self.connection)).unwrap()
    }

    /// How many rows changed.
    pub fn change(&mut self, query: &str) -> u64 {
        let query = sqlx::query(AssertSqlSafe(query));
        self.runtime.block_on(query.execute(&mut self.connection)).unwrap().rows_affected()
    }

    pub fn close(self) {
        self.runtime.block_on(self.connection.close()).unwrap();
    }
}

//! Short ways to build [`StoreError`]s.

use std::io;

use qtp_core::{Source, StoreError};

pub(crate) fn corrupt(seq: u64, problem: impl Into<String>) -> StoreError {
    StoreError::Corrupt { seq, problem: problem.into() }
}

pub(crate) fn codec(
    operation: &'static str,
    what: impl Into<String>,
    source: impl Into<Source>,
) -> StoreError {
    StoreError::Codec { operation, what: what.into(), source: source.into() }
}

pub(crate) fn io_error(operation: &'static str, source: io::Error) -> StoreError {
    StoreError::Backend { operation, retryable: false, source: source.into() }
}

/// A checkpoint needs a record to belong to.
pub(crate) fn no_record(seq: u64) -> StoreError {
    io_error("put checkpoint", io::Error::other(format!("the journal has no record {seq}")))
}

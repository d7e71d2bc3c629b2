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

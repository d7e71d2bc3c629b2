//! The id of a live run: random, made once, kept in record 0.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use qtp_core::RunId;

/// A random run id. Orders of different live runs never share a client order id.
///
/// ```
/// use qtp_engine::driver::live::random_run_id;
/// assert_ne!(random_run_id(), random_run_id());
/// ```
pub fn random_run_id() -> RunId {
    // The standard library seeds its hash keys from the system's randomness.
    RunId(RandomState::new().build_hasher().finish())
}

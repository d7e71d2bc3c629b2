//! Words for whoever looks for the cause of something.

use std::io;

use tracing_subscriber::EnvFilter;

/// Writes what happens inside to standard error, as `RUST_LOG` asks for it, such as `RUST_LOG=warn` or `qtp_engine=debug`.
/// Without it nothing is written.
pub fn start() {
    if std::env::var_os(EnvFilter::DEFAULT_ENV).is_none() {
        return;
    }
    let written =
        tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).with_writer(io::stderr);
    // A test that runs a binary's main twice has it already.
    drop(written.try_init());
}

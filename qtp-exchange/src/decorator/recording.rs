//! Market data and account events into compressed files, and back.
//!
//! A recording is a row of files `NAME-000001.recording.gz`. Each is a chain of gzip members, so `zcat` reads it: first
//! a header line, then blocks of JSON lines, one event a line. The checksum of a block is that of its gzip member. A run
//! that is killed loses at most the block that it was collecting; the reader cuts a torn tail off and says so.

mod error;
mod file;
mod played;
mod reader;
mod recorder;

use qtp_core::{Event, Timestamp};
use serde::{Deserialize, Serialize};

pub use error::RecordingError;
pub use played::Played;
pub use reader::{Reader, Tail, read};
pub use recorder::{Recorder, RecorderFigures, RecorderSettings};

use super::decorated::Decorated;

/// An exchange, or market data alone, all of whose streams are recorded.
///
/// Recording never stands in the way of trading: what the disk is too slow for is left out, counted, and marked at the
/// next event that is written.
pub type Recording<E> = Decorated<E, Recorder>;

/// What the name of every file ends in.
const SUFFIX: &str = ".recording.gz";
/// Version of the files. Fields are only added within one.
const VERSION: u32 = 1;

/// One event as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The venue's time.
    pub event_time: Timestamp,
    /// Ours.
    pub receive_time: Timestamp,
    /// Events just before this one that could not be recorded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_before: u64,
    /// What happened.
    pub event: Event,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// First line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    /// Version of the events' stored form.
    schema: u32,
    program: String,
}

impl Header {
    fn present() -> Self {
        Self {
            format: "qtp-recording".into(),
            version: VERSION,
            schema: qtp_core::SCHEMA_VERSION,
            program: env!("CARGO_PKG_VERSION").into(),
        }
    }
}

//! What stops an engine.

use qtp_core::{AccountId, InstrumentId, Source, StoreError, StrategyError, StrategyId, Timestamp};
use thiserror::Error;

/// A configuration, record or journal that the engine cannot go on with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The configuration has problems; all of them are listed.
    #[error("configuration: {}", problems.join("; "))]
    Configuration {
        /// Every problem.
        problems: Vec<String>,
    },
    /// Two strategies claim the same instrument of the same account.
    #[error("{instrument} of account {account} is claimed by both {first} and {second}")]
    Claimed {
        /// Account.
        account: AccountId,
        /// Instrument.
        instrument: InstrumentId,
        /// First claimant.
        first: StrategyId,
        /// Second claimant.
        second: StrategyId,
    },
    /// Receive times may not decrease.
    #[error("record {seq}: receive time {time} is before {last}")]
    TimeWentBack {
        /// The record.
        seq: u64,
        /// Its receive time.
        time: Timestamp,
        /// That of the record before.
        last: Timestamp,
    },
    /// Sequence numbers must ascend.
    #[error("record {seq} follows record {last}")]
    OutOfSequence {
        /// The record.
        seq: u64,
        /// The record before.
        last: u64,
    },
    /// A saved state does not fit this engine.
    #[error("snapshot: {problem}")]
    Snapshot {
        /// What does not fit.
        problem: String,
    },
    /// A strategy could not be built or restored.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// The journal failed: the engine stops rather than act without a record.
    #[error("journal")]
    Journal(#[from] StoreError),
    /// A venue or data source failed.
    #[error("{what}")]
    Source {
        /// What failed.
        what: String,
        /// The cause.
        #[source]
        source: Source,
    },
    /// A chart cannot be drawn from this data.
    #[error("chart: {problem}")]
    Chart {
        /// What stands in the way.
        problem: String,
    },
    /// A replay gave other commands than the journal holds.
    #[error("record {seq}: the journal has {recorded}, the replay gave {replayed}")]
    Difference {
        /// First record that differs.
        seq: u64,
        /// What is stored.
        recorded: String,
        /// What came out now.
        replayed: String,
    },
}

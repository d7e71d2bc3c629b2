//! qtp-engine
pub mod report;
pub mod stats;

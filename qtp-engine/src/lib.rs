//! qtp-engine
pub mod stats;

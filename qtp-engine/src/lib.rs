//! qtp-engine

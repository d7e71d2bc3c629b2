//! qtp-store

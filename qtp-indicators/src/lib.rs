//! qtp-indicators

//! qtp-risk

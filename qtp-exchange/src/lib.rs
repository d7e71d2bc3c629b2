//! qtp-exchange

//! Paper trading.

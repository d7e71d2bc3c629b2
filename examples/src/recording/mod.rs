//! Recordings: what the market said to a run, in compressed files, and what is done with them afterwards.
//!
//! `bot --record DIR` and `record` write them. `backtest --recording DIR` runs the bot that recorded again, or a strategy
//! over the candles; `venue --recording DIR` trades on them.

mod candles;
mod record;
mod rerun;
mod tape;

pub use candles::{candle_files, tape_of};
pub use record::{RecordArgs, run as record};
pub use rerun::{Outcome, Rerun, Started, rerun, started};
pub use tape::{Tape, Taped};

#![doc = include_str!("../README.md")]

mod chain;
pub mod codec;
mod error;
mod file;

pub use chain::{Chain, Hash};
pub use codec::StoredRecord;
pub use file::{DiskSink, Durability, FileJournal, JournalReader, JournalSink, MAX_LINE, Recovery};

#![doc = include_str!("../README.md")]

mod chain;
pub mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod file;
mod folder;
#[cfg(any(feature = "memory", feature = "sqlite"))]
mod keys;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use chain::{Chain, Hash};
pub use codec::StoredRecord;
pub use file::{DiskSink, Durability, FileJournal, JournalReader, JournalSink, MAX_LINE, Recovery};
pub use folder::{FolderFound, FolderJournal, FolderReader, FolderSettings, FolderStore, SinkFactory};
#[cfg(feature = "memory")]
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteSettings, SqliteStore};

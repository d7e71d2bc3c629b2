//! What was said and found on the way to each decision, for the journal and for files.

mod book;
mod file;
mod noted;
mod traced;

pub use book::CallBook;
pub(crate) use noted::Noted;
pub(crate) use traced::Traced;

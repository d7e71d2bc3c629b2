//! What was said and found on the way to each decision, for the journal and for files.

mod asked;
mod book;
mod file;
mod traced;
mod tried;

pub(crate) use asked::Asked;
pub use book::CallBook;
pub(crate) use traced::Traced;
pub(crate) use tried::Tried;

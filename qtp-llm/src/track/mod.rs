//! What became of advice: read off the pictures that follow it, so that a replay learns the same.

mod conditions;
mod file;
mod record;
#[cfg(test)]
mod tests;

pub(crate) use conditions::Conditions;
pub use record::ClosedTrade;
pub(crate) use record::TrackRecord;

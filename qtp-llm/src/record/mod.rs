//! Recording what a model replies, and replying from the recording.

mod format;
mod key;
mod reader;
mod recorder;
#[cfg(test)]
mod tests;

pub use key::request_key;
pub use reader::Replay;
pub use recorder::Recorder;

//! Recording what an engine answers, and answering from the recording.

mod format;
mod key;
mod reader;
mod recorder;
#[cfg(test)]
mod tests;

pub use key::request_key;
pub use reader::Replay;
pub use recorder::Recorder;

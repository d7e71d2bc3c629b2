//! One number for all commands of a run: two runs with the same hash did the same.

use qtp_core::Command;
use sha2::{Digest, Sha256};

/// SHA-256 over the JSON of every command, in order.
#[derive(Debug, Clone, Default)]
pub struct CommandHash {
    hasher: Sha256,
    buffer: Vec<u8>,
    count: u64,
}

impl CommandHash {
    /// Adds a command.
    pub fn add(&mut self, command: &Command) {
        self.buffer.clear();
        // A command holds nothing that JSON cannot write; a failure would leave a short, still hashed, text.
        let written = serde_json::to_writer(&mut self.buffer, command);
        self.buffer.push(u8::from(written.is_err()));
        self.hasher.update(&self.buffer);
        self.count += 1;
    }

    /// How many commands there were.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The hash so far, in hex.
    pub fn finish(&self) -> String {
        let digest = self.hasher.clone().finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

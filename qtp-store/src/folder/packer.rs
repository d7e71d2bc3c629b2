//! Packs closed segments, on a thread of its own: an append never waits for it.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::index::{packed, plain, unfinished};
use crate::file::Durability;
use crate::file::sink::sync_folder;

/// A third of each record is its hash, which no level makes smaller.
const LEVEL: Compression = Compression::fast();

/// The thread, started with the first segment.
#[derive(Debug)]
pub(super) struct Packer {
    folder: PathBuf,
    durability: Durability,
    running: Option<(Sender<u64>, JoinHandle<()>)>,
}

impl Packer {
    pub(super) const fn new(folder: PathBuf, durability: Durability) -> Self {
        Self { folder, durability, running: None }
    }

    /// Packs a segment soon. One that cannot be packed stays as it is.
    pub(super) fn pack(&mut self, number: u64) {
        if self.running.is_none() {
            let (folder, durability) = (self.folder.clone(), self.durability);
            let (sender, receiver) = channel::<u64>();
            let work = move || {
                for number in receiver {
                    match pack(&folder, number, durability) {
                        // Retention was faster.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => tracing::warn!("journal segment {number} stays unpacked: {error}"),
                        Ok(()) => {}
                    }
                }
            };
            let thread = std::thread::Builder::new().name("journal-packer".to_owned()).spawn(work);
            self.running = thread.ok().map(|thread| (sender, thread));
        }
        if let Some((sender, _)) = &self.running {
            // A packer that panicked packs nothing; reading goes on with the plain segment.
            let _ = sender.send(number);
        }
    }
}

impl Drop for Packer {
    /// Waits for what was begun.
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.running.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

/// The packed file gets its name when it is whole; only then does the plain one go.
fn pack(folder: &Path, number: u64, durability: Durability) -> io::Result<()> {
    let (from, to) = (plain(folder, number), packed(folder, number));
    let mut reader = BufReader::with_capacity(1 << 18, File::open(&from)?);
    let half = unfinished(&to);
    let mut encoder = GzEncoder::new(BufWriter::new(File::create(&half)?), LEVEL);
    io::copy(&mut reader, &mut encoder)?;
    let mut writer = encoder.finish()?;
    writer.flush()?;
    if durability == Durability::Fsync {
        writer.get_ref().sync_all()?;
    }
    fs::rename(&half, &to)?;
    if durability == Durability::Fsync {
        sync_folder(&to)?;
    }
    fs::remove_file(&from)
}

//! The folder of one run.

use std::fs;
use std::path::{Path, PathBuf};

use qtp_core::port::{Clock as _, SystemClock};
use qtp_core::{RunId, Timestamp};
use qtp_engine::driver::live::random_run_id;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::args::Mode;
use super::facts::synthetic;
use super::settings::BotSettings;
use crate::exit::Failure;

/// `RUNS/RUN_ID/`: manifest, journal, store, CSV files and report of one run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
    run_id: RunId,
    resumed: bool,
}

/// What a run is, for people and for `replay`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Run id.
    pub run_id: RunId,
    /// Version of the program that started it.
    pub version: String,
    /// Made-up market data.
    pub synthetic: bool,
    /// When it began, for a run in real time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub begun: Option<Timestamp>,
    /// Everything that was set, without secrets.
    pub settings: BotSettings,
}

impl RunFolder {
    /// The newest run with these settings, or a new one.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub fn open(runs: &Path, settings: &BotSettings, fresh: bool) -> Result<Self, Failure> {
        let mut newest = None;
        let mut attempt = 0_u32;
        // Runs with equal settings are told apart by their number, so that nothing is ever overwritten.
        let next = loop {
            let run_id = run_id(settings, attempt)?;
            let path = runs.join(run_id.to_string());
            if !path.exists() {
                break Self { path, run_id, resumed: false };
            }
            newest = Some(Self { path, run_id, resumed: true });
            attempt += 1;
        };
        Ok(match newest {
            Some(newest) if !fresh => newest,
            _ => next,
        })
    }

    /// The newest run on a real market with these settings and what its venue said then, or a new one, whose id is drawn:
    /// client order ids come from it, and must never meet those of another run on the same account.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub fn open_real(
        runs: &Path,
        settings: &BotSettings,
        fresh: bool,
    ) -> Result<(Self, Option<Manifest>), Failure> {
        let mut newest: Option<(PathBuf, Manifest)> = None;
        let found = if runs.is_dir() && !fresh { Some(fs::read_dir(runs)?) } else { None };
        for entry in found.into_iter().flatten() {
            let path = entry?.path();
            // A folder without a manifest is no run of ours.
            let Ok((_, manifest)) = Self::existing(&path) else { continue };
            // How a run is kept is no part of what it is.
            let journal = settings.journal;
            let same = BotSettings { facts: None, journal, ..manifest.settings.clone() } == *settings;
            if same && newest.as_ref().is_none_or(|(_, other)| other.begun < manifest.begun) {
                newest = Some((path, manifest));
            }
        }
        let (folder, manifest) = match newest {
            Some((path, manifest)) => (Self { path, run_id: manifest.run_id, resumed: true }, Some(manifest)),
            None => {
                let run_id = random_run_id();
                (Self { path: runs.join(run_id.to_string()), run_id, resumed: false }, None)
            }
        };
        if folder.resumed {
            folder.make()?;
        }
        Ok((folder, manifest))
    }

    /// Makes the folder, and makes it the latest.
    fn make(&self) -> Result<(), Failure> {
        fs::create_dir_all(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))?;
        fs::write(self.path.with_file_name("latest"), self.run_id.to_string())?;
        Ok(())
    }

    /// An existing folder, by path.
    ///
    /// # Errors
    /// If it has no readable manifest.
    pub fn existing(path: &Path) -> Result<(Self, Manifest), Failure> {
        let file = path.join("manifest.json");
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let manifest: Manifest =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok((Self { path: path.to_owned(), run_id: manifest.run_id, resumed: true }, manifest))
    }

    /// The folder that was used last.
    ///
    /// # Errors
    /// If there is none.
    pub fn latest(runs: &Path) -> Result<PathBuf, Failure> {
        let file = runs.join("latest");
        let name = fs::read_to_string(&file)
            .map_err(|_| format!("{}: there is no run yet: start `bot` first", runs.display()))?;
        Ok(runs.join(name.trim()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Run id.
    pub const fn run_id(&self) -> RunId {
        self.run_id
    }

    /// True if the run was there before.
    pub const fn resumed(&self) -> bool {
        self.resumed
    }

    /// The journal, a folder of segments.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// The journal of a run that an older version began: one file.
    pub fn old_journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// The store.
    pub fn store(&self) -> PathBuf {
        self.path.join("run.sqlite")
    }

    /// The operator's socket.
    pub fn socket(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    /// Says in the folder what the run is. With that a new run begins: one that is refused before leaves nothing behind.
    ///
    /// # Errors
    /// If the folder cannot be made or the file not be written.
    pub fn write_manifest(&self, settings: &BotSettings) -> Result<(), Failure> {
        self.make()?;
        let synthetic = synthetic(&settings.trading);
        let manifest = Manifest {
            run_id: self.run_id,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            synthetic,
            begun: (settings.trading.mode != Mode::Demo && !synthetic).then(|| SystemClock.now()),
            settings: settings.clone(),
        };
        fs::write(self.path.join("manifest.json"), serde_json::to_vec_pretty(&manifest)?)?;
        Ok(())
    }
}

/// A hash of everything that defines a simulated run, and its number among equals.
fn run_id(settings: &BotSettings, attempt: u32) -> Result<RunId, Failure> {
    let mut hasher = Sha256::new();
    hasher.update(serde_json::to_vec(settings)?);
    hasher.update(attempt.to_be_bytes());
    let digest = hasher.finalize();
    Ok(RunId(u64::from_be_bytes(digest.first_chunk::<8>().copied().unwrap_or_default())))
}

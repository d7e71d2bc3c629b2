//! The files of a recording, written block by block.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::error::RecordingError;
use super::{Header, Recorded, RecorderSettings, SUFFIX};

/// The file that is written now, and the block that is collected for it.
#[derive(Debug)]
pub(super) struct Files {
    settings: RecorderSettings,
    path: PathBuf,
    number: u32,
    file: File,
    file_bytes: u64,
    /// Bytes of all files of this run.
    pub(super) bytes: u64,
    block: Vec<u8>,
    block_began: Option<i64>,
}

impl Files {
    /// A new file behind those that are there: what an earlier run wrote is never touched.
    pub(super) fn create(settings: RecorderSettings) -> Result<Self, RecordingError> {
        fs::create_dir_all(&settings.folder).map_err(RecordingError::io(&settings.folder))?;
        let number = last_number(&settings)? + 1;
        let (path, file) = open(&settings, number)?;
        let mut files = Self {
            settings,
            path,
            number,
            file,
            file_bytes: 0,
            bytes: 0,
            block: Vec::new(),
            block_began: None,
        };
        files.write_header()?;
        Ok(files)
    }

    /// Adds an event to the block, and writes the block once it is large or old enough.
    pub(super) fn add(&mut self, event: &Recorded) -> Result<(), RecordingError> {
        serde_json::to_writer(&mut self.block, event)
            .map_err(|error| RecordingError::Io { path: self.path.clone(), source: error.into() })?;
        self.block.push(b'\n');
        let now = event.receive_time.as_nanos();
        let began = *self.block_began.get_or_insert(now);
        let age = i64::try_from(self.settings.block_age.as_nanos()).unwrap_or(i64::MAX);
        if self.block.len() >= self.settings.block_bytes || now.saturating_sub(began) >= age {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what was collected as a block of its own.
    pub(super) fn flush(&mut self) -> Result<(), RecordingError> {
        if self.block.is_empty() {
            return Ok(());
        }
        if self.file_bytes >= self.settings.file_bytes {
            self.rotate()?;
        }
        self.block_began = None;
        self.write_block()
    }

    /// Writes what was collected and waits until the disk has it.
    pub(super) fn finish(mut self) -> Result<u64, RecordingError> {
        self.flush()?;
        self.file.sync_all().map_err(RecordingError::io(&self.path))?;
        Ok(self.bytes)
    }

    fn rotate(&mut self) -> Result<(), RecordingError> {
        self.file.sync_all().map_err(RecordingError::io(&self.path))?;
        self.number += 1;
        (self.path, self.file) = open(&self.settings, self.number)?;
        self.file_bytes = 0;
        let block = std::mem::take(&mut self.block);
        self.write_header()?;
        self.block = block;
        Ok(())
    }

    fn write_header(&mut self) -> Result<(), RecordingError> {
        self.block = serde_json::to_vec(&Header::present())
            .map_err(|error| RecordingError::format(&self.path, error.to_string()))?;
        self.block.push(b'\n');
        self.write_block()
    }

    fn write_block(&mut self) -> Result<(), RecordingError> {
        let member = compressed(&self.block).map_err(RecordingError::io(&self.path))?;
        let length = member.len() as u64;
        if self.bytes + length > self.settings.total_bytes {
            let problem = format!("the recording would be over {} bytes", self.settings.total_bytes);
            return Err(RecordingError::format(&self.path, problem));
        }
        self.file.write_all(&member).map_err(RecordingError::io(&self.path))?;
        self.file_bytes += length;
        self.bytes += length;
        self.block.clear();
        Ok(())
    }
}

fn compressed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn open(settings: &RecorderSettings, number: u32) -> Result<(PathBuf, File), RecordingError> {
    let path = settings.folder.join(format!("{}-{number:06}{SUFFIX}", settings.name));
    let file = File::options().write(true).create_new(true).open(&path).map_err(RecordingError::io(&path))?;
    Ok((path, file))
}

fn last_number(settings: &RecorderSettings) -> Result<u32, RecordingError> {
    let mut last = 0;
    for path in files_in(&settings.folder)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name
            .strip_prefix(settings.name.as_str())
            .and_then(|rest| rest.strip_prefix('-')?.strip_suffix(SUFFIX)?.parse().ok());
        last = last.max(number.unwrap_or(0));
    }
    Ok(last)
}

/// The recordings of a folder, by name.
pub(super) fn files_in(folder: &Path) -> Result<Vec<PathBuf>, RecordingError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(RecordingError::io(folder))? {
        let path = entry.map_err(RecordingError::io(folder))?.path();
        if path.to_str().is_some_and(|text| text.ends_with(SUFFIX)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

//! Reads a recording, one block in memory at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use qtp_core::SCHEMA_VERSION;

use super::error::RecordingError;
use super::file::files_in;
use super::{Header, Recorded, VERSION};

/// Longest block that is believed, in bytes after decompression.
const BLOCK_MAX: u64 = 256 << 20;

/// The end of a file that a killed run did not finish writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// File.
    pub path: PathBuf,
    /// Where the whole blocks end, in bytes.
    pub offset: u64,
    /// Bytes that were cut off.
    pub bytes: u64,
}

/// The events of a recording, in the order in which they were written.
#[derive(Debug)]
pub struct Reader {
    /// Files to come, the last one first.
    files: Vec<PathBuf>,
    file: Option<(PathBuf, BufReader<File>)>,
    /// The block at hand, and how much of it was given out.
    block: Vec<u8>,
    place: usize,
    block_offset: u64,
    tails: Vec<Tail>,
}

/// Opens a file, or all recordings of a folder in order of name.
///
/// # Errors
/// [`RecordingError`] if there is none. What is wrong inside is told on the way.
pub fn read(path: &Path) -> Result<Reader, RecordingError> {
    let mut files = if path.is_dir() { files_in(path)? } else { vec![path.to_owned()] };
    if files.is_empty() {
        return Err(RecordingError::format(path, "no recording in this folder"));
    }
    files.reverse();
    Ok(Reader { files, file: None, block: Vec::new(), place: 0, block_offset: 0, tails: Vec::new() })
}

impl Reader {
    /// What was cut off so far, at most one a file.
    pub fn tails(&self) -> &[Tail] {
        &self.tails
    }

    fn next_event(&mut self) -> Result<Option<Recorded>, RecordingError> {
        loop {
            if let Some(line) = self.next_line() {
                let event = serde_json::from_slice(line).map_err(|error| error.to_string());
                return event.map(Some).map_err(|problem| self.damaged(problem));
            }
            if !self.next_block()? {
                return Ok(None);
            }
        }
    }

    fn next_line(&mut self) -> Option<&[u8]> {
        let rest = self.block.get(self.place..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        self.place += length + 1;
        rest.get(..length)
    }

    /// Loads the next whole block, of this file or the next. False at the end.
    fn next_block(&mut self) -> Result<bool, RecordingError> {
        loop {
            let Some((path, reader)) = self.file.as_mut() else {
                let Some(path) = self.files.pop() else { return Ok(false) };
                self.open(path)?;
                continue;
            };
            let path = path.clone();
            self.block_offset = reader.stream_position().map_err(RecordingError::io(&path))?;
            match member(reader, &mut self.block) {
                Ok(true) => {
                    self.place = 0;
                    return Ok(true);
                }
                Ok(false) => self.file = None,
                Err(error) => self.torn(path, &error)?,
            }
        }
    }

    fn open(&mut self, path: PathBuf) -> Result<(), RecordingError> {
        let file = File::open(&path).map_err(RecordingError::io(&path))?;
        let mut reader = BufReader::new(file);
        self.block_offset = 0;
        let header = match member(&mut reader, &mut self.block) {
            Ok(true) => serde_json::from_slice::<Header>(&self.block).map_err(|error| error.to_string()),
            // Killed between making the file and its first write.
            Ok(false) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                self.file = Some((path.clone(), reader));
                return self.torn(path, &error);
            }
            Err(error) => Err(error.to_string()),
        };
        self.place = self.block.len();
        let present = Header::present();
        match header {
            Ok(header) if header.format == present.format => {
                if header.version > VERSION || header.schema > SCHEMA_VERSION {
                    let problem = format!(
                        "recording of version {} with events of version {}: this build reads up to {VERSION} and {SCHEMA_VERSION}",
                        header.version, header.schema
                    );
                    return Err(RecordingError::format(&path, problem));
                }
                self.file = Some((path, reader));
                Ok(())
            }
            Ok(_) => Err(RecordingError::format(&path, "not a recording")),
            Err(problem) => Err(RecordingError::format(&path, format!("not a recording: {problem}"))),
        }
    }

    /// Cuts off a block that was not written whole; anything else that does not fit is damage.
    fn torn(&mut self, path: PathBuf, error: &io::Error) -> Result<(), RecordingError> {
        let offset = self.block_offset;
        let Some((_, mut reader)) = self.file.take() else { return Ok(()) };
        let rest = |reader: &mut BufReader<File>| -> io::Result<(u64, bool)> {
            reader.seek(SeekFrom::Start(offset))?;
            let (mut bytes, mut zeros) = (0, true);
            loop {
                let part = reader.fill_buf()?;
                if part.is_empty() {
                    return Ok((bytes, zeros));
                }
                zeros &= part.iter().all(|byte| *byte == 0);
                let length = part.len();
                bytes += length as u64;
                reader.consume(length);
            }
        };
        let (bytes, zeros) = rest(&mut reader).map_err(RecordingError::io(&path))?;
        self.block.clear();
        // A file system that lost power may have kept the length and not the bytes.
        if error.kind() == ErrorKind::UnexpectedEof || zeros {
            self.tails.push(Tail { path, offset, bytes });
            return Ok(());
        }
        Err(RecordingError::Damaged { path, offset, problem: error.to_string() })
    }

    fn damaged(&self, problem: String) -> RecordingError {
        let path = self.file.as_ref().map(|(path, _)| path.clone()).unwrap_or_default();
        RecordingError::Damaged { path, offset: self.block_offset, problem }
    }
}

impl Iterator for Reader {
    type Item = Result<Recorded, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_event().transpose();
        if let Some(Err(_)) = &next {
            // What follows damage has no known place: the reading ends with it.
            self.files.clear();
            self.file = None;
            self.block.clear();
        }
        next
    }
}

/// Reads one gzip member whole; false at the end of the file.
fn member(reader: &mut BufReader<File>, block: &mut Vec<u8>) -> io::Result<bool> {
    block.clear();
    if reader.fill_buf()?.is_empty() {
        return Ok(false);
    }
    let mut decoder = GzDecoder::new(reader).take(BLOCK_MAX);
    decoder.read_to_end(block)?;
    if decoder.limit() == 0 {
        return Err(io::Error::new(ErrorKind::InvalidData, "a block of more than 256 MiB"));
    }
    Ok(true)
}

//! Lines of a plain or gzip file, in bounded memory, with the hash of the file's bytes.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Chain, Cursor, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use memchr::memchr;
use sha2::{Digest, Sha256};

use super::error::{CandleFileError, Problem};

/// Longest line, without its end.
const LINE_MAX: usize = 64 * 1024;
const BUFFER: usize = 4 * LINE_MAX;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

type Head = Cursor<Vec<u8>>;

/// The lines of a file, one at a time.
#[derive(Debug)]
pub(super) struct Lines {
    file: PathBuf,
    input: Input,
    buffer: Vec<u8>,
    unread: Range<usize>,
    current: Range<usize>,
    number: u64,
    ended: bool,
}

#[derive(Debug)]
enum Input {
    /// The text of a file of another form, and that file's hash.
    #[cfg(feature = "parquet")]
    Text(Head, String),
    Plain(Hashed<Chain<Head, File>>),
    Gzip(Box<MultiGzDecoder<Hashed<Chain<Head, File>>>>),
}

#[derive(Debug)]
struct Hashed<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

impl Lines {
    /// Opens a file; gzip is told by its first bytes.
    ///
    /// # Errors
    /// [`CandleFileError::Io`] if it cannot be opened.
    pub(super) fn open(path: &Path) -> Result<Self, CandleFileError> {
        #[cfg(feature = "parquet")]
        if let Some(table) = super::parquet::read(path)? {
            return Self::of(path, Input::Text(Cursor::new(table.lines), table.sha256));
        }
        let failed = |source| CandleFileError::Io { file: path.to_owned(), line: 0, source };
        let mut file = File::open(path).map_err(failed)?;
        // The head is chained back rather than sought back, so that a pipe can be read too.
        let mut head = Vec::with_capacity(GZIP_MAGIC.len());
        file.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut head).map_err(failed)?;
        let gzip = head == GZIP_MAGIC;
        let bytes = Hashed { inner: Cursor::new(head).chain(file), hash: Sha256::new() };
        let input =
            if gzip { Input::Gzip(Box::new(MultiGzDecoder::new(bytes))) } else { Input::Plain(bytes) };
        Self::of(path, input)
    }

    fn of(path: &Path, input: Input) -> Result<Self, CandleFileError> {
        let mut lines = Self {
            file: path.to_owned(),
            input,
            buffer: vec![0; BUFFER],
            unread: 0..0,
            current: 0..0,
            number: 0,
            ended: false,
        };
        lines.fill()?;
        if lines.buffer[lines.unread.clone()].starts_with(BYTE_ORDER_MARK) {
            lines.unread.start += BYTE_ORDER_MARK.len();
        }
        Ok(lines)
    }

    /// Moves to the next line; false at the end of the file.
    ///
    /// # Errors
    /// If the file cannot be read, or the line is longer than 64 KiB or not UTF-8.
    pub(super) fn advance(&mut self) -> Result<bool, CandleFileError> {
        let length = loop {
            let unread = &self.buffer[self.unread.clone()];
            if let Some(length) = memchr(b'\n', unread) {
                break length;
            }
            if unread.len() > LINE_MAX + 1 || self.ended {
                if unread.is_empty() {
                    return Ok(false);
                }
                break unread.len();
            }
            self.fill()?;
        };
        self.number += 1;
        let start = self.unread.start;
        self.unread.start = (start + length + 1).min(self.unread.end);
        let ending = usize::from(length > 0 && self.buffer[start + length - 1] == b'\r');
        self.current = start..start + length - ending;
        if self.current.len() > LINE_MAX {
            return Err(self.error(Problem::LineTooLong));
        }
        let line = self.line();
        if !line.is_ascii() && std::str::from_utf8(line).is_err() {
            return Err(self.error(Problem::NotText));
        }
        Ok(true)
    }

    /// The current line without its end.
    #[inline]
    pub(super) fn line(&self) -> &[u8] {
        &self.buffer[self.current.clone()]
    }

    /// Number of the current line, from 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// An error about the current line.
    #[cold]
    pub(super) fn error(&self, problem: Problem) -> CandleFileError {
        CandleFileError::Line { file: self.file.clone(), line: self.number, problem }
    }

    /// SHA-256 of the file's bytes as they are on disk, in hex. The whole file must have been read.
    pub(super) fn sha256(self) -> String {
        let hash = match self.input {
            #[cfg(feature = "parquet")]
            Input::Text(_, sha256) => return sha256,
            Input::Plain(bytes) => bytes.hash,
            Input::Gzip(decoder) => decoder.into_inner().hash,
        };
        hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Moves the unread bytes to the front and fills the rest of the buffer.
    fn fill(&mut self) -> Result<(), CandleFileError> {
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        while !self.ended && self.unread.end < self.buffer.len() {
            let room = &mut self.buffer[self.unread.end..];
            let (read, gzip) = match &mut self.input {
                #[cfg(feature = "parquet")]
                Input::Text(text, _) => (text.read(room), false),
                Input::Plain(bytes) => (bytes.read(room), false),
                Input::Gzip(decoder) => (decoder.read(room), true),
            };
            match read {
                Ok(0) => self.ended = true,
                Ok(count) => self.unread.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(self.failed(source, gzip)),
            }
        }
        Ok(())
    }

    fn failed(&self, source: io::Error, gzip: bool) -> CandleFileError {
        let newlines = memchr::memchr_iter(b'\n', &self.buffer[self.unread.clone()]).count();
        let (file, line) = (self.file.clone(), self.number + newlines as u64);
        // The decoder passes on what the disk says with its code; its own words have none.
        if gzip && source.raw_os_error().is_none() {
            CandleFileError::Gzip { file, line, source }
        } else {
            CandleFileError::Io { file, line, source }
        }
    }
}

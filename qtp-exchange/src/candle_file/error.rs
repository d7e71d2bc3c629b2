//! What can be wrong with a file, and where.

use std::io;
use std::path::{Path, PathBuf};

use qtp_core::{Decimal, Timeframe, Timestamp};
use thiserror::Error;

/// A file that cannot be used. Lines count from 1, the header included.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CandleFileError {
    /// The operating system could not open or read the file.
    #[error("{}: cannot read{}: {source}", file.display(), behind(*line))]
    Io {
        /// File.
        file: PathBuf,
        /// Last line that was read; 0 if none was.
        line: u64,
        /// Cause.
        source: io::Error,
    },
    /// The compressed data ends too early or is damaged.
    #[error("{}: gzip data is truncated or damaged behind line {line}: {source}", file.display())]
    Gzip {
        /// File.
        file: PathBuf,
        /// Last line that was read; 0 if none was.
        line: u64,
        /// Cause.
        source: io::Error,
    },
    /// A whole line is wrong.
    #[error("{}: line {line}: {problem}", file.display())]
    Line {
        /// File.
        file: PathBuf,
        /// Line.
        line: u64,
        /// What is wrong.
        problem: Problem,
    },
    /// One field is wrong.
    #[error("{}: line {line}, column {column}: {problem}", file.display())]
    Field {
        /// File.
        file: PathBuf,
        /// Line.
        line: u64,
        /// The column's name as the header writes it, or its number if it has none.
        column: String,
        /// What is wrong.
        problem: Problem,
    },
}

/// Where reading stopped, if it began.
fn behind(line: u64) -> String {
    if line == 0 { String::new() } else { format!(" behind line {line}") }
}

impl CandleFileError {
    /// The file.
    pub fn file(&self) -> &Path {
        match self {
            Self::Io { file, .. }
            | Self::Gzip { file, .. }
            | Self::Line { file, .. }
            | Self::Field { file, .. } => file,
        }
    }

    /// The line, or the last one that could be read.
    pub const fn line(&self) -> u64 {
        match self {
            Self::Io { line, .. }
            | Self::Gzip { line, .. }
            | Self::Line { line, .. }
            | Self::Field { line, .. } => *line,
        }
    }

    /// What is wrong with the content; `None` if it could not be read.
    pub const fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Line { problem, .. } | Self::Field { problem, .. } => Some(problem),
            _ => None,
        }
    }
}

/// What is wrong with a line or a field. Texts are cut to 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing is in the file.
    #[error("the file is empty")]
    Empty,
    /// The header stands alone.
    #[error("no rows below the header")]
    NoRows,
    /// A column that the file needs is not in its header.
    #[error("missing from the header (one of: {expected})")]
    MissingColumn {
        /// Accepted names.
        expected: &'static str,
    },
    /// Two columns have the same name.
    #[error("named twice in the header")]
    DuplicateColumn,
    /// A row has too few or too many fields.
    #[error("{found} fields where the header has {expected}")]
    ColumnCount {
        /// Fields in this row.
        found: usize,
        /// Columns in the header.
        expected: usize,
    },
    /// A line of a file of JSON objects that is none.
    #[error("{text:?} is not a JSON object")]
    NotAnObject {
        /// The line.
        text: String,
    },
    /// An empty line with more rows behind it.
    #[error("empty line between rows")]
    BlankLine,
    /// Longer than 64 KiB.
    #[error("longer than 64 KiB")]
    LineTooLong,
    /// Binary data, or text in another encoding.
    #[error("not UTF-8 text")]
    NotText,
    /// Not a decimal number.
    #[error("{text:?} is not a number")]
    NotANumber {
        /// The field.
        text: String,
    },
    /// NaN or an infinity.
    #[error("{text:?} is not a finite number")]
    NotFinite {
        /// The field.
        text: String,
    },
    /// The number has more digits than an exact decimal holds.
    #[error("{text:?} needs more than 28 digits")]
    TooManyDigits {
        /// The field.
        text: String,
    },
    /// The magnitude is above 1e14.
    #[error("{text:?} is larger than 1e14")]
    TooLarge {
        /// The field.
        text: String,
    },
    /// A price of zero or less.
    #[error("{value} is not above 0")]
    NotPositive {
        /// The price.
        value: Decimal,
    },
    /// A volume below zero.
    #[error("{value} is below 0")]
    Negative {
        /// The volume.
        value: Decimal,
    },
    /// High below low.
    #[error("high {high} is below low {low}")]
    HighBelowLow {
        /// High.
        high: Decimal,
        /// Low.
        low: Decimal,
    },
    /// Some rows have a volume and some have none.
    #[error("empty in some rows, but not in all")]
    PartlyEmpty,
    /// Not a time in any accepted form.
    #[error("{text:?} is not a time ({expected})")]
    NotATime {
        /// The field.
        text: String,
        /// The form that the first row set, or all forms.
        expected: &'static str,
    },
    /// A calendar date that could as well be seconds.
    #[error("{text:?} looks like YYYYMMDD, which is not read; name the time unit if it is a Unix time")]
    CompactDate {
        /// The field.
        text: String,
    },
    /// The time lies outside 1970 to 2200 in the unit that the first row set.
    #[error("{text:?} is not in the years 1970 to 2200 as {unit}")]
    TimeOutOfRange {
        /// The field.
        text: String,
        /// Unit or form.
        unit: &'static str,
    },
    /// Earlier than the row above.
    #[error("{time} is before {previous} of the row above")]
    NotAscending {
        /// This row.
        time: Timestamp,
        /// The row above.
        previous: Timestamp,
    },
    /// The same time as the row above.
    #[error("{time} stands twice")]
    DuplicateTime {
        /// This row.
        time: Timestamp,
    },
    /// The width of the candles cannot be told from the rows.
    #[error("the timeframe cannot be told from the rows ({why}): name it")]
    NoTimeframe {
        /// Why.
        why: &'static str,
    },
    /// The timeframe that was named is wider than the step between rows, so that candles overlap.
    #[error("timeframe {given} is wider than the usual step of {step}")]
    TimeframeTooWide {
        /// As named.
        given: Timeframe,
        /// Most frequent step.
        step: Timeframe,
    },
    /// Not -1, 0 or 1.
    #[error("{text:?} is not a signal (-1, 0 or 1)")]
    NotASignal {
        /// The field.
        text: String,
    },
}

impl Problem {
    /// A number above the bound.
    pub(super) fn too_large(field: &[u8]) -> Self {
        Self::TooLarge { text: excerpt(field) }
    }
}

/// The text of a field for a message: bounded, whatever its bytes are.
pub(super) fn excerpt(field: &[u8]) -> String {
    let cut = field.get(..256).unwrap_or(field);
    String::from_utf8_lossy(cut).chars().take(64).collect()
}

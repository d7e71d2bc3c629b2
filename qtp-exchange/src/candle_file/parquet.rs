//! Parquet files as the text of a table, so that one reader judges every form.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use qtp_core::Timestamp;
use sha2::{Digest as _, Sha256};

use super::error::{CandleFileError, Problem, excerpt};

/// First and last bytes of every such file.
const MAGIC: &[u8] = b"PAR1";

/// A table as lines of fields, its header first, and the SHA-256 of the file it came from.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) lines: Vec<u8>,
    pub(super) sha256: String,
}

/// The file's table; `None` for a file of another form.
///
/// # Errors
/// If it cannot be read, or holds values that are neither numbers, texts nor times.
pub(super) fn read(path: &Path) -> Result<Option<Text>, CandleFileError> {
    let failed = |source: io::Error| CandleFileError::Io { file: path.to_owned(), line: 0, source };
    let mut file = File::open(path).map_err(failed)?;
    let mut head = Vec::with_capacity(MAGIC.len());
    // A pipe cannot be read twice, and cannot be such a file.
    if !file.metadata().map_err(failed)?.is_file() {
        return Ok(None);
    }
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(failed)?;
    if head != MAGIC {
        return Ok(None);
    }
    let damaged = |line: u64| {
        move |error: ParquetError| CandleFileError::Io {
            file: path.to_owned(),
            line,
            source: io::Error::other(error),
        }
    };
    let sha256 = sha256(path).map_err(failed)?;
    let reader = SerializedFileReader::new(File::open(path).map_err(failed)?).map_err(damaged(0))?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names: Vec<&str> = schema.root_schema().get_fields().iter().map(|field| field.name()).collect();
    let mut text = names.join(",");
    text.push('\n');
    for (line, row) in (2..).zip(reader.get_row_iter(None).map_err(damaged(0))?) {
        let row = row.map_err(damaged(line - 1))?;
        for (place, (name, field)) in row.get_column_iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            push(&mut text, field).map_err(|problem| CandleFileError::Field {
                file: path.to_owned(),
                line,
                column: name.clone(),
                problem,
            })?;
        }
        text.push('\n');
    }
    Ok(Some(Text { lines: text.into_bytes(), sha256 }))
}

/// A value by all its digits; a float by the shortest text that gives it back.
fn push(text: &mut String, field: &Field) -> Result<(), Problem> {
    let written = match field {
        Field::Null => Ok(()),
        Field::Byte(value) => write!(text, "{value}"),
        Field::Short(value) => write!(text, "{value}"),
        Field::Int(value) => write!(text, "{value}"),
        Field::Long(value) => write!(text, "{value}"),
        Field::UByte(value) => write!(text, "{value}"),
        Field::UShort(value) => write!(text, "{value}"),
        Field::UInt(value) => write!(text, "{value}"),
        Field::ULong(value) => write!(text, "{value}"),
        Field::Float(value) => write!(text, "{value}"),
        Field::Double(value) => write!(text, "{value}"),
        Field::TimestampMillis(value) => write!(text, "{}", Timestamp::from_millis(*value)),
        Field::TimestampMicros(value) => {
            write!(text, "{}", Timestamp::from_nanos(value.saturating_mul(1_000)))
        }
        Field::Date(days) => write!(text, "{}", Timestamp::from_secs(i64::from(*days) * 86_400)),
        Field::Decimal(_) => write!(text, "{field}"),
        Field::Str(value) if !value.contains([',', '"', '\n', '\r']) => write!(text, "{value}"),
        other => return Err(Problem::NotANumber { text: excerpt(other.to_string().as_bytes()) }),
    };
    // Writing to a string cannot fail.
    written.map_err(|_| Problem::NotText)
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut Writer(&mut hash))?;
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

struct Writer<'a>(&'a mut Sha256);

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! A table with a header: what candle, funding and signal files share.

use std::path::Path;

use qtp_core::{Decimal, Price, Quantity};

use super::error::{CandleFileError, Problem, excerpt};
use super::json_lines;
use super::lines::Lines;
use super::number::{Number, Token};

/// Accepted names of the time column; the first one that a file has is taken.
const TIME_NAMES: [&str; 9] =
    ["timestamp", "time", "date", "datetime", "ts", "ts_ms", "timestamp_ms", "open_time", "open_time_ms"];
const TIME_EXPECTED: &str =
    "timestamp, time, date, datetime, ts, ts_ms, timestamp_ms, open_time, open_time_ms";

/// The place of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column(usize);

/// An open table, standing on one of its rows.
#[derive(Debug)]
pub(super) struct Table {
    lines: Lines,
    /// Names as written.
    names: Vec<String>,
    /// The fields of the current row.
    fields: Vec<Token>,
    rows: u64,
    /// JSON lines: the current row as a line of fields, and whether it was not handed out yet.
    json: Option<Json>,
}

#[derive(Debug, Default)]
struct Json {
    row: Vec<u8>,
    first: bool,
}

impl Table {
    /// Opens a file and reads its header: a line of names, or the names in the first of its JSON objects.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, or its first line is not text.
    pub(super) fn open(path: &Path) -> Result<Self, CandleFileError> {
        let mut lines = Lines::open(path)?;
        if !lines.advance()? {
            let (file, line) = (path.to_owned(), 1);
            return Err(CandleFileError::Line { file, line, problem: Problem::Empty });
        }
        if lines.line().iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(lines.error(Problem::NotText));
        }
        if lines.line().trim_ascii_start().starts_with(b"{") {
            let names = json_lines::names(lines.line()).map_err(|problem| lines.error(problem))?;
            let json = Some(Json { row: Vec::new(), first: true });
            return Ok(Self { lines, names, fields: Vec::new(), rows: 0, json });
        }
        let header = String::from_utf8_lossy(lines.line()).into_owned();
        let names = header.split(',').map(|name| name.trim().trim_matches('"').trim().to_owned()).collect();
        Ok(Self { lines, names, fields: Vec::new(), rows: 0, json: None })
    }

    /// The current row as a line of fields.
    #[inline]
    fn line(&self) -> &[u8] {
        self.json.as_ref().map_or_else(|| self.lines.line(), |json| &json.row)
    }

    /// The column with this name, in any case.
    ///
    /// # Errors
    /// [`Problem::DuplicateColumn`] if there are two.
    pub(super) fn find(&self, name: &str) -> Result<Option<Column>, CandleFileError> {
        let mut places = (0..self.names.len()).filter(|place| self.names[*place].eq_ignore_ascii_case(name));
        let found = places.next().map(Column);
        match places.next() {
            Some(second) => Err(self.error(Column(second), Problem::DuplicateColumn)),
            None => Ok(found),
        }
    }

    /// The column with the first of these names that is there.
    ///
    /// # Errors
    /// [`Problem::DuplicateColumn`].
    pub(super) fn find_one_of(&self, names: &[&str]) -> Result<Option<Column>, CandleFileError> {
        for name in names {
            if let Some(column) = self.find(name)? {
                return Ok(Some(column));
            }
        }
        Ok(None)
    }

    /// The column with this name.
    ///
    /// # Errors
    /// [`Problem::MissingColumn`] or [`Problem::DuplicateColumn`].
    pub(super) fn require(&self, name: &'static str) -> Result<Column, CandleFileError> {
        self.require_one_of(&[name], name)
    }

    /// The column with the first of these names that is there.
    ///
    /// # Errors
    /// [`Problem::MissingColumn`] or [`Problem::DuplicateColumn`].
    pub(super) fn require_one_of(
        &self,
        names: &[&str],
        expected: &'static str,
    ) -> Result<Column, CandleFileError> {
        let missing = || self.missing(names.first().copied().unwrap_or_default(), expected);
        self.find_one_of(names)?.ok_or_else(missing)
    }

    /// The time column: the first accepted name that is there, else a first column without a name.
    ///
    /// # Errors
    /// [`Problem::DuplicateColumn`].
    pub(super) fn find_time(&self) -> Result<Option<Column>, CandleFileError> {
        let nameless = self.names.first().filter(|name| name.is_empty()).map(|_| Column(0));
        Ok(self.find_one_of(&TIME_NAMES)?.or(nameless))
    }

    /// The time column.
    ///
    /// # Errors
    /// [`Problem::MissingColumn`] or [`Problem::DuplicateColumn`].
    pub(super) fn require_time(&self) -> Result<Column, CandleFileError> {
        self.find_time()?.ok_or_else(|| self.missing("timestamp", TIME_EXPECTED))
    }

    /// Moves to the next row; false at the end.
    ///
    /// # Errors
    /// If the line cannot be read or has another number of fields than the header.
    pub(super) fn advance(&mut self) -> Result<bool, CandleFileError> {
        let at_first = self.json.as_mut().is_some_and(|json| std::mem::take(&mut json.first));
        if !at_first && !self.lines.advance()? {
            return Ok(false);
        }
        if self.lines.line().first().is_none_or(u8::is_ascii_whitespace)
            && self.lines.line().trim_ascii().is_empty()
        {
            return self.only_blank_lines_follow();
        }
        if let Some(json) = &mut self.json {
            let row = json_lines::row(self.lines.line(), &self.names, &mut json.row);
            row.map_err(|(name, problem)| self.named(&name, problem))?;
        }
        let line = self.json.as_ref().map_or_else(|| self.lines.line(), |json| &json.row);
        self.fields.clear();
        let mut start = 0;
        while start <= line.len() {
            let field = Token::scan(line, start);
            self.fields.push(field);
            start = field.end + 1;
        }
        if self.fields.len() != self.names.len() {
            let (found, expected) = (self.fields.len(), self.names.len());
            return Err(self.error(Column(found.min(expected)), Problem::ColumnCount { found, expected }));
        }
        self.rows += 1;
        Ok(true)
    }

    /// A field of the current row, without the blanks and quotes around it.
    pub(super) fn field(&self, column: Column) -> &[u8] {
        let Some(token) = self.fields.get(column.0) else { return &[] };
        let before = column.0.checked_sub(1).and_then(|before| self.fields.get(before));
        let field = &self.line()[before.map_or(0, |before| before.end + 1)..token.end];
        match field.trim_ascii() {
            [b'"', inner @ .., b'"'] => inner.trim_ascii(),
            plain => plain,
        }
    }

    /// True if there is nothing in a field of the current row.
    #[inline]
    pub(super) fn is_empty(&self, column: Column) -> bool {
        self.plain_number(column).is_none() && self.field(column).is_empty()
    }

    /// The number in a field of the current row, if it is only digits and a point.
    #[inline(always)]
    pub(super) fn plain_number(&self, column: Column) -> Option<Number> {
        self.fields.get(column.0).and_then(Token::number)
    }

    /// A number of the current row: exact, and the float nearest to it.
    ///
    /// # Errors
    /// Unless it is a finite number of at most 28 digits.
    pub(super) fn number(&self, column: Column) -> Result<(Decimal, f64), CandleFileError> {
        let field = self.field(column);
        let number = Number::read(field).map_err(|problem| self.error(column, problem))?;
        Ok((number.decimal(), number.float(field)))
    }

    /// A price of the current row.
    ///
    /// # Errors
    /// Unless it is a number above 0 and at most 1e14.
    // Always inlined, as below: a large result handed back through memory costs a fifth of a row's time.
    #[inline(always)]
    pub(super) fn price(&self, column: Column) -> Result<(Price, f64), CandleFileError> {
        if let Some(number) = self.plain_number(column)
            && number.is_exact()
            && let Ok(price) = Price::new(number.decimal())
        {
            return Ok((price, number.quotient()));
        }
        self.unusual_price(column)
    }

    /// A quantity of the current row, zero or more.
    ///
    /// # Errors
    /// Unless it is a number from 0 to 1e14.
    #[inline(always)]
    pub(super) fn quantity(&self, column: Column) -> Result<(Quantity, f64), CandleFileError> {
        if let Some(number) = self.plain_number(column)
            && number.is_exact()
            && let Ok(quantity) = Quantity::new(number.decimal())
        {
            return Ok((quantity, number.quotient()));
        }
        self.unusual_quantity(column)
    }

    /// A field that may be empty, of a column that may not exist.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn optional<T>(
        &self,
        column: Option<Column>,
        read: impl Fn(&Self, Column) -> Result<T, CandleFileError>,
    ) -> Result<Option<T>, CandleFileError> {
        match column {
            Some(column) if !self.is_empty(column) => read(self, column).map(Some),
            _ => Ok(None),
        }
    }

    /// Rows so far.
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    /// The file.
    pub(super) fn file(&self) -> &Path {
        self.lines.file()
    }

    /// An error about a field of the current row.
    #[cold]
    pub(super) fn error(&self, column: Column, problem: Problem) -> CandleFileError {
        let name = self.names.get(column.0).filter(|name| !name.is_empty());
        let column = name.map_or_else(|| (column.0 + 1).to_string(), |name| excerpt(name.as_bytes()));
        CandleFileError::Field { file: self.file().to_owned(), line: self.lines.number(), column, problem }
    }

    /// An error about a field of the current line by its name; about the line if it has none.
    #[cold]
    fn named(&self, name: &str, problem: Problem) -> CandleFileError {
        if name.is_empty() {
            return self.lines.error(problem);
        }
        let (file, line, column) = (self.file().to_owned(), self.lines.number(), excerpt(name.as_bytes()));
        CandleFileError::Field { file, line, column, problem }
    }

    /// An error about the current row, or about the last one at the end.
    #[cold]
    pub(super) fn row_error(&self, problem: Problem) -> CandleFileError {
        self.lines.error(problem)
    }

    /// SHA-256 of the file, in hex. The last row must have been read.
    ///
    /// # Errors
    /// [`Problem::NoRows`] if there was none.
    pub(super) fn finish(self) -> Result<String, CandleFileError> {
        if self.rows == 0 {
            return Err(self.row_error(Problem::NoRows));
        }
        Ok(self.lines.sha256())
    }

    #[cold]
    fn unusual_price(&self, column: Column) -> Result<(Price, f64), CandleFileError> {
        let (value, float) = self.number(column)?;
        match Price::new(value) {
            Ok(price) => Ok((price, float)),
            Err(_) if float > 0.0 => Err(self.too_large(column)),
            Err(_) => Err(self.error(column, Problem::NotPositive { value: value.normalize() })),
        }
    }

    #[cold]
    fn unusual_quantity(&self, column: Column) -> Result<(Quantity, f64), CandleFileError> {
        let (value, float) = self.number(column)?;
        if float < 0.0 {
            return Err(self.error(column, Problem::Negative { value: value.normalize() }));
        }
        Quantity::new(value).map(|quantity| (quantity, float)).map_err(|_| self.too_large(column))
    }

    #[cold]
    fn too_large(&self, column: Column) -> CandleFileError {
        self.error(column, Problem::too_large(self.field(column)))
    }

    fn missing(&self, name: &str, expected: &'static str) -> CandleFileError {
        let (file, line) = (self.file().to_owned(), self.lines.number());
        CandleFileError::Field {
            file,
            line,
            column: name.to_owned(),
            problem: Problem::MissingColumn { expected },
        }
    }

    fn only_blank_lines_follow(&mut self) -> Result<bool, CandleFileError> {
        let line = self.lines.number();
        while self.lines.advance()? {
            if !self.lines.line().trim_ascii().is_empty() {
                let file = self.file().to_owned();
                return Err(CandleFileError::Line { file, line, problem: Problem::BlankLine });
            }
        }
        Ok(false)
    }
}

//! The time column of a table.

use qtp_core::Timestamp;

use super::error::{CandleFileError, Problem};
use super::table::{Column, Table};
use super::time::{TimeForm, TimeUnit};

/// The time column of a table, whose times must ascend.
#[derive(Debug)]
pub(super) struct TimeColumn {
    column: Column,
    unit: Option<TimeUnit>,
    form: Option<TimeForm>,
    previous: Option<Timestamp>,
}

impl TimeColumn {
    /// A column; `unit` overrides what the first row tells.
    pub(super) const fn new(column: Column, unit: Option<TimeUnit>) -> Self {
        Self { column, unit, form: None, previous: None }
    }

    /// The time of the current row.
    ///
    /// # Errors
    /// Unless it is a time in the first row's form, after that of the row above.
    #[inline]
    pub(super) fn read(&mut self, table: &Table) -> Result<Timestamp, CandleFileError> {
        let plain = match (self.form, table.plain_number(self.column)) {
            (Some(TimeForm::Unix(unit)), Some(number)) => unit.time(number),
            _ => None,
        };
        let time = match plain {
            Some(time) => time,
            None => self.unusual(table).map_err(|problem| table.error(self.column, problem))?,
        };
        match self.previous {
            Some(previous) if time == previous => {
                Err(table.error(self.column, Problem::DuplicateTime { time }))
            }
            Some(previous) if time < previous => {
                Err(table.error(self.column, Problem::NotAscending { time, previous }))
            }
            _ => {
                self.previous = Some(time);
                Ok(time)
            }
        }
    }

    /// A date, the first row, or not a time.
    fn unusual(&mut self, table: &Table) -> Result<Timestamp, Problem> {
        let field = table.field(self.column);
        let form = match self.form {
            Some(form) => form,
            None => *self.form.insert(TimeForm::of_first(field, self.unit)?),
        };
        form.read(field)
    }
}

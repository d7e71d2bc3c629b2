//! The crate's one error type.

use qtp_core::Timestamp;

/// Why a spec, a parameter, a snapshot or a buffer was refused.
///
/// `at` is the position in the spec, counted in characters from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The text does not follow the grammar of a spec.
    #[error("at character {at}: expected {expected}, found {found}")]
    Syntax {
        /// Position in characters.
        at: usize,
        /// What the grammar allows here.
        expected: &'static str,
        /// What stands there, quoted, or `the end`.
        found: String,
    },
    /// A name (of an indicator, parameter, output, source or choice) that is not known here.
    #[error("at character {at}: unknown {what} `{name}`{}", hint(.suggestion.as_deref()))]
    Unknown {
        /// Position in characters.
        at: usize,
        /// What kind of name it is.
        what: &'static str,
        /// The name as written.
        name: String,
        /// The nearest name that is known, if one is near.
        suggestion: Option<String>,
    },
    /// More positional values than the indicator has parameters.
    #[error("at character {at}: `{name}` takes at most {most} parameters")]
    TooMany {
        /// Position of the first value too many, in characters.
        at: usize,
        /// The indicator.
        name: &'static str,
        /// How many it takes.
        most: usize,
    },
    /// The same parameter, output, source or timeframe was given twice.
    #[error("at character {at}: `{name}` is given twice")]
    Duplicate {
        /// Position of the second one, in characters.
        at: usize,
        /// What was given twice.
        name: String,
    },
    /// A parameter outside its range.
    #[error("{}`{name}` = {value} is outside {min} to {max}", place(*.at))]
    OutOfRange {
        /// Position in the spec; `None` when a constructor was called directly.
        at: Option<usize>,
        /// The parameter.
        name: &'static str,
        /// The value given.
        value: f64,
        /// Smallest value allowed.
        min: f64,
        /// Largest value allowed.
        max: f64,
    },
    /// A parameter that must be a whole number is not.
    #[error("at character {at}: `{name}` = {value} must be a whole number")]
    NotWhole {
        /// Position in characters.
        at: usize,
        /// The parameter.
        name: &'static str,
        /// The value given.
        value: f64,
    },
    /// A snapshot that does not belong to this indicator.
    #[error("snapshot does not fit `{spec}`: {reason}")]
    Snapshot {
        /// The spec that should have been restored.
        spec: String,
        /// What is wrong with the snapshot.
        reason: String,
    },
    /// A profile that would need more rows than it may have.
    #[error("more than {most} rows of {tick}: raise the tick or the bound")]
    TooManyRows {
        /// The bound.
        most: usize,
        /// Height of a row in price units.
        tick: f64,
    },
    /// Data that a resampler should have had is missing. Times in nanoseconds since 1970-01-01 UTC.
    #[error("no data from {} to {}", Timestamp::from_nanos(*.from), Timestamp::from_nanos(*.to))]
    Gap {
        /// First missing instant.
        from: i64,
        /// First instant that is there again.
        to: i64,
    },
    /// Data came after later data. Times in nanoseconds since 1970-01-01 UTC.
    #[error("{} is late: data reaches {}", Timestamp::from_nanos(*.time), Timestamp::from_nanos(*.reached))]
    Late {
        /// When the late data begins.
        time: i64,
        /// How far the data reached before it.
        reached: i64,
    },
    /// A candle, trade or setting that cannot be resampled.
    #[error("{reason}")]
    Input {
        /// What is wrong with it.
        reason: String,
    },
    /// A buffer whose length does not match the input or the number of columns.
    #[error("{what} has length {actual}, expected {expected}")]
    BufferLength {
        /// Which buffer.
        what: &'static str,
        /// The length needed.
        expected: usize,
        /// The length given.
        actual: usize,
    },
}

impl SpecError {
    /// Position in the spec in characters, if the error has one.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        match *self {
            Self::Syntax { at, .. }
            | Self::Unknown { at, .. }
            | Self::TooMany { at, .. }
            | Self::Duplicate { at, .. }
            | Self::NotWhole { at, .. } => Some(at),
            Self::OutOfRange { at, .. } => at,
            _ => None,
        }
    }
}

/// Largest period any indicator takes, in inputs (TA-Lib's own limit).
pub(crate) const MAX_PERIOD: usize = 100_000;

/// Checks a number of inputs given to a constructor.
pub(crate) fn check_period(name: &'static str, value: usize, min: usize) -> Result<usize, SpecError> {
    if (min..=MAX_PERIOD).contains(&value) {
        return Ok(value);
    }
    let (value, min, max) = (value as f64, min as f64, MAX_PERIOD as f64);
    Err(SpecError::OutOfRange { at: None, name, value, min, max })
}

/// Checks a whole number given to a constructor.
pub(crate) fn check_integer(
    name: &'static str,
    value: usize,
    min: usize,
    max: usize,
) -> Result<usize, SpecError> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    let (value, min, max) = (value as f64, min as f64, max as f64);
    Err(SpecError::OutOfRange { at: None, name, value, min, max })
}

/// Checks a number given to a constructor.
pub(crate) fn check_real(name: &'static str, value: f64, min: f64, max: f64) -> Result<f64, SpecError> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    Err(SpecError::OutOfRange { at: None, name, value, min, max })
}

/// Largest number of standard deviations, either side of zero, that a band may be away.
pub(crate) const MAX_DEVIATIONS: f64 = 1e6;

/// Checks a factor of a standard deviation given to a constructor.
pub(crate) fn check_deviations(name: &'static str, value: f64) -> Result<f64, SpecError> {
    let (min, max) = (-MAX_DEVIATIONS, MAX_DEVIATIONS);
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    Err(SpecError::OutOfRange { at: None, name, value, min, max })
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn place(at: Option<usize>) -> String {
    at.map_or_else(String::new, |at| format!("at character {at}: "))
}

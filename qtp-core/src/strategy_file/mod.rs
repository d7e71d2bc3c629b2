//! A strategy as a document: what it reads, when it enters and leaves, its exits, its size. No code.

mod check;
mod place;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::expression::{DocumentProblem, Expression};
use crate::id::InstrumentId;
use crate::time::Timeframe;
use place::{Places, line_and_column, offset};

/// The version of the document's form that this build reads.
pub const STRATEGY_FILE_VERSION: u32 = 1;
/// Longest document, in bytes.
pub(crate) const MAX_STRATEGY_FILE: usize = 256 * 1024;
/// Most named indicators of one document.
pub(crate) const MAX_NAMED_INDICATORS: usize = 32;

/// A strategy for one instrument and one timeframe. [`StrategyFile::parse`] reads and checks it.
///
/// ```
/// use qtp_core::StrategyFile;
///
/// let text = r#"{
///   "version": 1,
///   "name": "ema-cross",
///   "indicators": { "fast": "ema(12)", "slow": "ema(26)" },
///   "entry": {
///     "long": { "above": ["fast", "slow"] },
///     "short": { "below": ["fast", "slow"] },
///     "allow_flip": true
///   }
/// }"#;
/// assert_eq!(StrategyFile::parse(text)?.name, "ema-cross");
///
/// let error = StrategyFile::parse(&text.replace("above", "abov")).unwrap_err();
/// assert!(error.to_string().starts_with("line 6, column "), "{error}");
/// assert!(error.to_string().contains("unknown operation `abov`; did you mean `above`?"));
/// # Ok::<(), qtp_core::StrategyFileError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StrategyFile {
    /// Version of this form: 1.
    pub version: u32,
    /// Name: small letters, digits, `-` and `_`.
    pub name: String,
    /// What it does, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The candles that it is made for, such as `1h`; others are refused. Left out: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub timeframe: Option<Timeframe>,
    /// The instruments that it is made for, such as `BTC-USDT@binance`; others are refused. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub instruments: Vec<InstrumentId>,
    /// Indicators by a name of your own: `"fast": "ema(12)"`. Expressions may name them, or write a spec at once.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub indicators: BTreeMap<String, String>,
    /// When to enter.
    pub entry: Entry,
    /// When to leave, besides the stop, the target and the time stop.
    #[serde(default)]
    pub exit: Exit,
    /// Protective stop of a new position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Level>,
    /// Profit target of a new position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take_profit: Option<Level>,
    /// Where the stop is drawn to at every close; it only comes nearer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trailing_stop: Option<Level>,
    /// Leave after so many closed candles in the position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_stop_candles: Option<u32>,
    /// How large a position is. Left out: what the program that runs it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<PositionSize>,
    /// What must hold for an entry beside its condition. Exits are never held back.
    #[serde(default)]
    pub filters: Filters,
}

/// When to enter. At least one side is needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Condition for a long position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<Expression>,
    /// Condition for a short position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<Expression>,
    /// An entry may turn a position of the other side around. Else it waits until the position is flat.
    #[serde(default)]
    pub allow_flip: bool,
}

/// When to leave.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Exit {
    /// Condition that closes a long position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<Expression>,
    /// Condition that closes a short position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<Expression>,
}

/// A price at a distance from the close, or a price itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Level {
    /// So many percent of the close away from it: 2 is two percent.
    Percent(f64),
    /// So many average true ranges away from the close.
    #[serde(rename = "atr")]
    AverageTrueRange {
        /// Candles of the average.
        period: u32,
        /// Ranges.
        times: f64,
    },
    /// So far away from the close, in units of price.
    Distance(Expression),
    /// This price, such as an indicator's.
    Price(Expression),
    /// So many times as far as the stop, for a target.
    StopDistance {
        /// Stop distances.
        times: f64,
    },
}

/// How large a position is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PositionSize {
    /// So many units of the instrument.
    Units(f64),
    /// A share of the equity at the fill, times leverage.
    Equity {
        /// Percent of the equity.
        percent: f64,
        /// Round down to whole units.
        #[serde(default)]
        whole_units: bool,
    },
    /// As much as loses a share of the equity at the stop. Needs a stop.
    Risk {
        /// Percent of the equity.
        percent: f64,
    },
}

/// What must hold for an entry.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Filters {
    /// Hours of the day in which the candle must close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours_utc: Option<Hours>,
    /// Days on which the candle must close, in UTC. Empty: every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<Weekday>,
    /// Values that must lie within bounds, such as a volatility.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<Within>,
    /// Closed candles without a position after one has ended, before the next entry.
    #[serde(default)]
    pub cooldown_candles: u32,
}

/// Hours of the UTC day, around midnight if `from` is after `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// First hour, from 0 to 23.
    pub from: u32,
    /// First hour that is outside, from 0 to 24.
    pub to: u32,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A value and its bounds, both included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// The value.
    pub value: Expression,
    /// Smallest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// Why a document was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}{}: {}", shown(.problem), .problem.problem)]
pub struct StrategyFileError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, and the JSON pointer of the part.
    pub problem: DocumentProblem,
}

fn shown(problem: &DocumentProblem) -> String {
    if problem.pointer.is_empty() { String::new() } else { format!(" ({})", problem.pointer) }
}

impl StrategyFileError {
    /// A problem, with its place in the text of its document.
    pub fn locate(text: &str, problem: DocumentProblem) -> Self {
        let (line, column) = line_and_column(text, Places::of(text).start(&problem.pointer));
        Self { line, column, problem }
    }

    fn read(text: &str, error: &serde_json::Error) -> Self {
        let offset = offset(text, error.line(), error.column());
        let (line, column) = line_and_column(text, offset);
        let words = error.to_string();
        let problem = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words).to_owned();
        let pointer = Places::of(text).pointer(offset).to_owned();
        Self { line, column, problem: DocumentProblem { pointer, problem } }
    }
}

impl StrategyFile {
    /// Reads a document and checks everything but the names of its values, which need a registry of indicators.
    ///
    /// # Errors
    /// The first problem with line, column and pointer.
    pub fn parse(text: &str) -> Result<Self, StrategyFileError> {
        if text.len() > MAX_STRATEGY_FILE {
            let problem = format!("{} bytes, at most {MAX_STRATEGY_FILE} are read", text.len());
            return Err(StrategyFileError { line: 1, column: 1, problem: DocumentProblem::new("", problem) });
        }
        let file: Self = serde_json::from_str(text).map_err(|error| StrategyFileError::read(text, &error))?;
        file.check().map_err(|problem| StrategyFileError::locate(text, problem))?;
        Ok(file)
    }
}

#[cfg(feature = "schema")]
impl StrategyFile {
    /// The JSON schema of a document (draft 2020-12).
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::generate::SchemaSettings::draft2020_12()
            .into_generator()
            .into_root_schema_for::<Self>()
            .to_value()
    }
}

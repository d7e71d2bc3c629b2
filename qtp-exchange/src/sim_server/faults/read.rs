//! Files of rules: TOML, or JSON where the name ends in `.json`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::rule::Written;
use super::{Rule, RuleError};

/// A file of faults that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FaultFileError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// File.
        path: PathBuf,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// The text is not a list of faults; it names line and column.
    #[error("{}: {problem}", path.display())]
    Text {
        /// File.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// A rule makes no sense.
    #[error("{}: {error}", path.display())]
    Rule {
        /// File.
        path: PathBuf,
        /// The rule, its field and what is wrong.
        error: RuleError,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fault: Vec<Written>,
}

/// Reads the faults of a file.
///
/// # Errors
/// [`FaultFileError`] names the file, and line or rule and field.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("faults.toml");
/// std::fs::write(&path, "[[fault]]\non = \"exchange:order\"\nnth = 2\ndo = \"drop_reply\"\n")?;
/// assert_eq!(qtp_exchange::sim_server::faults::read(&path)?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(path: &Path) -> Result<Vec<Rule>, FaultFileError> {
    let owned = path.to_path_buf();
    let text =
        std::fs::read_to_string(path).map_err(|source| FaultFileError::Io { path: owned.clone(), source })?;
    let problem = |problem: String| FaultFileError::Text { path: owned.clone(), problem };
    let file: File = if path.extension().is_some_and(|extension| extension == "json") {
        serde_json::from_str(&text).map_err(|error| problem(error.to_string()))?
    } else {
        toml::from_str(&text).map_err(|error| problem(located(&error, &text)))?
    };
    rules(file.fault).map_err(|error| FaultFileError::Rule { path: owned.clone(), error })
}

/// Reads faults from text as it stands in a TOML file.
///
/// # Errors
/// [`FaultFileError`], as [`read`]; `name` stands for the file.
///
/// ```
/// let rules = qtp_exchange::sim_server::faults::parse("on ws", "[[fault]]\non = \"ws:*\"\ndo = \"gap\"\n")?;
/// assert_eq!(rules.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse(name: &str, text: &str) -> Result<Vec<Rule>, FaultFileError> {
    let path = || PathBuf::from(name);
    let file: File = toml::from_str(text)
        .map_err(|error| FaultFileError::Text { path: path(), problem: located(&error, text) })?;
    rules(file.fault).map_err(|error| FaultFileError::Rule { path: path(), error })
}

/// Checks written rules.
pub(in crate::sim_server) fn rules(written: Vec<Written>) -> Result<Vec<Rule>, RuleError> {
    written.into_iter().enumerate().map(|(place, written)| written.check(place + 1)).collect()
}

/// One line: where and what.
fn located(error: &toml::de::Error, text: &str) -> String {
    let line =
        error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
    format!("line {line}: {}", error.message())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(name: &str, text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read(&path).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_file_line_rule_and_field() {
        let unknown = fails("f.toml", "[[fault]]\non = \"ws:trades\"\ndo = \"gap\"\nwhat = 1\n");
        assert!(unknown.contains("f.toml: line 4") && unknown.contains("what"), "{unknown}");
        let missing = fails(
            "f.toml",
            "[[fault]]\non = \"info:meta\"\ndo = \"gap\"\n[[fault]]\non = \"info:meta\"\ndo = \"delay\"\n",
        );
        assert!(missing.contains("fault 2, field ms"), "{missing}");
        let point = fails("f.json", r#"{"fault":[{"on":"somewhere","do":"gap"}]}"#);
        assert!(point.contains("fault 1, field on"), "{point}");
        let json = fails("f.json", "{\"fault\":[\n{\"on\":1}]}");
        assert!(json.contains("line 2"), "{json}");
        let deed = fails("f.toml", "[[fault]]\non = \"closed\"\ndo = \"explode\"\n");
        assert!(deed.contains("field do"), "{deed}");
    }
}

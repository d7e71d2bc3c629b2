//! News from a file: one JSON line an item, which another program may append to while a bot runs.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use qtp_core::Timestamp;
use serde::Deserialize;

use super::{NewsItem, NewsSource, ToolError};
use crate::error::LlmError;
use crate::text_file;

/// What the file is for, in errors.
const READ: &str = "read its news";
/// Largest file, in bytes.
const FILE_MAX: u64 = 64 * 1024 * 1024;
/// Most items of one answer; the tool shows fewer.
const ITEMS_MAX: usize = 100;

/// A file of news, read again where it has grown.
///
/// Each line is `{"time": "2026-01-05T14:30:00Z", "source": "wire", "text": "..."}`. An item is found by any word of the
/// question, in whatever case; a question without words finds everything.
#[derive(Debug)]
pub struct NewsFile {
    path: PathBuf,
    known: Mutex<Known>,
}

/// What was read, the oldest first.
#[derive(Debug, Default)]
struct Known {
    bytes: u64,
    items: Vec<(Timestamp, NewsItem)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    time: String,
    #[serde(default)]
    source: String,
    text: String,
}

impl NewsFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`LlmError::File`] if it cannot be read, or with the line that is no item: one without a time could be from the
    /// future.
    pub fn open(path: &Path) -> Result<Self, LlmError> {
        let known = read(path)?;
        Ok(Self { path: path.to_path_buf(), known: Mutex::new(known) })
    }

    fn found(&self, query: &str, until: Timestamp) -> Result<Vec<NewsItem>, LlmError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if std::fs::metadata(&self.path).is_ok_and(|file| file.len() != known.bytes) {
            *known = read(&self.path)?;
        }
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        let fits = |item: &NewsItem| {
            let text = format!("{} {}", item.source, item.text).to_lowercase();
            words.is_empty() || words.iter().any(|word| text.contains(word.as_str()))
        };
        let end = known.items.partition_point(|(time, _)| *time <= until);
        let newest = known.items[..end].iter().rev().map(|(_, item)| item);
        Ok(newest.filter(|item| fits(item)).take(ITEMS_MAX).cloned().collect())
    }
}

fn read(path: &Path) -> Result<Known, LlmError> {
    let text = text_file::read(path, READ, FILE_MAX)?;
    // A line without its end is still being written.
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let mut items = Vec::new();
    for (index, line) in text[..whole].lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let item = item(line).map_err(|problem| LlmError::File {
            path: path.to_path_buf(),
            operation: READ,
            source: format!("line {}: {problem}", index + 1).into(),
        })?;
        items.push(item);
    }
    items.sort_by_key(|(time, _)| *time);
    Ok(Known { bytes: text.len() as u64, items })
}

fn item(line: &str) -> Result<(Timestamp, NewsItem), String> {
    let Line { time, source, text } = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let time: Timestamp = time.parse().map_err(|error| format!("time: {error}"))?;
    Ok((time, NewsItem { time: Some(time), source, text }))
}

#[async_trait]
impl NewsSource for NewsFile {
    async fn news(&self, query: &str, until: Timestamp) -> Result<Vec<NewsItem>, ToolError> {
        self.found(query, until).map_err(|error| {
            tracing::error!(%error, "news cannot be read");
            ToolError::new("the news cannot be read")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const LINES: &str = "{\"time\":\"2026-01-05T14:30:00Z\",\"source\":\"wire\",\"text\":\"Rates unchanged\"}\n\
        {\"time\":\"2026-01-05T12:00:00Z\",\"text\":\"BTC fund opens\"}\n\n";

    fn texts(file: &NewsFile, query: &str, until: &str) -> Vec<String> {
        let found = file.found(query, until.parse().unwrap()).unwrap();
        found.into_iter().map(|item| item.text).collect()
    }

    #[test]
    fn items_are_found_by_a_word_up_to_an_instant_the_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.jsonl");
        std::fs::write(&path, LINES).unwrap();
        let file = NewsFile::open(&path).unwrap();
        assert_eq!(texts(&file, "", "2026-01-05T14:30:00Z"), ["Rates unchanged", "BTC fund opens"]);
        assert_eq!(texts(&file, "", "2026-01-05T14:29:59Z"), ["BTC fund opens"]);
        assert_eq!(texts(&file, "btc ETH", "2026-01-06T00:00:00Z"), ["BTC fund opens"]);
        assert_eq!(texts(&file, "WIRE", "2026-01-06T00:00:00Z"), ["Rates unchanged"]);
        assert!(texts(&file, "gold", "2026-01-06T00:00:00Z").is_empty());
        // Another program appends: a whole line counts, half a line does not yet.
        let mut more = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        write!(more, "{{\"time\":\"2026-01-05T15:00:00Z\",\"text\":\"BTC falls\"}}\n{{\"time\":").unwrap();
        assert_eq!(texts(&file, "btc", "2026-01-06T00:00:00Z"), ["BTC falls", "BTC fund opens"]);
    }

    #[test]
    fn what_is_no_item_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.jsonl");
        for (line, words) in [
            ("{\"text\":\"undated\"}", "missing field `time`"),
            ("{\"time\":\"yesterday\",\"text\":\"x\"}", "time"),
            ("{\"time\":\"2026-01-05T12:00:00Z\",\"text\":\"x\",\"url\":\"y\"}", "url"),
            ("no JSON", "expected"),
        ] {
            std::fs::write(&path, format!("{LINES}{line}\n")).unwrap();
            let error = NewsFile::open(&path).unwrap_err();
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert!(source.contains("line 4: ") && source.contains(words), "{source}");
        }
        assert!(matches!(NewsFile::open(&folder.path().join("none")), Err(LlmError::File { .. })));
    }
}

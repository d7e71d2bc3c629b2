//! A key that is not shown.

use std::fmt;

/// A key of a source.
#[derive(Clone)]
pub(super) struct Key(Box<str>);

impl Key {
    pub(super) fn new(text: &str) -> Self {
        Self(text.trim().into())
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// The text without the key: a source may repeat it in its words.
    pub(super) fn hide(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&*self.0, "***") }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

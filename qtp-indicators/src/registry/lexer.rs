//! A cursor over the text of a spec that counts characters.

use crate::SpecError;

#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, at: 0 }
    }

    /// Position of the next token in characters from 0.
    pub(super) fn at(&mut self) -> usize {
        self.skip_space();
        self.at
    }

    /// Takes `wanted` if it comes next.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        self.skip_space();
        if !self.rest.starts_with(wanted) {
            return false;
        }
        self.advance(wanted.len_utf8());
        true
    }

    /// Takes the longest run of letters, digits and `_`.
    pub(super) fn word(&mut self, expected: &'static str) -> Result<&'a str, SpecError> {
        self.take(expected, |c| c.is_alphanumeric() || c == '_')
    }

    /// Takes a parameter's name, word or number.
    pub(super) fn argument(&mut self) -> Result<&'a str, SpecError> {
        self.take("a value", |c| c.is_alphanumeric() || matches!(c, '_' | '.' | '+' | '-'))
    }

    pub(super) fn is_done(&mut self) -> bool {
        self.skip_space();
        self.rest.is_empty()
    }

    pub(super) fn syntax(&mut self, expected: &'static str) -> SpecError {
        self.skip_space();
        let found = self.rest.chars().next().map_or_else(|| "the end".to_owned(), |c| format!("`{c}`"));
        SpecError::Syntax { at: self.at, expected, found }
    }

    fn take(&mut self, expected: &'static str, accept: impl Fn(char) -> bool) -> Result<&'a str, SpecError> {
        self.skip_space();
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.syntax(expected));
        }
        let token = &self.rest[..end];
        self.advance(end);
        Ok(token)
    }

    fn skip_space(&mut self) {
        let space = self.rest.len() - self.rest.trim_start().len();
        self.advance(space);
    }

    fn advance(&mut self, bytes: usize) {
        let (taken, rest) = self.rest.split_at(bytes);
        self.at += taken.chars().count();
        self.rest = rest;
    }
}

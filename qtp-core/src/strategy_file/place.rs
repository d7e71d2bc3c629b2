//! Where a part of a JSON text stands: pointer to line and column, and back.

/// Most levels that are followed.
const MAX_DEPTH: usize = 128;

/// The values of a JSON text in the order of their beginnings. What follows a syntax error is not in it.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<Place>);

#[derive(Debug)]
struct Place {
    pointer: String,
    start: usize,
    end: Option<usize>,
}

impl Places {
    pub(super) fn of(text: &str) -> Self {
        let mut walk = Walk { text, at: 0, places: Vec::new() };
        // A text that ends early has the places up to there.
        let _ = walk.value(String::new(), 0);
        Self(walk.places)
    }

    /// Byte offset of the value at a pointer, else of the nearest value around it.
    pub(super) fn start(&self, pointer: &str) -> usize {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.0.iter().find(|place| place.pointer == pointer) {
                return place.start;
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => return 0,
            }
        }
    }

    /// Pointer of the innermost value at a byte offset.
    pub(super) fn pointer(&self, offset: usize) -> &str {
        let holds = |place: &&Place| place.start <= offset && place.end.is_none_or(|end| offset <= end);
        self.0.iter().rev().find(holds).map_or("", |place| &place.pointer)
    }
}

/// Line and column of a byte offset, both from 1; columns count characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    (line, before[start..].chars().count() + 1)
}

/// Byte offset of a line and a column that counts bytes from 1, as `serde_json` gives them.
pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(text.len())
}

struct Walk<'a> {
    text: &'a str,
    at: usize,
    places: Vec<Place>,
}

impl Walk<'_> {
    fn value(&mut self, pointer: String, depth: usize) -> Option<()> {
        self.space();
        let index = self.places.len();
        self.places.push(Place { pointer: pointer.clone(), start: self.at, end: None });
        if depth > MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(&pointer, depth)?,
            b'[' => self.array(&pointer, depth)?,
            b'"' => drop(self.string()?),
            _ => self.scalar(),
        }
        if let Some(place) = self.places.get_mut(index) {
            place.end = Some(self.at);
        }
        Some(())
    }

    fn object(&mut self, pointer: &str, depth: usize) -> Option<()> {
        self.at += 1;
        loop {
            self.space();
            if self.eat(b'}') {
                return Some(());
            }
            let key = self.string()?;
            self.space();
            if !self.eat(b':') {
                return None;
            }
            let key = key.replace('~', "~0").replace('/', "~1");
            self.value(format!("{pointer}/{key}"), depth + 1)?;
            self.space();
            if !self.eat(b',') {
                return self.eat(b'}').then_some(());
            }
        }
    }

    fn array(&mut self, pointer: &str, depth: usize) -> Option<()> {
        self.at += 1;
        let mut index = 0;
        loop {
            self.space();
            if self.eat(b']') {
                return Some(());
            }
            self.value(format!("{pointer}/{index}"), depth + 1)?;
            index += 1;
            self.space();
            if !self.eat(b',') {
                return self.eat(b']').then_some(());
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        if !self.eat(b'"') {
            return None;
        }
        loop {
            match self.peek()? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    fn scalar(&mut self) {
        while self.peek().is_some_and(|byte| !b",]}: \t\r\n".contains(&byte)) {
            self.at += 1;
        }
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| b" \t\r\n".contains(&byte)) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\n  \"a\": [1, {\"b/c\": \"x\\\"y\"}],\n  \"d\": tru";

    #[test]
    fn every_value_is_found() {
        let places = Places::of(TEXT);
        for (pointer, place) in [("", (1, 1)), ("/a/0", (2, 9)), ("/a/1/b~1c", (2, 20)), ("/d", (3, 8))] {
            assert_eq!(line_and_column(TEXT, places.start(pointer)), place, "{pointer}");
            assert_eq!(places.pointer(places.start(pointer)), pointer);
        }
        assert_eq!(places.start("/a/7/nowhere"), places.start("/a"));
        assert_eq!(offset(TEXT, 2, 9), places.start("/a/0"));
    }

    #[test]
    fn broken_texts_end_early() {
        for text in ["", "[", "{\"a\"", "{\"a\":", "\"\\", "[[[[", "}"] {
            let places = Places::of(text);
            assert!(places.start("/a/b") <= text.len(), "{text}");
        }
    }
}

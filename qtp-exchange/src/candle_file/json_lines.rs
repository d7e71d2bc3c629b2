//! Lines of JSON objects as rows of fields.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::error::{Problem, excerpt};

/// Names and values of an object in their order.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Object(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

fn object(line: &[u8]) -> Result<Object<'_>, Problem> {
    serde_json::from_slice(line).map_err(|_| Problem::NotAnObject { text: excerpt(line) })
}

/// The names of an object, which every later one has to have.
///
/// # Errors
/// [`Problem::NotAnObject`].
pub(super) fn names(line: &[u8]) -> Result<Vec<String>, Problem> {
    Ok(object(line)?.0.into_iter().map(|(name, _)| name).collect())
}

/// Writes the values of an object into `row`, in the order of `names`, as a line of fields. A number keeps its digits, a
/// text loses its quotes, null is empty.
///
/// # Errors
/// The name of the field and what is wrong with it; without a name what is wrong with the line.
pub(super) fn row(line: &[u8], names: &[String], row: &mut Vec<u8>) -> Result<(), (String, Problem)> {
    let fields = object(line).map_err(|problem| (String::new(), problem))?.0;
    let (found, expected) = (fields.len(), names.len());
    if let Some((name, _)) = fields.iter().find(|(name, _)| !names.contains(name)) {
        return Err((name.clone(), Problem::ColumnCount { found, expected }));
    }
    row.clear();
    for (place, name) in names.iter().enumerate() {
        let mut values = fields.iter().filter(|(own, _)| own == name);
        let (Some((_, value)), None) = (values.next(), values.next()) else {
            return Err((name.clone(), Problem::ColumnCount { found, expected }));
        };
        if place > 0 {
            row.push(b',');
        }
        let text = match value.get() {
            "null" => "",
            quoted if quoted.starts_with('"') => quoted.trim_matches('"'),
            plain => plain,
        };
        // Nothing that is read here has such characters: no number, no time.
        if text.contains([',', '"', '\\', '{', '[']) {
            return Err((name.clone(), Problem::NotANumber { text: excerpt(text.as_bytes()) }));
        }
        row.extend_from_slice(text.as_bytes());
    }
    Ok(())
}

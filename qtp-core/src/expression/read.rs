//! From JSON to the tree, in one pass: an error keeps its line and column.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::{Expression, MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_PARTS, Operation};
use crate::nearest;

pub(super) fn expression<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Expression, D::Error> {
    Part(1).deserialize(deserializer)
}

/// An expression at a level.
#[derive(Clone, Copy)]
struct Part(usize);

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Expression;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Expression, D::Error> {
        if self.0 > MAX_EXPRESSION_DEPTH {
            return Err(D::Error::custom(format_args!("more than {MAX_EXPRESSION_DEPTH} levels")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Expression;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a name, or an operation such as {\"above\": [\"close\", \"ema(50)\"]}")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Expression, E> {
        if value.is_finite() {
            return Ok(Expression::Number(value));
        }
        Err(E::custom("a number must be finite"))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Expression, E> {
        Ok(Expression::Number(value as f64))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Expression, E> {
        Ok(Expression::Number(value as f64))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Expression, E> {
        Ok(Expression::Name(value.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Expression, A::Error> {
        let Some(name) = map.next_key::<String>()? else {
            return Err(A::Error::custom("an operation is needed in the object"));
        };
        let Some(operation) = Operation::find(&name) else {
            let near = nearest(&name, Operation::NAMES.iter().map(|(name, _)| *name));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(A::Error::custom(format_args!("unknown operation `{name}`{near}")));
        };
        let arguments = if operation.is_unary() {
            vec![map.next_value_seed(Self(self.0 + 1))?]
        } else {
            map.next_value_seed(Arguments(self.0 + 1))?
        };
        if let Some(second) = map.next_key::<String>()? {
            let problem =
                format!("`{second}` beside `{name}`: an object holds one operation; join them by `all`");
            return Err(A::Error::custom(problem));
        }
        Ok(Expression::Call(operation, arguments))
    }
}

/// A list of arguments at a level.
struct Arguments(usize);

impl<'de> DeserializeSeed<'de> for Arguments {
    type Value = Vec<Expression>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Arguments {
    type Value = Vec<Expression>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of arguments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut arguments = Vec::new();
        while let Some(argument) = list.next_element_seed(Part(self.0))? {
            if arguments.len() == MAX_EXPRESSION_PARTS {
                return Err(A::Error::custom(format_args!("more than {MAX_EXPRESSION_PARTS} parts")));
            }
            arguments.push(argument);
        }
        Ok(arguments)
    }
}

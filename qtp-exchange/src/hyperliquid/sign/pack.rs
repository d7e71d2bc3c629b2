//! JSON text as MessagePack, keys in the order of the text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use thiserror::Error as ThisError;

/// The text of an action that cannot be hashed.
#[derive(Debug, ThisError)]
#[error("action: {0}")]
pub struct Unpackable(#[source] pub(in crate::hyperliquid) serde_json::Error);

/// JSON text as MessagePack: maps in the order of the text, integers and lengths in their shortest form, texts as they
/// are. This is how the official SDK packs what it hashes.
///
/// ```
/// use qtp_exchange::hyperliquid::sign::pack;
/// assert_eq!(pack(r#"{"a":1,"b":[true,"x"]}"#)?, b"\x82\xa1a\x01\xa1b\x92\xc3\xa1x");
/// # Ok::<(), qtp_exchange::hyperliquid::sign::Unpackable>(())
/// ```
///
/// # Errors
/// [`Unpackable`] if the text is not JSON, or a number is not an integer of 64 bits: the protocol has no others.
pub fn pack(json: &str) -> Result<Vec<u8>, Unpackable> {
    let mut out = Vec::with_capacity(json.len());
    let mut reader = serde_json::Deserializer::from_str(json);
    Packer(&mut out).deserialize(&mut reader).and_then(|()| reader.end()).map_err(Unpackable)?;
    Ok(out)
}

struct Packer<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Packer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Packer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("objects, arrays, texts, integers, true, false or null")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.push(0xc0);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.0.push(0xc2 + u8::from(value));
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        unsigned(self.0, value);
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        match u64::try_from(value) {
            Ok(value) => unsigned(self.0, value),
            Err(_) => negative(self.0, value),
        }
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        Err(E::custom(format_args!("{value} is not an integer of 64 bits")))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        let length = value.len();
        match (u8::try_from(length), u16::try_from(length), u32::try_from(length)) {
            (Ok(length @ 0..=31), ..) => self.0.push(0xa0 | length),
            (Ok(length), ..) => self.0.extend([0xd9, length]),
            (_, Ok(length), _) => with(self.0, 0xda, &length.to_be_bytes()),
            (.., Ok(length)) => with(self.0, 0xdb, &length.to_be_bytes()),
            _ => return Err(E::custom("a text of more than 4 GiB")),
        }
        self.0.extend_from_slice(value.as_bytes());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let (start, mut count) = (open(self.0), 0_u32);
        while items.next_element_seed(Packer(self.0))?.is_some() {
            count = count.saturating_add(1);
        }
        close(self.0, start, count, 0x90, [0xdc, 0xdd]);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let (start, mut count) = (open(self.0), 0_u32);
        while entries.next_key_seed(Packer(self.0))?.is_some() {
            entries.next_value_seed(Packer(self.0))?;
            count = count.saturating_add(1);
        }
        close(self.0, start, count, 0x80, [0xde, 0xdf]);
        Ok(())
    }
}

fn unsigned(out: &mut Vec<u8>, value: u64) {
    match (u8::try_from(value), u16::try_from(value), u32::try_from(value)) {
        (Ok(value @ 0..=0x7f), ..) => out.push(value),
        (Ok(value), ..) => out.extend([0xcc, value]),
        (_, Ok(value), _) => with(out, 0xcd, &value.to_be_bytes()),
        (.., Ok(value)) => with(out, 0xce, &value.to_be_bytes()),
        _ => with(out, 0xcf, &value.to_be_bytes()),
    }
}

fn negative(out: &mut Vec<u8>, value: i64) {
    match (i8::try_from(value), i16::try_from(value), i32::try_from(value)) {
        (Ok(value @ -32..), ..) => out.extend(value.to_be_bytes()),
        (Ok(value), ..) => with(out, 0xd0, &value.to_be_bytes()),
        (_, Ok(value), _) => with(out, 0xd1, &value.to_be_bytes()),
        (.., Ok(value)) => with(out, 0xd2, &value.to_be_bytes()),
        _ => with(out, 0xd3, &value.to_be_bytes()),
    }
}

fn with(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    out.push(kind);
    out.extend_from_slice(bytes);
}

/// Keeps room for the head of a list or map whose length is known at its end.
fn open(out: &mut Vec<u8>) -> usize {
    out.push(0);
    out.len() - 1
}

/// Writes the head; only a long one needs more than the byte that was kept.
fn close(out: &mut Vec<u8>, start: usize, count: u32, short: u8, [medium, long]: [u8; 2]) {
    match (u8::try_from(count), u16::try_from(count)) {
        (Ok(count @ 0..=15), _) => out[start] = short | count,
        (_, Ok(count)) => {
            let [a, b] = count.to_be_bytes();
            out.splice(start..=start, [medium, a, b]);
        }
        _ => {
            let [a, b, c, d] = count.to_be_bytes();
            out.splice(start..=start, [long, a, b, c, d]);
        }
    }
}

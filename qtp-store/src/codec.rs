//! The stored form of journal records: one codec for the journal file and for every database.

use qtp_core::port::JournalRecord;
use qtp_core::{CommandRecord, Event, EventRecord, Intent, SCHEMA_VERSION, StoreError, Timestamp};
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, value::MapAccessDeserializer};
use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::error::{codec, corrupt};

/// What the kind of an intent begins with: facts and intents share one sequence.
pub const INTENT_PREFIX: &str = "intent.";

/// A journal record as it is stored.
///
/// A fact has the kind of its event and the event's body. An intent has the kind `intent.` and its own,
/// both times are that of the event that caused it, and its body is `{"caused_by":SEQ,"intent":{...}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Version of the form of `kind` and `body`.
    pub v: u32,
    /// Place in the sequence.
    pub seq: u64,
    /// The venue's time.
    pub event_time: Timestamp,
    /// Our time.
    pub receive_time: Timestamp,
    /// What it is.
    pub kind: String,
    /// JSON text, kept byte for byte: the hash is over these bytes.
    pub body: String,
    /// Hash of this record and of everything before it.
    pub hash: Hash,
}

/// Encodes a record at the present version, with a hash of zeros: [`Chain::seal`](crate::Chain::seal) adds
/// the hash.
///
/// # Errors
/// [`StoreError::Codec`] if it cannot be written as JSON.
pub fn encode(record: &JournalRecord) -> Result<StoredRecord, StoreError> {
    let (event_time, receive_time, kind, body) = match record {
        JournalRecord::Event(record) => {
            let kind = record.event.kind();
            let body = event_body(&record.event).map_err(|source| encode_error(record.seq, kind, source))?;
            (record.event_time, record.receive_time, kind.to_owned(), body)
        }
        JournalRecord::Command(record) => {
            let kind = [INTENT_PREFIX, record.intent.kind()].concat();
            let envelope = IntentRef { caused_by: record.caused_by, intent: &record.intent };
            let body = serde_json::to_string(&envelope).map_err(|e| encode_error(record.seq, &kind, e))?;
            (record.time, record.time, kind, body)
        }
    };
    let seq = record.seq();
    Ok(StoredRecord { v: SCHEMA_VERSION, seq, event_time, receive_time, kind, body, hash: [0; 32] })
}

/// Decodes a stored record of any version up to the present one. The hash is not looked at.
///
/// # Errors
/// [`StoreError::Version`] if it is newer than this build, [`StoreError::Codec`] if kind or body cannot be
/// read, [`StoreError::Corrupt`] if kind, times and body of an intent contradict each other.
pub fn decode(stored: &StoredRecord) -> Result<JournalRecord, StoreError> {
    if stored.v == SCHEMA_VERSION {
        return decode_current(stored, &stored.kind, &stored.body);
    }
    let (kind, body) = upcast(stored, UPCASTERS)?;
    decode_current(stored, &kind, &body)
}

/// Lower-case hex digits of a hash.
pub fn to_hex(hash: &Hash) -> String {
    let mut text = String::with_capacity(64);
    for byte in hash {
        text.push(char::from(HEX[usize::from(byte >> 4)]));
        text.push(char::from(HEX[usize::from(byte & 15)]));
    }
    text
}

/// Reads 64 lower-case hex digits.
pub(crate) fn from_hex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    let nibble = |byte: u8| HEX.iter().position(|digit| *digit == byte).and_then(|at| u8::try_from(at).ok());
    for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    (text.len() == 64).then_some(hash)
}

pub(crate) const HEX: &[u8; 16] = b"0123456789abcdef";

/// Rewrites kind and body of one version into those of the next.
type Upcaster = fn(kind: &str, body: &str) -> Result<(String, String), serde_json::Error>;

/// The upcaster at index `n` reads version `n + 1`. Version 1 is the first and the present one.
const UPCASTERS: &[Upcaster] = &[];

fn upcast(stored: &StoredRecord, chain: &[Upcaster]) -> Result<(String, String), StoreError> {
    let steps = stored.v.checked_sub(1).and_then(|index| chain.get(index as usize..));
    let Some(steps) = steps.filter(|_| stored.v as usize <= chain.len() + 1) else {
        let supported = u32::try_from(chain.len() + 1).unwrap_or(u32::MAX);
        return Err(StoreError::Version { version: stored.v, supported });
    };
    let mut form = (stored.kind.clone(), stored.body.clone());
    for step in steps {
        form = step(&form.0, &form.1).map_err(|source| decode_error(stored.seq, &stored.kind, source))?;
    }
    Ok(form)
}

#[derive(Serialize)]
struct IntentRef<'a> {
    caused_by: u64,
    intent: &'a Intent,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IntentOwned {
    caused_by: u64,
    intent: Intent,
}

/// The event's JSON is `{"kind":"...","body":...}`; only what stands behind `body` is kept.
fn event_body(event: &Event) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string(event)?;
    let rest = text.strip_prefix(r#"{"kind":""#).and_then(|rest| rest.strip_prefix(event.kind()));
    let body = rest.and_then(|rest| rest.strip_prefix(r#"","body":"#)).filter(|body| body.ends_with('}'));
    let Some(head) = body.map(|body| text.len() - body.len()) else {
        return Err(serde::ser::Error::custom("the event has no body"));
    };
    text.pop();
    text.drain(..head);
    Ok(text)
}

fn decode_current(stored: &StoredRecord, kind: &str, body: &str) -> Result<JournalRecord, StoreError> {
    let failed = |source| decode_error(stored.seq, kind, source);
    let Some(intent_kind) = kind.strip_prefix(INTENT_PREFIX) else {
        let tagged = MapAccessDeserializer::new(Tagged { kind: Some(kind), body: Some(body) });
        return Ok(JournalRecord::Event(EventRecord {
            seq: stored.seq,
            event_time: stored.event_time,
            receive_time: stored.receive_time,
            event: Event::deserialize(tagged).map_err(failed)?,
        }));
    };
    let IntentOwned { caused_by, intent } = serde_json::from_str(body).map_err(failed)?;
    if intent.kind() != intent_kind || stored.event_time != stored.receive_time {
        return Err(corrupt(stored.seq, "kind and times of the intent contradict its body"));
    }
    Ok(JournalRecord::Command(CommandRecord {
        seq: stored.seq,
        time: stored.receive_time,
        caused_by,
        intent,
    }))
}

fn encode_error(seq: u64, kind: &str, source: serde_json::Error) -> StoreError {
    codec("encode", format!("journal record {seq} ({kind})"), source)
}

fn decode_error(seq: u64, kind: &str, source: serde_json::Error) -> StoreError {
    codec("decode", format!("journal record {seq} ({kind})"), source)
}

/// Kind and body as the map that [`Event`] is read from, without joining the two texts.
struct Tagged<'a> {
    kind: Option<&'a str>,
    body: Option<&'a str>,
}

impl<'de> MapAccess<'de> for Tagged<'de> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        let key = match (self.kind, self.body) {
            (Some(_), _) => "kind",
            (None, Some(_)) => "body",
            (None, None) => return Ok(None),
        };
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        if let Some(kind) = self.kind.take() {
            return seed.deserialize(kind.into_deserializer());
        }
        let mut body = serde_json::Deserializer::from_str(self.body.take().unwrap_or_default());
        let value = seed.deserialize(&mut body)?;
        body.end()?;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(v: u32, kind: &str, body: &str) -> StoredRecord {
        let (event_time, receive_time) = (Timestamp::EPOCH, Timestamp::EPOCH);
        StoredRecord {
            v,
            seq: 7,
            event_time,
            receive_time,
            kind: kind.into(),
            body: body.into(),
            hash: [0; 32],
        }
    }

    #[test]
    fn older_versions_pass_every_upcaster_after_their_own() {
        let chain: &[Upcaster] = &[
            |_, body| Ok(("two".into(), format!("{body}a"))),
            |_, body| Ok(("three".into(), format!("{body}b"))),
        ];
        assert_eq!(upcast(&stored(1, "one", ""), chain).unwrap(), ("three".into(), "ab".into()));
        assert_eq!(upcast(&stored(2, "two", ""), chain).unwrap(), ("three".into(), "b".into()));
        assert_eq!(upcast(&stored(3, "three", ""), chain).unwrap(), ("three".into(), String::new()));
        for version in [0, 4, u32::MAX] {
            let error = upcast(&stored(version, "x", ""), chain).unwrap_err();
            assert!(
                matches!(error, StoreError::Version { version: v, supported: 3 } if v == version),
                "{error}"
            );
        }
    }

    #[test]
    fn trailing_text_and_unknown_kinds_are_refused() {
        let good = stored(1, "stopped", r#"{"code":"a","message":"b"}"#);
        assert!(decode(&good).is_ok());
        assert!(decode(&stored(1, "stopped", r#"{"code":"a","message":"b"} 1"#)).is_err());
        assert!(decode(&stored(1, "nonsense", "{}")).is_err());
        assert!(decode(&stored(1, "intent.nonsense", "{}")).is_err());
    }
}

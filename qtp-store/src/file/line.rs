//! One record, one line: `{"v":1,"seq":0,"event_time":0,"receive_time":0,"kind":"..","body":{..},"hash":".."}`.
//!
//! The form is exact, to the byte: no spaces, no other order, no leading zeros. So a line has one reading, a
//! changed byte anywhere shows, and reading one needs no JSON parser: the body stays as it stands.

use qtp_core::Timestamp;

use crate::codec::{HEX, StoredRecord};

/// Length of `,"hash":"<64 digits>"}`.
const TAIL: usize = 9 + 64 + 2;

/// Why a line is not a record, and the number that it bears if that much could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineError {
    pub(super) seq: Option<u64>,
    pub(super) problem: &'static str,
}

pub(super) fn write_line(record: &StoredRecord, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"v":"#);
    write_number(i128::from(record.v), out);
    out.extend_from_slice(br#","seq":"#);
    write_number(i128::from(record.seq), out);
    out.extend_from_slice(br#","event_time":"#);
    write_number(i128::from(record.event_time.as_nanos()), out);
    out.extend_from_slice(br#","receive_time":"#);
    write_number(i128::from(record.receive_time.as_nanos()), out);
    out.extend_from_slice(br#","kind":""#);
    out.extend_from_slice(record.kind.as_bytes());
    out.extend_from_slice(br#"","body":"#);
    out.extend_from_slice(record.body.as_bytes());
    out.extend_from_slice(br#","hash":""#);
    for byte in record.hash {
        out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
    out.extend_from_slice(b"\"}\n");
}

/// Reads a line without its line feed.
pub(super) fn parse_line(line: &[u8]) -> Result<StoredRecord, LineError> {
    let mut rest = line;
    let head = |problem| LineError { seq: None, problem };
    let v = field(&mut rest, br#"{"v":"#).and_then(|n| u32::try_from(n).ok());
    let v = v.ok_or(head("the version cannot be read"))?;
    let seq = field(&mut rest, br#","seq":"#).and_then(|n| u64::try_from(n).ok());
    let seq = seq.ok_or(head("the sequence number cannot be read"))?;
    let bad = |problem| LineError { seq: Some(seq), problem };
    let mut time = |key: &[u8]| {
        let nanos = field(&mut rest, key).and_then(|n| i64::try_from(n).ok());
        nanos.map(Timestamp::from_nanos).ok_or(bad("a time cannot be read"))
    };
    let event_time = time(br#","event_time":"#)?;
    let receive_time = time(br#","receive_time":"#)?;
    let kind = kind(&mut rest).ok_or(bad("the kind cannot be read"))?;
    let body = rest.strip_prefix(br#"","body":"#.as_slice()).ok_or(bad("there is no body"))?;
    let (body, tail) =
        body.split_at_checked(body.len().wrapping_sub(TAIL)).ok_or(bad("the record is cut off"))?;
    let hash = hash(tail).ok_or(bad("the hash cannot be read"))?;
    let body = std::str::from_utf8(body).map_err(|_| bad("the body is not UTF-8"))?.to_owned();
    Ok(StoredRecord { v, seq, event_time, receive_time, kind, body, hash })
}

fn write_number(number: i128, out: &mut Vec<u8>) {
    // 64-bit arithmetic: every field fits u64 with a sign.
    let mut rest = u64::try_from(number.unsigned_abs()).unwrap_or(u64::MAX);
    let mut digits = [0_u8; 21];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        start -= 1;
        digits[start] = b'-';
    }
    out.extend_from_slice(&digits[start..]);
}

/// Takes `key` and the number behind it, in its only written form.
fn field(rest: &mut &[u8], key: &[u8]) -> Option<i128> {
    let text = rest.strip_prefix(key)?;
    let negative = text.first() == Some(&b'-');
    let digits = &text[usize::from(negative)..];
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let canonical = match (digits.first()?, length) {
        (b'0', 1) => !negative,
        (b'0', _) => false,
        (_, length) => (1..=20).contains(&length),
    };
    if !canonical {
        return None;
    }
    let value = digits[..length].iter().fold(0_i128, |sum, byte| sum * 10 + i128::from(byte - b'0'));
    *rest = &digits[length..];
    Some(if negative { -value } else { value })
}

fn kind(rest: &mut &[u8]) -> Option<String> {
    let text = rest.strip_prefix(br#","kind":""#.as_slice())?;
    let length =
        text.iter().take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.".contains(b)).count();
    let (kind, behind) = text.split_at(length);
    *rest = behind;
    std::str::from_utf8(kind).ok().filter(|kind| !kind.is_empty()).map(str::to_owned)
}

fn hash(tail: &[u8]) -> Option<[u8; 32]> {
    let digits = tail.strip_prefix(br#","hash":""#.as_slice())?.strip_suffix(b"\"}".as_slice())?;
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    (digits.len() == 64).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> StoredRecord {
        StoredRecord {
            v: u32::MAX,
            seq: u64::MAX,
            event_time: Timestamp::from_nanos(i64::MIN),
            receive_time: Timestamp::MAX,
            kind: "intent.set_timer".into(),
            body: r#"{"text":"\",\"hash\":\""}"#.into(),
            hash: [0xAB; 32],
        }
    }

    #[test]
    fn extreme_numbers_survive() {
        let mut line = Vec::new();
        write_line(&record(), &mut line);
        assert_eq!(line.pop(), Some(b'\n'));
        assert_eq!(parse_line(&line), Ok(record()));
        assert!(serde_json::from_slice::<serde_json::Value>(&line).is_ok());
    }

    #[test]
    fn every_changed_header_byte_changes_the_reading_or_is_refused() {
        let mut line = Vec::new();
        write_line(&StoredRecord { v: 1, seq: 10, ..record() }, &mut line);
        line.pop();
        let good = parse_line(&line).unwrap();
        for index in 0..line.len() {
            for byte in 0..=u8::MAX {
                let mut changed = line.clone();
                changed[index] = byte;
                if changed != line {
                    assert_ne!(parse_line(&changed), Ok(good.clone()), "byte {index} as {byte}");
                }
            }
        }
    }

    #[test]
    fn other_spellings_of_a_number_are_refused() {
        let parse = |text: &str| {
            let head =
                format!(r#"{{"v":1,"seq":{text},"event_time":0,"receive_time":0,"kind":"a","body":{{}}"#);
            parse_line(format!(r#"{head},"hash":"{}"}}"#, "0".repeat(64)).as_bytes())
        };
        assert_eq!(parse("10").map(|record| record.seq), Ok(10));
        for text in ["01", "-0", "+1", "1.0", "1e3", "", "-", "-1", "99999999999999999999999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

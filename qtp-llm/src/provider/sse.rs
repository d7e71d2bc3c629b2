//! Server-sent events, as far as providers of models use them.
//!
//! The form: <https://html.spec.whatwg.org/multipage/server-sent-events.html>, "Parsing an event stream". The stream has
//! been read to its end, so that neither a field nor a letter can be split.

/// The data of each event, in order, up to the mark that ends a stream; comments (keep-alives), other fields and empty data are
/// passed over.
pub(super) fn events(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let mut events = Vec::new();
    let mut data: Option<String> = None;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for line in text.trim_start_matches('\u{feff}').split('\n') {
        if line.is_empty() {
            events.extend(data.take());
        } else if let Some(value) = line.strip_prefix("data:") {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => data = Some(value.to_owned()),
            }
        }
    }
    // Some servers forget the empty line behind the last event.
    events.extend(data);
    events.retain(|data| !data.trim().is_empty());
    if let Some(end) = events.iter().position(|data| data.trim() == "[DONE]") {
        events.truncate(end);
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_names_and_line_ends_do_not_matter() {
        let text = ": OPENROUTER PROCESSING\n\nevent: x\ndata: {\"a\":1}\r\n\r\ndata:b\rdata: c\r\r\nid: 4\n\ndata:\n\ndata: [DONE]\n\ndata: late";
        assert_eq!(events(text.as_bytes()), ["{\"a\":1}", "b\nc"]);
    }

    #[test]
    fn nothing_and_noise_have_no_events() {
        assert!(events(b"").is_empty());
        assert!(events(b"\n\n: ping\n\nretry: 10\n\n").is_empty());
        assert_eq!(events(b"data: \xff\n\n"), ["\u{fffd}"]);
    }
}

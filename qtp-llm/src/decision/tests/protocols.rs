//! Every kind of answer in every protocol, whole and streamed: a right decision, or a hold with its cause.

use std::fmt::Write as _;

use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionError};

use super::*;

/// How one protocol says what a model answers.
struct Protocol {
    spec: &'static str,
    /// The whole answer to a text that ended in this way, in the protocol's own word for it.
    text: fn(&str, End) -> Value,
    /// An answer that calls tools: id, name, arguments.
    calls: fn(&[(&str, &str, Value)]) -> Value,
    /// The same answer as events.
    events: fn(&Value) -> Vec<String>,
    /// The body of an error.
    error: fn(u16, &str) -> Value,
    /// Names and results of the tools in a request, in their order.
    results: fn(&Value) -> Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Stop,
    Length,
    Refused,
}

const PROTOCOLS: [Protocol; 3] = [
    Protocol {
        spec: "openrouter:vendor/name",
        text: |text, end| {
            let reason = match end {
                End::Stop => "stop",
                End::Length => "length",
                End::Refused => "content_filter",
            };
            serde_json::from_str(&completion(&json!(text), reason)).unwrap()
        },
        calls: |calls| {
            let call = |(id, name, arguments): &(&str, &str, Value)| json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments.to_string() } });
            let message = json!({ "role": "assistant", "content": null, "tool_calls": calls.iter().map(call).collect::<Vec<_>>() });
            json!({ "model": "vendor/name", "choices": [{ "index": 0, "message": message, "finish_reason": "tool_calls" }] })
        },
        events: |whole| {
            let message = &whole["choices"][0]["message"];
            let chunk = |delta: Value, finish: &Value| {
                json!({ "model": "vendor/name", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] }).to_string()
            };
            let mut events = vec![chunk(json!({ "role": "assistant", "content": "" }), &Value::Null)];
            for piece in pieces(message["content"].as_str().unwrap_or_default()) {
                events.push(chunk(json!({ "content": piece }), &Value::Null));
            }
            for (index, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
                let name = &call["function"]["name"];
                events.push(chunk(json!({ "tool_calls": [{ "index": index, "id": call["id"], "function": { "name": name, "arguments": "" } }] }), &Value::Null));
                for piece in pieces(call["function"]["arguments"].as_str().unwrap()) {
                    events.push(chunk(
                        json!({ "tool_calls": [{ "index": index, "function": { "arguments": piece } }] }),
                        &Value::Null,
                    ));
                }
            }
            events.push(chunk(json!({}), &whole["choices"][0]["finish_reason"]));
            events.push("[DONE]".to_owned());
            events
        },
        error: |status, words| json!({ "error": { "code": status, "message": words } }),
        results: |body| {
            let tool = |message: &Value| {
                let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
                (message["role"] == "tool").then(|| (text("tool_call_id"), text("content")))
            };
            body["messages"].as_array().unwrap().iter().filter_map(tool).collect()
        },
    },
    Protocol {
        spec: "gemini:gemini-2.5-flash",
        text: |text, end| {
            let reason = match end {
                End::Stop => "STOP",
                End::Length => "MAX_TOKENS",
                End::Refused => "SAFETY",
            };
            gemini(&json!([{ "text": text }]), reason)
        },
        calls: |calls| {
            let call = |(id, name, arguments): &(&str, &str, Value)| json!({ "functionCall": { "id": id, "name": name, "args": arguments } });
            gemini(&calls.iter().map(call).collect(), "STOP")
        },
        events: |whole| {
            let parts = whole["candidates"][0]["content"]["parts"].as_array().unwrap();
            let mut events = Vec::new();
            for part in parts {
                match part["text"].as_str() {
                    Some(text) => {
                        events.extend(pieces(text).map(|piece| json!({ "candidates": [{ "content": { "parts": [{ "text": piece }], "role": "model" }, "index": 0 }] }).to_string()));
                    }
                    None => events.push(json!({ "candidates": [{ "content": { "parts": [part], "role": "model" }, "index": 0 }] }).to_string()),
                }
            }
            let finish = &whole["candidates"][0]["finishReason"];
            events.push(json!({ "candidates": [{ "content": { "parts": [{ "text": "" }], "role": "model" }, "finishReason": finish, "index": 0 }] }).to_string());
            events
        },
        error: |status, words| json!({ "error": { "code": status, "message": words, "status": "SOME_STATUS" } }),
        results: |body| {
            let parts = body["contents"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|content| content["parts"].as_array().unwrap());
            let result = |part: &Value| {
                let response = part.get("functionResponse")?;
                Some((response["id"].as_str()?.to_owned(), response["response"].to_string()))
            };
            parts.filter_map(result).collect()
        },
    },
    Protocol {
        spec: "anthropic:claude-sonnet-4-5",
        text: |text, end| {
            let reason = match end {
                End::Stop => "end_turn",
                End::Length => "max_tokens",
                End::Refused => "refusal",
            };
            anthropic(&json!([{ "type": "text", "text": text }]), reason)
        },
        calls: |calls| {
            let call = |(id, name, arguments): &(&str, &str, Value)| json!({ "type": "tool_use", "id": id, "name": name, "input": arguments });
            anthropic(&calls.iter().map(call).collect(), "tool_use")
        },
        events: |whole| {
            let mut events = vec![
                json!({ "type": "message_start", "message": { "model": "c", "content": [], "usage": { "input_tokens": 5 } } }),
            ];
            for (index, block) in whole["content"].as_array().unwrap().iter().enumerate() {
                let (mut empty, field, kind, words) = match block["text"].as_str() {
                    Some(text) => (block.clone(), "text", "text_delta", text.to_owned()),
                    None => (block.clone(), "input", "input_json_delta", block["input"].to_string()),
                };
                empty[field] = if field == "text" { json!("") } else { json!({}) };
                events.push(json!({ "type": "content_block_start", "index": index, "content_block": empty }));
                let name = if field == "text" { "text" } else { "partial_json" };
                for piece in pieces(&words) {
                    events.push(json!({ "type": "content_block_delta", "index": index, "delta": { "type": kind, name: piece } }));
                }
                events.push(json!({ "type": "content_block_stop", "index": index }));
            }
            events.push(json!({ "type": "message_delta", "delta": { "stop_reason": whole["stop_reason"] }, "usage": { "output_tokens": 9 } }));
            events.push(json!({ "type": "message_stop" }));
            events.iter().map(Value::to_string).collect()
        },
        error: |_, words| json!({ "type": "error", "error": { "type": "some_error", "message": words } }),
        results: |body| {
            let blocks = body["messages"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|message| message["content"].as_array());
            let result = |block: &Value| {
                let id = block.get("tool_use_id")?.as_str()?;
                Some((id.to_owned(), block["content"].as_str()?.to_owned()))
            };
            blocks.flatten().filter_map(result).collect()
        },
    },
];

fn gemini(parts: &Value, finish: &str) -> Value {
    json!({ "candidates": [{ "content": { "parts": parts, "role": "model" }, "finishReason": finish, "index": 0 }] })
}

fn anthropic(content: &Value, stop: &str) -> Value {
    json!({ "type": "message", "role": "assistant", "model": "c", "content": content, "stop_reason": stop, "usage": { "input_tokens": 5, "output_tokens": 7 } })
}

/// A text in pieces of seven letters, so that nothing of the answer comes whole.
fn pieces(text: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(7).map(|piece| piece.iter().collect()).collect::<Vec<String>>().into_iter()
}

/// Both ways in which an answer can travel.
const STREAMED: [bool; 2] = [false, true];

impl Protocol {
    fn answers(&self, whole: &Value, stream: bool) -> Scripted {
        if stream { Scripted::stream(&(self.events)(whole)) } else { Scripted::ok(whole.to_string()) }
    }

    fn says(&self, text: &str, end: End, stream: bool) -> Scripted {
        self.answers(&(self.text)(text, end), stream)
    }

    async fn run(&self, script: Vec<Scripted>, stream: bool) -> (Result<Decision, DecisionError>, Vec<Seen>) {
        let server = Server::start(script).await;
        let tools = vec!["candles".into(), "positions".into()];
        let settings = ChatSettings { stream, tools, ..server.settings() };
        let result = engine(self.spec, settings).decide(&picture()).await;
        (result, server.seen())
    }

    /// What became of a script: the number of trades or the code and the words of the hold, and how often the server was
    /// asked.
    async fn outcome(&self, script: Vec<Scripted>, stream: bool) -> (Result<usize, String>, usize) {
        let (result, seen) = self.run(script, stream).await;
        let words = |error: DecisionError| {
            let mut words = format!("{}: {error}", error.code());
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                let _ = write!(words, ": {inner}");
                cause = inner.source();
            }
            words
        };
        (result.map(|decision| decision.trades.len()).map_err(words), seen.len())
    }
}

#[tokio::test]
async fn plain_and_structured_answers_are_decisions() {
    for protocol in &PROTOCOLS {
        for stream in STREAMED {
            let place = format!("{} stream {stream}", protocol.spec);
            let (outcome, calls) =
                protocol.outcome(vec![protocol.says(&good_answer(), End::Stop, stream)], stream).await;
            assert_eq!((outcome, calls), (Ok(1), 1), "{place}");
            let server = Server::start(vec![protocol.says(
                &format!("Here you are:\n```json\n{}\n```", good_answer()),
                End::Stop,
                stream,
            )])
            .await;
            let settings =
                ChatSettings { structured: crate::Structured::Prompt, stream, ..server.settings() };
            let decision = engine(protocol.spec, settings).decide(&picture()).await.unwrap();
            assert_eq!(decision.trades.len(), 1, "{place}");
            let asked = server.seen()[0].body.to_string();
            for word in ["json_schema", "responseMimeType", "output_config"] {
                assert!(!asked.contains(word), "{place}: {asked}");
            }
        }
    }
}

#[tokio::test]
async fn several_rounds_of_parallel_calls_lead_to_a_decision() {
    for protocol in &PROTOCOLS {
        for stream in STREAMED {
            let first =
                [("a", "positions", json!({})), ("b", "candles", json!({ "asset": "BTC", "rows": 2 }))];
            let second =
                [("c", "candles", json!({ "asset": "DOGE" })), ("d", "withdraw", json!({ "all": true }))];
            let script = vec![
                protocol.answers(&(protocol.calls)(&first), stream),
                protocol.answers(&(protocol.calls)(&second), stream),
                protocol.says(&good_answer(), End::Stop, stream),
            ];
            let (result, seen) = protocol.run(script, stream).await;
            let place = format!("{} stream {stream}", protocol.spec);
            assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 3), "{place}");
            let results = (protocol.results)(&seen[2].body);
            let ids: Vec<_> = results.iter().map(|(id, _)| id.as_str()).collect();
            assert_eq!(ids, ["a", "b", "c", "d"], "{place}");
            for ((_, found), words) in
                results.iter().zip(["positions", "candles", "there are BTC", "there is no tool"])
            {
                assert!(found.contains(words), "{place}: {found}");
            }
        }
    }
}

#[tokio::test]
async fn every_status_is_a_decision_in_the_end_or_a_hold_with_its_words() {
    // Calls until the answer counts where one follows, and until the hold where none does.
    for (status, retried, forms) in [
        (400, false, 4),
        (401, false, 1),
        (402, false, 1),
        (403, false, 1),
        (408, true, 1),
        (413, false, 1),
        (422, false, 4),
        (429, true, 1),
        (500, true, 1),
        (502, true, 1),
        (503, true, 1),
        (529, true, 1),
    ] {
        for protocol in &PROTOCOLS {
            let place = format!("{} {status}", protocol.spec);
            let failed = || Scripted::error(status, (protocol.error)(status, "the cause").to_string());
            let tries = if retried { 3 } else { forms };
            let (outcome, calls) = protocol.outcome((0..9).map(|_| failed()).collect(), false).await;
            let words = outcome.unwrap_err();
            let code = if status == 429 { "rate_limited" } else { "call_failed" };
            let cause = if status == 429 { "rate" } else { "the cause" };
            assert!(words.starts_with(code) && words.contains(cause), "{place}: {words}");
            assert_eq!(calls, tries, "{place}");
            if retried || forms > 1 {
                let script = vec![failed(), protocol.says(&good_answer(), End::Stop, false)];
                assert_eq!(protocol.outcome(script, false).await, (Ok(1), 2), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn truncated_empty_and_refused_answers_are_never_traded() {
    for protocol in &PROTOCOLS {
        for stream in STREAMED {
            let place = format!("{} stream {stream}", protocol.spec);
            let good = || protocol.says(&good_answer(), End::Stop, stream);
            // Cut off at the limit of tokens: asked once more, even if it looks whole.
            let cut = || protocol.says(&good_answer(), End::Length, stream);
            assert_eq!(protocol.outcome(vec![cut(), good()], stream).await, (Ok(1), 2), "{place}");
            let (outcome, calls) = protocol.outcome(vec![cut(), cut()], stream).await;
            assert!(outcome.unwrap_err().contains("cut off"), "{place}");
            assert_eq!(calls, 2, "{place}");
            // Nothing at all: another call.
            let empty = || protocol.says("", End::Stop, stream);
            assert_eq!(protocol.outcome(vec![empty(), good()], stream).await, (Ok(1), 2), "{place}");
            let (outcome, calls) = protocol.outcome(vec![empty(), empty(), empty()], stream).await;
            assert!(outcome.unwrap_err().contains("empty"), "{place}");
            assert_eq!(calls, 3, "{place}");
            // A refusal is an answer, whatever else it says.
            let refused = protocol.says(&good_answer(), End::Refused, stream);
            let (outcome, calls) = protocol.outcome(vec![refused], stream).await;
            assert!(outcome.unwrap_err().starts_with("invalid_output"), "{place}");
            assert_eq!(calls, 1, "{place}");
        }
    }
}

#[tokio::test]
async fn broken_bodies_and_streams_are_asked_for_again() {
    for protocol in &PROTOCOLS {
        for stream in STREAMED {
            let good = || protocol.says(&good_answer(), End::Stop, stream);
            let kind = if stream { "text/event-stream" } else { "application/json" };
            let body = good().body;
            let half = body.char_indices().nth(body.chars().count() / 2).unwrap().0;
            for broken in [String::new(), "<html>busy</html>".into(), "null".into(), body[..half].to_owned()]
            {
                let place = format!("{} stream {stream}: {broken}", protocol.spec);
                let script = vec![Scripted { kind, ..Scripted::ok(broken) }, good()];
                assert_eq!(protocol.outcome(script, stream).await, (Ok(1), 2), "{place}");
            }
            // An error that comes with success.
            for (status, words) in [(503, "overloaded"), (500, "worker died")] {
                let error = (protocol.error)(status, words);
                let failed = || {
                    if stream {
                        Scripted::stream(&[error.to_string()])
                    } else {
                        Scripted::ok(error.to_string())
                    }
                };
                let place = format!("{} stream {stream}: {error}", protocol.spec);
                assert_eq!(protocol.outcome(vec![failed(), good()], stream).await, (Ok(1), 2), "{place}");
                let (outcome, _) = protocol.outcome(vec![failed(), failed(), failed()], stream).await;
                assert!(outcome.unwrap_err().contains(words), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn comments_and_split_letters_do_not_matter_to_a_stream() {
    for protocol in &PROTOCOLS {
        let words = good_answer().replace("an uptrend", "趋势向上 — 🚀 Aufwärts");
        let mut stream = protocol.says(&words, End::Stop, true);
        stream.body = stream.body.replace("data: ", ": keep-alive\n\nevent: message\ndata:");
        // Chunks of three bytes: letters of two to four bytes are torn apart.
        stream.torn = true;
        let (result, seen) = protocol.run(vec![stream], true).await;
        let decision = result.unwrap();
        assert_eq!(
            (decision.reasoning.as_str(), seen.len()),
            ("趋势向上 — 🚀 Aufwärts", 1),
            "{}",
            protocol.spec
        );
    }
}

#[tokio::test]
async fn a_decision_is_not_lost_over_its_bill() {
    for protocol in &PROTOCOLS {
        let whole = (protocol.text)(&good_answer(), End::Stop);
        for figures in [Value::Null, json!("none"), json!([]), json!({}), json!(-5), json!({ "x": null })] {
            let billed = |text: &String| {
                let Ok(mut body) = serde_json::from_str::<Value>(text) else { return text.clone() };
                for name in ["usage", "usageMetadata"] {
                    body[name] = figures.clone();
                    if body.get("message").is_some() {
                        body["message"][name] = figures.clone();
                    }
                }
                body.to_string()
            };
            let events: Vec<_> = (protocol.events)(&whole).iter().map(billed).collect();
            for (stream, script) in
                [(false, Scripted::ok(billed(&whole.to_string()))), (true, Scripted::stream(&events))]
            {
                let place = format!("{} stream {stream}: {figures}", protocol.spec);
                assert_eq!(protocol.outcome(vec![script], stream).await, (Ok(1), 1), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn the_end_mark_of_another_protocol_and_capitals_do_not_matter_to_a_stream() {
    for protocol in &PROTOCOLS {
        let mut stream = protocol.says(&good_answer(), End::Stop, true);
        stream.body = stream.body.replace("data: [DONE]\n\n", "") + "data:\n\ndata: [DONE]\n\n";
        stream.kind = "Text/Event-Stream";
        assert_eq!(protocol.outcome(vec![stream], true).await, (Ok(1), 1), "{}", protocol.spec);
    }
}

/// Paused time runs on as soon as everything waits for the server.
#[tokio::test(start_paused = true)]
async fn a_silent_server_and_a_stream_that_stalls_are_timeouts() {
    for protocol in &PROTOCOLS {
        for stream in STREAMED {
            let (outcome, calls) = protocol.outcome(Vec::new(), stream).await;
            assert!(outcome.unwrap_err().starts_with("timeout"), "{}", protocol.spec);
            assert!(calls > 1, "{}", protocol.spec);
        }
        let mut stalled = protocol.says(&good_answer(), End::Stop, true);
        stalled.stalls = true;
        let (outcome, _) = protocol.outcome(vec![stalled], true).await;
        assert!(outcome.unwrap_err().starts_with("timeout"), "{}", protocol.spec);
    }
}

#[tokio::test]
async fn hints_of_both_forms_are_heeded() {
    for protocol in &PROTOCOLS {
        for (headers, seconds) in [
            ("retry-after: 120\r\n", 120),
            ("date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:51:00 GMT\r\n", 83),
            ("retry-after-ms: 119000\r\nretry-after: 5\r\n", 119),
            ("retry-after: 99999999\r\n", 3600),
        ] {
            let body = (protocol.error)(429, "slow down").to_string();
            let limited = Scripted { headers: headers.into(), ..Scripted::error(429, body) };
            let (result, seen) = protocol.run(vec![limited], false).await;
            let hint = result.unwrap_err().retry_after();
            assert_eq!(hint, Some(std::time::Duration::from_secs(seconds)), "{}: {headers}", protocol.spec);
            assert_eq!(seen.len(), 1, "{}: a wait beyond the deadline", protocol.spec);
        }
        // A date without the answer's own says nothing.
        let body = (protocol.error)(429, "slow down").to_string();
        let headers = "retry-after: Sun, 06 Nov 1994 08:51:00 GMT\r\n".into();
        let limited = Scripted { headers, ..Scripted::error(429, body) };
        let script = vec![limited, protocol.says(&good_answer(), End::Stop, false)];
        assert_eq!(protocol.outcome(script, false).await, (Ok(1), 2));
    }
}

#[tokio::test]
async fn sampling_that_a_model_refuses_is_left_out_before_tools_and_schema() {
    for protocol in &PROTOCOLS {
        let refused = Scripted::error(400, (protocol.error)(400, "temperature is not supported").to_string());
        let server = Server::start(vec![refused, protocol.says(&good_answer(), End::Stop, false)]).await;
        let settings = ChatSettings {
            temperature: Some(0.2),
            effort: Some(crate::Effort::Low),
            tools: vec!["candles".into()],
            ..server.settings()
        };
        let decision = engine(protocol.spec, settings).decide(&picture()).await.unwrap();
        assert_eq!(decision.trades.len(), 1, "{}", protocol.spec);
        let texts: Vec<_> = server.seen().iter().map(|seen| seen.body.to_string()).collect();
        assert!(
            texts[0].contains("\"temperature\"") && !texts[1].contains("\"temperature\""),
            "{}",
            texts[1]
        );
        for kept in ["candles", "additionalProperties"] {
            assert!(texts[1].contains(kept), "{}: {kept}", protocol.spec);
        }
    }
}

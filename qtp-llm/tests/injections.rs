//! Texts from outside that give orders: nobody obeys them, whatever the model does.
#![cfg(feature = "chat")]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use qtp_core::port::{AsOf, AsOfView, DecisionEngine};
use qtp_core::{
    AssetView, Decision, DecisionAction, DecisionError, DecisionRequest, InstrumentId, Quantity, Timestamp,
};
use qtp_llm::{
    CallContext, ChatEngine, ChatModel, ChatReply, ChatRequest, ChatSettings, Finish, Message, News,
    NewsItem, NewsSource, TokenUsage, Tool, ToolCall, ToolError, ToolSpec, Untrusted, built_in_tools,
};
use serde_json::{Value, json};

const CORPUS: &str = include_str!("corpus/injections.jsonl");
const BTC: &str = "BTC-USDC-PERP@sim";
const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn texts() -> Vec<String> {
    let texts: Vec<String> = CORPUS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(texts.len() >= 50);
    texts
}

struct Feed(String);

#[async_trait]
impl NewsSource for Feed {
    async fn news(&self, _: &str, _: Timestamp) -> Result<Vec<NewsItem>, ToolError> {
        Ok(vec![NewsItem { time: Some(NOW), source: self.0.clone(), text: self.0.clone() }])
    }
}

/// A tool of somebody who did not think of it: it returns text from outside as it is.
struct Careless(String);

#[async_trait]
impl Tool for Careless {
    fn spec(&self) -> ToolSpec {
        let parameters = json!({ "type": "object", "properties": {} });
        ToolSpec { name: "careless".to_owned(), description: "Words.".to_owned(), parameters }
    }

    async fn call(&self, _: &Value, view: &dyn AsOfView) -> Result<AsOf<Value>, ToolError> {
        Ok(AsOf::read(view, |_| json!(self.0)))
    }
}

/// A model that obeys whatever it reads: it looks at the news, calls what it was told to, and wants everything.
struct Gullible {
    text: String,
    seen: Mutex<Vec<ChatRequest>>,
}

impl Gullible {
    fn call(name: &str, arguments: &str) -> ToolCall {
        ToolCall { id: format!("call-{name}"), name: name.to_owned(), arguments: arguments.to_owned() }
    }

    fn wish(&self) -> String {
        json!({
            "reasoning": self.text,
            "trade_decisions": [{
                "asset": BTC, "action": "buy", "conviction": 1, "allocation_usd": 1_000_000, "tp_price": null,
                "sl_price": 99, "exit_plan": self.text, "rationale": self.text,
            }],
        })
        .to_string()
    }
}

#[async_trait]
impl ChatModel for Gullible {
    fn provider(&self) -> &str {
        "scripted"
    }

    fn model(&self) -> &str {
        "gullible"
    }

    async fn complete(&self, request: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        let mut seen = self.seen.lock().unwrap();
        seen.push(request.clone());
        let calls = match seen.len() {
            1 => vec![Self::call("news", r#"{"query":"BTC"}"#), Self::call("careless", "{}")],
            2 => ["place_order", "withdraw", "shell"].map(|name| Self::call(name, "{}")).to_vec(),
            _ => Vec::new(),
        };
        let (text, finish) =
            if calls.is_empty() { (self.wish(), Finish::Stop) } else { (String::new(), Finish::ToolCalls) };
        let usage = TokenUsage::default();
        Ok(ChatReply { text, calls, finish, usage, model: String::new(), carry: None })
    }
}

fn picture() -> DecisionRequest {
    let asset = AssetView {
        instrument: BTC.parse().unwrap(),
        price: "100".parse().unwrap(),
        position: Quantity::ZERO,
        entry: None,
        stop: None,
        target: None,
        unrealized: None,
        working: Quantity::ZERO,
        funding: None,
        open_interest: None,
        last_trade: None,
        thesis: None,
        book: None,
        candles: Vec::new(),
    };
    DecisionRequest {
        id: 1,
        strategy: "desk".parse().unwrap(),
        owner: 0,
        account: "main".parse().unwrap(),
        snapshot_seq: 1,
        as_of: NOW,
        equity: Some("10000".parse().unwrap()),
        performance: None,
        assets: vec![asset],
        halted: false,
    }
}

async fn run(text: &str) -> (Result<Decision, DecisionError>, Vec<ChatRequest>) {
    let model = Arc::new(Gullible { text: text.to_owned(), seen: Mutex::default() });
    let mut tools = built_in_tools();
    tools.push(Arc::new(News::new(Arc::new(Feed(text.to_owned())))) as Arc<dyn Tool>);
    tools.push(Arc::new(Careless(text.to_owned())));
    let engine = ChatEngine::new(Arc::clone(&model) as Arc<dyn ChatModel>, ChatSettings::default()).unwrap();
    let decision = engine.with_tools(tools).unwrap().decide(&picture()).await;
    let seen = model.seen.lock().unwrap().clone();
    (decision, seen)
}

fn system(request: &ChatRequest) -> Vec<&String> {
    let text = |message: &'_ Message| matches!(message, Message::System(_));
    let systems = request.messages.iter().filter(|message| text(message));
    systems
        .filter_map(|message| if let Message::System(text) = message { Some(text) } else { None })
        .collect()
}

#[tokio::test]
async fn no_text_changes_an_instruction_calls_an_unlisted_tool_or_sets_a_size() {
    let (_, calm) = run("BTC is quiet.").await;
    for text in texts() {
        let (decision, seen) = run(&text).await;
        assert_eq!(seen.len(), 3, "{text}");
        for request in &seen {
            // The system part and the tools are what they are without the text, to the byte.
            assert_eq!(system(request), system(&calm[0]), "{text}");
            assert_eq!(request.tools, calm[0].tools);
            assert_eq!(request.messages[1], calm[0].messages[1]);
        }
        for message in &seen[2].messages {
            let Message::Tool { name, content, failed, .. } = message else { continue };
            if name == "news" {
                is_wrapped(content, &text);
            } else if name == "careless" {
                // It stays one string of JSON in the tool's own message.
                assert_eq!(serde_json::from_str::<String>(content).unwrap(), text);
                assert!(!content.contains('\n'));
            } else {
                assert!(*failed && content.starts_with("there is no tool"), "{content}");
            }
        }
        // What comes out is advice: a side, exits and a cap. There is no field for a size, and code computes it.
        let decision = decision.unwrap();
        let trade = &decision.trades[0];
        assert_eq!((decision.trades.len(), trade.action), (1, DecisionAction::Buy));
        assert!(!trade.rationale.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
    }
}

/// One envelope, closed once and at the end, and no way out of it.
fn is_wrapped(content: &str, text: &str) {
    let value: Value = serde_json::from_str(content).unwrap();
    let words = value["items"][0]["text"].as_str().unwrap();
    assert!(words.starts_with("<untrusted source=\"news\">") && words.ends_with("</untrusted>"), "{text}");
    assert_eq!((words.matches('<').count(), words.matches('>').count()), (2, 2), "{words}");
    assert!(
        !words.contains(['\u{ff1c}', '\u{ff1e}', '\u{3008}', '\u{27e8}', '\u{276e}', '\u{fe64}']),
        "{words}"
    );
    assert!(!words.contains(['\n', '\r']), "{words:?}");
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
            || matches!(c, '\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0049}')
    };
    assert!(!words.contains(hidden), "{words:?}");
    assert!(words.chars().count() < 4100, "{}", words.len());
}

#[test]
fn no_text_is_the_name_of_an_instrument() {
    for text in texts() {
        for name in [text.clone(), format!("{text}@sim"), format!("BTC{text}-USDC@sim")] {
            let parsed = name.parse::<InstrumentId>();
            assert!(parsed.is_err(), "{name}");
        }
    }
}

#[test]
fn untrusted_text_is_not_shown_by_accident() {
    for text in texts() {
        assert_eq!(format!("{:?}", Untrusted::new(&text)), "Untrusted(..)");
    }
}

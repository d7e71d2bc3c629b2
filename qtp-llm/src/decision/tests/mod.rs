//! Pictures and replies for the tests of the chat engine.

#[cfg(all(feature = "openai", feature = "gemini", feature = "anthropic"))]
mod anthropic;
#[cfg(all(feature = "openai", feature = "gemini", feature = "anthropic"))]
mod chain;
#[cfg(all(feature = "openai", feature = "gemini", feature = "anthropic"))]
mod gemini;
#[cfg(all(feature = "openai", feature = "gemini", feature = "anthropic"))]
mod log;
#[cfg(all(feature = "openai", feature = "gemini", feature = "anthropic"))]
mod loopback;
mod plan;
mod prompt;
#[cfg(all(feature = "openai", feature = "gemini", feature = "anthropic"))]
mod protocols;
#[cfg(all(feature = "openai", feature = "gemini", feature = "anthropic"))]
mod stream;
mod text;
mod timing;
#[cfg(all(feature = "openai", feature = "gemini", feature = "anthropic"))]
mod tools;

use std::sync::Arc;

use qtp_core::{AssetView, DecisionRequest};
use serde_json::{Value, json};

use crate::decision::ChatEngine;
use crate::secret::Secret;
use crate::settings::{ChatSettings, LlmSettings};
use crate::testing::server::{Scripted, Seen, Server};
use crate::testing::{flat, market, price, request};

pub(super) const BTC: &str = "BTC-USDC-PERP@sim";
pub(super) const ETH: &str = "ETH-USDC-PERP@sim";
pub(super) const KEY: &str = "sk-very-secret-0123456789";

/// BTC at 100 and ETH at 10, both flat.
pub(super) fn picture() -> DecisionRequest {
    request(vec![at(BTC, 100.0), at(ETH, 10.0)])
}

pub(super) fn at(instrument: &str, now: f64) -> AssetView {
    AssetView { price: price(now), ..flat(instrument, market(instrument, 1, now, 40)) }
}

/// One trade with every field, some of them replaced.
pub(super) fn trade(changes: &Value) -> Value {
    let mut trade = json!({
        "asset": BTC, "action": "buy", "conviction": 0.7, "allocation_usd": 1500, "tp_price": 112.5,
        "sl_price": 95.25, "exit_plan": "at the stop or the target", "rationale": "ema(9) leads",
    });
    for (field, value) in changes.as_object().unwrap() {
        trade[field] = value.clone();
    }
    trade
}

pub(super) fn answer(trades: &[Value]) -> String {
    json!({ "reasoning": "an uptrend", "trade_decisions": trades }).to_string()
}

pub(super) fn good_answer() -> String {
    answer(&[trade(&json!({}))])
}

pub(super) fn completion(content: &Value, finish: &str) -> String {
    json!({
        "id": "gen-1", "object": "chat.completion", "created": 1, "model": "vendor/name",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": finish }],
        "usage": { "prompt_tokens": 900, "completion_tokens": 80, "total_tokens": 980, "cost": 0.000125 },
    })
    .to_string()
}

pub(super) fn says(text: &str) -> Scripted {
    Scripted::ok(completion(&json!(text), "stop"))
}

/// The engine of a spec, with the layers that `build` gives it.
pub(super) fn engine(spec: &str, chat: ChatSettings) -> ChatEngine {
    let key = || Some(Secret::new(KEY));
    let settings = LlmSettings {
        chat,
        openrouter_api_key: key(),
        gemini_api_key: key(),
        anthropic_api_key: key(),
        ..LlmSettings::default()
    };
    crate::layers::engine(&spec.parse().unwrap(), &settings, &Arc::default()).unwrap()
}

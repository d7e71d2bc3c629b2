//! One question to one model: `ask PROVIDER MODEL [BASE_URL]` reads a `ChatRequest` as JSON from standard input and
//! prints the reply as JSON.
//!
//! `echo '{"messages": [{"user": "Hello"}], "max_tokens": 100}' | cargo run -p qtp-llm --all-features --example ask -- \
//! ollama qwen3:8b`

use std::error::Error;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use qtp_core::Timestamp;
use qtp_llm::{
    AnthropicModel, CallContext, ChatModel, ChatRequest, ChatSettings, GeminiModel, OpenAiModel, Provider,
    Secret,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(provider), Some(model)) = (arguments.next(), arguments.next()) else {
        return Err("usage: ask PROVIDER MODEL [BASE_URL] < request.json".into());
    };
    let stream = std::env::var_os("STREAM").is_some();
    let settings = ChatSettings { base_url: arguments.next(), stream, ..ChatSettings::default() };
    let key = std::env::var("API_KEY").ok().map(Secret::new);
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let request: ChatRequest = serde_json::from_str(&text)?;
    let model: Arc<dyn ChatModel> = match provider.as_str() {
        "openrouter" => Arc::new(OpenAiModel::new(Provider::OpenRouter, &model, key, &settings)?),
        "openai" => Arc::new(OpenAiModel::new(Provider::OpenAi, &model, key, &settings)?),
        "ollama" => Arc::new(OpenAiModel::new(Provider::Ollama, &model, key, &settings)?),
        "gemini" => Arc::new(GeminiModel::new(&model, key, &settings)?),
        "anthropic" => Arc::new(AnthropicModel::new(&model, key, &settings)?),
        other => return Err(format!("there is no provider {other}").into()),
    };
    let context = CallContext { decision: 0, as_of: Timestamp::EPOCH, limit: Duration::from_secs(60) };
    println!("{}", serde_json::to_string(&model.complete(&request, &context).await?)?);
    Ok(())
}

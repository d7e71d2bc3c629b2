//! Whether a model remembers a market: it is asked for closes that it can only know by heart.

use std::sync::Arc;
use std::time::Duration;

use qtp_core::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::model::{CallContext, ChatModel, ChatRequest, Format, Message};

/// The system part.
const SYSTEM: &str = "You are asked for a price of the past. Answer from memory with JSON, {\"price\": number} in USD, or \
                      {\"price\": null} if you do not know it. No other words.";
/// Tokens for an answer.
const ANSWER_TOKENS: u32 = 512;
/// Limit of one question.
const LIMIT: Duration = Duration::from_secs(60);
/// A close is remembered if the answer is this near to it, as a share.
const NEAR: f64 = 0.01;
/// One-sided 95 % point of the normal distribution.
const NORMAL_95: f64 = 1.645;

/// A close that a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProbeQuestion {
    /// Start of the day, UTC.
    pub day: Timestamp,
    /// Its last price in USD.
    pub close: f64,
}

/// What a model remembered.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ProbeReport {
    /// Questions.
    pub asked: usize,
    /// Questions whose call failed: nothing is known of them.
    pub failed: usize,
    /// Answers with a price.
    pub answered: usize,
    /// Answers within 1 % of the close.
    pub remembered: usize,
    /// How many closes are as near to the median of all: what is right by knowing the time alone.
    pub by_chance: usize,
    /// Mean distance of the answers from their closes, as a share.
    pub mean_distance: Option<f64>,
    /// More is remembered than chance explains, at 95 %: a backtest of this market is no evidence.
    pub remembers: bool,
}

/// Asks for each close, one question a call, and never shows one.
///
/// A model that does not remember may still be near a price that hardly moved: [`ProbeReport::by_chance`] says how near.
pub async fn probe(model: &Arc<dyn ChatModel>, asset: &str, questions: &[ProbeQuestion]) -> ProbeReport {
    let mut report = ProbeReport { asked: questions.len(), ..ProbeReport::default() };
    let mut distances = Vec::new();
    for (number, question) in questions.iter().enumerate() {
        let context = CallContext { decision: number as u64 + 1, as_of: question.day, limit: LIMIT };
        let reply = match model.complete(&ask(asset, question), &context).await {
            Ok(reply) => reply.text,
            Err(error) => {
                tracing::warn!(%error, "a question of the memory probe failed");
                report.failed += 1;
                continue;
            }
        };
        let Some(price) = price(&reply) else { continue };
        report.answered += 1;
        let distance = (price / question.close - 1.0).abs();
        report.remembered += usize::from(distance <= NEAR);
        distances.push(distance);
    }
    if !distances.is_empty() {
        report.mean_distance = Some(distances.iter().sum::<f64>() / distances.len() as f64);
    }
    report.by_chance = near_the_median(questions);
    report.remembers = exceeds(report.remembered, report.by_chance, report.asked - report.failed);
    report
}

fn ask(asset: &str, question: &ProbeQuestion) -> ChatRequest {
    let (year, month, day) = question.day.date();
    let user =
        format!("What was the closing price of {asset} in USD on {year:04}-{month:02}-{day:02} (UTC)?");
    let messages = vec![Message::System(SYSTEM.to_owned()), Message::User(user)];
    ChatRequest { format: Format::Object, max_tokens: ANSWER_TOKENS, ..ChatRequest::new(messages) }
}

fn price(reply: &str) -> Option<f64> {
    let object = reply.get(reply.find('{')?..=reply.rfind('}')?)?;
    let value: Value = serde_json::from_str(object).ok()?;
    let price = match value.get("price")? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.replace([',', '$', ' '], "").parse().ok()?,
        _ => return None,
    };
    (price.is_finite() && price > 0.0).then_some(price)
}

fn near_the_median(questions: &[ProbeQuestion]) -> usize {
    let mut closes: Vec<f64> = questions.iter().map(|question| question.close).collect();
    closes.sort_by(f64::total_cmp);
    let Some(median) = closes.get(closes.len() / 2).copied() else { return 0 };
    closes.iter().filter(|close| (median / **close - 1.0).abs() <= NEAR).count()
}

/// The share of hits lies above that of chance by more than its one-sided 95 % margin.
fn exceeds(hits: usize, chance: usize, answered: usize) -> bool {
    if answered == 0 {
        return false;
    }
    let n = answered as f64;
    // No chance is none at all: one more hit than were seen by it.
    let expected = ((chance as f64 + 1.0) / (n + 1.0)).min(1.0);
    hits as f64 / n > expected + NORMAL_95 * (expected * (1.0 - expected) / n).sqrt()
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use qtp_core::DecisionError;

    use super::*;
    use crate::model::{ChatReply, Finish, TokenUsage};

    /// Knows what the closure knows of the day in the question.
    struct Memory(fn(&str) -> String);

    #[async_trait]
    impl ChatModel for Memory {
        fn provider(&self) -> &str {
            "test"
        }

        fn model(&self) -> &str {
            "memory"
        }

        async fn complete(&self, request: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
            let Some(Message::User(question)) = request.messages.last() else { panic!("{request:?}") };
            let reply = (self.0)(question);
            if reply.is_empty() {
                return Err(DecisionError::RateLimited { engine: "test".into(), retry_after: None });
            }
            Ok(ChatReply {
                text: reply,
                calls: Vec::new(),
                finish: Finish::Stop,
                usage: TokenUsage::default(),
                model: String::new(),
                carry: None,
            })
        }
    }

    /// Twenty days from 2022-01-01; the close of day n is 1000 + 50 n.
    fn questions() -> Vec<ProbeQuestion> {
        let day = |n: i64| Timestamp::from_secs(1_640_995_200 + n * 86_400);
        (0..20).map(|n| ProbeQuestion { day: day(n), close: 1000.0 + 50.0 * n as f64 }).collect()
    }

    fn day_of(question: &str) -> f64 {
        let (_, rest) = question.split_once("2022-01-").unwrap();
        rest[..2].parse::<f64>().unwrap() - 1.0
    }

    async fn report(knows: fn(&str) -> String) -> ProbeReport {
        let model: Arc<dyn ChatModel> = Arc::new(Memory(knows));
        probe(&model, "BTC", &questions()).await
    }

    #[tokio::test]
    async fn who_knows_the_closes_remembers_and_who_does_not_does_not() {
        let all = report(|question| format!("{{\"price\": {}}}", 1003.0 + 50.0 * day_of(question))).await;
        assert_eq!((all.asked, all.answered, all.remembered, all.remembers), (20, 20, 20, true));
        assert!(all.mean_distance.unwrap() < 0.004 && all.by_chance <= 2, "{all:?}");
        let none = report(|_| "```json\n{\"price\": null}\n```".to_owned()).await;
        assert_eq!((none.answered, none.remembered, none.remembers), (0, 0, false));
        let median = report(|_| "{\"price\": \"$1,500\"}".to_owned()).await;
        assert_eq!((median.answered, median.remembers), (20, false), "{median:?}");
        let broken = report(|_| String::new()).await;
        assert_eq!((broken.failed, broken.remembers), (20, false));
    }

    #[test]
    fn the_question_names_asset_and_day_and_never_the_price() {
        let text = serde_json::to_string(&ask("BTC", &questions()[3])).unwrap();
        assert!(text.contains("BTC") && text.contains("2022-01-04") && !text.contains("1150"), "{text}");
    }
}

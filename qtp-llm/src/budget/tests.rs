use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::{DecisionError, Timestamp};

use super::*;
use crate::caps::{BudgetCaps, Cap};
use crate::model::{
    CallContext, ChatModel, ChatReply, ChatRequest, Finish, Message, ModelCard, ProviderError, TokenUsage,
};

/// Uses what it is told to, or fails.
struct Model(Mutex<Vec<Result<TokenUsage, DecisionError>>>);

#[async_trait]
impl ChatModel for Model {
    fn provider(&self) -> &str {
        "p"
    }

    fn model(&self) -> &str {
        "m"
    }

    async fn complete(&self, _: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        let usage = self.0.lock().unwrap().remove(0)?;
        Ok(ChatReply {
            text: "x".to_owned(),
            calls: Vec::new(),
            finish: Finish::Stop,
            usage,
            model: String::new(),
            carry: None,
        })
    }
}

fn used(prompt_tokens: u64, completion_tokens: u64) -> Result<TokenUsage, DecisionError> {
    Ok(TokenUsage { prompt_tokens, completion_tokens, ..TokenUsage::default() })
}

fn at(decision: u64, secs: i64) -> CallContext {
    CallContext { decision, as_of: Timestamp::from_secs(secs), limit: Duration::from_secs(1) }
}

/// Estimated at 10 tokens of prompt and 100 of answer.
fn question() -> ChatRequest {
    ChatRequest { max_tokens: 100, ..ChatRequest::new(vec![Message::User("x".repeat(20))]) }
}

/// A dollar a token, to make sums easy.
fn card() -> ModelCard {
    let dollar = Some("1000000".parse().unwrap());
    ModelCard { prompt_price: dollar, completion_price: dollar, ..ModelCard::default() }
}

fn tokens(tokens: u64) -> Cap {
    Cap { tokens: Some(tokens), usd: None }
}

fn budgeted(ledger: &Arc<Ledger>, script: Vec<Result<TokenUsage, DecisionError>>) -> Budgeted<Model> {
    Budgeted::new(Model(Mutex::new(script)), Some(card()), Arc::clone(ledger))
}

async fn refusal(model: &Budgeted<Model>, context: CallContext) -> String {
    let error = model.complete(&question(), &context).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("budget", false));
    error.to_string()
}

#[tokio::test]
async fn what_was_used_replaces_what_was_reserved() {
    let ledger = Arc::new(Ledger::new(BudgetCaps { run: tokens(150), ..BudgetCaps::default() }));
    let model = budgeted(&ledger, vec![used(10, 30), used(5, 5), used(0, 0)]);
    let reply = model.complete(&question(), &at(1, 0)).await.unwrap();
    assert_eq!(reply.usage.cost, Some("40".parse().unwrap()));
    assert_eq!(ledger.spent(), Spent { tokens: 40, usd: "40".parse().unwrap() });
    // 40 + 110 fits exactly.
    model.complete(&question(), &at(2, 0)).await.unwrap();
    assert_eq!(ledger.spent().tokens, 50);
    assert!(refusal(&model, at(3, 0)).await.contains("run: 150 tokens, and 160 with this call"));
    assert_eq!(ledger.spent().tokens, 50);
}

#[tokio::test]
async fn figures_that_cannot_be_true_neither_refill_a_budget_nor_use_it_up() {
    let stated = |prompt_tokens, cost: &str| {
        Ok(TokenUsage { prompt_tokens, cost: Some(cost.parse().unwrap()), ..TokenUsage::default() })
    };
    for (usage, spent, cost) in [
        // Below zero, and more than anybody pays for a call: the card's price.
        (stated(7, "-5"), (7, "7"), "7"),
        (stated(7, "79228162514264337593543950335"), (7, "7"), "7"),
        // No tokens that can be: the estimate.
        (stated(u64::MAX, "-5"), (110, "110"), "0"),
        (stated(u64::MAX, "2"), (110, "2"), "2"),
    ] {
        let ledger = Arc::new(Ledger::new(BudgetCaps::default()));
        let reply = budgeted(&ledger, vec![usage]).complete(&question(), &at(1, 0)).await.unwrap();
        assert_eq!(ledger.spent(), Spent { tokens: spent.0, usd: spent.1.parse().unwrap() });
        assert_eq!(reply.usage.cost, Some(cost.parse().unwrap()));
        assert!(reply.usage.prompt_tokens <= 7);
    }
}

#[tokio::test]
async fn each_span_has_its_cap_and_begins_anew() {
    let caps = |change: fn(&mut BudgetCaps)| {
        let mut caps = BudgetCaps::default();
        change(&mut caps);
        Arc::new(Ledger::new(caps))
    };
    for (ledger, later, word) in [
        (caps(|c| c.decision = tokens(150)), at(2, 10), "decision"),
        (caps(|c| c.hour = tokens(150)), at(1, 3600), "hour"),
        (caps(|c| c.day = tokens(150)), at(1, 86_400), "day"),
    ] {
        let model = budgeted(&ledger, vec![used(50, 50), used(50, 50)]);
        model.complete(&question(), &at(1, 10)).await.unwrap();
        let refused = refusal(&model, at(1, 20)).await;
        assert!(refused.contains(word), "{refused}");
        model.complete(&question(), &later).await.unwrap();
    }
}

#[tokio::test]
async fn dollars_need_a_price() {
    let cap = Cap { tokens: None, usd: Some("120".parse().unwrap()) };
    let ledger = Arc::new(Ledger::new(BudgetCaps { day: cap, ..BudgetCaps::default() }));
    let unknown = Budgeted::new(Model(Mutex::default()), None, Arc::clone(&ledger));
    assert!(refusal(&unknown, at(1, 0)).await.contains("price of p:m is unknown"));
    let model = budgeted(&ledger, vec![used(10, 10)]);
    model.complete(&question(), &at(1, 0)).await.unwrap();
    assert!(refusal(&model, at(2, 0)).await.contains("day: 120 USD, and up to 130"));
}

#[tokio::test]
async fn only_calls_that_were_turned_away_are_free() {
    let engine = || "p".to_owned();
    let call = |status| {
        let source = ProviderError { status, code: String::new(), message: String::new() };
        DecisionError::Call { engine: engine(), retryable: false, source: Box::new(source) }
    };
    for (error, spent) in [
        (DecisionError::RateLimited { engine: engine(), retry_after: None }, 0),
        (call(401), 0),
        (call(408), 110),
        (call(503), 110),
        (DecisionError::Timeout { engine: engine(), limit: Duration::ZERO }, 110),
    ] {
        let ledger = Arc::new(Ledger::new(BudgetCaps::default()));
        let text = error.to_string();
        budgeted(&ledger, vec![Err(error)]).complete(&question(), &at(1, 0)).await.unwrap_err();
        assert_eq!(ledger.spent().tokens, spent, "{text}");
    }
}

#[tokio::test]
async fn a_reply_without_figures_counts_as_estimated() {
    let ledger = Arc::new(Ledger::new(BudgetCaps::default()));
    budgeted(&ledger, vec![used(0, 0)]).complete(&question(), &at(1, 0)).await.unwrap();
    assert_eq!(ledger.spent(), Spent { tokens: 110, usd: "110".parse().unwrap() });
}

#[tokio::test]
async fn a_ledger_with_a_file_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("budget.json");
    let caps = BudgetCaps { day: tokens(150), ..BudgetCaps::default() };
    let ledger = Arc::new(Ledger::open(caps, &path).unwrap());
    budgeted(&ledger, vec![used(40, 40)]).complete(&question(), &at(1, 10)).await.unwrap();
    drop(ledger);
    let ledger = Arc::new(Ledger::open(caps, &path).unwrap());
    assert_eq!(ledger.spent().tokens, 80);
    let model = budgeted(&ledger, Vec::new());
    assert!(refusal(&model, at(2, 20)).await.contains("day"));
    std::fs::write(&path, "{}").unwrap();
    assert!(Ledger::open(caps, &path).unwrap_err().to_string().contains("not a budget ledger"));
}

/// Nobody knows whether a call that was given up is billed.
#[tokio::test]
async fn a_call_that_was_given_up_stays_reserved() {
    struct Never;
    #[async_trait]
    impl ChatModel for Never {
        fn provider(&self) -> &str {
            "p"
        }
        fn model(&self) -> &str {
            "m"
        }
        async fn complete(&self, _: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
            std::future::pending().await
        }
    }
    let ledger = Arc::new(Ledger::new(BudgetCaps::default()));
    let model = Budgeted::new(Never, Some(card()), Arc::clone(&ledger));
    let (request, context) = (question(), at(1, 0));
    tokio::select! {
        biased;
        _ = model.complete(&request, &context) => unreachable!(),
        () = std::future::ready(()) => {}
    }
    assert_eq!(ledger.spent().tokens, 110);
}

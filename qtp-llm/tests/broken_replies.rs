//! What becomes of broken replies: a decision where nothing had to be guessed, else a hold with its cause.
#![cfg(feature = "chat")]
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use proptest::prelude::*;
use qtp_core::port::DecisionEngine;
use qtp_core::{
    AssetView, Bracket, Candle, CandleParts, Decimal, Decision, DecisionAction, DecisionError,
    DecisionRequest, ExitPlan, Price, Quantity, Timeframe, Timestamp,
};
use qtp_llm::{CallContext, ChatEngine, ChatModel, ChatReply, ChatRequest, ChatSettings, Finish, TokenUsage};
use serde::Deserialize;

const CORPUS: &str = include_str!("corpus/broken_replies.jsonl");

/// One broken reply, about BTC at 100 while flat and ETH at 10 while long.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    reply: String,
    #[serde(default)]
    finish: Option<String>,
    expect: Expected,
    /// The plan of the first trade.
    #[serde(default)]
    plan: Option<ExitPlan>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Expected {
    /// Asset, action, stop, target, cap.
    Trades(Vec<Row>),
    /// Words of the cause.
    Hold(String),
}

type Row = (String, String, Option<String>, Option<String>, Option<String>);

/// Says the same whatever it is asked: the repair question brings nothing new.
struct Stubborn(String, Finish);

#[async_trait]
impl ChatModel for Stubborn {
    fn provider(&self) -> &str {
        "scripted"
    }

    fn model(&self) -> &str {
        "stubborn"
    }

    async fn complete(&self, _: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        Ok(ChatReply {
            text: self.0.clone(),
            calls: Vec::new(),
            finish: self.1.clone(),
            usage: TokenUsage::default(),
            model: String::new(),
            carry: None,
        })
    }
}

/// Forty candles that stand still, the last one closed at the picture's instant.
fn candles(id: &str, price: &str) -> Vec<Candle> {
    let candle = |index: i64| {
        let level: Price = price.parse().unwrap();
        Candle::new(CandleParts {
            instrument: id.parse().unwrap(),
            timeframe: Timeframe::M5,
            open_time: Timestamp::from_secs(1_700_000_000 - 200 - 300 * (40 - index)),
            open: level,
            high: level,
            low: level,
            close: level,
            volume: Quantity::ZERO,
        })
        .unwrap()
    };
    (0..40).map(candle).collect()
}

static PICTURE: LazyLock<DecisionRequest> = LazyLock::new(|| {
    let asset = |id: &str, price: &str, position: &str| AssetView {
        instrument: id.parse().unwrap(),
        price: price.parse().unwrap(),
        position: position.parse().unwrap(),
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
        candles: vec![(Timeframe::M5, candles(id, price))],
    };
    DecisionRequest {
        id: 1,
        strategy: "desk".parse().unwrap(),
        owner: 0,
        account: "main".parse().unwrap(),
        snapshot_seq: 1,
        as_of: Timestamp::from_secs(1_700_000_000),
        equity: Some("10000".parse().unwrap()),
        performance: None,
        assets: vec![asset("BTC-USDC-PERP@sim", "100", "0"), asset("ETH-USDC-PERP@sim", "10", "5")],
        halted: false,
    }
});

fn decide(reply: &str, finish: Finish) -> Result<Decision, DecisionError> {
    let model = Arc::new(Stubborn(reply.to_owned(), finish));
    let engine = ChatEngine::new(model, ChatSettings::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(engine.decide(&PICTURE))
}

#[test]
fn every_broken_reply_has_its_outcome() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in CORPUS.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        count += 1;
        let finish = if case.finish.as_deref() == Some("length") { Finish::Length } else { Finish::Stop };
        let result = decide(&case.reply, finish);
        let right = match (&case.expect, &result) {
            (Expected::Trades(expected), Ok(decision)) => {
                let plan = decision.trades.first().and_then(|trade| trade.plan.as_ref());
                *expected == summary(decision) && plan == case.plan.as_ref()
            }
            (Expected::Hold(words), Err(error)) => {
                error.code() == "invalid_output" && error.to_string().contains(words.as_str())
            }
            _ => false,
        };
        if !right {
            wrong.push(format!("{}: {result:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 200, "{count}");
}

fn summary(decision: &Decision) -> Vec<Row> {
    let row = |trade: &qtp_core::TradeDecision| {
        let action = serde_json::to_value(trade.action).unwrap().as_str().unwrap().to_owned();
        let stop = trade.stop.map(|price| price.to_string());
        let target = trade.target.map(|price| price.to_string());
        (trade.instrument.to_string(), action, stop, target, trade.allocation.map(|cap| cap.to_string()))
    };
    decision.trades.iter().map(row).collect()
}

/// What the domain check promises of every decision that comes through, said a second time.
fn is_sound(decision: &Decision) -> bool {
    let mut seen = Vec::new();
    decision.trades.iter().all(|trade| {
        let Some(asset) = PICTURE.asset(&trade.instrument) else { return false };
        let once = !seen.contains(&&trade.instrument);
        seen.push(&trade.instrument);
        let opens = matches!(trade.action, DecisionAction::Buy | DecisionAction::Sell);
        let direction = match trade.action {
            DecisionAction::Buy => 1,
            DecisionAction::Sell => -1,
            DecisionAction::Hold | DecisionAction::Reduce => asset.position.signum(),
            DecisionAction::Close => 0,
        };
        let bracket = Bracket { stop: trade.stop, target: trade.target };
        let sided = direction == 0 || bracket.problem(direction, asset.price).is_none();
        let within = [trade.stop, trade.target].into_iter().flatten().all(|price| {
            let share = price.get() / asset.price.get();
            share >= Decimal::new(2, 1) && share <= Decimal::from(5)
        });
        let conviction = trade.conviction.get();
        let capped = trade.allocation.is_none_or(|cap| cap.get() >= Decimal::ZERO);
        let sure = conviction >= Decimal::ZERO && conviction <= Decimal::ONE;
        once && sided && within && capped && sure && (!opens || trade.stop.is_some())
    })
}

fn check(reply: &str) -> Result<(), TestCaseError> {
    if let Ok(decision) = decide(reply, Finish::Stop) {
        prop_assert!(is_sound(&decision), "{reply}: {decision:?}");
    }
    Ok(())
}

fn good() -> String {
    let first: Case = serde_json::from_str(CORPUS.lines().next().unwrap()).unwrap();
    first.reply
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_panic_or_get_past_the_check(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn no_damaged_answer_panics_or_gets_past_the_check(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let mut bytes = good().into_bytes();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        check(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn no_spliced_answers_panic_or_get_past_the_check(
        parts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
    ) {
        let replies: Vec<String> =
            CORPUS.lines().map(|line| serde_json::from_str::<Case>(line).unwrap().reply).collect();
        let mut text = String::new();
        for (which, from, to) in parts {
            let letters: Vec<char> = replies[which.index(replies.len())].chars().take(2000).collect();
            if !letters.is_empty() {
                let (from, to) = (from.index(letters.len()), to.index(letters.len()));
                text.extend(&letters[from.min(to)..=from.max(to)]);
            }
        }
        check(&text)?;
    }

    /// Any numbers in an answer of the right shape.
    #[test]
    fn no_numbers_get_past_the_check(
        action in prop::sample::select(vec!["buy", "sell", "close", "reduce", "hold"]),
        asset in prop::sample::select(vec!["BTC", "ETH"]),
        stop in -50_i64..60_000, target in -50_i64..60_000, cap in -10_i64..10_000, conviction in -20_i64..120,
    ) {
        let reply = format!(
            r#"{{"reasoning":"x","trade_decisions":[{{"asset":"{asset}","action":"{action}","conviction":{},"allocation_usd":{cap},"tp_price":{},"sl_price":{},"exit_plan":"","rationale":""}}]}}"#,
            Decimal::new(conviction, 2), Decimal::new(target, 2), Decimal::new(stop, 2),
        );
        check(&reply)?;
    }
}

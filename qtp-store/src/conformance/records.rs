//! Rules of the stores for decisions, proposals and equity.

use qtp_core::port::{DecisionStore, EquityPoint, EquityStore, StoredDecision};
use qtp_core::{
    AccountId, Bracket, Decision, DecisionAction, DecisionOutcome, DecisionResult, ModelCall, Proposal,
    Reason, Signal, Spoken, Target, Timestamp, TokenUsage, TradeDecision,
};

use super::candles::instrument;

/// Checks a [`DecisionStore`] that is empty.
pub async fn decisions(store: &dyn DecisionStore) {
    assert_eq!(store.decisions().await.expect("decisions of an empty store"), []);
    let hold = decision(9, DecisionResult::Hold(Reason::new("timeout", "")));
    let advice = decision(4, advice());
    store.put_decisions(&[hold.clone(), advice.clone()]).await.expect("put decisions");
    store.put_decisions(std::slice::from_ref(&hold)).await.expect("put a decision again");
    assert_eq!(store.decisions().await.expect("decisions"), [advice, hold], "by sequence, each once");

    assert_eq!(store.proposals().await.expect("proposals of an empty store"), []);
    let (first, last) = (proposal(10), proposal(u64::MAX));
    store.put_proposal(&last, None).await.expect("put a proposal");
    store.put_proposal(&first, None).await.expect("put a proposal");
    store.put_proposal(&first, Some("approved")).await.expect("put its end");
    store.put_proposal(&first, None).await.expect("put it again");
    let expected = [(first, Some("approved".to_owned())), (last, None)];
    assert_eq!(store.proposals().await.expect("proposals"), expected, "by id; an end is not forgotten");
}

/// Checks an [`EquityStore`] that is empty.
pub async fn equity(store: &dyn EquityStore) {
    let (main, other) = (account("main"), account("other"));
    assert_eq!(store.equity(&main).await.expect("equity of an empty store"), []);
    let points =
        [point(&main, 2, "10000.5"), point(&other, 1, "-3"), point(&main, 1, "9999.123456789012345678")];
    store.put_equity(&points).await.expect("put equity");
    store.put_equity(&[point(&main, 2, "79228162514264337593543950335")]).await.expect("replace a point");
    let expected =
        [point(&main, 1, "9999.123456789012345678"), point(&main, 2, "79228162514264337593543950335")];
    assert_eq!(store.equity(&main).await.expect("equity"), expected, "ascending, the last put stands");
    assert_eq!(store.equity(&other).await.expect("equity"), [point(&other, 1, "-3")], "accounts are apart");
}

fn account(name: &str) -> AccountId {
    name.parse().expect("an account")
}

fn point(account: &AccountId, seconds: i64, equity: &str) -> EquityPoint {
    let equity = equity.parse().expect("an equity");
    EquityPoint { time: Timestamp::from_secs(seconds), account: account.clone(), equity }
}

fn decision(seq: u64, result: DecisionResult) -> StoredDecision {
    let time = Timestamp::from_secs(3);
    let outcome = DecisionOutcome {
        request: 1,
        owner: 2,
        account: account("main"),
        snapshot_seq: 3,
        as_of: time,
        result,
        calls: vec![call()],
        findings: vec![Reason::new("grounding", "61000 is nowhere in the picture")],
    };
    StoredDecision { seq, time, outcome }
}

fn call() -> ModelCall {
    let cost = Some("0.000125".parse().expect("a decimal"));
    ModelCall {
        seat: "decide".into(),
        provider: "openai".into(),
        model: "model".into(),
        sent: vec![Spoken { role: "user".into(), text: "line one\nline \"two\" \u{1F680}".into() }],
        reply: "hold".into(),
        tools: vec![("candles".into(), "{\"rows\":3}".into())],
        used: TokenUsage { prompt_tokens: 900, completion_tokens: 80, cost, ..TokenUsage::default() },
        repair: true,
        failed: vec![Reason::new("rate_limited", "")],
        error: None,
    }
}

fn advice() -> DecisionResult {
    let trade = TradeDecision {
        instrument: instrument(),
        action: DecisionAction::Buy,
        conviction: "0.75".parse().expect("a ratio"),
        allocation: None,
        stop: Some("59000.5".parse().expect("a price")),
        target: None,
        exit_plan: "leave on a close below the stop".into(),
        plan: None,
        rationale: String::new(),
    };
    DecisionResult::Decided(Decision {
        engine: "conformance".into(),
        model: Some("model".into()),
        reasoning: "line one\nline \"two\" \u{1F680}".into(),
        prompt: Some("prompt".into()),
        trades: vec![trade],
    })
}

fn proposal(id: u64) -> Proposal {
    let signal = Signal {
        instrument: instrument(),
        target: Target::FLAT,
        bracket: Bracket::NONE,
        reason: "because".into(),
        decided: None,
    };
    Proposal {
        id,
        strategy: "trend".parse().expect("a strategy"),
        owner: 1,
        account: account("main"),
        signal,
        price: "64250".parse().expect("a price"),
        made: Timestamp::from_secs(1),
        expires: Timestamp::from_secs(61),
    }
}

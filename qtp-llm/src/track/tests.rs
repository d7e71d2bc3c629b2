//! From pictures and advice to closed trades.

use qtp_core::{Decision, DecisionAction, DecisionRequest, TradeDecision};

use super::TrackRecord;
use crate::testing::{flat, market, request};

const BTC: &str = "BTC-USDC-PERP@sim";

/// A picture so many minutes after the first, with a position and how the last trade ended.
fn picture(minute: i64, position: &str, last: Option<(i64, bool)>) -> DecisionRequest {
    let mut asset = flat(BTC, market(BTC, 1, 100.0, 60));
    let start = request(Vec::new()).as_of;
    let at = |minute: i64| start + std::time::Duration::from_secs(60 * minute.unsigned_abs());
    asset.position = position.parse().unwrap();
    asset.last_trade = last.map(|(minute, won)| qtp_core::risk::TradeOutcome { time: at(minute), won });
    DecisionRequest { as_of: at(minute), ..request(vec![asset]) }
}

fn advice(action: DecisionAction, conviction: &str) -> Decision {
    let trade = TradeDecision {
        instrument: BTC.parse().unwrap(),
        action,
        conviction: conviction.parse().unwrap(),
        allocation: None,
        stop: None,
        target: None,
        exit_plan: String::new(),
        plan: None,
        rationale: "rsi(14) turned".into(),
    };
    Decision { engine: "e".into(), model: None, reasoning: String::new(), prompt: None, trades: vec![trade] }
}

#[test]
fn advice_is_judged_by_how_its_position_ended() {
    let mut record = TrackRecord::default();
    let first = picture(0, "0", None);
    record.advise("a", &first, &advice(DecisionAction::Buy, "0.8"));
    record.advise("b", &first, &advice(DecisionAction::Sell, "0.6"));
    record.observe(&picture(5, "1", None));
    record.advise("a", &picture(5, "1", None), &advice(DecisionAction::Buy, "0.9"));
    assert!(record.closed().is_empty());
    record.observe(&picture(10, "0", Some((9, true))));
    let found: Vec<_> =
        record.closed().iter().map(|t| (t.seat.as_str(), t.direction, t.conviction, t.right)).collect();
    assert_eq!(found, [("a", 1, 0.8, true), ("b", -1, 0.6, false)], "what was said while flat counts");
    assert!(record.closed()[0].conditions.is_some());
    // The same picture again tells nothing new.
    record.observe(&picture(15, "0", Some((9, true))));
    assert_eq!(record.closed().len(), 2);
}

#[test]
fn a_trade_that_began_and_ended_between_two_pictures_counts() {
    let mut record = TrackRecord::default();
    record.advise("a", &picture(0, "0", None), &advice(DecisionAction::Sell, "0.7"));
    record.observe(&picture(5, "0", Some((3, false))));
    assert_eq!(record.closed().iter().map(|trade| trade.right).collect::<Vec<_>>(), [false]);
}

#[test]
fn advice_that_led_to_nothing_is_forgotten_once_there_is_newer() {
    let mut record = TrackRecord::default();
    record.advise("a", &picture(0, "0", None), &advice(DecisionAction::Buy, "0.9"));
    record.advise("a", &picture(5, "0", None), &advice(DecisionAction::Sell, "0.4"));
    record.observe(&picture(10, "-1", None));
    record.observe(&picture(15, "0", Some((12, true))));
    let found: Vec<_> = record.closed().iter().map(|trade| (trade.direction, trade.conviction)).collect();
    assert_eq!(found, [(-1, 0.4)]);
    record.advise("a", &picture(15, "0", Some((12, true))), &advice(DecisionAction::Hold, "1"));
    record.observe(&picture(20, "0", Some((19, true))));
    assert_eq!(record.closed().len(), 1, "a hold is no entry");
}

#[test]
fn a_file_keeps_the_record_over_a_restart_and_its_torn_end_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("track");
    let mut record = TrackRecord::open(Some(&path)).unwrap();
    record.advise("a", &picture(0, "0", None), &advice(DecisionAction::Buy, "0.8"));
    record.observe(&picture(5, "0", Some((3, true))));
    let whole = record.closed().to_vec();
    drop(record);
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"seat\":\"a\",");
    std::fs::write(&path, &text).unwrap();
    let again = TrackRecord::open(Some(&path)).unwrap();
    assert_eq!(again.closed(), whole);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
    std::fs::write(&path, "nonsense\n").unwrap();
    let error = TrackRecord::open(Some(&path)).unwrap_err().to_string();
    assert!(error.contains("line 1"), "{error}");
}

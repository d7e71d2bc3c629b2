//! Everything that a journal, an API or a store holds survives JSON, with decimals as canonical text.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod samples;

use std::fmt::Debug;

use proptest::prelude::*;
use qtp_core::{
    CommandRecord, Decimal, Event, EventRecord, Order, Portfolio, RiskState, Timestamp, TradingState,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads what it wrote, and writes the same bytes again.
fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    let back: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(&back, value, "{text}");
    assert_eq!(serde_json::to_string(&back).unwrap(), text);
    // Through a tree as well: what an upcaster or an API layer does.
    let tree: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(&serde_json::from_value::<T>(tree.clone()).unwrap(), value);
    assert_canonical(&tree);
}

/// No float anywhere, and no decimal text with an exponent, a plus, trailing zeros or a negative zero.
fn assert_canonical(tree: &serde_json::Value) {
    match tree {
        serde_json::Value::Number(number) => assert!(!number.is_f64(), "{number} is a float"),
        serde_json::Value::String(text) => {
            let id = text.len() == 16 || text.len() == 32;
            let numeric = !id && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
            if let (true, Ok(value)) = (numeric, Decimal::from_str_exact(text)) {
                assert_eq!(*text, value.normalize().to_string(), "not canonical");
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(assert_canonical),
        serde_json::Value::Object(fields) => fields.values().for_each(assert_canonical),
        _ => {}
    }
}

#[test]
fn every_event_survives() {
    let events = samples::events();
    let mut kinds: Vec<_> = events.iter().map(Event::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 25, "a kind has no sample: {kinds:?}");
    for event in events {
        let tree = serde_json::to_value(&event).unwrap();
        assert_eq!(tree["kind"], event.kind());
        survives(&event);
        let (event_time, receive_time) = (Timestamp::from_nanos(-1), Timestamp::MAX);
        survives(&EventRecord { seq: u64::MAX, event_time, receive_time, event });
    }
}

#[test]
fn every_intent_survives() {
    let intents = samples::intents();
    let mut kinds: Vec<_> = intents.iter().map(qtp_core::Intent::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 7, "a kind has no sample: {kinds:?}");
    for intent in intents {
        assert_eq!(serde_json::to_value(&intent).unwrap()["kind"], intent.kind());
        survives(&intent);
        survives(&CommandRecord { seq: 1, time: Timestamp::EPOCH, caused_by: 0, intent });
    }
}

#[test]
fn instruments_survive_and_short_ones_have_defaults() {
    for instrument in samples::instruments() {
        survives(&instrument);
    }
    let short = r#"{"id":"BTC-USD@test","kind":"spot","base":"BTC","quote":"USD","settle":"USD"}"#;
    let read: qtp_core::Instrument = serde_json::from_str(short).unwrap();
    assert_eq!(read.validate(), Vec::<String>::new());
    assert!(serde_json::from_str::<qtp_core::Instrument>(&short.replace("settle", "setle")).is_err());
}

#[test]
fn accounts_orders_and_risk_counters_survive() {
    let order: Order = samples::order();
    survives(&order);
    let portfolio: Portfolio = samples::portfolio();
    survives(&portfolio);
    let risk: RiskState = samples::risk_state();
    survives(&risk);
    let mut state = TradingState::new();
    samples::instruments().into_iter().for_each(|instrument| state.add_instrument(instrument));
    state.add_account(portfolio, risk);
    let text = serde_json::to_string(&state).unwrap();
    let back: TradingState = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), text);
}

#[test]
fn numbers_in_place_of_decimal_text_are_refused() {
    for (wrong, right) in [("1.5", "\"1.5\""), ("1e3", "\"1000\"")] {
        assert!(serde_json::from_str::<qtp_core::Price>(wrong).is_err());
        assert!(serde_json::from_str::<qtp_core::Price>(right).is_ok());
    }
    assert!(serde_json::from_str::<qtp_core::Price>("\"-1\"").is_err());
    assert!(serde_json::from_str::<qtp_core::Quantity>("\"1e3\"").is_err());
}

#[test]
fn unknown_fields_of_facts_are_refused() {
    let event = Event::Gap(samples::gap());
    let mut tree = serde_json::to_value(&event).unwrap();
    tree["body"]["surprise"] = 1.into();
    assert!(serde_json::from_value::<Event>(tree).is_err());
}

proptest! {
    #[test]
    fn decimals_are_written_canonically(mantissa in any::<i64>(), scale in 0_u32..=28, zeros in 0_u32..8) {
        let mut value = Decimal::new(mantissa, scale);
        value.rescale((scale + zeros).min(28));
        let bound = Decimal::from(100_000_000_000_000_i64);
        if value.abs() <= bound {
            survives(&qtp_core::Quantity::new(value).unwrap());
            survives(&qtp_core::Ratio::new(value).unwrap());
        }
        if value > Decimal::ZERO && value <= bound {
            survives(&qtp_core::Price::new(value).unwrap());
        }
        survives(&qtp_core::Notional::from_decimal(value));
        survives(&qtp_core::Amount::new(value, qtp_core::Currency::USDC));
    }

    #[test]
    fn ids_survive(bits in any::<u128>(), run in any::<u64>(), text in "[A-Za-z][!-~]{0,63}") {
        survives(&qtp_core::ClientOrderId::from_bits(bits));
        survives(&qtp_core::RunId(run));
        survives(&text.parse::<qtp_core::AccountId>().unwrap());
        survives(&text.parse::<qtp_core::VenueOrderId>().unwrap());
    }
}

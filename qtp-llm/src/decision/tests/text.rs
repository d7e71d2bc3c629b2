//! The schema, and reading what a model wrote.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use qtp_core::{DecisionAction, Quantity, TradeDecision};

use super::super::schema::answer_schema;
use super::super::{check, parse};
use super::*;

/// Made once: some tests read thousands of texts.
static PICTURE: LazyLock<DecisionRequest> = LazyLock::new(picture);

fn read(text: &str) -> Result<Vec<TradeDecision>, String> {
    read_for(text, &PICTURE)
}

fn read_for(text: &str, request: &DecisionRequest) -> Result<Vec<TradeDecision>, String> {
    parse::answer(text).and_then(|answer| check::trades(&answer, request, true))
}

fn one(changes: Value) -> Result<TradeDecision, String> {
    read(&answer(&[trade(&changes)])).map(|mut trades| trades.remove(0))
}

fn problem(changes: Value) -> String {
    one(changes).unwrap_err()
}

#[test]
fn wrappings_are_taken_off() {
    let json = good_answer();
    let expected = read(&json).unwrap();
    for text in [
        format!("\u{feff}{json}"),
        format!("```json\n{json}\n```"),
        format!("<think>maybe {{\"trade_decisions\": []}} or not</think>\n{json}"),
        format!("I think {{so}}.</think>{json}"),
        format!("My answer is {json} and {{that}} is all."),
        format!("{{{{ {json}"),
        json.replace("}]", ",}, ]"),
        json.replace("0.7", "\"0.7\"").replace("95.25", "\"$95.25\"").replace("112.5", "\" 1.125e2\""),
    ] {
        assert_eq!(read(&text).as_ref(), Ok(&expected), "{text}");
    }
}

#[test]
fn no_draft_half_or_second_answer_is_taken() {
    let json = good_answer();
    for (text, words) in [
        (format!("<think>{json}</think> I will not."), "no complete JSON object"),
        (format!("<think>{json}"), "no answer"),
        (json[..json.len() - 1].to_owned(), "no complete JSON object"),
        (format!("{json}\n{json}"), "several answers"),
        (String::new(), "no complete JSON object"),
        ("[]".to_owned(), "no complete JSON object"),
        ("{".repeat(100_000), "no complete JSON object"),
    ] {
        let problem = read(&text).unwrap_err();
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn nullish_text_is_null_and_other_text_is_a_problem() {
    for word in ["", "null", "None", "N/A", "-"] {
        let trade = one(json!({ "tp_price": word, "allocation_usd": word })).unwrap();
        assert_eq!((trade.target, trade.allocation), (None, None));
    }
    for word in ["NaN", "inf", "95,25", "about 95", "1_000", "95.25 USD", "0x5f", "--95", "1e400", "1e-400"] {
        assert!(problem(json!({ "sl_price": word })).contains("sl_price"), "{word}");
    }
    assert!(problem(json!({ "sl_price": [95] })).contains("not a number"));
    assert!(problem(json!({ "conviction": null })).contains("conviction: a number is needed"));
    assert!(problem(json!({ "rationale": 5 })).contains("rationale"));
}

#[test]
fn prices_keep_every_digit() {
    let text = good_answer().replace("95.25", "95.250000000000000001");
    assert_eq!(read(&text).unwrap()[0].stop.unwrap().to_string(), "95.250000000000000001");
}

#[test]
fn missing_unknown_and_repeated_fields_are_problems() {
    let json = good_answer();
    for (text, words) in [
        (json.replace("\"conviction\"", "\"confidence\""), "confidence"),
        (json.replace("\"rationale\":\"ema(9) leads\",", ""), "rationale"),
        (json.replace("\"reasoning\"", "\"why\""), "why"),
        (json.replace("\"action\":\"buy\"", "\"action\":\"buy\",\"action\":\"sell\""), "duplicate"),
        (json.replace("\"action\":\"buy\"", "\"action\":\"short\""), "none of buy"),
    ] {
        let problem = read(&text).unwrap_err();
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn assets_are_known_by_id_and_by_a_unique_short_name() {
    for name in [BTC, "BTC-USDC-PERP", "BTC", "btc"] {
        assert_eq!(one(json!({ "asset": name })).unwrap().instrument.as_str(), BTC);
    }
    let twice = read(&answer(&[trade(&json!({})), trade(&json!({ "asset": "btc" }))])).unwrap_err();
    assert!(twice.contains("[1].asset: a second decision"), "{twice}");
    let venues = request(vec![at(BTC, 100.0), at("BTC-USDC-PERP@other", 100.0)]);
    let text = answer(&[trade(&json!({ "asset": "BTC" }))]);
    assert!(read_for(&text, &venues).unwrap_err().contains("could be several"));
    assert!(read(&answer(&[])).unwrap().is_empty());
}

#[test]
fn numbers_outside_their_bounds_are_problems() {
    for (changes, words) in [
        (json!({ "conviction": 1.01 }), "conviction"),
        (json!({ "conviction": -0.1 }), "conviction"),
        (json!({ "allocation_usd": -1 }), "allocation_usd"),
        (json!({ "allocation_usd": 1e20 }), "allocation_usd"),
        (json!({ "sl_price": 0 }), "sl_price"),
        (json!({ "sl_price": -95 }), "sl_price"),
        (json!({ "sl_price": 19 }), "times the price"),
        (json!({ "tp_price": 501 }), "times the price"),
        (json!({ "sl_price": null }), "needs a stop"),
        (json!({ "sl_price": 100 }), "losing side"),
        (json!({ "tp_price": 99 }), "winning side"),
        (json!({ "action": "sell" }), "losing side"),
    ] {
        let problem = problem(changes);
        assert!(problem.contains(words), "{problem}");
    }
    assert!(one(json!({ "action": "SELL ", "sl_price": 105, "tp_price": 90 })).is_ok());
}

#[test]
fn exits_of_an_open_position_stand_on_its_side() {
    let mut request = picture();
    request.assets[0].position = "-2".parse().unwrap();
    let read = |changes: Value| read_for(&answer(&[trade(&changes)]), &request);
    assert!(read(json!({ "action": "hold", "sl_price": 105, "tp_price": 90 })).is_ok());
    assert!(read(json!({ "action": "hold" })).is_err());
    assert!(read(json!({ "action": "reduce" })).is_err());
    assert!(read(json!({ "action": "close" })).is_ok());
    assert!(one(json!({ "action": "hold", "sl_price": null, "tp_price": null })).is_ok());
}

#[test]
fn control_characters_do_not_reach_a_screen() {
    let trade = one(json!({ "rationale": "a\u{1b}[2Jb\nc" })).unwrap();
    assert_eq!(trade.rationale, "a\u{fffd}[2Jb\nc");
}

#[test]
fn schema_keeps_to_the_strict_subset() {
    fn walk(schema: &Value, objects: &mut usize) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            *objects += 1;
            assert_eq!(schema["additionalProperties"], false);
            let required: BTreeSet<_> =
                schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            assert_eq!(required, properties.keys().map(String::as_str).collect());
        }
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            let refused = ["$ref", "$defs", "default", "format", "oneOf", "allOf", "title", "$schema"];
            assert!(!refused.contains(&keyword.as_str()), "{keyword}");
            walk(value, objects);
        }
    }
    let schema = answer_schema(&picture());
    let mut objects = 0;
    walk(&schema, &mut objects);
    assert_eq!(objects, 4);
    assert_eq!(schema["type"], "object");
    let trade = &schema["properties"]["trade_decisions"]["items"]["properties"];
    assert_eq!(trade["asset"]["enum"], json!([BTC, ETH]));
    assert_eq!(trade["sl_price"]["type"], json!(["number", "null"]));
    assert_eq!(trade["conviction"]["type"], "number");
    let rules = &trade["exit_rules"]["properties"];
    let names = ["above", "below", "crosses_above", "crosses_below"];
    assert_eq!(rules["invalidation"]["items"]["properties"]["is"]["enum"], json!(names));
    assert_eq!(rules["time_stop_candles"]["type"], json!(["integer", "null"]));
}

/// Whether a decision keeps every promise of the domain check, told independently of it.
fn is_sound(trades: &[TradeDecision], request: &DecisionRequest) -> bool {
    let names: BTreeSet<_> = trades.iter().map(|trade| trade.instrument.clone()).collect();
    names.len() == trades.len()
        && trades.iter().all(|trade| {
            let Some(asset) = request.asset(&trade.instrument) else { return false };
            let now = asset.price.to_f64();
            let near = |level: f64| level >= 0.199 * now && level <= 5.001 * now;
            let (stop, target) = (trade.stop.map(|p| p.to_f64()), trade.target.map(|p| p.to_f64()));
            let sided = match trade.action {
                DecisionAction::Buy => stop.is_some_and(|s| s < now) && target.is_none_or(|t| t > now),
                DecisionAction::Sell => stop.is_some_and(|s| s > now) && target.is_none_or(|t| t < now),
                _ => true,
            };
            sided
                && stop.is_none_or(near)
                && target.is_none_or(near)
                && (0.0..=1.0).contains(&trade.conviction.to_f64())
                && trade.allocation.is_none_or(|value| value.signum() >= 0)
        })
}

fn piece() -> impl Strategy<Value = String> {
    let numbers = prop_oneof![
        (-10.0..700.0_f64).prop_map(|x| json!(x)),
        (-10.0..700.0_f64).prop_map(|x| json!(x.to_string())),
        (80.0..120.0_f64).prop_map(|x| json!(x)),
        any::<f64>().prop_map(|x| json!(x)),
        Just(Value::Null),
        ".{0,6}".prop_map(|text| json!(text)),
    ];
    let names = prop_oneof![Just(BTC.to_owned()), Just("ETH".to_owned()), ".{0,5}"];
    let actions = prop::sample::select(vec!["buy", "sell", "hold", "close", "reduce", "Buy", "long"]);
    let share = prop_oneof![4 => 0.0..1.0_f64, 1 => -1.0..3.0_f64];
    let fields = (names, actions, share, numbers.clone(), numbers.clone(), numbers);
    let trade = fields.prop_map(|(asset, action, conviction, stop, target, allocation)| {
        trade(&json!({
            "asset": asset, "action": action, "conviction": conviction, "sl_price": stop, "tp_price": target,
            "allocation_usd": allocation,
        }))
    });
    prop::collection::vec(trade, 0..3).prop_map(|trades| answer(&trades))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        prop_assert!(read(&text).is_err());
    }

    #[test]
    fn text_made_of_brackets_and_quotes_never_panics(text in r#"[{}\[\]",:\\ e0-9.nul<>/thik`"trade_decisions"]{0,200}"#) {
        if let Ok(trades) = read(&text) {
            prop_assert!(is_sound(&trades, &PICTURE));
        }
    }

    #[test]
    fn what_is_accepted_is_sound(json in piece(), before in ".{0,8}", after in ".{0,8}", position in -1..=1_i32) {
        let mut request = PICTURE.clone();
        request.assets[0].position = Quantity::new(position.into()).unwrap();
        if let Ok(trades) = read_for(&format!("{before}{json}{after}"), &request) {
            prop_assert!(is_sound(&trades, &request), "{trades:?}");
        }
    }

    #[test]
    fn damaged_answers_never_panic_and_stay_sound(at in any::<prop::sample::Index>(), letter in any::<char>(), cut in any::<bool>()) {
        let mut letters: Vec<char> = good_answer().chars().collect();
        let index = at.index(letters.len());
        if cut { letters.truncate(index) } else { letters[index] = letter }
        let text: String = letters.into_iter().collect();
        if let Ok(trades) = read(&text) {
            prop_assert!(is_sound(&trades, &PICTURE), "{text}");
        }
    }
}

//! What a model is told.

use proptest::prelude::*;
use qtp_core::{Notional, Timestamp, TradeOutcome};

use super::super::prompt::{Prompt, system};
use super::*;
use crate::LlmError;
use crate::settings::Style;

fn prompt(request: &DecisionRequest, settings: &ChatSettings) -> (String, String) {
    let system = system(settings).unwrap();
    let prompt = Prompt::of(&system, request, settings).unwrap();
    (prompt.system.to_owned(), prompt.user)
}

fn short() -> ChatSettings {
    ChatSettings { candles: 5, ..ChatSettings::default() }
}

#[test]
fn the_same_picture_gives_the_same_bytes() {
    let mut request = picture();
    let asset = &mut request.assets[0];
    asset.position = "1.5".parse().unwrap();
    asset.entry = Some("98.7654321098765".parse().unwrap());
    asset.stop = Some("95".parse().unwrap());
    asset.unrealized = Some(Notional::from_decimal("1.85".parse().unwrap()));
    asset.working = "-0.5".parse().unwrap();
    asset.funding = Some("0.0001".parse().unwrap());
    asset.last_trade = Some(TradeOutcome { time: Timestamp::from_secs(1_700_000_000), won: false });
    let (system, user) = prompt(&request, &short());
    let mut renumbered = request.clone();
    (renumbered.id, renumbered.snapshot_seq) = (1, 2);
    assert_eq!((system.clone(), user.clone()), prompt(&renumbered, &short()));
    for line in [
        "Account equity: 10000.",
        "position: long 1.5",
        "average entry: 98.765432\n",
        "stop: 95\n",
        "target: none",
        "open profit: 1.85",
        "working orders (signed sum): -0.5",
        "last funding rate: 0.0001",
        "last trade: lost, closed 2023-11-14",
        "5m candles, oldest first (5 of 40):",
        "indicators: ema(9) ",
        "position: flat",
    ] {
        assert!(user.contains(line), "{line} is not in\n{user}");
    }
    assert_eq!(user.matches("\n2023-").count(), 10);
    assert!(!system.contains("USDC"));
}

#[test]
fn the_system_part_has_its_five_parts_and_knows_settings_alone() {
    let (plain, _) = prompt(&picture(), &short());
    for part in [
        "You are the decision model",
        "Objective: grow",
        "Strategy: none",
        "Rules:",
        "exactly one JSON object",
    ] {
        assert!(plain.contains(part), "{part} is not in\n{plain}");
    }
    assert!(!plain.contains("{{") && !plain.contains("{%"));
    for (style, words) in
        [(Style::Momentum, "both directions"), (Style::Scalping, "scalping"), (Style::Swing, "pullback")]
    {
        let settings = ChatSettings {
            style,
            objective: "beat cash".to_owned(),
            rules: vec!["Never trade on a Sunday.".to_owned()],
            tools: vec!["candles".to_owned()],
            ..short()
        };
        let (told, _) = prompt(&picture(), &settings);
        for part in [words, "Objective: beat cash", "- Never trade on a Sunday.", "and the tools show"] {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
    }
}

#[test]
fn any_registry_indicator_can_be_shown() {
    let indicators = ["macd(12,26,9)", "bbands(20, 2).upper", "sma(500)"].map(str::to_owned).to_vec();
    let (_, user) = prompt(&picture(), &ChatSettings { indicators, ..short() });
    assert!(user.contains("macd(12, 26, 9).macd ") || user.contains("macd(12,26,9).macd "), "{user}");
    assert!(user.contains("upper ") && !user.contains("sma(500)"), "{user}");
    let wrong = ChatSettings { indicators: vec!["magic(3)".to_owned()], ..short() };
    assert!(wrong.validate().unwrap_err().to_string().contains("indicators"));
}

#[test]
fn a_long_prompt_loses_candles_first_and_idle_assets_next() {
    let mut request = picture();
    request.assets[1].position = "1".parse().unwrap();
    let of = |most: u32| {
        let settings = ChatSettings { max_prompt_tokens: most, ..short() };
        let system = system(&settings).unwrap();
        Prompt::of(&system, &request, &settings).map(|prompt| prompt.user)
    };
    let full = of(100_000).unwrap();
    let system_tokens = system(&short()).unwrap().len() / 3;
    let tokens = |user: &str| u32::try_from(system_tokens + user.len() / 3 + 2).unwrap();
    let halved = of(tokens(&full) - 20).unwrap();
    assert!(halved.contains("(2 of 40)") && halved.matches("(2 of 40)").count() == 2, "{halved}");
    let least = of(tokens(&halved) - 10).unwrap();
    assert!(least.len() < halved.len() && least.contains("(1 of 40)"), "{least}");
    let idle = of(tokens(&least) - 10).unwrap();
    assert_eq!(idle.matches("(1 of 40)").count(), 1, "{idle}");
    assert!(of(10).unwrap_err().contains("at most 10 are allowed"));
}

#[test]
fn wrong_templates_are_named_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.jinja");
    let render = |text: &str| {
        std::fs::write(&path, text).unwrap();
        system(&ChatSettings { template: Some(path.clone()), ..short() })
    };
    assert_eq!(
        render("Strive to {{ objective }} ({{ style }})").unwrap().split_whitespace().last(),
        Some("(any)")
    );
    for text in ["{% if %}", "{{ unknown }}", "ok\n{{ assets[0].symbol }}"] {
        let error = render(text).unwrap_err().to_string();
        assert!(error.contains("mine.jinja"), "{error}");
    }
    let missing = ChatSettings { template: Some(folder.path().join("none")), ..short() };
    assert!(matches!(system(&missing), Err(LlmError::File { .. })));
}

proptest! {
    /// No byte of a prompt comes from after the decision: a picture that knows less gives the same prompt.
    #[test]
    fn prompts_do_not_depend_on_later_candles(seed in 0_u64..1000, known in 1_usize..290) {
        let all = market(BTC, seed, 100.0, 300);
        let now = all[known - 1].close_time();
        let see = |candles: Vec<qtp_core::Candle>| {
            let visible = candles.into_iter().filter(|candle| candle.close_time() <= now).collect();
            prompt(&DecisionRequest { as_of: now, ..request(vec![flat(BTC, visible)]) }, &short())
        };
        prop_assert_eq!(see(all.clone()), see(all[..known].to_vec()));
    }
}

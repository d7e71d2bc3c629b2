//! What counts as grounded.

use super::Facts;

const SHOWN: &str = "## BTC-USD-PERP@file\nprice: 64,250.5\nlast funding rate: 0.000125\n\
    2024-04-16T01:00:00Z,64100,64300.25,64050,64250.5,12.5\n\
    indicators: ema(9) 64180.4, ema(21) 64012.77, rsi(14) 61.8342, macd(12,26,9).hist -14.2\n";

fn missing(text: &str) -> Vec<String> {
    Facts::of([SHOWN]).missing(text, &[])
}

#[test]
fn what_stands_in_the_picture_is_grounded_rounded_or_not() {
    for text in [
        "price 64250.5 is above ema(9) at 64,180.4 and ema(21) at 64013",
        "RSI(14) of 61.8, or 62, and MACD histogram at -14.2",
        "BTC holds 64.3k; the low was 64050",
        "Funding of 0.0125% is low",
        "Bitcoin is above its 9 and 21 averages for 3 candles.",
        "Two higher lows. The trend is up: Long.",
        "",
    ] {
        assert_eq!(missing(text), Vec::<String>::new(), "{text}");
    }
}

/// A model that has lost its thread repeats itself up to its limit of tokens.
#[test]
fn thousands_of_numbers_are_looked_up_in_time() {
    let numbers = |from: u32| (from..from + 3000).map(|n| format!("{n}.25 ")).collect::<String>();
    let (shown, text) = (numbers(100), numbers(100) + &numbers(700_000));
    let (done, found) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(Facts::of([shown.as_str()]).missing(&text, &[])));
    let found = found.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    assert_eq!((found.len(), found[0].as_str()), (8, "700000.25"));
}

#[test]
fn what_does_not_is_named_once() {
    assert_eq!(missing("support at 63500, again 63500, and 61.9"), ["63500", "61.9"]);
    assert_eq!(missing("ETH leads; because Powell spoke"), ["ETH", "Powell"]);
    assert_eq!(missing("the VWAP at 64,111"), ["VWAP", "64,111"]);
    assert_eq!(missing("up 4.2% today"), ["4.2%"]);
    assert_eq!(missing("64252, 64240 and 64,250.9"), ["64252", "64240", "64,250.9"]);
    assert!(Facts::of(["close 100,250"]).missing("100 and 250 and 100250", &[]).is_empty());
}

/// With the price, a stop, a target and the reward by the risk.
fn missing_of_trade(text: &str) -> Vec<String> {
    Facts::of([SHOWN]).missing(text, &[64_250.5, 63_000.0, 66_800.0, 2.0388])
}

#[test]
fn numbers_of_the_answer_itself_are_known() {
    assert_eq!(missing_of_trade("the stop at 63000"), Vec::<String>::new());
    assert_eq!(missing("the stop at 63000"), ["63000"]);
}

#[test]
fn sums_over_what_is_stated_are_grounded() {
    for text in [
        // Of two numbers in the text.
        "64250.5 is 0.37% above ema(21) at 64012.77",
        "64250.5 is 0.37 % or 0.4 percent above ema(21) at 64012.77, some 238 away",
        "the close of 64250.5 is 1.004 times the 21 average, 64012.77",
        // Of the answer's own levels.
        "the stop is 1.9% away, the target 4.0%: a risk of 1250.5 for 2549.5",
        "risk to reward 2.04, or 2.0x",
    ] {
        assert_eq!(missing_of_trade(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn sums_over_what_is_only_in_the_picture_are_not() {
    // The high less the low of a candle that the text does not give.
    assert_eq!(missing("a range of 250.25"), ["250.25"]);
    // Wrong sums, and levels that are near a stated one.
    assert_eq!(missing_of_trade("64250.5 is 0.9% above 64012.77"), ["0.9%"]);
    assert_eq!(missing_of_trade("support at 63500, the stop below it at 63000"), ["63500"]);
    assert_eq!(missing_of_trade("risk to reward 3.1"), ["3.1"]);
    // A price less a small number is no level.
    assert_eq!(missing_of_trade("rsi(14) of 61.8342, price 64250.5, resistance at 64188.7"), ["64188.7"]);
}

#[test]
fn no_text_panics() {
    for text in [
        "....",
        ",,,",
        "%",
        "1,",
        ",1",
        "é,1,22,333",
        "\u{1F680}9.",
        "1e999",
        "-",
        "K",
        "12K%",
        "a\u{300}1,000,00",
    ] {
        let _ = missing(text);
        let _ = Facts::of([text]);
    }
}

mod policy {
    use std::sync::Arc;

    use async_trait::async_trait;
    use qtp_core::port::DecisionEngine;
    use qtp_core::{Decision, DecisionAction, DecisionError, DecisionRequest, TradeDecision};

    use super::super::Grounded;
    use crate::log::CallBook;
    use crate::settings::Grounding;
    use crate::testing::request;

    /// Makes up a level, and is shown a price.
    struct Inventor(DecisionAction);

    #[async_trait]
    impl DecisionEngine for Inventor {
        fn name(&self) -> &str {
            "inventor"
        }

        async fn decide(&self, _: &DecisionRequest) -> Result<Decision, DecisionError> {
            let trade = TradeDecision {
                instrument: "BTC-USDC-PERP@sim".parse().unwrap(),
                action: self.0,
                conviction: "0.8".parse().unwrap(),
                allocation: Some("500".parse().unwrap()),
                stop: Some("95".parse().unwrap()),
                target: None,
                exit_plan: String::new(),
                plan: None,
                rationale: "price 100.5, support at 97.25, stop at 95 with 500 at most".into(),
            };
            // 97.25 in our own instructions is no fact about the market.
            let prompt = Some("[system]\nnever say 97.25\n\n[user]\nprice: 100.5".into());
            Ok(Decision {
                engine: "e".into(),
                model: None,
                reasoning: String::new(),
                prompt,
                trades: vec![trade],
            })
        }
    }

    async fn under(policy: Grounding, action: DecisionAction) -> (TradeDecision, Vec<String>) {
        let book = Arc::new(CallBook::default());
        let engine = Grounded::new(Arc::new(Inventor(action)), policy, Arc::clone(&book));
        let decision = engine.decide(&request(Vec::new())).await.unwrap();
        let (_, findings) = book.take(request(Vec::new()).id);
        (decision.trades[0].clone(), findings.iter().map(ToString::to_string).collect())
    }

    #[tokio::test]
    async fn an_invented_level_is_counted_lowers_conviction_or_blocks_an_entry_and_never_an_exit() {
        use DecisionAction::{Buy, Close, Hold};
        let found = vec!["grounding: BTC: not in the picture: 97.25".to_owned()];
        let (trade, findings) = under(Grounding::Count, Buy).await;
        assert_eq!((trade.action, trade.conviction, findings), (Buy, "0.8".parse().unwrap(), found.clone()));
        let (trade, findings) = under(Grounding::Lower, Buy).await;
        assert_eq!((trade.action, trade.conviction, findings), (Buy, "0.4".parse().unwrap(), found.clone()));
        let (trade, findings) = under(Grounding::Block, Buy).await;
        assert_eq!((trade.action, trade.stop, trade.allocation, findings), (Hold, None, None, found.clone()));
        let (trade, findings) = under(Grounding::Block, Close).await;
        assert_eq!((trade.action, findings), (Close, found));
        assert_eq!(under(Grounding::Off, Buy).await.1, Vec::<String>::new());
    }
}

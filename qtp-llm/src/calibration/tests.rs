//! Scores and fits against scikit-learn, and what the fit may do.

use serde::Deserialize;

use super::engine::fit;
use super::{Forecast, Isotonic, Reliability};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    stated: Vec<f64>,
    happened: Vec<u8>,
    brier: f64,
    curve: Vec<(f64, f64)>,
    asked: Vec<f64>,
    isotonic: Vec<f64>,
}

fn golden() -> Vec<(Case, Vec<Forecast>)> {
    let text = include_str!("../../tests/golden/calibration.json");
    let golden: Golden = serde_json::from_str(text).unwrap();
    let forecasts = |case: &Case| {
        let pairs = case.stated.iter().zip(&case.happened);
        pairs.map(|(stated, happened)| Forecast { stated: *stated, happened: *happened == 1 }).collect()
    };
    golden
        .cases
        .into_iter()
        .map(|case| (forecasts(&case), case))
        .map(|(forecasts, case)| (case, forecasts))
        .collect()
}

#[test]
fn brier_and_reliability_are_those_of_scikit_learn() {
    for (case, forecasts) in golden() {
        let found = Reliability::of(&forecasts);
        assert!((found.brier.unwrap() - case.brier).abs() < 1e-12, "{}", case.name);
        assert_eq!(found.curve.len(), case.curve.len(), "{}", case.name);
        for (bin, (stated, observed)) in found.curve.iter().zip(&case.curve) {
            let off = (bin.stated - stated).abs() + (bin.observed - observed).abs();
            assert!(off < 1e-12, "{}: {bin:?} and {stated} {observed}", case.name);
        }
    }
}

#[test]
fn isotonic_regression_is_that_of_scikit_learn() {
    for (case, forecasts) in golden() {
        let fit = Isotonic::fit(&forecasts);
        for (asked, expected) in case.asked.iter().zip(&case.isotonic) {
            let found = fit.apply(*asked).unwrap();
            assert!((found - expected).abs() < 1e-9, "{} at {asked}: {found} and {expected}", case.name);
        }
    }
}

#[test]
fn only_a_record_with_skill_speaks() {
    for (case, forecasts) in golden() {
        let expected = matches!(case.name.as_str(), "calibrated" | "overconfident");
        assert_eq!(fit(&forecasts, 100).is_some(), expected, "{}", case.name);
    }
    assert_eq!(Isotonic::default().apply(0.5), None);
    assert_eq!(Reliability::of(&[]), Reliability::default());
}

mod size {
    use std::sync::Arc;

    use async_trait::async_trait;
    use qtp_core::port::DecisionEngine;
    use qtp_core::{
        Decimal, Decision, DecisionAction, DecisionError, DecisionRequest, Notional, TradeDecision,
    };
    use serde_json::json;

    use super::super::Calibrated;
    use crate::log::CallBook;
    use crate::settings::CalibrationSettings;
    use crate::testing::{flat, market, price, request};

    const BTC: &str = "BTC-USDC-PERP@sim";

    /// Buys with a stop 5 below the price of 100.
    struct Buyer(Option<Notional>);

    #[async_trait]
    impl DecisionEngine for Buyer {
        fn name(&self) -> &str {
            "buyer"
        }

        async fn decide(&self, _: &DecisionRequest) -> Result<Decision, DecisionError> {
            let trade = TradeDecision {
                instrument: BTC.parse().unwrap(),
                action: DecisionAction::Buy,
                conviction: "0.8".parse().unwrap(),
                allocation: self.0,
                stop: Some("95".parse().unwrap()),
                target: None,
                exit_plan: String::new(),
                plan: None,
                rationale: String::new(),
            };
            let engine = "e".into();
            Ok(Decision { engine, model: None, reasoning: String::new(), prompt: None, trades: vec![trade] })
        }
    }

    /// What becomes of the advice behind a record in which `share` of ten trades at 0.8 were right, and none at 0.2.
    async fn advice(rounds: i64, right_of_ten: i64, cap: Option<&str>) -> (TradeDecision, usize) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        let mut text = String::new();
        for trade in 0..rounds * 20 {
            let (stated, right) =
                if trade % 2 == 0 { (0.8, (trade / 2) % 10 < right_of_ten) } else { (0.2, false) };
            let row = json!({
                "seat": "decide", "instrument": BTC, "direction": 1, "conviction": stated, "advised": trade,
                "ended": trade + 1, "right": right, "conditions": null, "rationale": "",
            });
            text.push_str(&format!("{row}\n"));
        }
        std::fs::write(&path, text).unwrap();
        let book = Arc::new(CallBook::default());
        let buyer = Arc::new(Buyer(cap.map(|cap| cap.parse().unwrap())));
        let settings =
            CalibrationSettings { scale_size: true, min_trades: 100, ..CalibrationSettings::default() };
        let engine = Calibrated::new(buyer, settings, Some(&path), Arc::clone(&book)).unwrap();
        let mut asset = flat(BTC, market(BTC, 1, 100.0, 60));
        asset.price = price(100.0);
        let picture = request(vec![asset]);
        let decision = engine.decide(&picture).await.unwrap();
        (decision.trades[0].clone(), book.take(picture.id).1.len())
    }

    #[tokio::test]
    async fn size_follows_confidence_only_behind_a_record_and_never_grows() {
        // 1 % of 10,000 over a distance of 5 are 20 units, 2,000 USD: six of ten were right at 0.8.
        let (scaled, findings) = advice(10, 6, None).await;
        assert_eq!((scaled.conviction, findings), ("0.6".parse().unwrap(), 1));
        assert_eq!(scaled.allocation.unwrap().get(), Decimal::from(1200));
        assert_eq!(scaled.stop, Some("95".parse().unwrap()));
        let (capped, _) = advice(10, 6, Some("300")).await;
        assert_eq!(capped.allocation.unwrap().get(), Decimal::from(300), "the model's own cap is smaller");
        let (sure, _) = advice(10, 10, None).await;
        assert_eq!(sure.allocation.unwrap().get(), Decimal::from(2000), "never more than the risk share");
        // Too short a record, or one without skill, changes nothing.
        for (rounds, right) in [(4, 6), (10, 0)] {
            let (same, findings) = advice(rounds, right, None).await;
            assert_eq!((same.conviction, same.allocation, findings), ("0.8".parse().unwrap(), None, 0));
        }
    }
}

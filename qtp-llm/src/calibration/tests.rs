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

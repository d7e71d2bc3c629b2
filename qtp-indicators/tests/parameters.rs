//! Bad parameters are errors, from specs and from constructors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use qtp_indicators::registry::ParamKind;
use qtp_indicators::{
    Session, average, build, catalogue, momentum, price, statistic, tradingview, volatility, volume,
};

#[test]
fn a_spec_refuses_parameters_outside_their_range() {
    for info in catalogue() {
        for param in info.params {
            let bad: Vec<String> = match param.kind {
                ParamKind::Integer { min, max, .. } => {
                    vec![
                        format!("{}", i64::from(min) - 1),
                        format!("{}", i64::from(max) + 1),
                        "1.5".to_owned(),
                    ]
                }
                ParamKind::Real { min, max, .. } => {
                    vec![format!("{}", min - min.abs().max(1.0)), format!("{}", max + max.abs().max(1.0))]
                }
                _ => vec!["nonsense".to_owned()],
            };
            for value in bad.iter().map(String::as_str).chain(["nan", "inf", "-inf", ""]) {
                let spec = format!("{}({}={value})", info.name, param.name);
                assert!(build(&spec).is_err(), "{spec}");
            }
        }
        let many = vec!["1"; info.params.len() + 1].join(",");
        assert!(build(&format!("{}({many})", info.name)).is_err(), "{}({many})", info.name);
    }
}

#[test]
fn constructors_refuse_periods_of_none_and_beyond_the_bound() {
    for n in [0, usize::MAX] {
        let alligator = average::AlligatorParams { jaw: (n, 8), ..Default::default() };
        let squeeze = momentum::SqueezeParams { bands: (20, 2.0), channel: (n, 1.5) };
        assert!(average::Alligator::new(alligator).is_err() && average::Alma::new(n, 0.85, 6.0).is_err());
        assert!(average::McGinley::new(n, 0.6).is_err() && average::Vidya::new(14, n).is_err());
        assert!(momentum::Fisher::new(n).is_err() && momentum::Stc::new(n, 23, 50, 0.5).is_err());
        assert!(momentum::Kst::new([10, 15, 20, n], [10; 4], 9).is_err() && momentum::Rvgi::new(n).is_err());
        assert!(momentum::Qqe::new(n, 5, 4.0).is_err() && momentum::ConnorsRsi::new(3, 2, n).is_err());
        assert!(momentum::Squeeze::new(squeeze).is_err() && momentum::Pmo::new(n, 20, 10).is_err());
        assert!(volatility::Chop::new(n, false).is_err() && volatility::Ulcer::new(n).is_err());
        assert!(volatility::RealisedVolatility::new(n, volatility::Estimator::Close, 1.0).is_err());
        assert!(
            volatility::AtrStop::new(n, 3.0, false).is_err() && volatility::Starc::new(5, 2.0, n).is_err()
        );
        assert!(price::Ichimoku::new(9, 26, 52, n).is_err() && price::FibRetracement::new(n).is_err());
        assert!(price::RollingPivotsClassic::new(n).is_err() && price::Swing::new(2, n).is_err());
        assert!(statistic::Hurst::new(n).is_err() && statistic::ZScore::new(n, false).is_err());
        assert!(volume::Kvo::new(34, 55, n).is_err() && volume::VwapRolling::new(n, 1.0).is_err());
        assert!(tradingview::TvDmi::new(14, n).is_err() && tradingview::TvEma::new(n, false).is_err());
    }
}

#[test]
fn constructors_refuse_numbers_that_are_none_or_out_of_range() {
    for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e300] {
        assert!(average::Alma::new(9, x, 6.0).is_err() && average::Alma::new(9, 0.5, x).is_err());
        assert!(average::McGinley::new(14, x).is_err() && momentum::Stc::new(10, 23, 50, x).is_err());
        assert!(momentum::Qqe::new(14, 5, x).is_err() && volatility::Chandelier::new(22, x).is_err());
        assert!(
            volatility::VolatilityStop::new(7, x).is_err() && volatility::Envelope::new(20, x, 0).is_err()
        );
        assert!(volatility::RealisedVolatility::new(20, volatility::Estimator::Close, x).is_err());
        assert!(price::ZigZag::new(x, false).is_err() && price::Renko::new(x, 2).is_err());
        assert!(
            volume::VwapBands::new(Session::Day, x).is_err() && volume::VwapAnchored::new(x, 1.0).is_err()
        );
        assert!(volume::Emv::new(14, x).is_err() && tradingview::TvSupertrend::new(x, 10).is_err());
    }
    assert!(price::Renko::new(0.0, 2).is_err() && price::Renko::new(1.0, 0).is_err());
    assert!(price::ZigZag::new(0.0, false).is_err());
}

//! The lab keeps the two parts of its data apart.

use qtp_core::port::{Sample, StrategyLab as _};
use qtp_core::{
    AccountKind, Amount, Candle, Currency, FundingRate, Instrument, InstrumentKind, Ratio, StrategyFile,
    Timeframe,
};
use qtp_engine::driver::{CandleLab, CandleLabSetup};
use qtp_engine::stats::DayCount;
use qtp_engine::strategy::Size;
use qtp_exchange::sim::{FeeModel, SimVenueConfig};

use crate::common::*;
use crate::run::candles;

const COUNT: usize = 2_000;
const SPLIT: usize = 1_400;

const TEXT: &str = r#"{
    "version": 1, "name": "cross",
    "entry": {"long": {"crosses_above": ["ema(3)", "sma(12)"]}, "short": {"crosses_below": ["ema(3)", "sma(12)"]}},
    "exit": {"long": {"crosses_below": ["ema(3)", "sma(12)"]}, "short": {"crosses_above": ["ema(3)", "sma(12)"]}},
    "stop": {"percent": 4}
}"#;

fn lab(candles: Vec<Candle>) -> CandleLab {
    funded(candles, Vec::new())
}

fn funded(candles: Vec<Candle>, funding: Vec<FundingRate>) -> CandleLab {
    let mut instrument = Instrument::unrestricted(btc()).unwrap();
    instrument.kind = InstrumentKind::Perpetual;
    CandleLab::new(CandleLabSetup {
        instrument,
        funding,
        timeframe: Timeframe::M1,
        candles,
        in_sample: 0.7,
        account: AccountKind::Unconstrained,
        cash: Amount::new(10_000.into(), Currency::USD),
        leverage: Ratio::ONE,
        venue: SimVenueConfig {
            fees: FeeModel::flat(Ratio::from_bps(5.into()).unwrap()),
            ..SimVenueConfig::default()
        },
        costs: "fee 5 bps".into(),
        size: Size::Units(units(1)),
        days: DayCount::Every,
    })
    .unwrap()
}

#[test]
fn funding_is_paid_in_each_part() {
    let candles = candles(&btc(), COUNT as i64, 5);
    let rate = |candle: &Candle| FundingRate {
        instrument: btc(),
        time: candle.close_time(),
        rate: "0.0001".parse().unwrap(),
        reference: None,
    };
    let rates = candles.iter().step_by(50).map(rate).collect();
    let (free, paying) = (lab(candles.clone()), funded(candles, rates));
    // Always long, so that every rate costs.
    let long = r#"{"version": 1, "name": "long", "entry": {"long": {"above": ["close", 0]}}, "stop": {"percent": 99}}"#;
    let long = StrategyFile::parse(long).unwrap();
    for sample in [Sample::InSample, Sample::OutOfSample] {
        let returns = [&free, &paying].map(|lab| lab.run(&long, sample).unwrap().total_return);
        assert!(returns[1] < returns[0], "{returns:?}");
    }
}

/// The candles with another market before or after a point.
fn mixed(seeds: (u64, u64), at: usize) -> Vec<Candle> {
    let (first, second) = (candles(&btc(), COUNT as i64, seeds.0), candles(&btc(), COUNT as i64, seeds.1));
    first[..at].iter().chain(&second[at..]).cloned().collect()
}

#[test]
fn each_part_depends_on_nothing_of_the_other_but_its_warm_up() {
    let file = StrategyFile::parse(TEXT).unwrap();
    let whole = lab(mixed((5, 5), SPLIT));
    assert_eq!(whole.split(), (SPLIT, COUNT));
    let inside = whole.run(&file, Sample::InSample).unwrap();
    let outside = whole.run(&file, Sample::OutOfSample).unwrap();
    assert!(inside.round_trips > 20 && outside.round_trips > 10, "{inside:?} {outside:?}");
    assert_eq!((inside.candles, outside.candles), (SPLIT as u64, (COUNT - SPLIT) as u64));
    // Another future changes nothing in sample, another past behind the warm-up nothing out of sample.
    assert_eq!(lab(mixed((5, 9), SPLIT)).run(&file, Sample::InSample).unwrap(), inside);
    assert_eq!(lab(mixed((9, 5), SPLIT - 13)).run(&file, Sample::OutOfSample).unwrap(), outside);
    assert_ne!(lab(mixed((5, 9), SPLIT)).run(&file, Sample::OutOfSample).unwrap(), outside);
    assert_eq!(whole.run(&file, Sample::InSample).unwrap(), inside);
}

#[test]
fn costs_are_counted_and_problems_have_their_place() {
    let whole = lab(mixed((5, 5), SPLIT));
    let error = whole.check(&TEXT.replacen("sma(12)", "smaa(12)", 1)).unwrap_err();
    assert_eq!((error.line, error.problem.pointer.as_str()), (3, "/entry/long/crosses_above/1"));
    assert!(whole.check(TEXT).is_ok());
    let once = r#"{"version": 1, "name": "once", "entry": {"long": {"above": ["close", 0]}}, "stop": {"percent": 99}}"#;
    let result = whole.run(&StrategyFile::parse(once).unwrap(), Sample::InSample).unwrap();
    let hold = result.buy_and_hold_return.unwrap();
    assert!(result.round_trips == 1 && (result.total_return - hold / 100.0).abs() < 0.001, "{result:?}");
}

//! What a volume profile promises, tried on random candles and trades.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use proptest::prelude::*;
use qtp_core::{Ohlcv, Side};
use qtp_indicators::{
    Indicator, SpecError, TimedOhlcv,
    cipher::{CipherBParams, CipherScoreParams, QuantumCipher},
    profile::{Levels, PocTie, Profile, ProfileParams, ProfileRange, Spread, Tpo, VolumeProfile},
};

const HOUR: i64 = 3_600_000_000_000;

fn candles() -> impl Strategy<Value = Vec<TimedOhlcv>> {
    let candle = (50.0..60.0, 0.0..3.0, 0.0..1.0, prop_oneof![9 => 0.0..1e4, 1 => Just(0.0)]);
    prop::collection::vec(candle, 1..120).prop_map(|rows| {
        let timed = |(i, (low, height, at, volume)): (usize, (f64, f64, f64, f64))| {
            let (high, close) = (low + height, low + height * at);
            let open = low + height * (1.0 - at);
            TimedOhlcv { open_time: i as i64 * HOUR, ohlcv: Ohlcv { open, high, low, close, volume } }
        };
        rows.into_iter().enumerate().map(timed).collect()
    })
}

fn ranges() -> [ProfileRange; 3] {
    [ProfileRange::Session, ProfileRange::Rolling(7), ProfileRange::Anchored(30 * HOUR)]
}

fn developing(profile: &mut VolumeProfile, candle: TimedOhlcv) -> Option<Levels> {
    profile.update(candle).unwrap();
    profile.levels()
}

fn params(spread: Spread) -> ProfileParams {
    ProfileParams { tick: 0.25, spread, ..ProfileParams::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn volume_is_conserved_and_the_value_area_holds_its_share(candles in candles(), middle in any::<bool>()) {
        let rows: Vec<Ohlcv> = candles.iter().map(|candle| candle.ohlcv).collect();
        let tie = if middle { PocTie::Middle } else { PocTie::Lowest };
        let volume: f64 = rows.iter().map(|candle| candle.volume).sum();
        for spread in [Spread::Even, Spread::Overlap] {
            let profile = Profile::of(&rows, params(spread)).unwrap();
            let levels = profile.levels(tie, 0.7).unwrap();
            prop_assert!((levels.volume - volume).abs() <= 1e-9 * volume.max(1.0));
            for area in [levels.documented, levels.classic] {
                prop_assert!((area.low..=area.high).contains(&levels.poc));
                let inside = profile.rows().iter().filter(|row| (area.low..=area.high).contains(&row.price));
                prop_assert!(inside.map(|row| row.volume).sum::<f64>() >= 0.7 * levels.volume * (1.0 - 1e-12));
            }
            prop_assert!(profile.rows().iter().all(|row| row.volume <= levels.poc_volume));
        }
    }

    #[test]
    fn a_profile_knows_nothing_of_later_candles_and_survives_storage(candles in candles(), cut in 0.0..1.0) {
        let cut = (candles.len() as f64 * cut) as usize;
        for range in ranges() {
            let mut whole = VolumeProfile::new(range, params(Spread::Even)).unwrap();
            let mut part = whole.clone();
            let expected: Vec<_> = candles.iter().map(|candle| developing(&mut whole, *candle)).collect();
            let mut actual: Vec<_> = candles[..cut].iter().map(|candle| developing(&mut part, *candle)).collect();
            let text = serde_json::to_string(&part).unwrap();
            let mut restored: VolumeProfile = serde_json::from_str(&text).unwrap();
            actual.extend(candles[cut..].iter().map(|candle| developing(&mut restored, *candle)));
            prop_assert_eq!(actual, expected);
            prop_assert_eq!(&restored, &whole);
        }
    }

    #[test]
    fn ranges_equal_the_profile_of_their_candles(candles in candles()) {
        let last = candles.len() - 1;
        let of = |keep: &dyn Fn(usize, &TimedOhlcv) -> bool| {
            let kept: Vec<Ohlcv> =
                candles.iter().enumerate().filter(|(i, c)| keep(*i, c)).map(|(_, c)| c.ohlcv).collect();
            Profile::of(&kept, params(Spread::Even)).unwrap()
        };
        let expected = [
            of(&|_, c| c.open_time / (24 * HOUR) == candles[last].open_time / (24 * HOUR)),
            of(&|i, _| i + 7 > last),
            of(&|_, c| c.open_time >= 30 * HOUR),
        ];
        for (range, expected) in ranges().into_iter().zip(expected) {
            let mut profile = VolumeProfile::new(range, params(Spread::Even)).unwrap();
            for candle in &candles {
                profile.update(*candle).unwrap();
            }
            prop_assert_eq!(profile.profile(), expected);
        }
    }

    #[test]
    fn naked_pocs_were_pocs_and_were_not_touched(candles in candles()) {
        let mut profile = VolumeProfile::new(ProfileRange::Session, params(Spread::Even)).unwrap();
        for candle in &candles {
            profile.update(*candle).unwrap();
        }
        for poc in profile.naked() {
            let touched = candles
                .iter()
                .filter(|c| c.open_time >= poc.session + 24 * HOUR)
                .any(|c| (c.ohlcv.low..=c.ohlcv.high).contains(&poc.price));
            prop_assert!(!touched);
        }
    }

    #[test]
    fn delta_is_bought_less_sold(trades in prop::collection::vec((50.0..60.0, 0.0..9.0, any::<bool>()), 1..80)) {
        let mut profile = VolumeProfile::new(ProfileRange::Anchored(0), params(Spread::Even)).unwrap();
        let mut expected = 0.0;
        for (price, quantity, buy) in trades {
            let (side, sign) = if buy { (Side::Buy, 1.0) } else { (Side::Sell, -1.0) };
            expected += sign * quantity;
            profile.trade(0, price, quantity, Some(side)).unwrap();
            let levels = profile.levels().unwrap();
            prop_assert!((levels.delta.unwrap() - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn letters_cover_every_candle_and_stay_in_their_day(candles in candles()) {
        let mut tpo = Tpo::new(0.25, HOUR / 2, 1_000).unwrap();
        for (i, candle) in candles.iter().enumerate() {
            tpo.update(*candle).unwrap();
            let profile = tpo.profile().unwrap();
            let today = (i % 24) + 1;
            let letters = profile.rows.iter().flat_map(|row| row.letters.chars());
            let mut seen: Vec<char> = letters.collect();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), today);
            let area = profile.value_area;
            prop_assert!((area.low..=area.high).contains(&profile.poc));
        }
    }

    #[test]
    fn the_score_and_its_parts_stay_in_their_range(candles in candles()) {
        let mut cipher = QuantumCipher::new(Default::default(), Default::default(), Default::default()).unwrap();
        for candle in candles {
            if let Some(output) = cipher.update(candle) {
                let p = output.parts;
                for x in [output.score, p.wave, p.level, p.flow, p.rsi, p.stoch, p.trend, p.events] {
                    prop_assert!((-1.0..=1.0).contains(&x));
                }
            }
        }
    }
}

#[test]
fn too_many_rows_are_refused_and_change_nothing() {
    let small = ProfileParams { tick: 1.0, max_rows: 10, ..ProfileParams::default() };
    let candle = |open_time, low, high| TimedOhlcv {
        open_time,
        ohlcv: Ohlcv { open: low, high, low, close: high, volume: 1.0 },
    };
    for range in [ProfileRange::Session, ProfileRange::Rolling(2), ProfileRange::Anchored(0)] {
        let mut profile = VolumeProfile::new(range, small).unwrap();
        profile.update(candle(0, 100.0, 105.0)).unwrap();
        let before = profile.clone();
        for bad in [candle(1, 100.0, 110.0), candle(30 * HOUR, 0.0, 1e300), candle(30 * HOUR, 5.0, 1e17)] {
            let refused = profile.update(bad);
            let expected =
                matches!(refused, Err(SpecError::TooManyRows { .. } | SpecError::OutOfRange { .. }));
            assert!(expected, "{refused:?}");
            assert_eq!(profile, before);
        }
        for bad in [candle(1, f64::NAN, 101.0), candle(1, 102.0, 101.0)] {
            assert!(matches!(profile.update(bad), Err(SpecError::OutOfRange { .. })));
            assert_eq!(profile, before);
        }
    }
}

#[test]
fn bad_parameters_are_refused() {
    for tick in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let bad = ProfileParams { tick, ..ProfileParams::default() };
        assert!(VolumeProfile::new(ProfileRange::Session, bad).is_err());
        assert!(Tpo::new(tick, HOUR, 100).is_err());
    }
    for bad in [
        ProfileParams { share: 0.0, ..ProfileParams::default() },
        ProfileParams { share: 1.1, ..ProfileParams::default() },
        ProfileParams { max_rows: 0, ..ProfileParams::default() },
    ] {
        assert!(Profile::of(&[], bad).is_err());
    }
    assert!(VolumeProfile::new(ProfileRange::Rolling(0), ProfileParams::default()).is_err());
    assert!(ProfileParams::default().with_rows(10.0, 10.0, 24).is_err());
    assert!(Tpo::new(1.0, 0, 100).is_err() && Tpo::new(1.0, HOUR, 0).is_err());
    let cipher = |b, score| QuantumCipher::new(Default::default(), b, score);
    let bad = CipherBParams { stoch: 0, ..CipherBParams::default() };
    assert!(cipher(bad, CipherScoreParams::default()).is_err());
    let bad = CipherScoreParams { memory: 1.0, ..CipherScoreParams::default() };
    assert!(cipher(CipherBParams::default(), bad).is_err());
}

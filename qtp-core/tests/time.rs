//! Instants and candle widths.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use proptest::prelude::*;
use qtp_core::{Timeframe, Timestamp};

fn timestamp() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        any::<i64>().prop_map(Timestamp::from_nanos),
        Just(Timestamp::MAX),
        Just(Timestamp::from_nanos(i64::MIN)),
        (-4_000_000_000_i64..10_000_000_000).prop_map(Timestamp::from_secs),
    ]
}

fn timeframe() -> impl Strategy<Value = Timeframe> {
    let most = i64::MAX / 1_000_000;
    prop_oneof![1..=most, 1..100_000_i64, Just(most), Just(604_800_000)]
        .prop_map(|millis| Timeframe::from_nanos(millis * 1_000_000).unwrap())
}

proptest! {
    #[test]
    fn an_instant_survives_its_text_and_json(time in timestamp()) {
        prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        let json = serde_json::to_string(&time).unwrap();
        prop_assert_eq!(json.parse::<i64>().unwrap(), time.as_nanos());
        prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
    }

    #[test]
    fn a_width_survives_its_text_and_json(width in timeframe()) {
        prop_assert_eq!(width.to_string().parse::<Timeframe>().unwrap(), width);
        let json = serde_json::to_string(&width).unwrap();
        prop_assert_eq!(serde_json::from_str::<Timeframe>(&json).unwrap(), width);
        prop_assert_eq!(width.as_duration().as_nanos(), u128::try_from(width.as_nanos()).unwrap());
    }

    #[test]
    fn floor_is_aligned_idempotent_and_not_later(time in timestamp(), width in timeframe()) {
        let floor = width.floor(time);
        prop_assert!(floor <= time);
        let room = time.as_nanos().checked_sub(width.as_nanos()).is_some();
        if room {
            prop_assert_eq!(floor.as_nanos().rem_euclid(width.as_nanos()), 0);
            prop_assert_eq!(width.floor(floor), floor);
            prop_assert!(time.since(floor) < width.as_duration());
        }
    }

    #[test]
    fn arithmetic_never_panics(a in timestamp(), b in timestamp(), secs in any::<u64>(), nanos in 0_u32..1_000_000_000) {
        let duration = Duration::new(secs, nanos);
        prop_assert!(a + duration >= a);
        prop_assert!(a - duration <= a);
        let _ = (a.day(duration), a.date(), a.time_of_day(), a.as_millis(), a.as_secs(), a.to_string());
        prop_assert!(a.since(b).is_zero() || b.since(a).is_zero());
        let _ = (Timestamp::from_secs(a.as_nanos()), Timestamp::from_millis(a.as_nanos()));
    }

    #[test]
    fn a_count_too_large_is_refused(count in "[0-9]{1,40}", unit in prop_oneof![Just("ms"), Just("s"), Just("m"), Just("h"), Just("d"), Just("w"), Just("")]) {
        if let Ok(width) = format!("{count}{unit}").parse::<Timeframe>() {
            prop_assert!(width.as_nanos() > 0);
        }
    }
}

#[test]
fn widths_are_written_in_their_largest_unit() {
    for text in ["1ms", "250ms", "1s", "90s", "1m", "5m", "1h", "4h", "1d", "1w", "2w"] {
        assert_eq!(text.parse::<Timeframe>().unwrap().to_string(), text);
    }
    assert_eq!("60m".parse::<Timeframe>().unwrap().to_string(), "1h");
    for wrong in
        ["", "m", "5", "0m", "-5m", "5M", "5 m", "1.5h", "99999999999999999999h", "9223372036854775807w"]
    {
        assert!(wrong.parse::<Timeframe>().is_err(), "{wrong}");
    }
}

#[test]
fn times_outside_the_range_are_refused() {
    for wrong in ["", "2024-01-01", "1600-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "2024-13-01T00:00:00Z"] {
        assert!(wrong.parse::<Timestamp>().is_err(), "{wrong}");
    }
    let offset: Timestamp = "2024-04-16T03:00:00+02:00".parse().unwrap();
    assert_eq!(offset.to_string(), "2024-04-16T01:00:00Z");
}

//! What Cipher B makes of higher timeframes and of gaps in its inputs, against a plain recomputation.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use qtp_core::Ohlcv;
use qtp_indicators::{
    Indicator, TimedOhlcv, build,
    cipher::{CipherB, CipherBParams, CipherEvent, CipherEvents, FlatCandles},
    profile::{Levels, ProfileSignal, ProfileSignals, ValueArea},
};

const HOUR: i64 = 3_600_000_000_000;

/// Hourly candles that swing over days, hours and in between.
fn market(rows: i64) -> Vec<TimedOhlcv> {
    let price = |i: i64| {
        let x = i as f64;
        let slow = 20.0 * libm::sin(x / 90.0) + 6.0 * libm::sin(x / 17.0);
        1_000.0 + slow + 2.5 * libm::sin(x / 5.0) + (i * 7_919 % 13) as f64 * 0.2
    };
    let candle = |i: i64| {
        let (open, close) = (price(i - 1), price(i));
        let (high, low) = (open.max(close) + 0.5, open.min(close) - 0.5);
        TimedOhlcv { open_time: i * HOUR, ohlcv: Ohlcv { open, high, low, close, volume: 10.0 } }
    };
    (0..rows).map(candle).collect()
}

/// The candles of `hours` hours that have closed before the candle at `i` opens, each from its whole span.
fn closed(candles: &[TimedOhlcv], i: usize, hours: usize) -> Vec<TimedOhlcv> {
    let done = candles[..i - i % hours].chunks(hours);
    done.map(|span| {
        let fold = |read: fn(&Ohlcv) -> f64, pick: fn(f64, f64) -> f64| {
            span.iter().map(|candle| read(&candle.ohlcv)).reduce(pick).unwrap()
        };
        let (first, last) = (span[0], span[span.len() - 1]);
        let ohlcv = Ohlcv {
            open: first.ohlcv.open,
            high: fold(|c| c.high, f64::max),
            low: fold(|c| c.low, f64::min),
            close: last.ohlcv.close,
            volume: fold(|c| c.volume, |a, b| a + b),
        };
        TimedOhlcv { open_time: first.open_time, ohlcv }
    })
    .collect()
}

/// The fast wave after these candles.
fn fast(candles: &[TimedOhlcv]) -> Option<f64> {
    let mut cipher = CipherB::new(CipherBParams::default()).unwrap();
    for candle in candles {
        cipher.update(*candle);
    }
    let parts = cipher.parts()?;
    Some(parts.wt1? - parts.wt2?)
}

/// Whether the last Heikin-Ashi candle is red.
fn red(candles: &[TimedOhlcv]) -> Option<bool> {
    let mut last: Option<(f64, f64)> = None;
    for TimedOhlcv { ohlcv: c, .. } in candles {
        let open = last.map_or((c.open + c.close) / 2.0, |(open, close)| (open + close) / 2.0);
        last = Some((open, (c.open + c.high + c.low + c.close) / 4.0));
    }
    last.map(|(open, close)| close < open)
}

#[test]
fn flags_and_diamonds_use_the_last_closed_higher_candles() {
    use CipherEvent as E;
    let candles = market(1_200);
    let mut cipher = CipherB::new(CipherBParams::default()).unwrap();
    let mut seen = CipherEvents::default();
    let mut total = [0; 4];
    for (i, candle) in candles.iter().enumerate() {
        let Some(output) = cipher.update(*candle) else { continue };
        let (up, down) = (output.events.contains(E::CrossUp), output.events.contains(E::CrossDown));
        if !up && !down {
            assert!(
                ![E::BullFlag, E::BearFlag, E::BullDiamond, E::BearDiamond]
                    .iter()
                    .any(|event| output.events.contains(*event))
            );
            continue;
        }
        let higher = fast(&closed(&candles, i, 12)).unwrap_or(0.0);
        let reds = [red(&closed(&candles, i, 1)), red(&closed(&candles, i, 4))];
        let flow = output.money_flow.unwrap();
        let expected = [
            (E::BullFlag, up && flow > 0.0 && output.wt2 < 0.0 && higher > 0.0),
            (E::BearFlag, down && flow < 0.0 && output.wt2 > 0.0 && higher < 0.0),
            (E::BullDiamond, up && output.wt2 <= 0.0 && reds == [Some(false); 2]),
            (E::BearDiamond, down && output.wt2 >= 0.0 && reds == [Some(true); 2]),
        ];
        for (count, (event, happens)) in total.iter_mut().zip(expected) {
            assert_eq!(output.events.contains(event), happens, "{event:?} at {i}");
            *count += usize::from(happens);
        }
        seen = output.events;
    }
    assert!(!seen.is_empty());
    assert!(total[0] + total[1] > 0 && total[2] + total[3] > 0, "{total:?}");
}

#[test]
fn a_flat_candle_is_left_out_of_the_money_flow_or_makes_it_undefined() {
    let mut candles = market(300);
    let flat = candles[150].ohlcv.close;
    candles[150].ohlcv = Ohlcv { open: flat, high: flat, low: flat, close: flat, volume: 1.0 };
    let run = |flat| {
        let mut cipher = CipherB::new(CipherBParams { flat, ..CipherBParams::default() }).unwrap();
        candles.iter().map(|c| cipher.update(*c).and_then(|o| o.money_flow)).collect::<Vec<_>>()
    };
    let (ignore, undefined) = (run(FlatCandles::Ignore), run(FlatCandles::Undefined));
    for i in 67..300 {
        let flow = |c: &TimedOhlcv| 150.0 * (c.ohlcv.close - c.ohlcv.open) / (c.ohlcv.high - c.ohlcv.low);
        let known: Vec<f64> = candles[..=i].iter().map(flow).filter(|flow| flow.is_finite()).collect();
        let expected = known[known.len() - 60..].iter().sum::<f64>() / 60.0 - 2.5;
        assert!((ignore[i].unwrap() - expected).abs() < 1e-9, "{i}");
        assert_eq!(undefined[i].is_none(), (150..210).contains(&i), "{i}");
    }
}

#[test]
fn a_market_that_does_not_move_is_neutral_not_undefined() {
    let mut score = build("quantum_cipher").unwrap();
    let still = Ohlcv { open: 5.0, high: 5.0, low: 5.0, close: 5.0, volume: 0.0 };
    let mut row = [0.0; 8];
    for i in 0..200 {
        score.update(&still, i * HOUR, &mut row);
    }
    assert!(row.iter().all(|x| x.is_finite()), "{row:?}");
    assert_eq!(row[1..3], [0.0, 0.0]);
}

#[test]
fn closes_outside_are_accepted_and_excursions_rejected() {
    use ProfileSignal as S;
    let area = ValueArea { low: 95.0, high: 105.0 };
    let levels =
        Levels { poc: 100.0, poc_volume: 50.0, documented: area, classic: area, volume: 200.0, delta: None };
    let mut signals = ProfileSignals::new(3).unwrap();
    let mut feed = |low: f64, high: f64, close: f64, volume: f64| {
        signals.update(&Ohlcv { open: low, high, low, close, volume }, &levels, &area)
    };
    assert_eq!(feed(96.0, 107.0, 104.0, 1.0), [S::RejectionHigh]);
    assert_eq!(feed(104.0, 107.0, 106.0, 25.0), [S::VahBreakout]); // half of the POC's is not above half
    assert_eq!(feed(106.0, 108.0, 107.0, 26.0), [S::VahBreakoutConfirmed]);
    assert_eq!(feed(106.0, 108.0, 107.0, 1.0), [S::AcceptanceAbove]);
    assert_eq!(feed(101.0, 108.0, 102.0, 1.0), [S::RejectionHigh]);
    assert_eq!(feed(99.0, 102.0, 101.0, 1.0), [S::ReversionToPoc]);
    assert_eq!(feed(99.0, 102.0, 101.0, 1.0), []);
    assert_eq!(feed(90.0, 99.0, 91.0, 30.0), [S::ValBreakout, S::ValBreakoutConfirmed]);
    assert_eq!(feed(90.0, 101.0, 100.0, 1.0), [S::RejectionLow, S::ReversionToPoc]);
    assert!(ProfileSignals::new(0).is_err());
}

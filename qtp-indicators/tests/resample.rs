//! Resampling: agreement with the recorded candles, alignment to sessions, and the policies.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{fs::File, io::Read, path::PathBuf, time::Duration};

use proptest::prelude::*;
use qtp_core::{Candle, CandleParts, Quantity, Side, Timeframe, Timestamp, Trade};
use qtp_indicators::{
    SpecError,
    resample::{
        Alignment, CandleResampler, EventCandles, EventRule, GapPolicy, LatePolicy, ResamplePolicy,
        Resampled, Session, TradeResampler, batch_at,
    },
};

const LENIENT: ResamplePolicy = ResamplePolicy { gap: GapPolicy::Skip, late: LatePolicy::Skip };
const FILL: ResamplePolicy = ResamplePolicy { gap: GapPolicy::Fill, late: LatePolicy::Error };

fn read(path: &str) -> Option<String> {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")).join(path);
    if !file.is_file() {
        println!("skipped: no data at {}", file.display());
        return None;
    }
    let mut text = String::new();
    flate2::read::GzDecoder::new(File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    Some(text)
}

fn candle(timeframe: Timeframe, millis: i64, [open, high, low, close, volume]: [&str; 5]) -> Candle {
    Candle::new(CandleParts {
        instrument: "BTC-PERP@ftx".parse().unwrap(),
        timeframe,
        open_time: Timestamp::from_millis(millis),
        open: open.parse().unwrap(),
        high: high.parse().unwrap(),
        low: low.parse().unwrap(),
        close: close.parse().unwrap(),
        volume: volume.parse().unwrap(),
    })
    .unwrap()
}

fn flat(minute: i64, price: u32) -> Candle {
    let price = price.to_string();
    candle(Timeframe::M1, minute * 60_000, [&price, &price, &price, &price, "1"])
}

fn trade(second: i64, price: u32, quantity: u32, taker: Option<Side>) -> Trade {
    Trade {
        instrument: "BTC-PERP@ftx".parse().unwrap(),
        time: Timestamp::from_secs(second),
        price: price.to_string().parse().unwrap(),
        quantity: quantity.to_string().parse().unwrap(),
        taker,
    }
}

fn minutes() -> Option<Vec<Candle>> {
    let text = read("nautilus/BTC-PERP_1m_20211231-20220201.csv.gz")?;
    let parse = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let (date, clock) = fields[0].split_once(' ').unwrap();
        let time: Timestamp = format!("{date}T{clock}Z").parse().unwrap();
        let number = |i: usize| fields[i];
        candle(Timeframe::M1, time.as_millis(), [1, 2, 3, 4, 5].map(number))
    };
    Some(text.lines().skip(1).map(parse).collect())
}

fn resample(timeframe: &str, candles: &[Candle], policy: ResamplePolicy) -> Vec<Resampled> {
    let mut resampler = CandleResampler::new(timeframe.parse().unwrap(), Alignment::Utc, policy).unwrap();
    let mut out: Vec<Resampled> = candles.iter().flat_map(|c| resampler.update(c).unwrap()).collect();
    out.extend(resampler.finish().unwrap());
    out
}

#[test]
fn higher_timeframes_equal_their_recorded_candles() {
    let Some(minutes) = minutes() else { return };
    for (timeframe, file) in
        [("5m", "5m"), ("15m", "15m"), ("1h", "1h"), ("4h", "4h"), ("1d", "1d"), ("1w", "1w-monday")]
    {
        let text = read(&format!("resample-golden/{file}.csv.gz")).unwrap();
        let out = resample(timeframe, &minutes, LENIENT);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(out.len(), lines.len(), "{timeframe}");
        for (line, resampled) in lines.iter().zip(&out) {
            let expected: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
            let (candle, ohlcv) = (&resampled.candle, resampled.candle.ohlcv());
            assert_eq!(candle.open_time().as_millis(), expected[0] as i64, "{timeframe}");
            assert_eq!(
                [ohlcv.open, ohlcv.high, ohlcv.low, ohlcv.close],
                expected[1..5],
                "{timeframe} {line}"
            );
            assert!((ohlcv.volume / expected[5] - 1.0).abs() < 1e-12, "{timeframe} {line}");
            assert_eq!(resampled.inputs, expected[6] as u64, "{timeframe} {line}");
        }
    }
}

#[test]
fn in_two_steps_the_candles_are_the_same() {
    let Some(minutes) = minutes() else { return };
    let hours: Vec<Candle> = resample("1h", &minutes, LENIENT).into_iter().map(|r| r.candle).collect();
    let (direct, stepwise) = (resample("1d", &minutes, LENIENT), resample("1d", &hours, LENIENT));
    let candles = |out: Vec<Resampled>| out.into_iter().map(|r| r.candle).collect::<Vec<_>>();
    assert_eq!(candles(direct), candles(stepwise));
}

#[test]
fn a_gap_is_an_error_or_filled_or_counted() {
    let candles = [flat(0, 10), flat(1, 11), flat(10, 12)];
    let run = |policy| {
        let mut resampler = CandleResampler::new("2m".parse().unwrap(), Alignment::Utc, policy).unwrap();
        let out: Result<Vec<_>, _> = candles.iter().map(|c| resampler.update(c)).collect();
        (out.map(|out| out.concat()), resampler.counts())
    };
    let minute = 60_000_000_000;
    assert_eq!(run(ResamplePolicy::STRICT).0, Err(SpecError::Gap { from: 2 * minute, to: 10 * minute }));
    let (filled, counts) = run(FILL);
    let filled = filled.unwrap();
    assert_eq!(filled.iter().map(|r| r.inputs).collect::<Vec<_>>(), [2, 0, 0, 0, 0]);
    assert!(filled[1..].iter().all(|r| r.candle.close().to_string() == "11" && r.candle.volume().is_zero()));
    assert_eq!((counts.gaps, counts.filled), (1, 4));
    let (skipped, counts) = run(LENIENT);
    assert_eq!((skipped.unwrap().len(), counts.gaps, counts.filled), (1, 1, 0));
}

#[test]
fn a_gap_too_long_to_fill_is_an_error_and_changes_nothing() {
    let mut resampler = CandleResampler::new(Timeframe::M1, Alignment::Utc, FILL).unwrap();
    resampler.update(&flat(0, 10)).unwrap();
    let before = resampler.clone();
    assert!(matches!(resampler.update(&flat(1_000_000, 10)), Err(SpecError::Gap { .. })));
    assert_eq!(resampler, before);
}

#[test]
fn late_candles_are_an_error_or_counted() {
    let mut strict =
        CandleResampler::new("5m".parse().unwrap(), Alignment::Utc, ResamplePolicy::STRICT).unwrap();
    strict.update(&flat(0, 10)).unwrap();
    assert!(matches!(strict.update(&flat(0, 10)), Err(SpecError::Late { .. })));
    let mut lenient = CandleResampler::new("5m".parse().unwrap(), Alignment::Utc, LENIENT).unwrap();
    lenient.update(&flat(0, 10)).unwrap();
    assert!(lenient.update(&flat(0, 99)).unwrap().is_empty());
    assert_eq!((lenient.counts().late, lenient.forming().unwrap().inputs), (1, 1));
}

#[test]
fn a_candle_that_fits_no_single_higher_one_is_refused() {
    let mut resampler =
        CandleResampler::new("90s".parse().unwrap(), Alignment::Utc, ResamplePolicy::STRICT).unwrap();
    resampler.update(&flat(0, 10)).unwrap();
    assert!(matches!(resampler.update(&flat(1, 10)), Err(SpecError::Input { .. })));
}

#[test]
fn weeks_start_on_monday_and_days_where_the_exchange_says() {
    let hour = |hours: i64| candle(Timeframe::H1, hours * 3_600_000, ["1", "1", "1", "1", "1"]);
    let start = |timeframe: &str, alignment: Alignment, hours: i64| {
        let mut resampler = CandleResampler::new(timeframe.parse().unwrap(), alignment, LENIENT).unwrap();
        resampler.update(&hour(hours)).unwrap();
        resampler.forming().unwrap().candle.open_time().as_secs() / 3_600
    };
    // 1970-01-08 12:00 is a Thursday; its week began on Monday the 5th.
    assert_eq!(start("1w", Alignment::Utc, 7 * 24 + 12), 4 * 24);
    let at_22 = || Alignment::DailyAt(Duration::from_secs(22 * 3_600));
    assert_eq!(start("1d", at_22(), 47), 46);
    assert_eq!(start("4h", at_22(), 47), 46);
    // Seven hours do not divide a day: the count starts afresh at 22:00.
    assert_eq!(start("7h", at_22(), 47), 46);
    assert_eq!(start("7h", at_22(), 44), 43);
}

#[test]
fn sessions_bound_their_candles_and_the_night_between_is_no_gap() {
    let at = |minute: i64| Timestamp::from_secs(minute * 60);
    let sessions =
        vec![Session { open: at(30), close: at(420) }, Session { open: at(1_500), close: at(1_890) }];
    let alignment = Alignment::Sessions(sessions);
    let mut resampler =
        CandleResampler::new(Timeframe::H1, alignment.clone(), ResamplePolicy::STRICT).unwrap();
    let mut out = Vec::new();
    for minute in (30..420).chain(1_500..1_560) {
        out.extend(resampler.update(&flat(minute, 10)).unwrap());
    }
    let starts: Vec<i64> = out.iter().map(|r| r.candle.open_time().as_secs() / 60).collect();
    assert_eq!(starts, [30, 90, 150, 210, 270, 330, 390, 1_500]);
    assert_eq!(out[6].inputs, 30); // cut short by the close
    assert!(matches!(resampler.update(&flat(2_000, 10)), Err(SpecError::Input { .. })));
    let overlapping = vec![Session { open: at(0), close: at(9) }, Session { open: at(5), close: at(12) }];
    assert!(CandleResampler::new(Timeframe::H1, Alignment::Sessions(overlapping), LENIENT).is_err());
    let mut days = CandleResampler::new(Timeframe::D1, alignment, ResamplePolicy::STRICT).unwrap();
    let day: Vec<_> = (30..420).flat_map(|minute| days.update(&flat(minute, 10)).unwrap()).collect();
    assert_eq!((day.len(), day[0].inputs), (1, 390));
}

#[test]
fn time_closes_a_trade_candle_and_late_trades_are_refused() {
    let mut resampler = TradeResampler::new(Timeframe::M1, Alignment::Utc, FILL).unwrap();
    resampler.update(&trade(1, 10, 1, None)).unwrap();
    assert!(resampler.advance(Timestamp::from_secs(59)).unwrap().is_empty());
    assert_eq!(resampler.advance(Timestamp::from_secs(60)).unwrap().len(), 1);
    assert!(matches!(resampler.update(&trade(30, 10, 1, None)), Err(SpecError::Late { .. })));
    let filled = resampler.update(&trade(185, 12, 1, None)).unwrap();
    assert_eq!(filled.iter().map(|r| r.inputs).collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn limits_that_are_not_above_zero_are_refused() {
    for rule in
        [EventRule::Ticks(0), EventRule::Volume(Quantity::ZERO), EventRule::Dollar(Default::default())]
    {
        assert!(EventCandles::new(rule, LatePolicy::Error).is_err());
    }
}

fn trades() -> impl Strategy<Value = Vec<Trade>> {
    let step = (0_i64..200, 1_u32..1_000, 1_u32..50, any::<bool>());
    prop::collection::vec(step, 1..200).prop_map(|steps| {
        let mut second = 0;
        let next = |(wait, price, quantity, buy): (i64, u32, u32, bool)| {
            second += wait;
            trade(second, price, quantity, Some(if buy { Side::Buy } else { Side::Sell }))
        };
        steps.into_iter().map(next).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn volume_high_and_low_are_conserved(trades in trades(), fill in any::<bool>()) {
        let gap = if fill { GapPolicy::Fill } else { GapPolicy::Skip };
        let policy = ResamplePolicy { gap, late: LatePolicy::Error };
        let mut minutes = TradeResampler::new(Timeframe::M1, Alignment::Utc, policy).unwrap();
        let mut hours = CandleResampler::new(Timeframe::H1, Alignment::Utc, policy).unwrap();
        let mut out: Vec<Resampled> = trades.iter().flat_map(|t| minutes.update(t).unwrap()).collect();
        out.extend(minutes.finish().unwrap());
        let mut higher: Vec<Resampled> = out.iter().flat_map(|r| hours.update(&r.candle).unwrap()).collect();
        higher.extend(hours.finish().unwrap());
        let volume: Quantity = trades.iter().map(|t| t.quantity).sum();
        for candles in [&out, &higher] {
            prop_assert_eq!(candles.iter().map(|r| r.candle.volume()).sum::<Quantity>(), volume);
            prop_assert_eq!(candles.iter().map(|r| r.candle.high()).max(), trades.iter().map(|t| t.price).max());
            prop_assert_eq!(candles.iter().map(|r| r.candle.low()).min(), trades.iter().map(|t| t.price).min());
            prop_assert!(candles.windows(2).all(|p| p[0].candle.close_time() <= p[1].candle.open_time()));
            if fill {
                prop_assert!(candles.windows(2).all(|p| p[0].candle.close_time() == p[1].candle.open_time()));
            }
        }
    }

    #[test]
    fn event_candles_conserve_and_reach_their_limit(trades in trades(), limit in 1_u32..200) {
        let limit: Quantity = limit.to_string().parse().unwrap();
        let mut candles = EventCandles::new(EventRule::Volume(limit), LatePolicy::Error).unwrap();
        let mut out: Vec<_> = trades.iter().filter_map(|t| candles.update(t).unwrap()).collect();
        prop_assert!(out.iter().all(|c| c.volume >= limit && c.bought + c.sold == c.volume));
        out.extend(candles.finish());
        let volume: Quantity = trades.iter().map(|t| t.quantity).sum();
        prop_assert_eq!(out.iter().map(|c| c.volume).sum::<Quantity>(), volume);
        prop_assert_eq!(out.iter().map(|c| c.trades).sum::<u64>(), trades.len() as u64);
    }

    #[test]
    fn cutting_or_storing_changes_no_earlier_candle(trades in trades(), cut in 0.0..1.0) {
        let cut = (trades.len() as f64 * cut) as usize;
        let mut whole = TradeResampler::new(Timeframe::M1, Alignment::Utc, LENIENT).unwrap();
        let mut part = whole.clone();
        let expected: Vec<_> = trades.iter().map(|t| whole.update(t).unwrap()).collect();
        let mut actual: Vec<_> = trades[..cut].iter().map(|t| part.update(t).unwrap()).collect();
        let text = serde_json::to_string(&part).unwrap();
        let mut restored: TradeResampler = serde_json::from_str(&text).unwrap();
        actual.extend(trades[cut..].iter().map(|t| restored.update(t).unwrap()));
        prop_assert_eq!(actual, expected);
    }
}

proptest! {
    #[test]
    fn a_spec_of_a_higher_timeframe_sees_only_candles_that_have_closed(
        steps in prop::collection::vec((1_i64..4, 1_u32..1000, 1_u32..9), 1..80),
    ) {
        let (mut minute, mut candles) = (3, Vec::new());
        for (step, price, volume) in steps {
            minute += step;
            let (low, high) = ((price).to_string(), (price + 2).to_string());
            let (open, close) = ((price + 1).to_string(), (price + price % 3).to_string());
            candles.push(candle(Timeframe::M1, minute * 60_000, [&open, &high, &low, &close, &volume.to_string()]));
        }
        let numbers: Vec<_> = candles.iter().map(Candle::ohlcv).collect();
        let column = |read: fn(&qtp_core::Ohlcv) -> f64| numbers.iter().map(read).collect::<Vec<f64>>();
        let (open, high, low) = (column(|c| c.open), column(|c| c.high), column(|c| c.low));
        let (close, volume) = (column(|c| c.close), column(|c| c.volume));
        let table = qtp_indicators::Candles::new(&open, &high, &low, &close, &volume).unwrap();
        let times: Vec<i64> = candles.iter().map(|candle| candle.open_time().as_nanos()).collect();
        let mut row = vec![0.0; candles.len()];
        let indicator = qtp_indicators::build("talib.ad@5m").unwrap();
        batch_at(&indicator, Timeframe::M1, table, &times, &mut [&mut row]).unwrap();

        // The same from exact candles, streaming, at every row anew from the beginning.
        for i in 0..candles.len() {
            let mut fives = CandleResampler::new(Timeframe::M5, Alignment::Utc, LENIENT).unwrap();
            let mut line = qtp_indicators::build("talib.ad").unwrap();
            let (mut out, mut expected) = ([f64::NAN], f64::NAN);
            let mut done = Vec::new();
            for candle in &candles[..=i] {
                done.extend(fives.update(candle).unwrap());
            }
            done.extend(fives.finish().unwrap());
            for five in done.iter().filter(|five| five.candle.close_time() <= candles[i].close_time()) {
                line.update(&five.candle.ohlcv(), five.candle.open_time().as_nanos(), &mut out);
                expected = out[0];
            }
            let near = (row[i] - expected).abs() <= 1e-9 * expected.abs().max(1.0);
            prop_assert!(near || row[i].is_nan() && expected.is_nan(), "row {}: {} {}", i, row[i], expected);
        }
    }
}

#[test]
fn a_timeframe_that_lower_candles_cannot_make_is_refused() {
    let (price, times) = ([1.0, 2.0], [0, 60_000_000_000]);
    let candles = qtp_indicators::Candles::hlc(&price, &price, &price).unwrap();
    let mut row = [0.0; 2];
    for (spec, timeframe) in
        [("sma(2)@1m", Timeframe::M5), ("sma(2)@3m", Timeframe::from_nanos(120_000_000_000).unwrap())]
    {
        let indicator = qtp_indicators::build(spec).unwrap();
        let refused = batch_at(&indicator, timeframe, candles, &times, &mut [&mut row]);
        assert!(matches!(refused, Err(SpecError::Input { .. })), "{spec}");
    }
    let same = qtp_indicators::build("sma(2)@1m").unwrap();
    batch_at(&same, Timeframe::M1, candles, &times, &mut [&mut row]).unwrap();
    assert!((row[1] - 1.5).abs() < f64::EPSILON);
}

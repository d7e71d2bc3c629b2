//! Charts: what they draw, what they refuse, and that they are well-formed whatever the data.
#![allow(clippy::unwrap_used, reason = "helpers of tests: a failed set-up fails the test")]

use proptest::prelude::*;
use qtp_core::{Ohlcv, Timestamp};
use qtp_engine::chart::*;
use qtp_engine::stats::CurvePoint;
use roxmltree::Document;

fn bars(count: i64, price: impl Fn(i64) -> f64) -> Vec<Bar> {
    let bar = |index: i64| {
        let (open, close) = (price(index - 1), price(index));
        let (high, low) = (open.max(close) * 1.002, open.min(close) * 0.998);
        let volume = 100.0 + (index % 9) as f64;
        Bar {
            time: Timestamp::from_secs(1_700_000_000 + index * 3600),
            ohlcv: Ohlcv { open, high, low, close, volume },
        }
    };
    (0..count).map(bar).collect()
}

fn wave(index: i64) -> f64 {
    100.0 + 10.0 * libm_free_sine(index) + (index * 7 % 5) as f64 * 0.4
}

/// A smooth wave of 40 candles without trigonometry.
fn libm_free_sine(index: i64) -> f64 {
    let phase = index.rem_euclid(40) as f64 / 20.0 - 1.0;
    4.0 * phase * (1.0 - phase.abs())
}

fn full() -> Chart {
    let mut chart = Chart::new("TEST", bars(300, wave));
    for spec in ["ema(20)", "bbands(20,2)", "macd(12,26,9)", "rsi(14)", "cipher_b()", "talib.cdldoji()"] {
        chart.study(&spec.parse().unwrap()).unwrap();
    }
    chart.profile = Profile::of(&chart.bars, 60).unwrap();
    assert!(chart.profile.is_some());
    chart
}

fn texts(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    document
        .descendants()
        .filter(|node| node.has_tag_name("tspan"))
        .filter_map(|node| node.text())
        .map(str::to_owned)
        .collect()
}

fn problem(chart: &Chart, options: &ChartOptions) -> String {
    chart.svg(options).unwrap_err().to_string()
}

#[test]
fn a_full_chart_is_well_formed_and_always_the_same() {
    for theme in [Theme::Light, Theme::Dark] {
        let options = ChartOptions { theme, ..ChartOptions::default() };
        let svg = full().svg(&options).unwrap();
        assert_eq!(svg, full().svg(&options).unwrap());
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        let texts = texts(&svg);
        for text in
            ["TEST", "ema(20)", "bbands(20,2)", "macd(12,26,9)", "rsi(14)", "POC", "VAH", "VAL", "Volume"]
        {
            assert!(texts.iter().any(|found| found == text), "{text} is missing");
        }
    }
}

#[test]
fn levels_stand_over_the_candles_and_differences_below_them() {
    for (over, spec) in [
        (true, "ema(20)"),
        (true, "bbands(20,2)"),
        (true, "vwap()"),
        (true, "bbands(20,2).middle"),
        (false, "atr(14)"),
        (false, "macd(12,26,9)"),
        (false, "talib.stddev(5)"),
        (false, "rsi(14)"),
        (false, "sma(20,source=volume)"),
    ] {
        // At a price near zero a range of values could not tell them apart.
        for scale in [1.0, 1e-8, 1e7] {
            let mut chart = Chart::new("", bars(200, |index| wave(index) * scale));
            chart.study(&spec.parse().unwrap()).unwrap();
            let counts = (chart.price.studies.len(), chart.panes.len());
            assert_eq!(counts, if over { (1, 0) } else { (0, 1) }, "{spec} at {scale}");
        }
    }
}

#[test]
fn every_indicator_of_the_catalogue_can_be_drawn() {
    for info in qtp_indicators::catalogue() {
        let mut chart = Chart::new(info.name, bars(150, wave));
        chart.study(&info.name.parse().unwrap()).unwrap();
        let drawn = chart.price.studies.len() + chart.panes.len();
        assert!(drawn > 0, "{} is nowhere", info.name);
        Document::parse(&chart.svg(&ChartOptions::default()).unwrap()).unwrap();
    }
}

#[test]
fn the_cipher_gives_its_waves_dots_and_the_candles_its_signals() {
    let mut chart = Chart::new("", bars(600, wave));
    chart.study(&"cipher_b()".parse().unwrap()).unwrap();
    assert_eq!((chart.panes.len(), chart.price.studies.len()), (2, 0));
    let dots = &chart.panes[0].markers;
    assert!(dots.iter().any(|marker| matches!(marker.kind, MarkerKind::BuyDot | MarkerKind::SellDot)));
    assert!(
        chart.price.markers.iter().all(|marker| matches!(marker.kind, MarkerKind::Buy | MarkerKind::Sell))
    );
}

#[test]
fn missing_values_break_a_line() {
    let mut chart = Chart::new("", bars(9, wave));
    let mut values: Vec<f64> = chart.bars.iter().map(|bar| bar.ohlcv.close).collect();
    (values[3], values[4]) = (f64::NAN, f64::INFINITY);
    let plots = vec![Plot::new(values, PlotKind::Line, Colour::Series(4))];
    chart.price.studies.push(Study { name: "x".to_owned(), plots });
    let svg = chart.svg(&ChartOptions::default()).unwrap();
    let document = Document::parse(&svg).unwrap();
    let line = document.descendants().find(|node| node.attribute("stroke") == Some("#d81b60")).unwrap();
    let path = line.attribute("d").unwrap();
    assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 5), "{path}");
}

#[test]
fn a_window_keeps_what_lies_in_it() {
    let mut chart = full();
    let times = [2, 100, 250].map(|index: usize| chart.bars[index].time);
    chart.price.markers =
        times.map(|time| Marker { time, value: 100.0, kind: MarkerKind::Buy, label: String::new() }).to_vec();
    let [from, to, _] = times.map(|time| CurvePoint { time, value: 100.0 });
    chart.price.segments = vec![Segment { from, to, colour: Colour::Up, dashed: true }];
    let part = chart.window(50..200);
    assert_eq!(part.bars.len(), 150);
    assert_eq!(part.price.markers.len(), 1);
    assert!(part.price.segments.is_empty());
    assert!(
        part.panes
            .iter()
            .flat_map(|pane| &pane.studies)
            .flat_map(|study| &study.plots)
            .all(|plot| plot.values.len() == 150)
    );
    part.svg(&ChartOptions::default()).unwrap();
}

#[test]
fn of_more_candles_than_fit_the_newest_are_drawn() {
    let chart = Chart::new("", bars(3_000, wave));
    let options = ChartOptions { width: 600, ..ChartOptions::default() };
    let fits = chart.capacity(&options);
    assert!((200..300).contains(&fits));
    assert_eq!(chart.svg(&options).unwrap(), chart.window(3_000 - fits..3_000).svg(&options).unwrap());
}

#[test]
fn extreme_prices_have_readable_labels() {
    for (price, label) in [(3.2e-7, "0.00000032"), (12.5, "12.5"), (64_250.0, "64,250"), (5e12, "5.00T")] {
        let chart = Chart::new("", bars(1, |_| price));
        let texts = texts(&chart.svg(&ChartOptions::default()).unwrap());
        assert!(texts.iter().any(|text| text.starts_with(label)), "{label} is not among {texts:?}");
        assert!(texts.iter().all(|text| text.len() < 24), "{texts:?}");
    }
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let options = ChartOptions::default();
    assert_eq!(problem(&Chart::new("", Vec::new()), &options), "chart: there are no candles");
    let narrow = ChartOptions { width: 10, ..options };
    assert!(problem(&full(), &narrow).contains("width 10"));
    let mut chart = full();
    chart.bars.swap(4, 5);
    assert!(problem(&chart, &options).contains("does not follow"));
    let mut chart = full();
    chart.bars[7].ohlcv.close = f64::NAN;
    assert!(problem(&chart, &options).contains("not finite"));
    let mut chart = full();
    chart.panes[0].studies[0].plots[0].values.pop();
    assert_eq!(problem(&chart, &options), "chart: macd(12,26,9) has 299 values for 300 candles");
    for (spec, problem) in [
        ("cipher_b()@4h", "events of another timeframe"),
        ("talib.cdldoji()@4h", "events of another timeframe"),
        ("ema(20)@90m", "90m candles cannot be made of 1h candles"),
    ] {
        let refused = full().study(&spec.parse().unwrap()).unwrap_err().to_string();
        assert!(refused.contains(spec) && refused.contains(problem), "{refused}");
    }
}

#[test]
fn a_line_of_a_higher_timeframe_stays_until_its_next_candle_has_ended() {
    let mut bars = bars(12, wave);
    for (hour, bar) in (0_i64..).zip(&mut bars) {
        bar.time = Timestamp::from_secs(hour * 3600);
    }
    let closes: Vec<f64> = bars.iter().map(|bar| bar.ohlcv.close).collect();
    let mut chart = Chart::new("TEST", bars);
    chart.study(&"sma(1)@4h".parse().unwrap()).unwrap();
    let values = &chart.price.studies[0].plots[0].values;
    assert!(values[..3].iter().all(|value| value.is_nan()));
    let held =
        [closes[3], closes[3], closes[3], closes[3], closes[7], closes[7], closes[7], closes[7], closes[11]];
    assert_eq!(values[3..], held);
    assert!(chart.svg(&ChartOptions::default()).is_ok());
}

#[test]
fn text_is_escaped() {
    let title = "<b a='1'>&\u{202e}\u{1}";
    let svg = Chart::new(title, bars(5, wave)).svg(&ChartOptions::default()).unwrap();
    assert!(texts(&svg).iter().any(|text| text == "<b a='1'>& "));
}

#[cfg(feature = "png")]
#[test]
fn png_has_the_size_asked_for_and_text_on_it() {
    let options = ChartOptions { width: 640, height: Some(400), theme: Theme::Light };
    let chart = Chart::new("TEST", bars(50, wave));
    let png = chart.png(&options, 2.0).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let size = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((size(16), size(20)), (1280, 800));
    assert_eq!(png, chart.png(&options, 2.0).unwrap());
    let silent = Chart { title: String::new(), ..chart.clone() };
    assert_ne!(png, silent.png(&options, 2.0).unwrap());
    assert!(chart.png(&options, f64::NAN).is_err() && chart.png(&options, 1e6).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_candles_give_a_well_formed_picture(
        closes in prop::collection::vec((1e-3..1e3_f64, 0.0..0.5_f64), 1..60),
        scale in prop::sample::select(vec![1e-12, 1e-6, 1.0, 1e9]),
        size in (200_u32..900, 200_u32..900),
    ) {
        let bar = |(index, (close, reach)): (usize, &(f64, f64))| {
            let close = close * scale;
            let (open, high, low) = (close * (1.0 - reach / 2.0), close * (1.0 + reach), close * (1.0 - reach));
            let ohlcv = Ohlcv { open, high, low, close, volume: reach * 1e6 };
            Bar { time: Timestamp::from_secs(index as i64 * 86_400), ohlcv }
        };
        let mut chart = Chart::new("any", closes.iter().enumerate().map(bar).collect());
        for spec in ["sma(3)", "macd(2,3,2)", "rsi(3)"] {
            chart.study(&spec.parse().unwrap()).unwrap();
        }
        chart.profile = Profile::of(&chart.bars, 40).unwrap_or(None);
        let svg = chart.svg(&ChartOptions { width: size.0, height: Some(size.1), theme: Theme::Dark }).unwrap();
        prop_assert!(Document::parse(&svg).is_ok());
        prop_assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}

//! Well-formed candle, funding and signal files read as they were written.

#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use qtp_core::{Candle, CandleParts, Decimal, Price, Quantity, Timeframe, Timestamp};
use qtp_exchange::candle_file::{self, CandleFile, CandleFileOptions, SignalRow, TimeIs, TimeUnit};
use tempfile::TempDir;

fn options() -> CandleFileOptions {
    CandleFileOptions::new("BTC-USDT@test".parse().unwrap())
}

fn write(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn read(text: &str, options: &CandleFileOptions) -> CandleFile {
    let (_folder, path) = write(text.as_bytes());
    candle_file::read(&path, options).unwrap_or_else(|error| panic!("{error}"))
}

fn opens(file: &CandleFile) -> Vec<String> {
    file.candles.iter().map(|candle| candle.open_time().to_string()).collect()
}

#[test]
fn columns_stand_in_any_case_and_order_beside_others() {
    let text = "Volume,CLOSE,note,Low,\"High\",Open,Date\r\n\
        1.5,\"105\",hello, 95 ,110,100,2024-01-01\r\n\
        0,1.05e2,,9.5E+1,110.000,+100,2024-01-02\r\n\r\n";
    let file = read(text, &options());
    assert_eq!(file.timeframe, Timeframe::D1);
    assert_eq!((file.rows, file.gaps, file.outside_range), (2, 0, 0));
    let [first, second] = file.candles.as_slice() else { panic!("two rows") };
    assert_eq!(
        first.ohlcv(),
        qtp_core::Ohlcv { open: 100.0, high: 110.0, low: 95.0, close: 105.0, volume: 1.5 }
    );
    assert_eq!((second.close(), second.low()), (first.close(), first.low()));
    assert_eq!(opens(&file), ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"]);
}

#[test]
fn a_byte_order_mark_and_a_missing_last_line_end_are_accepted() {
    let text = "\u{feff},Open,High,Low,Close,Volume\n2024-01-01,1,1,1,1,1\n2024-01-02,1,1,1,1,1";
    assert_eq!(read(text, &options()).rows, 2);
}

#[test]
fn the_timeframe_is_the_most_frequent_step_and_gaps_are_counted() {
    let rows = |minutes: &[u64]| {
        let body: String =
            minutes.iter().map(|minute| format!("{},1,1,1,1,1\n", 1_704_067_200 + minute * 60)).collect();
        format!("ts,open,high,low,close,volume\n{body}")
    };
    let file = read(&rows(&[0, 10, 15, 20, 25, 35]), &options());
    assert_eq!((file.timeframe, file.gaps, file.irregular), (Timeframe::M5, 2, 0));
    assert!(file.candles.iter().all(|candle| candle.timeframe() == Timeframe::M5));
    assert!(file.warnings()[0].ends_with("2 missing candles"));
    let tie = read(&rows(&[0, 10, 15]), &options());
    assert_eq!((tie.timeframe, tie.gaps), (Timeframe::M5, 1));
    let odd = read(&rows(&[0, 5, 10, 17]), &options());
    assert_eq!((odd.timeframe, odd.gaps, odd.irregular), (Timeframe::M5, 0, 1));
    let named = read(&rows(&[0]), &CandleFileOptions { timeframe: Some(Timeframe::H4), ..options() });
    assert_eq!(named.candles[0].timeframe(), Timeframe::H4);
}

#[test]
fn close_times_are_moved_to_open_times_by_the_final_timeframe() {
    let text = "time,open,high,low,close,volume\n2024-01-01 02:00,1,1,1,1,1\n2024-01-01 04:00,1,1,1,1,1\n\
        2024-01-01 05:00,1,1,1,1,1\n2024-01-01 06:00,1,1,1,1,1\n";
    let file = read(text, &CandleFileOptions { time_is: TimeIs::Close, ..options() });
    assert_eq!(file.timeframe, Timeframe::H1);
    assert_eq!(
        opens(&file),
        ["2024-01-01T01:00:00Z", "2024-01-01T03:00:00Z", "2024-01-01T04:00:00Z", "2024-01-01T05:00:00Z"]
    );
}

#[test]
fn a_named_unit_overrides_the_first_row() {
    let text = "time,open,high,low,close,volume\n0,1,1,1,1,1\n60000,1,1,1,1,1\n";
    let file = read(text, &CandleFileOptions { time_unit: Some(TimeUnit::Ms), ..options() });
    assert_eq!(file.timeframe, Timeframe::M1);
}

#[test]
fn unusual_rows_are_counted_not_refused() {
    let text = "time,open,high,low,close,volume\n2024-01-01,120,110,95,105,\n2024-01-02,100,110,95,90,\n2024-01-03,95,110,95,110,\n";
    let file = read(text, &options());
    assert_eq!(file.outside_range, 2);
    assert!(file.without_volume);
    assert_eq!(file.candles[0].volume(), Quantity::ZERO);
    assert_eq!(file.warnings().len(), 2);
}

#[test]
fn gzip_is_told_by_its_bytes_and_the_hash_is_of_the_file_on_disk() {
    let text = b"time,open,high,low,close,volume\n2024-01-01,1,1,1,1,1\n2024-01-02,1,1,1,1,1\n";
    let (_plain_folder, plain) = write(text);
    // Two members, as `cat a.gz b.gz` makes them.
    let (_folder, packed) = write(&[gzip(&text[..40]), gzip(&text[40..])].concat());
    let plain = candle_file::read(&plain, &options()).unwrap();
    let packed = candle_file::read(&packed, &options()).unwrap();
    assert_eq!(plain.candles, packed.candles);
    assert_ne!(plain.sha256, packed.sha256);
    assert_eq!(plain.data_ref().sha256, "399b08be08ca866601e48881a93b2a6e8c688bc989e56daf2595061343b99f77");
}

#[test]
fn funding_files_keep_rate_and_reference() {
    let id = "XRP-USDT-PERP@test".parse().unwrap();
    let (_folder, path) =
        write(b"date,open,high\n2021-11-18 00:00:00.017+00:00,-0.0001,0\n2021-11-18 08:00:00,1e-05,0\n");
    let rates = candle_file::read_funding(&path, &id, None).unwrap();
    assert_eq!(rates[0].rate.to_string(), "-0.0001");
    assert_eq!(rates[0].time.to_string(), "2021-11-18T00:00:00.017Z");
    assert_eq!(rates[1].rate.to_string(), "0.00001");
    let (_folder, path) =
        write(b"open,time,fundingRate,mark_price\n7,1700000000,0.0002,35.5\n7,1700003600,0.0003,\n");
    let rates = candle_file::read_funding(&path, &id, None).unwrap();
    assert_eq!(rates[0].rate.to_string(), "0.0002");
    assert_eq!((rates[0].reference, rates[1].reference), (Some("35.5".parse().unwrap()), None));
    let (_folder, path) = write(b"time,high\n1700000000,0.0002\n");
    let error = candle_file::read_funding(&path, &id, None).unwrap_err().to_string();
    assert!(error.contains("line 1, column rate: missing"), "{error}");
}

#[test]
fn signal_files_keep_what_each_row_says() {
    let (_folder, path) =
        write(b"time,signal,size,stop,take\n2024-01-01,1,0.5,90,120\n2024-01-02,-1.0,,,\n2024-01-03,0,,,\n");
    let rows = candle_file::read_signals(&path, None).unwrap();
    assert_eq!(rows.iter().map(|row| row.signal).collect::<Vec<_>>(), [1, -1, 0]);
    assert_eq!(rows[0].stop, Some("90".parse().unwrap()));
    assert_eq!(
        rows[1],
        SignalRow {
            time: Some("2024-01-02T00:00:00Z".parse().unwrap()),
            signal: -1,
            size: None,
            stop: None,
            take: None
        }
    );
    let (_folder, path) = write(b"signal\n1\n0\n");
    assert_eq!(candle_file::read_signals(&path, None).unwrap()[0].time, None);
    for (text, expected) in [
        ("signal\n1\n2\n", "line 3, column signal: \"2\" is not a signal (-1, 0 or 1)"),
        ("signal\n0.5\n", "line 2, column signal: \"0.5\" is not a signal (-1, 0 or 1)"),
        ("signal,stop\n1,0\n", "line 2, column stop: 0 is not above 0"),
    ] {
        let (_folder, path) = write(text.as_bytes());
        assert!(candle_file::read_signals(&path, None).unwrap_err().to_string().ends_with(expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), magic in any::<bool>()) {
        let bytes = if magic { [&[0x1f, 0x8b, 8], bytes.as_slice()].concat() } else { bytes };
        let (_folder, path) = write(&bytes);
        let _ = candle_file::read(&path, &options());
        let _ = candle_file::read_signals(&path, None);
    }

    #[test]
    fn almost_right_files_never_panic(rows in prop::collection::vec("[0-9.,:eE+\"\r\n -]{0,60}", 0..12)) {
        let text = format!("time,open,high,low,close,volume\n{}", rows.join("\n"));
        let (_folder, path) = write(text.as_bytes());
        let _ = candle_file::read(&path, &options());
    }

    #[test]
    fn a_written_file_reads_back_equal(rows in prop::collection::vec(row(), 2..60), minutes in 1_i64..2000, zip in any::<bool>()) {
        let timeframe = Timeframe::from_nanos(minutes * 60_000_000_000).unwrap();
        let candles: Vec<Candle> = rows.iter().zip(0..).map(|(row, place)| candle(row, timeframe, place)).collect();
        let mut text = String::from("ts_ms,open,high,low,close,volume\n");
        for candle in &candles {
            let parts = candle.parts();
            text += &format!("{},{},{},{},{},{}\n", parts.open_time.as_millis(), parts.open, parts.high, parts.low, parts.close, parts.volume);
        }
        let bytes = if zip { gzip(text.as_bytes()) } else { text.into_bytes() };
        let (_folder, path) = write(&bytes);
        let file = candle_file::read(&path, &options()).unwrap();
        prop_assert_eq!(file.rows, candles.len() as u64);
        for (read, written) in file.candles.iter().zip(&candles) {
            prop_assert_eq!(read.parts(), written.parts());
            let parts = read.parts();
            let nearest = |value: Decimal| value.to_string().parse::<f64>().unwrap();
            prop_assert_eq!(read.ohlcv().open, nearest(parts.open.get()));
            prop_assert_eq!(read.ohlcv().high, nearest(parts.high.get()));
            prop_assert_eq!(read.ohlcv().low, nearest(parts.low.get()));
            prop_assert_eq!(read.ohlcv().close, nearest(parts.close.get()));
            prop_assert_eq!(read.ohlcv().volume, nearest(parts.volume.get()));
        }
    }
}

type Row = (i64, i64, i64, i64, i64, u32);

fn row() -> impl Strategy<Value = Row> {
    let number = || 1_i64..100_000_000_000_000_000;
    (number(), number(), number(), number(), number(), 3_u32..18)
}

fn candle(row: &Row, timeframe: Timeframe, place: i64) -> Candle {
    let (a, b, c, d, volume, scale) = *row;
    let price = |mantissa: i64| Price::new(Decimal::new(mantissa, scale)).unwrap();
    let start = 1_600_000_000_000_000_000 / timeframe.as_nanos() * timeframe.as_nanos();
    Candle::new(CandleParts {
        instrument: options().instrument,
        timeframe,
        open_time: Timestamp::from_nanos(start + place * timeframe.as_nanos()),
        open: price(a),
        high: price(b.max(c)),
        low: price(b.min(c)),
        close: price(d),
        volume: Quantity::new(Decimal::new(volume, scale)).unwrap(),
    })
    .unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

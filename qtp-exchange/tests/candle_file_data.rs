//! Real files of many origins read with the row counts and times that are known of them.

#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::PathBuf;

use qtp_core::Timeframe;
use qtp_exchange::candle_file::{self, CandleFileOptions};

/// The folder of real data; the tests are skipped where it is absent.
fn data(file: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(file);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// File, rows, first and last open time, timeframe.
const FILES: [(&str, u64, &str, &str, &str); 28] = [
    ("backtest-golden/input.csv", 4000, "2024-04-16T01:00:00Z", "2024-09-29T16:00:00Z", "1h"),
    ("backtesting-py/BTCUSD.csv", 156, "2012-01-31T00:00:00Z", "2024-12-31T00:00:00Z", "31d"),
    ("backtesting-py/EURUSD.csv", 5000, "2017-04-19T09:00:00Z", "2018-02-07T15:00:00Z", "1h"),
    ("backtesting-py/GOOG.csv", 2148, "2004-08-19T00:00:00Z", "2013-03-01T00:00:00Z", "1d"),
    ("backtrader/nvda-1999-2014.txt", 4012, "1999-01-22T00:00:00Z", "2014-12-31T00:00:00Z", "1d"),
    (
        "binance-1h/BTCUSDT_1h_20240416-20260416.csv.gz",
        17520,
        "2024-04-16T01:00:00Z",
        "2026-04-16T00:00:00Z",
        "1h",
    ),
    ("binance-1h/BTCUSDT_4h.csv.gz", 4380, "2024-04-16T04:00:00Z", "2026-04-16T00:00:00Z", "4h"),
    ("bitfinex/ETHUSD_1m_2019.csv.gz", 455_968, "2019-01-01T00:00:00Z", "2019-12-31T23:56:00Z", "1m"),
    (
        "equities-daily/AAPL_2006-2017_kaggle.csv.gz",
        3019,
        "2006-01-03T00:00:00Z",
        "2017-12-29T00:00:00Z",
        "1d",
    ),
    ("equities-daily/AAPL_2013-2023.csv", 2768, "2013-01-02T00:00:00Z", "2023-12-29T00:00:00Z", "1d"),
    (
        "equities-daily/AMZN_2006-2017_kaggle.csv.gz",
        3019,
        "2006-01-03T00:00:00Z",
        "2017-12-29T00:00:00Z",
        "1d",
    ),
    ("equities-daily/AMZN_2013-2023.csv", 2768, "2013-01-02T00:00:00Z", "2023-12-29T00:00:00Z", "1d"),
    (
        "equities-daily/GOOGL_2006-2017_kaggle.csv.gz",
        3019,
        "2006-01-03T00:00:00Z",
        "2017-12-29T00:00:00Z",
        "1d",
    ),
    ("equities-daily/GOOGL_2013-2023.csv", 2768, "2013-01-02T00:00:00Z", "2023-12-29T00:00:00Z", "1d"),
    ("equities-daily/META_2013-2023.csv", 2768, "2013-01-02T00:00:00Z", "2023-12-29T00:00:00Z", "1d"),
    ("equities-daily/NVDA_2013-2023.csv", 2768, "2013-01-02T00:00:00Z", "2023-12-29T00:00:00Z", "1d"),
    ("freqtrade/UNITTEST_BTC_1m.csv.gz", 13681, "2017-11-04T23:02:00Z", "2017-11-14T22:59:00Z", "1m"),
    ("freqtrade/XRPUSDT_1h_futures.csv.gz", 100, "2021-11-17T01:00:00Z", "2021-11-21T04:00:00Z", "1h"),
    ("freqtrade/XRPUSDT_1h_mark.csv.gz", 100, "2021-11-15T06:00:00Z", "2021-11-19T09:00:00Z", "1h"),
    ("freqtrade/XRPUSDT_5m_futures.csv.gz", 1999, "2021-11-15T00:00:00Z", "2021-11-21T22:30:00Z", "5m"),
    (
        "nautilus/BTC-PERP_1m_20211231-20220201.csv.gz",
        45031,
        "2021-12-31T23:01:00Z",
        "2022-02-01T05:31:00Z",
        "1m",
    ),
    ("resample-golden/15m.csv.gz", 3003, "2021-12-31T23:00:00Z", "2022-02-01T05:30:00Z", "15m"),
    ("resample-golden/1d.csv.gz", 33, "2021-12-31T00:00:00Z", "2022-02-01T00:00:00Z", "1d"),
    ("resample-golden/1h.csv.gz", 751, "2021-12-31T23:00:00Z", "2022-02-01T05:00:00Z", "1h"),
    ("resample-golden/1w-monday.csv.gz", 6, "2021-12-27T00:00:00Z", "2022-01-31T00:00:00Z", "1w"),
    ("resample-golden/4h.csv.gz", 189, "2021-12-31T20:00:00Z", "2022-02-01T04:00:00Z", "4h"),
    ("resample-golden/5m.csv.gz", 9007, "2021-12-31T23:00:00Z", "2022-02-01T05:30:00Z", "5m"),
    ("talib-golden/input.csv", 1500, "2024-04-16T01:00:00Z", "2024-06-17T12:00:00Z", "1h"),
];

#[test]
fn every_file_has_its_known_rows_and_times() {
    for (name, rows, first, last, timeframe) in FILES {
        let Some(path) = data(name) else { return };
        let timeframe: Timeframe = timeframe.parse().unwrap();
        let options = CandleFileOptions::new("X-USD@test".parse().unwrap());
        let file = candle_file::read(&path, &options).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(file.rows, rows, "{name}");
        assert_eq!(file.candles.len() as u64, rows, "{name}");
        assert_eq!(file.timeframe, timeframe, "{name}");
        assert_eq!(file.candles.first().unwrap().open_time().to_string(), first, "{name}");
        assert_eq!(file.candles.last().unwrap().open_time().to_string(), last, "{name}");
        assert_eq!(file.without_volume, name.contains("mark"), "{name}");
    }
}

#[test]
fn minutes_without_trades_are_counted_as_gaps() {
    let Some(path) = data("bitfinex/BTCUSD_1m_2019.csv.gz") else { return };
    let file =
        candle_file::read(&path, &CandleFileOptions::new("BTC-USD@bitfinex".parse().unwrap())).unwrap();
    assert_eq!((file.rows, file.timeframe), (512_727, Timeframe::M1));
    assert_eq!(file.gaps, 365 * 1440 - 512_727);
    assert_eq!(file.irregular, 0);
}

#[test]
fn floats_printed_with_17_digits_are_exact() {
    let Some(path) = data("backtest-golden/input.csv") else { return };
    let file =
        candle_file::read(&path, &CandleFileOptions::new("BTC-USDT@binance".parse().unwrap())).unwrap();
    let last = file.candles.last().unwrap();
    assert_eq!(last.close().to_string(), "65.76499000000001");
    assert_eq!(last.ohlcv().close, 65.76499000000001);
}

#[test]
fn a_candle_shaped_funding_file_is_read() {
    let Some(path) = data("freqtrade/XRPUSDT_8h_funding_rate.csv.gz") else { return };
    let rates = candle_file::read_funding(&path, &"XRP-USDT-PERP@binance".parse().unwrap(), None).unwrap();
    assert_eq!(rates.len(), 91);
    assert_eq!(rates[0].time.to_string(), "2021-11-18T00:00:00.017Z");
    assert_eq!(rates[0].rate.to_string(), "0.0001");
    assert_eq!(rates[90].time.to_string(), "2021-12-18T00:00:00.014Z");
}

#[test]
fn two_prints_in_one_millisecond_are_not_candles() {
    let Some(path) = data("backtrader/ticksample.csv") else { return };
    let error = candle_file::read(&path, &CandleFileOptions::new("X-USD@test".parse().unwrap())).unwrap_err();
    assert!(
        error.to_string().ends_with("line 24, column Datetime: 2015-09-23T20:58:22.316Z stands twice"),
        "{error}"
    );
}

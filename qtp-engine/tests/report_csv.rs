//! CSV files of a run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use qtp_core::{Price, Timestamp};
use qtp_engine::report::csv::{EquityCsv, write_trips};
use qtp_engine::stats::{RoundTrip, TripSide};

#[test]
fn trips_are_canonical_decimals_and_rfc_3339() {
    let trip = RoundTrip {
        account: "main".parse().unwrap(),
        instrument: "BTC-USDT@sim".parse().unwrap(),
        side: TripSide::Short,
        quantity: "0.500".parse().unwrap(),
        entry_time: Timestamp::from_secs(1_713_229_200),
        exit_time: Timestamp::from_millis(1_713_232_800_250),
        entry_price: "64250.50".parse::<Price>().unwrap(),
        exit_price: "64000".parse().unwrap(),
        gross: "125.25".parse().unwrap(),
        fees: "0.10".parse().unwrap(),
        funding: "-0.0".parse().unwrap(),
        net: "125.15".parse().unwrap(),
        fills: 2,
        stop: None,
        last_stop: None,
        adverse: None,
        favourable: None,
    };
    let mut out = Vec::new();
    write_trips(&mut out, [&trip]).unwrap();
    let text = String::from_utf8(out).unwrap();
    let (header, row) = text.trim_end().split_once('\n').unwrap();
    assert_eq!(header.split(',').count(), row.split(',').count());
    assert_eq!(
        row,
        "BTC-USDT@sim,short,0.5,2024-04-16T01:00:00Z,2024-04-16T02:00:00.250Z,64250.5,64000,125.25,0.1,0,125.15,2,"
    );
}

#[test]
fn equity_rows_follow_their_header() {
    let mut csv = EquityCsv::new(Vec::new()).unwrap();
    csv.row(Timestamp::from_secs(0), "-12.3400".parse().unwrap()).unwrap();
    assert_eq!(csv.finish().unwrap(), b"time,equity\n1970-01-01T00:00:00Z,-12.34\n");
}

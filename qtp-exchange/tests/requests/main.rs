//! Requests equal those of another client, byte for byte, at its times and with its keys.
#![cfg(all(feature = "binance", feature = "bybit", feature = "alpaca"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod alpaca;
mod binance;
mod bybit;
mod refusals;
mod vectors;

use std::collections::BTreeMap;

#[test]
fn every_recorded_request_is_built_byte_for_byte() {
    let Some(vectors) = vectors::load() else {
        println!("skipped: recorded requests are not there");
        return;
    };
    let (mut equal, mut refused) = (BTreeMap::<&str, u32>::new(), 0);
    for vector in &vectors {
        let built = match vector.venue.as_str() {
            "binance" | "binanceusdm" => binance::build(vector),
            "bybit-spot" | "bybit-linear" => bybit::build(vector),
            "alpaca" => alpaca::build(vector),
            other => panic!("{other}"),
        };
        match built {
            Ok((base, request)) => {
                vector.assert_equal(base, &request);
                *equal.entry(&vector.venue).or_default() += 1;
            }
            Err(error) => {
                // Alpaca knows no post-only; the other client sends a field that does not exist.
                assert!(
                    vector.params()["postOnly"] == true && vector.venue == "alpaca",
                    "{vector:?}: {error}"
                );
                refused += 1;
            }
        }
    }
    println!("{equal:?}, {refused} refused");
    assert_eq!((vectors.len(), equal.values().sum::<u32>(), refused), (98, 97, 1));
}

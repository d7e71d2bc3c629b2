//! Where the payloads are, and the symbols that they speak of.

use std::path::{Path, PathBuf};

use qtp_core::{AccountId, Instrument};
use qtp_exchange::native::Symbols;

pub(crate) const SPOT: &str = "exchange-fixtures/binance/spot";
pub(crate) const FUTURES: &str = "exchange-fixtures/binance/futures";
pub(crate) const HTTP: &str = "exchange-fixtures/binance-py/http_responses";
pub(crate) const SOCKET: &str = "exchange-fixtures/binance-py/ws_messages";

pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name)
}

/// True if the payloads are there; else it says that the test was skipped.
pub(crate) fn present() -> bool {
    let there = path(SPOT).is_dir();
    if !there {
        println!("skipped: recorded payloads are not there");
    }
    there
}

pub(crate) fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// File names of a folder without their ending.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(path(folder)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".json", "")).collect();
    names.sort();
    names
}

pub(crate) fn account() -> AccountId {
    "main".parse().unwrap()
}

pub(crate) fn symbols(venue: &str) -> Symbols {
    let ids = [
        ("BTCUSDT", "BTC-USDT"),
        ("ETHUSDT", "ETH-USDT"),
        ("BNBUSDT", "BNB-USDT"),
        ("DOGEUSDT", "DOGE-USDT"),
        ("BTCUSD", "BTC-USD"),
        ("ETHBTC", "ETH-BTC"),
        ("LTCBTC", "LTC-BTC"),
        ("BNBBTC", "BNB-BTC"),
        ("BTCUSD_240329", "BTC-USD-20240329"),
    ];
    let instruments: Vec<(&str, Instrument)> = ids
        .iter()
        .map(|(native, id)| {
            (*native, Instrument::unrestricted(format!("{id}@{venue}").parse().unwrap()).unwrap())
        })
        .collect();
    Symbols::new(instruments.iter().map(|(native, instrument)| (*native, instrument)))
}

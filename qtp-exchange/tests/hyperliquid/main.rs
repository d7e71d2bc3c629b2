//! Hyperliquid against recorded data and the official clients' own signatures.

#![cfg(feature = "hyperliquid-wire")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[cfg(feature = "hyperliquid")]
mod client;
mod payloads;
mod signing;
#[cfg(feature = "hyperliquid")]
mod streams;
#[cfg(feature = "hyperliquid")]
mod stub;
#[cfg(all(feature = "hyperliquid", feature = "sim-server", feature = "conformance"))]
mod venue;

use std::io::Read as _;
use std::path::PathBuf;

/// The text of a recorded file, unpacked where it is packed; the tests are skipped where the folder is absent.
fn data(file: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(file);
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        return Some(text);
    }
    Some(String::from_utf8(bytes).unwrap())
}

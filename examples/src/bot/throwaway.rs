//! Keys that nobody has used and nobody will.

use qtp_engine::driver::live::random_run_id;
use qtp_exchange::hyperliquid::sign::PrivateKey;

use crate::exit::Failure;

/// A new key, in hex.
///
/// # Errors
/// If eight numbers in a row are no key, which does not happen.
pub(super) fn key() -> Result<String, Failure> {
    let draw = || (0..4).map(|_| format!("{:016x}", random_run_id().0)).collect::<String>();
    // Nearly every number is a key.
    (0..8)
        .map(|_| format!("0x{}", draw()))
        .find(|text| text.parse::<PrivateKey>().is_ok())
        .ok_or_else(|| "no key".into())
}

//! The key that signs.

use std::fmt;
use std::str::FromStr;

use k256::ecdsa::{SigningKey, VerifyingKey};
use k256::elliptic_curve::zeroize::Zeroizing;
use qtp_core::ValueError;

use super::address::bytes_from_hex;
use super::eip712::keccak;
use super::{Address, Digest, Signature};

/// A secp256k1 private key. It is never shown and is wiped from memory when dropped.
///
/// ```
/// use qtp_exchange::hyperliquid::sign::PrivateKey;
/// let key: PrivateKey = "0x0123456789012345678901234567890123456789012345678901234567890123".parse()?;
/// assert_eq!(key.address().to_string(), "0x14791697260e4c9a71f18484c9f997b308e59325");
/// assert_eq!(format!("{key:?}"), "PrivateKey(0x14791697260e4c9a71f18484c9f997b308e59325)");
/// # Ok::<(), qtp_core::ValueError>(())
/// ```
#[derive(Clone)]
pub struct PrivateKey {
    key: SigningKey,
    address: Address,
}

impl PrivateKey {
    /// Signs 32 bytes. The same bytes always give the same signature (RFC 6979, low S).
    pub fn sign(&self, digest: &Digest) -> Signature {
        let (signature, recovery) = self.key.sign_prehash_recoverable(digest);
        Signature::new(signature, recovery.is_y_odd())
    }

    /// The address of the key: the last 20 bytes of the hash of its public point.
    pub const fn address(&self) -> Address {
        self.address
    }
}

impl FromStr for PrivateKey {
    type Err = ValueError;

    /// Reads 64 hex digits, with or without `0x`. The error does not repeat the text.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let bytes = bytes_from_hex::<32>(text.trim()).map(Zeroizing::new);
        let key = bytes.and_then(|bytes| SigningKey::from_slice(bytes.as_slice()).ok());
        let key =
            key.ok_or_else(|| ValueError::parse("private key", "(not shown)", "0x and 64 hex digits"))?;
        let address = address_of(key.verifying_key());
        Ok(Self { key, address })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.address)
    }
}

/// The address of a public key.
pub(super) fn address_of(key: &VerifyingKey) -> Address {
    let point = key.to_sec1_point(false);
    // The first byte only says that the point is not compressed.
    let hash = keccak(&point.as_bytes()[1..]);
    let mut address = [0; 20];
    address.copy_from_slice(&hash[12..]);
    Address::from_bytes(address)
}

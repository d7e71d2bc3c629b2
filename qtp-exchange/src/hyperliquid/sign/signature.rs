//! A signature as it travels.

use std::fmt;

use k256::ecdsa::{RecoveryId, VerifyingKey};
use serde::de::Error as _;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::address::{bytes_from_hex, hex};
use super::key::address_of;
use super::{Address, Digest};

/// `{"r":"0x..","s":"0x..","v":27|28}`. Debug shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    r: [u8; 32],
    s: [u8; 32],
    y_odd: bool,
}

impl Signature {
    pub(super) fn new(signature: k256::ecdsa::Signature, y_odd: bool) -> Self {
        let (r, s) = signature.split_bytes();
        Self { r: r.into(), s: s.into(), y_odd }
    }

    /// Who signed; `None` if no key can have made this signature. Any other digest gives some other address.
    pub fn signer(&self, digest: &Digest) -> Option<Address> {
        let signature = k256::ecdsa::Signature::from_scalars(self.r, self.s).ok()?;
        let recovery = RecoveryId::new(self.y_odd, false);
        let key = VerifyingKey::recover_from_prehash(digest, &signature, recovery).ok()?;
        Some(address_of(&key))
    }

    /// `r`, `s` and `v` (27 or 28) in 65 bytes.
    pub fn to_bytes(&self) -> [u8; 65] {
        let mut bytes = [0; 65];
        bytes[..32].copy_from_slice(&self.r);
        bytes[32..64].copy_from_slice(&self.s);
        bytes[64] = self.v();
        bytes
    }

    const fn v(&self) -> u8 {
        27 + self.y_odd as u8
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Signature", 3)?;
        fields.serialize_field("r", &hex(&self.r))?;
        fields.serialize_field("s", &hex(&self.s))?;
        fields.serialize_field("v", &self.v())?;
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields<'a> {
            #[serde(borrow)]
            r: std::borrow::Cow<'a, str>,
            #[serde(borrow)]
            s: std::borrow::Cow<'a, str>,
            v: u8,
        }
        let Fields { r, s, v } = Fields::deserialize(deserializer)?;
        let number = |name: &str, text: &str| {
            scalar(text)
                .ok_or_else(|| D::Error::custom(format_args!("{name}: expected at most 64 hex digits")))
        };
        let y_odd = match v {
            27 => false,
            28 => true,
            _ => return Err(D::Error::custom("v: expected 27 or 28")),
        };
        Ok(Self { r: number("r", &r)?, s: number("s", &s)?, y_odd })
    }
}

/// 32 bytes; many clients leave leading zeros away.
fn scalar(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix("0x")?;
    if digits.len() > 64 { None } else { bytes_from_hex(&format!("{digits:0>64}")) }
}

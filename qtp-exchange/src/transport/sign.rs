//! Keys and signatures of venues that sign the text of a request.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use qtp_core::ValueError;
use ring::hmac;
use ring::signature::Ed25519KeyPair;

/// An API key and what it signs with. `Debug` shows neither.
///
/// ```
/// use qtp_exchange::transport::Credentials;
///
/// let credentials = Credentials::hmac("key", "secret");
/// assert_eq!(&credentials.sign("payload")[..8], "b82fcb79");
/// assert_eq!(format!("{credentials:?}"), "Credentials(***)");
/// ```
#[derive(Clone)]
pub struct Credentials {
    key: Box<str>,
    signer: Signer,
}

#[derive(Clone)]
enum Signer {
    Hmac(hmac::Key),
    Ed25519(Arc<Ed25519KeyPair>),
}

impl Credentials {
    /// A secret that both sides know: HMAC-SHA256.
    pub fn hmac(key: &str, secret: &str) -> Self {
        let signer = Signer::Hmac(hmac::Key::new(hmac::HMAC_SHA256, secret.trim().as_bytes()));
        Self { key: key.trim().into(), signer }
    }

    /// An Ed25519 private key as PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// [`ValueError::Parse`], which does not show the text.
    pub fn ed25519(key: &str, pem: &str) -> Result<Self, ValueError> {
        let wrong = || ValueError::parse("private key", "***", "an Ed25519 key, PKCS#8 in PEM");
        let body: String = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
        let der = BASE64.decode(body).map_err(|_| wrong())?;
        // The form without the public half is common; it is then computed.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| wrong())?;
        Ok(Self { key: key.trim().into(), signer: Signer::Ed25519(Arc::new(pair)) })
    }

    /// The public half, which goes into a header.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The signature of a text: HMAC in lower-case hex, Ed25519 in base64.
    pub fn sign(&self, payload: &str) -> String {
        match &self.signer {
            Signer::Hmac(key) => hex(hmac::sign(key, payload.as_bytes()).as_ref()),
            Signer::Ed25519(pair) => BASE64.encode(pair.sign(payload.as_bytes())),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

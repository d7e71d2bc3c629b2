//! Names and values in the order in which they are signed.

use std::fmt::{self, Debug, Display, Write as _};

/// An encoded query or form: `symbol=BTCUSDT&side=BUY`. What was added stays as it is, so a signature over it holds.
///
/// ```
/// use qtp_exchange::transport::Pairs;
///
/// let pairs = Pairs::new().with("symbols", "BTC/USD").with_some("limit", Some(5)).with_some("end", None::<u8>);
/// assert_eq!(pairs.as_str(), "symbols=BTC%2FUSD&limit=5");
/// ```
#[derive(Clone, Default)]
pub struct Pairs(String);

impl Pairs {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more, its value percent-encoded but for letters, digits and `-_.~`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        for byte in value.to_string().bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                self.0.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(self.0, "%{byte:02X}");
            }
        }
        self
    }

    /// With one more, if there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The encoded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The encoded text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl Debug for Pairs {
    /// Without the text: its end may be a signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pairs({} bytes)", self.0.len())
    }
}

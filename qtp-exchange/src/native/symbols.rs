//! The venue's names of instruments.

use std::collections::BTreeMap;

use qtp_core::{Currency, ExchangeError, Instrument, InstrumentId};

use super::wrong;

/// What is known of a symbol when a message about it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Our id.
    pub id: InstrumentId,
    /// What fees are paid in where a message does not say.
    pub settle: Currency,
}

/// Both ways between the venue's names and ours.
#[derive(Debug, Clone, Default)]
pub struct Symbols {
    listings: BTreeMap<String, Listing>,
    natives: BTreeMap<InstrumentId, String>,
}

impl Symbols {
    /// Out of instruments with their native names.
    pub fn new<'a>(listed: impl IntoIterator<Item = (&'a str, &'a Instrument)>) -> Self {
        let mut symbols = Self::default();
        for (native, instrument) in listed {
            let listing = Listing { id: instrument.id.clone(), settle: instrument.settle };
            symbols.listings.insert(native.to_owned(), listing);
            symbols.natives.insert(instrument.id.clone(), native.to_owned());
        }
        symbols
    }

    /// What stands behind a native name.
    ///
    /// # Errors
    /// `Decode` for a name that is not listed.
    pub fn listing(&self, operation: &'static str, native: &str) -> Result<&Listing, ExchangeError> {
        self.listings
            .get(native)
            .ok_or_else(|| wrong(operation, "symbol", format!("{native:?} is not listed")))
    }

    /// The native name of an instrument.
    ///
    /// # Errors
    /// `UnknownInstrument`.
    pub fn native(&self, operation: &'static str, id: &InstrumentId) -> Result<&str, ExchangeError> {
        self.natives
            .get(id)
            .map(String::as_str)
            .ok_or_else(|| ExchangeError::UnknownInstrument { operation, instrument: id.clone() })
    }
}

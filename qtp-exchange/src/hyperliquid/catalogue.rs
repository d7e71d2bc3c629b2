//! What the venue lists, under its names and ours.

use std::collections::HashMap;

use qtp_core::{ExchangeError, Instrument, InstrumentId, Venue};

use super::wire::AssetId;

/// One thing that is traded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The venue's name: `BTC`, `@107`, `PURR/USDC`, `xyz:GOLD`.
    pub coin: String,
    /// The number in orders.
    pub asset: AssetId,
    /// Rules.
    pub instrument: Instrument,
    /// Cross margin is not possible.
    pub isolated_only: bool,
    /// The spot token that is bought; none for perpetuals.
    pub token: Option<u32>,
}

/// All that is traded, found by either name.
///
/// A perpetual is `BTC-USDC-PERP@hyperliquid`; `BTC-PERP@hyperliquid` is found too.
#[derive(Debug, Clone)]
pub struct Catalogue {
    venue: Venue,
    listings: Vec<Listing>,
    coins: HashMap<String, usize>,
    instruments: HashMap<InstrumentId, usize>,
    left_out: Vec<(String, String)>,
}

impl Catalogue {
    /// An empty one; [`payload`](super::payload) fills it.
    pub fn new(venue: Venue) -> Self {
        let (coins, instruments) = (HashMap::new(), HashMap::new());
        Self { venue, listings: Vec::new(), coins, instruments, left_out: Vec::new() }
    }

    /// The venue.
    pub const fn venue(&self) -> &Venue {
        &self.venue
    }

    /// All listings, in the venue's order, perpetuals first.
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// What could not be taken in, with the reason: a name that no currency can have, a second pair of equal name.
    pub fn left_out(&self) -> &[(String, String)] {
        &self.left_out
    }

    /// The listing of a coin.
    pub fn coin(&self, coin: &str) -> Option<&Listing> {
        self.listings.get(*self.coins.get(coin)?)
    }

    /// The listing of an instrument.
    ///
    /// # Errors
    /// [`ExchangeError::UnknownInstrument`].
    pub fn instrument(&self, operation: &'static str, id: &InstrumentId) -> Result<&Listing, ExchangeError> {
        let found = self.instruments.get(id).and_then(|index| self.listings.get(*index));
        found.ok_or_else(|| ExchangeError::UnknownInstrument { operation, instrument: id.clone() })
    }

    /// The name of what the venue calls `coin`. What is not listed (yet, or no more) keeps the venue's own name:
    /// nothing of an account is lost, and nobody can trade it.
    ///
    /// # Errors
    /// [`ExchangeError::Decode`] if the coin's name cannot stand in an id.
    pub fn id_of(&self, operation: &'static str, coin: &str) -> Result<InstrumentId, ExchangeError> {
        if let Some(listing) = self.coin(coin) {
            return Ok(listing.instrument.id.clone());
        }
        let id = format!("{coin}@{}", self.venue).parse();
        id.map_err(|error| super::payload::unread(operation, format!("coin {coin:?}"), error))
    }

    pub(super) fn add(&mut self, listing: Listing) {
        let (id, index) = (listing.instrument.id.clone(), self.listings.len());
        if self.instruments.contains_key(&id) {
            return self.leave_out(listing.coin, format!("{id} is another one already"));
        }
        if let Some(base) = id.symbol().strip_suffix("-PERP").and_then(|pair| pair.rsplit_once('-')) {
            let alias = format!("{}-PERP@{}", base.0, self.venue).parse();
            // What has a name of its own is not hidden by an alias.
            alias.into_iter().for_each(|alias| {
                self.instruments.entry(alias).or_insert(index);
            });
        }
        self.instruments.insert(id, index);
        self.coins.insert(listing.coin.clone(), index);
        self.listings.push(listing);
    }

    pub(super) fn leave_out(&mut self, coin: String, why: String) {
        self.left_out.push((coin, why));
    }
}

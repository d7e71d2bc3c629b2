//! Whose payload it is.

use qtp_core::AccountId;

use super::catalogue::Catalogue;
use super::payload::Wallet;
use super::sign::Address;

/// What is needed to read what the venue says of an account.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// Names.
    pub catalogue: &'a Catalogue,
    /// Our name of the account.
    pub account: &'a AccountId,
    /// The venue's: of the account or vault, not of an agent.
    pub address: Address,
    /// Which of the address's books the account is. The venue tells of both.
    pub wallet: Wallet,
}

impl Owner<'_> {
    /// True if a coin is traded in this book.
    pub(super) fn trades(&self, coin: &str) -> bool {
        let listed = self.catalogue.coin(coin).map(|listing| listing.asset.is_spot());
        // A pair's name is a number or two tokens.
        let spot = listed.unwrap_or_else(|| coin.starts_with('@') || coin.contains('/'));
        spot == (self.wallet == Wallet::Spot)
    }
}

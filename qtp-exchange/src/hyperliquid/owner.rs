//! Whose payload it is.

use qtp_core::AccountId;

use super::catalogue::Catalogue;
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
}

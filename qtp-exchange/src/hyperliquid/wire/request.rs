//! The envelope of a signed request.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Action;
use crate::hyperliquid::sign::{Address, Network, PrivateKey, Signature, Unpackable, l1};

/// A signed request. The action is kept as the text that was hashed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The action's text.
    #[serde(borrow)]
    pub action: &'a RawValue,
    /// Unique number of the request, in milliseconds.
    pub nonce: u64,
    /// Signature.
    pub signature: Signature,
    /// Whom the action is for, unless for the signer's own account.
    pub vault_address: Option<Address>,
    /// The venue ignores the request after this, in milliseconds.
    pub expires_after: Option<u64>,
}

impl Request<'_> {
    /// Signs an action and gives the text to send.
    ///
    /// ```
    /// use qtp_exchange::hyperliquid::sign::{Network, PrivateKey};
    /// use qtp_exchange::hyperliquid::wire::{Action, AssetId, Request};
    /// let key: PrivateKey = "0x0123456789012345678901234567890123456789012345678901234567890123".parse()?;
    /// let action = Action::UpdateLeverage { asset: AssetId(0), is_cross: true, leverage: 5 };
    /// let text = Request::signed(&key, Network::Testnet, &action, 1_700_000_000_000, None, None)?;
    /// let received: Request<'_> = serde_json::from_str(&text)?;
    /// assert_eq!(received.signer(Network::Testnet)?, Some(key.address()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Unpackable`] never happens to an [`Action`].
    pub fn signed(
        key: &PrivateKey,
        network: Network,
        action: &Action,
        nonce: u64,
        vault_address: Option<Address>,
        expires_after: Option<u64>,
    ) -> Result<String, Unpackable> {
        let action = serde_json::value::to_raw_value(action).map_err(Unpackable)?;
        let digest = l1::digest(network, action.get(), nonce, vault_address, expires_after)?;
        let signature = key.sign(&digest);
        let request = Request { action: &action, nonce, signature, vault_address, expires_after };
        serde_json::to_string(&request).map_err(Unpackable)
    }

    /// Who signed this trading action; `None` if nobody can have.
    ///
    /// # Errors
    /// [`Unpackable`] if the action cannot be hashed.
    pub fn signer(&self, network: Network) -> Result<Option<Address>, Unpackable> {
        let digest =
            l1::digest(network, self.action.get(), self.nonce, self.vault_address, self.expires_after)?;
        Ok(self.signature.signer(&digest))
    }
}

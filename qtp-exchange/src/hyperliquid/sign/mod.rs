//! Hashes and signatures of requests.
//!
//! Trading actions ([`l1`]) are hashed as MessagePack in the order in which their JSON was written; transfers and
//! approvals ([`user`]) are EIP-712 messages. Both end in 32 bytes that a secp256k1 key signs.
//!
//! ```
//! use qtp_exchange::hyperliquid::sign::{Network, PrivateKey, l1};
//! let key: PrivateKey = "0x0123456789012345678901234567890123456789012345678901234567890123".parse()?;
//! let action = r#"{"type":"cancel","cancels":[{"a":0,"o":102}]}"#;
//! let digest = l1::digest(Network::Testnet, action, 1_700_000_000_000, None, None)?;
//! let signature = key.sign(&digest);
//! assert_eq!(signature.signer(&digest), Some(key.address()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod eip712;
mod key;
pub mod l1;
mod pack;
mod signature;
pub mod user;

pub use address::Address;
pub use key::PrivateKey;
pub use pack::{Unpackable, pack};
pub use signature::Signature;

#[cfg(test)]
mod tests;

/// 32 bytes that are signed.
pub type Digest = [u8; 32];

/// Which chain a signature is for. One for the test network has no effect on the main one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Real money.
    Mainnet,
    /// Play money. A simulated venue counts as one.
    Testnet,
}

impl Network {
    /// The name in transfers and approvals.
    pub const fn chain(self) -> &'static str {
        match self {
            Self::Mainnet => "Mainnet",
            Self::Testnet => "Testnet",
        }
    }
}

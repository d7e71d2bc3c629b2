//! Trading actions: the action's bytes, nonce, vault and expiry are hashed, and a stand-in message carries the hash.
//!
//! Source: the venue's official Python SDK (`hyperliquid/utils/signing.py`), checked byte for byte.

use std::sync::LazyLock;

use sha3::{Digest as _, Keccak256};

use super::eip712::{self, Words, keccak};
use super::{Address, Digest, Network, Unpackable, pack};

/// The chain id of the domain: the same on both networks.
const CHAIN: u64 = 1337;

struct Constants {
    domain: Digest,
    agent: Digest,
    mainnet: Digest,
    testnet: Digest,
}

static CONSTANTS: LazyLock<Constants> = LazyLock::new(|| Constants {
    domain: eip712::domain("Exchange", CHAIN),
    agent: keccak(b"Agent(string source,bytes32 connectionId)"),
    mainnet: keccak(b"a"),
    testnet: keccak(b"b"),
});

/// What is signed for an action that is sent as this JSON text. The order of its keys and the digits of its numbers
/// count: hash what is sent, and check what was received.
///
/// `nonce` and `expires_after` are milliseconds; `vault` is whom the action is for, unless for the signer's own account.
///
/// # Errors
/// [`Unpackable`] if the text is not JSON or holds a number that is not an integer.
pub fn digest(
    network: Network,
    action: &str,
    nonce: u64,
    vault: Option<Address>,
    expires_after: Option<u64>,
) -> Result<Digest, Unpackable> {
    Ok(agent_digest(network, &action_hash(&pack(action)?, nonce, vault, expires_after)))
}

/// The hash of an action's MessagePack with its nonce, vault and expiry: the `connectionId`.
pub fn action_hash(packed: &[u8], nonce: u64, vault: Option<Address>, expires_after: Option<u64>) -> Digest {
    let mut hasher = Keccak256::new_with_prefix(packed);
    hasher.update(nonce.to_be_bytes());
    match vault {
        None => hasher.update([0]),
        Some(vault) => {
            hasher.update([1]);
            hasher.update(vault.as_bytes());
        }
    }
    if let Some(expires_after) = expires_after {
        hasher.update([0]);
        hasher.update(expires_after.to_be_bytes());
    }
    hasher.finalize().into()
}

/// What is signed for an action's hash.
pub fn agent_digest(network: Network, connection_id: &Digest) -> Digest {
    let constants = &*CONSTANTS;
    let mut words = Words::new(&constants.agent);
    words.push(match network {
        Network::Mainnet => &constants.mainnet,
        Network::Testnet => &constants.testnet,
    });
    words.push(connection_id);
    eip712::digest(&constants.domain, &words.hash())
}

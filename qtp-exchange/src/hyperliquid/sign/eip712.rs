//! Hashing of typed messages (EIP-712) as far as Hyperliquid uses it: flat structures.

use sha3::{Digest as _, Keccak256};

use super::Digest;

pub(super) fn keccak(bytes: &[u8]) -> Digest {
    Keccak256::digest(bytes).into()
}

/// The hash of a domain with name, version 1, chain and no contract.
pub(super) fn domain(name: &str, chain: u64) -> Digest {
    let kind = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
    let mut words = Words::new(&keccak(kind));
    words.push(&keccak(name.as_bytes()));
    words.push(&keccak(b"1"));
    words.push(&number(chain));
    words.push(&[0; 32]);
    words.hash()
}

/// What is signed: the hash of a message within its domain.
pub(super) fn digest(domain: &Digest, message: &Digest) -> Digest {
    let mut hasher = Keccak256::new();
    hasher.update([0x19, 0x01]);
    hasher.update(domain);
    hasher.update(message);
    hasher.finalize().into()
}

/// A number as a word of 32 bytes.
pub(super) fn number(value: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&value.to_be_bytes());
    word
}

/// The words of a structure, hashed as they come.
pub(super) struct Words(Keccak256);

impl Words {
    pub(super) fn new(kind: &Digest) -> Self {
        Self(Keccak256::new_with_prefix(kind))
    }

    pub(super) fn push(&mut self, word: &[u8; 32]) {
        self.0.update(word);
    }

    pub(super) fn hash(self) -> Digest {
        self.0.finalize().into()
    }
}

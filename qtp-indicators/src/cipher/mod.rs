//! Quantum Cipher: family A as documented, family B in the manner of `VuManChu` Cipher B, and one score over both.
//!
//! `docs/reference/quantum-cipher.md` has every formula, parameter and event with its delay.

pub(crate) mod a;
mod b;
mod divergence;
pub(crate) mod entries;
mod event;
mod higher;
mod lines;
mod params;
mod score;

pub use a::{CipherA, CipherAOutput, CipherAParams, CipherAParts, CipherSide, CipherSignal};
pub use b::{CipherB, CipherBOutput, CipherBParts};
pub use event::{CipherEvent, CipherEvents};
pub use lines::FlatCandles;
pub use params::{CipherBParams, CipherScoreParams};
pub use score::{CipherParts, QuantumCipher, QuantumCipherOutput};

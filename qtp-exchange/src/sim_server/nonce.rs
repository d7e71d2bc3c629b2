//! Numbers of requests: each only once, and none too old.

use std::collections::{BTreeSet, HashMap};

use crate::hyperliquid::sign::Address;

/// Highest numbers that are kept for each signer.
const KEPT: usize = 100;
const DAY: i64 = 86_400_000;

/// Numbers that signers have used.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    used: HashMap<Address, BTreeSet<u64>>,
}

impl Nonces {
    /// Takes a number, or says what is wrong with it. `now` is in milliseconds.
    pub(super) fn take(&mut self, signer: Address, nonce: u64, now: i64) -> Result<(), String> {
        let (first, last) = (now - 2 * DAY, now + DAY);
        if i64::try_from(nonce).is_ok_and(|nonce| nonce > first && nonce < last) {
            let used = self.used.entry(signer).or_default();
            if used.contains(&nonce) {
                return Err(format!("Invalid nonce: duplicate nonce {nonce}"));
            }
            if used.len() >= KEPT {
                let Some(least) = used.first().copied() else { return Ok(()) };
                if nonce < least {
                    return Err(format!("Invalid nonce: nonce too low {nonce} < {least}"));
                }
                used.pop_first();
            }
            used.insert(nonce);
            return Ok(());
        }
        Err(format!("Invalid nonce: {nonce} is not between {first} and {last}"))
    }

    /// Forgets the numbers of a signer: an agent that was taken back.
    pub(super) fn forget(&mut self, signer: &Address) {
        self.used.remove(signer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    #[test]
    fn numbers_may_come_in_any_order_but_only_once_and_not_below_the_hundred_kept() {
        let (mut nonces, signer, now) = (Nonces::default(), Address::from_bytes([7; 20]), NOW as u64);
        for number in (0..200).rev() {
            let taken = nonces.take(signer, now + number, NOW);
            assert_eq!(taken.is_ok(), number >= 100, "{number}");
        }
        assert!(nonces.take(signer, now + 150, NOW).unwrap_err().contains("duplicate"));
        assert!(nonces.take(signer, now + 300, NOW).is_ok());
        assert!(nonces.take(signer, now + 50, NOW).unwrap_err().contains("too low"));
    }

    #[test]
    fn window_is_two_days_back_and_one_ahead() {
        let (mut nonces, signer) = (Nonces::default(), Address::from_bytes([7; 20]));
        let days = |days: i64| (NOW + days * DAY) as u64;
        assert!(nonces.take(signer, days(-2) + 1, NOW).is_ok());
        assert!(nonces.take(signer, days(-2), NOW).is_err());
        assert!(nonces.take(signer, days(1) - 1, NOW).is_ok());
        assert!(nonces.take(signer, days(1), NOW).is_err());
    }
}

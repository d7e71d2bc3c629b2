//! What only this venue can tell before a run may trade.

use std::time::Duration;

use qtp_core::port::Finding;
use qtp_core::{ExchangeError, InstrumentId};

use super::Inner;
use crate::bybit::wire;

/// A key that ends sooner is worth a word.
const KEY_WARNING: Duration = Duration::from_secs(86_400);
/// Status of an account of the old kind.
const CLASSIC: u8 = 1;

impl Inner {
    /// Looks at clock, key and modes, and changes nothing.
    pub(super) async fn inspect(&self, instruments: &[InstrumentId]) -> Result<Vec<Finding>, ExchangeError> {
        self.now().await?;
        let mut found = Vec::new();
        if let Err(error) = self.clock.within("preflight", self.settings.receive_window / 2) {
            found.push(Finding::refuse("clock", error.to_string()));
        }
        self.key(&mut found).await?;
        let reply = self.ask(|at| self.requests.account_settings(at)).await?;
        let account = wire::account_settings("preflight", reply.text())?;
        if account.unified_margin_status == CLASSIC {
            found.push(Finding::refuse("classic_account", "the account is not a unified one: upgrade it"));
        }
        if self.linear() {
            found.push(Finding::warn("margin_mode", format!("margin mode {}", account.margin_mode)));
            self.modes(instruments, &mut found).await?;
        }
        Ok(found)
    }

    async fn key(&self, found: &mut Vec<Finding>) -> Result<(), ExchangeError> {
        let reply = self.ask(|at| self.requests.key_restrictions(at)).await?;
        let (key, now) = (wire::key_restrictions(reply.text())?, self.clock.now());
        let trades = if self.linear() { key.contracts } else { key.spot };
        if key.read_only || !trades {
            let what = self.settings.category.as_str();
            found.push(Finding::refuse("key_cannot_trade", format!("the key may not trade {what}")));
        }
        if key.withdraws {
            found
                .push(Finding::warn("key_can_withdraw", "this key can take money out: make one that cannot"));
        }
        if key.anywhere {
            found.push(Finding::warn("key_from_anywhere", "the key works from every address"));
        }
        match key.expires {
            Some(end) if end <= now => {
                found.push(Finding::refuse("key_expired", format!("the key ended {end}")));
            }
            Some(end) if end.since(now) < KEY_WARNING => {
                found.push(Finding::warn("key_expires", format!("the key ends {end}")));
            }
            _ => {}
        }
        Ok(())
    }

    async fn modes(
        &self,
        instruments: &[InstrumentId],
        found: &mut Vec<Finding>,
    ) -> Result<(), ExchangeError> {
        let symbols = &self.market.catalogue().await?.symbols;
        for instrument in instruments {
            let Ok(native) = symbols.native("preflight", instrument) else { continue };
            let reply = self.ask(|at| self.requests.positions(native, at)).await?;
            match wire::positions(reply.text(), symbols) {
                Ok(_) => {}
                Err(ExchangeError::Unsupported { .. }) => {
                    let words =
                        format!("{instrument} is in hedge mode, with two positions: set it to one-way");
                    found.push(Finding::refuse("hedge_mode", words));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

//! What only this venue can tell before a run may trade.

use qtp_core::port::Finding;
use qtp_core::{ExchangeError, InstrumentId};

use super::Inner;
use crate::binance::wire;

impl Inner {
    /// Looks at clock, key and modes, and changes nothing.
    pub(super) async fn inspect(&self, instruments: &[InstrumentId]) -> Result<Vec<Finding>, ExchangeError> {
        self.now().await?;
        let mut found = Vec::new();
        if let Err(error) = self.clock.within("preflight", self.settings.receive_window / 2) {
            found.push(Finding::refuse("clock", error.to_string()));
        }
        if self.futures() {
            self.modes(&mut found).await?;
            self.settings_of(instruments, &mut found).await?;
        } else if !self.settings.testnet {
            self.key(&mut found).await?;
        }
        Ok(found)
    }

    async fn key(&self, found: &mut Vec<Finding>) -> Result<(), ExchangeError> {
        let reply = self.read(|at| self.requests.key_restrictions(at)).await?;
        let key = wire::key_restrictions(reply.text())?;
        if !key.enable_spot_and_margin_trading {
            found.push(Finding::refuse("key_cannot_trade", "the key may not trade on spot"));
        }
        if key.enable_withdrawals {
            found
                .push(Finding::warn("key_can_withdraw", "this key can take money out: make one that cannot"));
        }
        if !key.ip_restrict {
            found.push(Finding::warn("key_from_anywhere", "the key works from every address"));
        }
        Ok(())
    }

    async fn modes(&self, found: &mut Vec<Finding>) -> Result<(), ExchangeError> {
        let reply = self.read(|at| self.requests.position_mode(at)).await?;
        if wire::is_hedge_mode(reply.text())? {
            let words = "the account is in hedge mode, with two positions a symbol: set it to one-way";
            found.push(Finding::refuse("hedge_mode", words));
        }
        let reply = self.read(|at| self.requests.multi_assets_mode(at)).await?;
        if wire::is_multi_assets_mode(reply.text())? {
            let words = "all stablecoins are margin for all positions: equity is counted in one of them";
            found.push(Finding::warn("multi_assets_mode", words));
        }
        Ok(())
    }

    async fn settings_of(
        &self,
        instruments: &[InstrumentId],
        found: &mut Vec<Finding>,
    ) -> Result<(), ExchangeError> {
        let reply = self.read(|at| self.requests.symbol_settings(at)).await?;
        let all = wire::symbol_settings(reply.text())?;
        for instrument in instruments {
            let Ok(native) = self.market.native("preflight", instrument).await else { continue };
            let Some(setting) = all.get(native) else { continue };
            let mode = if setting.isolated { "isolated" } else { "cross" };
            let words = format!("{instrument}: leverage {}, {mode} margin", setting.leverage);
            found.push(Finding::warn("margin_mode", words));
        }
        Ok(())
    }
}

//! What only this venue can tell before a run may trade: whose address and key it is.

use std::time::Duration;

use qtp_core::port::Finding;
use qtp_core::{ExchangeError, InstrumentId};

use super::Hyperliquid;
use crate::hyperliquid::payload::{self, Margin, Role, Wallet};
use crate::hyperliquid::sign::Address;

/// An agent that ends sooner is worth a word.
const AGENT_WARNING: Duration = Duration::from_secs(86_400);

impl Hyperliquid {
    /// Looks at address and key, and changes nothing.
    pub(super) async fn identity(&self) -> Result<Vec<Finding>, ExchangeError> {
        let Some(user) = self.config().user() else {
            return Ok(vec![Finding::refuse("no_address", "neither an address nor a key is set")]);
        };
        let mut found = Vec::new();
        self.check_address(user, &mut found).await?;
        self.check_key(user, &mut found).await?;
        Ok(found)
    }

    /// Perpetuals must stand on cross margin, which is what an account here is counted with. The venue has no other mode
    /// of positions than one-way. Nothing is switched.
    pub(super) async fn check_margin(
        &self,
        instruments: &[InstrumentId],
        found: &mut Vec<Finding>,
    ) -> Result<(), ExchangeError> {
        let Some(user) = self.config().user().filter(|_| self.config().wallet == Wallet::Perpetual) else {
            return Ok(());
        };
        let catalogue = self.catalogue().await?;
        for id in instruments {
            // An instrument that is not listed is told of elsewhere.
            let Ok(listing) = catalogue.instrument("preflight", id) else { continue };
            if listing.asset.is_spot() {
                continue;
            }
            let body = serde_json::json!({"type": "activeAssetData", "user": user, "coin": listing.coin});
            let reply = self.inner.link.info("preflight", 20, &body).await?;
            if payload::margin(reply.text())? == Margin::Isolated {
                let words = format!("{id} stands on isolated margin: set it to cross at the venue");
                found.push(Finding::refuse("margin_mode", words));
            }
        }
        Ok(())
    }

    async fn check_address(&self, user: Address, found: &mut Vec<Finding>) -> Result<(), ExchangeError> {
        match self.role(user).await? {
            Role::Agent { of } => {
                let words = format!("{user} is an agent of {of}: set that as the address");
                found.push(Finding::refuse("address_of_an_agent", words));
            }
            Role::Missing => {
                found.push(Finding::refuse("unknown_address", format!("the venue does not know {user}")));
            }
            Role::User | Role::Vault | Role::SubAccount { .. } => {}
        }
        Ok(())
    }

    async fn check_key(&self, user: Address, found: &mut Vec<Finding>) -> Result<(), ExchangeError> {
        let Some(key) = &self.config().key else {
            found.push(Finding::refuse("no_key", "there is no private key"));
            return Ok(());
        };
        let signer = key.address();
        // Whose agent it must be: a vault's or sub-account's orders are signed for by its leader's agent.
        let master = self.config().address.unwrap_or(user);
        if signer == master {
            found.push(Finding::warn("master_key", "this key can withdraw; an agent's cannot"));
            return Ok(());
        }
        match self.role(signer).await? {
            Role::Agent { of } if of == master => {}
            Role::Agent { of } => {
                let words = format!("the key's address {signer} is an agent of {of}, not of {master}");
                found.push(Finding::refuse("agent_of_another", words));
            }
            _ => {
                let words = format!("the key's address {signer} is no agent of {master}");
                found.push(Finding::refuse("no_agent", words));
            }
        }
        let body = serde_json::json!({"type": "extraAgents", "user": master});
        let reply = self.inner.link.info("preflight", 20, &body).await?;
        let agent = payload::agents(reply.text())?.into_iter().find(|agent| agent.address == signer);
        let Some(agent) = agent else { return Ok(()) };
        let (now, end) = (self.config().clock.now(), agent.valid_until);
        if end <= now {
            found.push(Finding::refuse("agent_expired", format!("agent {:?} ended {end}", agent.name)));
        } else if end.since(now) < AGENT_WARNING {
            found.push(Finding::warn("agent_expires", format!("agent {:?} ends {end}", agent.name)));
        }
        Ok(())
    }
}

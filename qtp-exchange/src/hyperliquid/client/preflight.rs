//! A look at the account before it trades.

use std::time::Duration;

use qtp_core::port::Execution;
use qtp_core::{ExchangeError, Reason};

use super::Hyperliquid;
use crate::hyperliquid::payload::{self, Role};
use crate::hyperliquid::sign::Address;

/// Between our clock and the venue's.
const OFFSET_WARNING: Duration = Duration::from_secs(1);
/// An agent that ends sooner is worth a word.
const AGENT_WARNING: Duration = Duration::from_secs(86_400);

/// What stands against trading, and what somebody should know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preflight {
    /// Trading must not begin.
    pub refusals: Vec<Reason>,
    /// Trading may begin.
    pub warnings: Vec<Reason>,
}

impl Preflight {
    fn refuse(&mut self, code: &str, words: String) {
        self.refusals.push(Reason::new(code, words));
    }

    fn warn(&mut self, code: &str, words: String) {
        self.warnings.push(Reason::new(code, words));
    }
}

impl Hyperliquid {
    /// Looks at key, address, clock, balance, orders and positions, and changes nothing.
    ///
    /// # Errors
    /// As every read: what cannot be read must count as a refusal.
    pub async fn preflight(&self) -> Result<Preflight, ExchangeError> {
        let mut found = Preflight::default();
        match self.config().user() {
            None => found.refuse("no_address", "neither an address nor a key is set".to_owned()),
            Some(user) => {
                self.check_address(user, &mut found).await?;
                self.check_key(user, &mut found).await?;
                self.check_account(&mut found).await?;
            }
        }
        Ok(found)
    }

    async fn check_address(&self, user: Address, found: &mut Preflight) -> Result<(), ExchangeError> {
        match self.role(user).await? {
            Role::Agent { of } => {
                found.refuse(
                    "address_of_an_agent",
                    format!("{user} is an agent of {of}: set that as the address"),
                );
            }
            Role::Missing => found.refuse("unknown_address", format!("the venue does not know {user}")),
            Role::User | Role::Vault | Role::SubAccount { .. } => {}
        }
        Ok(())
    }

    async fn check_key(&self, user: Address, found: &mut Preflight) -> Result<(), ExchangeError> {
        let Some(key) = &self.config().key else {
            found.refuse("no_key", "there is no private key".to_owned());
            return Ok(());
        };
        let signer = key.address();
        // Whose agent it must be: a vault's or sub-account's orders are signed for by its leader's agent.
        let master = self.config().address.unwrap_or(user);
        if signer == master {
            found.warn("master_key", "this key can withdraw; an agent's cannot".to_owned());
            return Ok(());
        }
        match self.role(signer).await? {
            Role::Agent { of } if of == master => {}
            Role::Agent { of } => {
                found.refuse(
                    "agent_of_another",
                    format!("the key's address {signer} is an agent of {of}, not of {master}"),
                );
            }
            _ => found.refuse("no_agent", format!("the key's address {signer} is no agent of {master}")),
        }
        let body = serde_json::json!({"type": "extraAgents", "user": master});
        let reply = self.inner.link.info("preflight", 20, &body).await?;
        let agent = payload::agents(reply.text())?.into_iter().find(|agent| agent.address == signer);
        let Some(agent) = agent else { return Ok(()) };
        let (now, end) = (self.config().clock.now(), agent.valid_until);
        if end <= now {
            found.refuse("agent_expired", format!("agent {:?} ended {end}", agent.name));
        } else if end.since(now) < AGENT_WARNING {
            found.warn("agent_expires", format!("agent {:?} ends {end}", agent.name));
        }
        Ok(())
    }

    async fn check_account(&self, found: &mut Preflight) -> Result<(), ExchangeError> {
        let snapshot = self.account_snapshot().await?;
        let now = self.config().clock.now();
        let offset = snapshot.time.since(now).max(now.since(snapshot.time));
        if offset > self.config().validity / 2 {
            found.refuse("clock_offset", format!("our clock is {offset:?} from the venue's"));
        } else if offset > OFFSET_WARNING {
            found.warn("clock_offset", format!("our clock is {offset:?} from the venue's"));
        }
        if snapshot.positions.is_empty() && snapshot.balances.iter().all(|(_, value)| value.is_zero()) {
            found.refuse("no_equity", "the account is empty: is the address right?".to_owned());
        }
        for (instrument, size) in snapshot.positions.iter().filter(|(_, size)| !size.is_zero()) {
            found.warn("open_position", format!("{instrument}: {size}"));
        }
        for order in self.open_orders().await? {
            let id = order.venue_order_id.map(|id| id.to_string()).unwrap_or_default();
            found.warn(
                "open_order",
                format!("{} {} {}: {id}", order.instrument, order.side.as_str(), order.quantity),
            );
        }
        Ok(())
    }
}

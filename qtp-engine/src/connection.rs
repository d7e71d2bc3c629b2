//! Whether the state of an account at its venue is known. While it is not, nothing may add risk; exits pass.

use qtp_core::{
    AccountId, ClientOrderId, Fill, MarketTopic, Notice, Reason, TradingState, VenueCapabilities,
};

use crate::config::EngineConfig;
use crate::engine::Engine;

/// Code of the reason with which a run ends: resting entries are cancelled, for nobody would protect what they fill.
pub(crate) const STOPPING: &str = "stopping";

/// Before the first record: nothing is known of any account.
pub(crate) fn suspend_all(state: &mut TradingState) {
    for account in &mut state.accounts {
        account.risk.suspend(Reason::new("starting", "the account was not compared with its venue yet"));
    }
}

impl Engine {
    pub(crate) fn on_connection(&mut self, account: Option<&AccountId>, healthy: bool, reason: &Reason) {
        for index in 0..self.state.accounts.len() {
            let state = &mut self.state.accounts[index];
            let id = state.portfolio.account().clone();
            if account.is_some_and(|account| *account != id) {
                continue;
            }
            let changed =
                if healthy { state.risk.end_suspension() } else { state.risk.suspend(reason.clone()) };
            if !healthy && reason.code == STOPPING {
                self.cancel_entries(index, None);
            }
            if changed {
                let scope = format!("account {id}");
                self.publish(if healthy {
                    Notice::Resumed { scope }
                } else {
                    Notice::Halted { scope, reason: reason.clone() }
                });
            }
        }
    }

    /// Settings.
    pub const fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// What the venue of an account can do, as declared.
    pub fn capabilities(&self, account: &AccountId) -> Option<&VenueCapabilities> {
        self.capabilities.get(account)
    }

    /// True if an execution was booked already.
    pub fn knows_fill(&self, fill: &Fill) -> bool {
        self.state.account(&fill.account).is_some_and(|account| account.seen_fills.contains(fill))
    }

    /// True if the order manager counts on an order.
    pub fn works(&self, account: &AccountId, id: ClientOrderId) -> bool {
        self.state.account(account).is_some_and(|account| account.orders.contains_key(&id))
    }

    /// Closed candles that the strategies need of each candle topic before their first view.
    pub fn history(&self) -> Vec<(MarketTopic, usize)> {
        let need = |topic: &MarketTopic| {
            let listens = self.slots.iter().filter(|slot| slot.strategy.topics().contains(topic));
            listens.map(|slot| slot.strategy.warmup().candles.max(slot.strategy.history())).max().unwrap_or(0)
        };
        let candles = self.router.topics().filter(|topic| matches!(topic, MarketTopic::Candles(..)));
        candles.map(|topic| (topic.clone(), need(topic))).collect()
    }
}

//! What has happened on the account, and what it holds.

use std::collections::BTreeMap;
use std::time::Duration;

use qtp_core::port::AccountSnapshot;
use qtp_core::{ExchangeError, Fill, OrderReport, Quantity, Timestamp};

use super::Inner;
use crate::bybit::wire;
use crate::native::spot_positions;

/// The longest stretch that the venue tells of at once.
const STRETCH: Duration = Duration::from_secs(7 * 86_400);
/// Executions older than this are not kept.
const KEPT: Duration = Duration::from_secs(720 * 86_400);

impl Inner {
    pub(super) async fn snapshot(&self) -> Result<AccountSnapshot, ExchangeError> {
        // Before the question: what fills while it is asked is newer than the answer.
        let time = self.now().await?;
        let account = self.settings.account.clone();
        let reply = self.ask(|at| self.requests.balances(at)).await?;
        let balances = wire::balances(reply.text())?;
        let mut positions = BTreeMap::new();
        if self.linear() {
            let symbols = &self.market.catalogue().await?.symbols;
            for settle in self.settles().await? {
                let build = |cursor: Option<&str>, at| self.requests.all_positions(&settle, cursor, at);
                let found: Vec<(_, Quantity)> =
                    self.pages(build, |text| wire::positions(text, symbols)).await?;
                positions.extend(found);
            }
        } else {
            positions = spot_positions(&balances, &self.known.watched())?;
        }
        Ok(AccountSnapshot { account, time, balances, positions })
    }

    pub(super) async fn open_orders(&self) -> Result<Vec<OrderReport>, ExchangeError> {
        let (symbols, account) = (&self.market.catalogue().await?.symbols, &self.settings.account);
        let settles: Vec<Option<String>> = match self.linear() {
            true => self.settles().await?.into_iter().map(Some).collect(),
            false => vec![None],
        };
        let mut open = Vec::new();
        for settle in settles {
            let build =
                |cursor: Option<&str>, at| self.requests.all_open_orders(settle.as_deref(), cursor, at);
            open.extend(self.pages(build, |text| wire::orders("open_orders", text, symbols, account)).await?);
        }
        open.retain(|report: &OrderReport| !report.status.is_terminal());
        Ok(open)
    }

    pub(super) async fn fills(&self, since: Timestamp) -> Result<Vec<Fill>, ExchangeError> {
        let now = self.now().await?;
        let (symbols, account) = (&self.market.catalogue().await?.symbols, &self.settings.account);
        let category = self.settings.category;
        let mut found = BTreeMap::new();
        let mut start = since.max(now - KEPT);
        while start <= now {
            let end = start + STRETCH;
            let build = |cursor: Option<&str>, at| self.requests.executions(start, end, cursor, at);
            let fills = self.pages(build, |text| wire::fills(text, category, symbols, account)).await?;
            for fill in fills {
                found.insert((fill.time, fill.trade_id.clone(), fill.instrument.clone()), fill);
            }
            start = end + Duration::from_millis(1);
        }
        let fills: Vec<Fill> = found.into_values().filter(|fill| fill.time >= since).collect();
        Ok(fills)
    }
}

//! What has happened on the account, and what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use qtp_core::port::AccountSnapshot;
use qtp_core::{ClientOrderId, ExchangeError, ExternalCause, Fill, InstrumentId, Timestamp, VenueOrderId};

use super::Inner;
use crate::binance::request::{FILL_PAGE, FillPage};
use crate::binance::wire;
use crate::native::known::Owner;
use crate::native::{spot_positions, wrong};
use crate::transport::OrderRef;

/// Pages of one look at a symbol.
const PAGES: usize = 1_000;
/// The longest stretch that futures tell of at once.
const STRETCH: Duration = Duration::from_secs(7 * 86_400);

impl Inner {
    pub(super) async fn snapshot(&self) -> Result<AccountSnapshot, ExchangeError> {
        // Before the question: what fills while it is asked is newer than the answer.
        let now = self.now().await?;
        let account = &self.settings.account;
        let reply = self.read(|at| self.requests.account(at)).await?;
        if self.futures() {
            let symbols = &self.market.catalogue().await?.symbols;
            return wire::futures_account(reply.text(), symbols, account, now);
        }
        let mut snapshot = wire::balances(reply.text(), account, now)?;
        snapshot.positions = spot_positions(&snapshot.balances, &self.known.watched())?;
        Ok(snapshot)
    }

    pub(super) async fn fills(&self, since: Timestamp) -> Result<Vec<Fill>, ExchangeError> {
        let now = self.now().await?;
        let mut watched: BTreeSet<InstrumentId> = self.known.watched().into_iter().collect();
        if self.futures() {
            watched.extend(self.snapshot().await?.positions.into_keys());
        }
        let mut found: BTreeMap<(Timestamp, u64, InstrumentId), Fill> = BTreeMap::new();
        for instrument in watched {
            for fill in self.fills_of(&instrument, since, now).await? {
                found.insert((fill.time, number(&fill)?, instrument.clone()), fill);
            }
        }
        let mut fills: Vec<Fill> = found.into_values().collect();
        for fill in &mut fills {
            let Some(order) = fill.venue_order_id.clone() else { continue };
            let owner = self.owner(&fill.instrument, &order).await?;
            (fill.client_order_id, fill.external) = (owner.client_order_id, owner.external);
        }
        Ok(fills)
    }

    /// By time to begin with, by the number of the trade from the second page on: several may share an instant.
    async fn fills_of(
        &self,
        instrument: &InstrumentId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Fill>, ExchangeError> {
        let symbol = self.market.native("fills_since", instrument).await?;
        let mut fills = Vec::new();
        let mut start = since.max(Timestamp::EPOCH);
        // One request reaches this far; beyond it there is another stretch.
        let mut end = self.futures().then(|| start + STRETCH);
        let mut page = FillPage::Between(start, end);
        for _ in 0..PAGES {
            let found = self.fill_page(symbol, page).await?;
            let (count, last) = (found.len(), found.last().map(number).transpose()?);
            let beyond = |fill: &Fill| end.is_some_and(|end| fill.time > end);
            let crossed = found.iter().any(beyond);
            fills.extend(found.into_iter().filter(|fill| fill.time >= since && !beyond(fill)));
            match (last, end) {
                (Some(last), _) if count >= FILL_PAGE && !crossed => page = FillPage::From(last + 1),
                (_, Some(reached)) if reached < now => {
                    (start, end) = (reached + Duration::from_millis(1), Some(reached + STRETCH));
                    page = FillPage::Between(start, end);
                }
                _ => return Ok(fills),
            }
        }
        Err(wrong("fills_since", symbol, format!("more than {PAGES} pages of executions")))
    }

    async fn fill_page(&self, symbol: &str, page: FillPage) -> Result<Vec<Fill>, ExchangeError> {
        let reply = self.read(|at| self.requests.fills(symbol, page, at)).await?;
        let symbols = &self.market.catalogue().await?.symbols;
        let mut fills = wire::fills(reply.text(), symbols, &self.settings.account)?;
        fills.sort_by_cached_key(|fill| number(fill).unwrap_or(u64::MAX));
        Ok(fills)
    }

    /// Whose an order is: the venue's list of executions does not say.
    async fn owner(&self, instrument: &InstrumentId, order: &VenueOrderId) -> Result<Owner, ExchangeError> {
        if let Some(owner) = self.known.owner(order) {
            return Ok(owner);
        }
        let symbol = self.market.native("fills_since", instrument).await?;
        let found = self.find(|at| self.requests.order(symbol, OrderRef::Venue(order.as_str()), at)).await?;
        let (client_order_id, external) = match found {
            Some(reply) => wire::owner(reply.text())?,
            None => (None, Some(ExternalCause::Unknown)),
        };
        Ok(self.remember(order, client_order_id, external))
    }

    pub(super) fn remember(
        &self,
        order: &VenueOrderId,
        client_order_id: Option<ClientOrderId>,
        external: Option<ExternalCause>,
    ) -> Owner {
        let owner = Owner { client_order_id, external };
        self.known.owned(order, owner);
        owner
    }
}

/// The venue numbers its trades by symbol.
fn number(fill: &Fill) -> Result<u64, ExchangeError> {
    let id = fill.trade_id.as_str();
    id.parse().map_err(|_| wrong("fills_since", "trade id", format!("{id:?} is no number")))
}

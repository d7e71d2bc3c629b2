//! The venue's HTTP side, behind the ports.

mod execution;
mod link;
mod market_data;
mod preflight;

use std::sync::{Arc, PoisonError, RwLock};

use qtp_core::{
    AccountId, ExchangeError, FundingPayment, FundingRate, Instrument, InstrumentId, Timestamp, Venue,
};
use serde_json::json;

use super::payload::{self, FillPage, LedgerEntry, Portfolio, Role};
use super::sign::Address;
use super::{Catalogue, HyperliquidConfig, Owner};
use link::Link;
pub(super) use market_data::interval;

/// Hyperliquid, as [`MarketData`](qtp_core::port::MarketData) and [`Execution`](qtp_core::port::Execution). A clone
/// speaks of the same account and shares its request limits.
///
/// ```no_run
/// use qtp_core::port::MarketData;
/// use qtp_exchange::hyperliquid::{Hyperliquid, HyperliquidConfig, sign::Network};
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let venue = Hyperliquid::new(HyperliquidConfig::new(Network::Mainnet, "main".parse()?))?;
/// let book = venue.order_book(&"BTC-USDC-PERP@hyperliquid".parse()?, 5).await?;
/// println!("{:?}", book.bids.first());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Hyperliquid {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: HyperliquidConfig,
    venue: Venue,
    link: Link,
    catalogue: RwLock<Option<Arc<Catalogue>>>,
}

impl Hyperliquid {
    /// A client. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for an address of a host that cannot be used.
    pub fn new(config: HyperliquidConfig) -> Result<Self, ExchangeError> {
        let (venue, link) = (config.venue()?, Link::new(&config)?);
        Ok(Self { inner: Arc::new(Inner { config, venue, link, catalogue: RwLock::default() }) })
    }

    /// Settings.
    pub fn config(&self) -> &HyperliquidConfig {
        &self.inner.config
    }

    /// What is listed, read once; [`instruments`](qtp_core::port::MarketData::instruments) reads it anew.
    ///
    /// # Errors
    /// As every read.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>, ExchangeError> {
        let known = self.inner.catalogue.read().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(catalogue) => Ok(catalogue),
            None => self.read_catalogue().await,
        }
    }

    async fn read_catalogue(&self) -> Result<Arc<Catalogue>, ExchangeError> {
        const OPERATION: &str = "instruments";
        let link = &self.inner.link;
        let spot = link.info(OPERATION, 20, &json!({"type": "spotMeta"})).await?;
        let meta = link.info(OPERATION, 20, &json!({"type": "meta", "dex": ""})).await?;
        let mut catalogue = Catalogue::new(self.inner.venue.clone());
        payload::perpetuals(&mut catalogue, 0, meta.text(), spot.text())?;
        payload::spot(&mut catalogue, spot.text())?;
        let wanted = &self.inner.config.dexes;
        if !wanted.is_empty() {
            let listed = link.info(OPERATION, 20, &json!({"type": "perpDexs"})).await?;
            let listed = payload::dexes(listed.text())?;
            for name in wanted {
                let found = listed.iter().find(|(_, dex)| dex == name);
                let (index, _) = found.ok_or_else(|| ExchangeError::Unsupported {
                    operation: OPERATION,
                    what: format!("the venue has no exchange {name:?}"),
                })?;
                let meta = link.info(OPERATION, 20, &json!({"type": "meta", "dex": name})).await?;
                payload::perpetuals(&mut catalogue, *index, meta.text(), spot.text())?;
            }
        }
        let catalogue = Arc::new(catalogue);
        let mut known = self.inner.catalogue.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Arc::clone(&catalogue));
        Ok(catalogue)
    }

    /// Whose account is read.
    fn user(&self, operation: &'static str) -> Result<Address, ExchangeError> {
        self.inner.config.user().ok_or_else(|| ExchangeError::Unsupported {
            operation,
            what: "an account without an address: set the account's address, or a key".to_owned(),
        })
    }

    fn owner<'a>(
        &'a self,
        operation: &'static str,
        catalogue: &'a Catalogue,
    ) -> Result<Owner<'a>, ExchangeError> {
        let account: &AccountId = &self.inner.config.account;
        let wallet = self.inner.config.wallet;
        Ok(Owner { catalogue, account, address: self.user(operation)?, wallet })
    }

    /// Exchanges whose perpetuals are read: the venue's own and the builders' of the settings.
    fn dexes(&self) -> impl Iterator<Item = &str> {
        std::iter::once("").chain(self.inner.config.dexes.iter().map(String::as_str))
    }

    /// The rules of an instrument, also under its short name.
    ///
    /// # Errors
    /// As every read; [`ExchangeError::UnknownInstrument`].
    pub async fn instrument(&self, id: &InstrumentId) -> Result<Instrument, ExchangeError> {
        Ok(self.catalogue().await?.instrument("instrument", id)?.instrument.clone())
    }

    /// What an address is: an account, an agent of one, a vault.
    ///
    /// # Errors
    /// As every read.
    pub async fn role(&self, of: Address) -> Result<Role, ExchangeError> {
        payload::role(
            self.inner.link.info("role", 60, &json!({"type": "userRole", "user": of})).await?.text(),
        )
    }

    /// Account value and profit over time, as the venue keeps them.
    ///
    /// # Errors
    /// As every read.
    pub async fn portfolio(&self) -> Result<Vec<Portfolio>, ExchangeError> {
        let user = self.user("portfolio")?;
        let reply =
            self.inner.link.info("portfolio", 20, &json!({"type": "portfolio", "user": user})).await?;
        payload::portfolio(reply.text())
    }

    /// Rates that were paid, ascending, at most 500 from `since`.
    ///
    /// # Errors
    /// As every read.
    pub async fn funding_history(
        &self,
        instrument: &InstrumentId,
        since: Timestamp,
    ) -> Result<Vec<FundingRate>, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let coin = &catalogue.instrument("funding_history", instrument)?.coin;
        let body = json!({"type": "fundingHistory", "coin": coin, "startTime": since.as_millis().max(0)});
        let reply = self.inner.link.info("funding_history", 20, &body).await?;
        let rates = payload::funding_history(reply.text(), instrument)?;
        self.inner.link.also(rates.len() / 20);
        Ok(rates)
    }

    /// Funding that the account paid or received, ascending, at most 500 from `since`.
    ///
    /// # Errors
    /// As every read.
    pub async fn funding_payments(&self, since: Timestamp) -> Result<Vec<FundingPayment>, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let owner = self.owner("funding_payments", &catalogue)?;
        let start = since.as_millis().max(0);
        let body = json!({"type": "userFunding", "user": owner.address, "startTime": start});
        let reply = self.inner.link.info("funding_payments", 20, &body).await?;
        let (_, payments) = payload::funding_payments(reply.text(), &owner)?;
        self.inner.link.also(payments.len() / 20);
        Ok(payments)
    }

    /// Deposits, withdrawals and transfers of the account, ascending.
    ///
    /// # Errors
    /// As every read.
    pub async fn ledger(&self, since: Timestamp) -> Result<Vec<LedgerEntry>, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let owner = self.owner("ledger", &catalogue)?;
        let start = since.as_millis().max(0);
        let body = json!({"type": "userNonFundingLedgerUpdates", "user": owner.address, "startTime": start});
        let reply = self.inner.link.info("ledger", 20, &body).await?;
        payload::ledger_page(reply.text(), &owner)
    }

    /// One page of fills from an instant on.
    async fn fill_page(&self, start: i64, owner: &Owner<'_>) -> Result<FillPage, ExchangeError> {
        let body = json!({"type": "userFillsByTime", "user": owner.address, "startTime": start,
            "aggregateByTime": false});
        let reply = self.inner.link.info("fills_since", 20, &body).await?;
        let page = payload::fill_page(reply.text(), owner)?;
        self.inner.link.also(page.entries / 20);
        Ok(page)
    }
}

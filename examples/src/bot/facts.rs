//! What a venue says when a run begins. It is kept with the run: a restart and a replay must not ask again.

use qtp_core::port::{Exchange, MarketData};
use qtp_core::{AccountId, Currency, Decimal, Instrument, InstrumentId, InstrumentKind, VenueCapabilities};
use serde::{Deserialize, Serialize};

use super::args::Mode;
use super::settings::Trading;
use crate::exit::Failure;

/// What a run rests on beside its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueFacts {
    /// Whose orders they are.
    pub account: AccountId,
    /// What is traded, one instrument an asset.
    pub instruments: Vec<Instrument>,
    /// Money of the account, in the currency that the instruments settle in.
    #[serde(with = "qtp_core::serde_decimal")]
    pub cash: Decimal,
    /// What a live venue can do; a simulated one says so itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub capabilities: Option<VenueCapabilities>,
}

impl VenueFacts {
    /// Of a venue's market, for simulated execution.
    ///
    /// # Errors
    /// An asset that the venue does not trade, or assets that do not settle in one currency.
    pub(super) async fn on_paper<M: MarketData + ?Sized>(
        market: &M,
        trading: &Trading,
    ) -> Result<Self, Failure> {
        let all = market.instruments().await?;
        let venue = market.venue();
        let instruments: Vec<Instrument> = trading
            .assets
            .iter()
            .map(|asset| choose(&all, asset, venue.as_str()))
            .collect::<Result<_, _>>()?;
        one_currency(&instruments)?;
        let (account, cash) = ("paper".parse()?, trading.cash);
        Ok(Self { account, instruments, cash, capabilities: None })
    }

    /// With an account on the venue.
    ///
    /// # Errors
    /// An account that cannot be read; a venue that holds no stops, which every strategy of the bot sets.
    pub(super) async fn live(self, exchange: &dyn Exchange) -> Result<Self, Failure> {
        let capabilities = exchange.capabilities();
        if let (true, Some(id)) = (capabilities.trigger_sources.is_empty(), self.ids().next()) {
            return Err(format!(
                "{id}: the venue has no stop orders here, so that no position of the bot could be protected"
            )
            .into());
        }
        let snapshot = exchange.account_snapshot().await?;
        let currency = self.currency();
        let held = snapshot.balances.get(&currency).copied();
        let cash = held.ok_or_else(|| format!("account {} holds no {currency}", exchange.account()))?;
        Ok(Self { account: exchange.account(), cash, capabilities: Some(capabilities), ..self })
    }

    /// What is traded.
    pub(super) fn ids(&self) -> impl Iterator<Item = &InstrumentId> {
        self.instruments.iter().map(|instrument| &instrument.id)
    }

    /// What the account is counted in.
    pub(super) fn currency(&self) -> Currency {
        self.instruments.first().map_or(Currency::USD, |instrument| instrument.settle)
    }
}

/// Whether the market of a run is made up.
pub(super) fn synthetic(trading: &Trading) -> bool {
    trading.candles.is_empty() && (trading.mode == Mode::Demo || trading.venue == "synthetic")
}

/// The perpetual of an asset such as `BTC`, or the instrument of an id such as `PURR-USDC@hyperliquid`.
fn choose(all: &[Instrument], asset: &str, venue: &str) -> Result<Instrument, Failure> {
    let exact = all
        .iter()
        .find(|known| known.id.as_str() == asset || known.id.as_str() == format!("{asset}@{venue}"));
    let of_asset =
        |known: &&Instrument| known.base.as_str() == asset && known.kind == InstrumentKind::Perpetual;
    if let Some(found) = exact {
        return Ok(found.clone());
    }
    let mut perpetuals = all.iter().filter(of_asset);
    match (perpetuals.next(), perpetuals.next()) {
        (Some(only), None) => Ok(only.clone()),
        (Some(first), Some(second)) => Err(format!(
            "--assets {asset:?}: {venue} has several, such as {} and {}: give the id",
            first.id, second.id
        )
        .into()),
        (None, _) => Err(format!("--assets {asset:?}: {venue} has no such perpetual or instrument").into()),
    }
}

fn one_currency(instruments: &[Instrument]) -> Result<(), Failure> {
    let Some(first) = instruments.first() else { return Err("--assets: at least one is needed".into()) };
    match instruments.iter().find(|other| other.settle != first.settle) {
        None => Ok(()),
        Some(other) => Err(format!(
            "{} settles in {}, {} in {}: one run counts in one currency",
            first.id, first.settle, other.id, other.settle
        )
        .into()),
    }
}

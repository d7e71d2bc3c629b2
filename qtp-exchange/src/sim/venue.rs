//! The venue's state and its read side.

use std::time::Duration;

use qtp_core::{
    AccountKind, Candle, ClientOrderId, Event, Fill, Instrument, InstrumentId, OrderReport, Portfolio, Ratio,
    Timestamp, TriggerSource, VenueCapabilities,
};
use serde::{Deserialize, Serialize};

use super::config::{SimError, SimVenueConfig};
use super::history::History;
use super::latency::Delays;
use super::market::Market;
use super::order::Working;

/// Where account events go, each with its event time.
pub(super) type Out = Vec<(Timestamp, Event)>;

/// A deterministic venue for one account.
///
/// # Contract
/// - The same calls give the same events. The whole state is `serde`: a restored venue goes on as the original would.
/// - Nothing fills in the call that brings an order. Calls come in the order of time.
/// - For a candle: `open_candle` once, then `close_candle` until it emits nothing. Each `close_candle` stops behind
///   the first fill, so that what answers that fill (a protective stop) takes part in the rest of the range.
/// - Events inside a range carry the candle's close time, those at the open its open time. With order latency the
///   answer to a submit carries the time of arrival.
/// - Margin, funds and equity are counted in the instrument's settlement currency; other currencies do not back it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SimVenue {
    pub(super) config: SimVenueConfig,
    pub(super) portfolio: Portfolio,
    /// Ordered by instrument.
    pub(super) markets: Vec<Market>,
    /// Place of the instrument that was asked for last.
    #[serde(skip)]
    pub(super) hint: usize,
    pub(super) history: History,
    pub(super) delays: Delays,
    pub(super) last_order: u64,
    pub(super) last_trade: u64,
}

impl SimVenue {
    /// A venue for an account and what it can trade.
    ///
    /// # Errors
    /// [`SimError::Invalid`] with every problem of the settings and instruments.
    pub fn new(
        config: SimVenueConfig,
        portfolio: Portfolio,
        mut instruments: Vec<Instrument>,
    ) -> Result<Self, SimError> {
        let mut problems = config.validate();
        problems.extend(instruments.iter().flat_map(Instrument::validate));
        instruments.sort_by(|a, b| a.id.cmp(&b.id));
        for pair in instruments.windows(2) {
            if let [first, second] = pair
                && first.id == second.id
            {
                problems.push(format!("{}: given twice", first.id));
            }
        }
        if !problems.is_empty() {
            return Err(SimError::Invalid { problems });
        }
        let market = |instrument: Instrument| {
            let position = portfolio.quantity(&instrument.id);
            let allowed = instrument.margin_tiers.iter().map(|tier| tier.max_leverage).max();
            Market::new(instrument, config.leverage.min(allowed.unwrap_or(config.leverage)), position)
        };
        let markets = instruments.into_iter().map(market).collect();
        let (history, delays) = (History::new(config.history), Delays::new(config.seed));
        Ok(Self { config, portfolio, markets, hint: 0, history, delays, last_order: 0, last_trade: 0 })
    }

    /// Money and positions, as the venue counts them.
    pub const fn portfolio(&self) -> &Portfolio {
        &self.portfolio
    }

    /// The settings.
    pub const fn config(&self) -> &SimVenueConfig {
        &self.config
    }

    /// What can be traded, ordered by id.
    pub fn instruments(&self) -> impl Iterator<Item = &Instrument> {
        self.markets.iter().map(|market| &market.instrument)
    }

    /// Leverage set for an instrument.
    pub fn leverage(&self, instrument: &InstrumentId) -> Option<Ratio> {
        self.at(instrument).map(|market| market.leverage)
    }

    /// True if positions of an instrument have a margin of their own.
    pub fn is_isolated(&self, instrument: &InstrumentId) -> bool {
        self.at(instrument).is_some_and(|market| market.isolated)
    }

    /// True if a conditional order waits for its trigger, or for the fill that wakes it.
    pub fn awaits_trigger(&self, id: &ClientOrderId) -> bool {
        self.working(id).is_some_and(|order| order.stage != super::order::Stage::Live)
    }

    /// Kind of a working order.
    pub fn kind(&self, id: &ClientOrderId) -> Option<qtp_core::OrderKind> {
        self.working(id).map(|order| order.request.kind)
    }

    /// Deposits less withdrawals, in the account's reporting currency.
    pub fn paid_in(&self) -> qtp_core::Decimal {
        let nothing = qtp_core::MarketState::default();
        self.portfolio.paid_in(&nothing).map_or(qtp_core::Decimal::ZERO, qtp_core::Notional::get)
    }

    /// Moves units of an instrument in (negative: out) at a price, without a fill.
    pub fn adjust(&mut self, instrument: &InstrumentId, change: qtp_core::Quantity, price: qtp_core::Price) {
        let Some(market) = self.find(instrument).and_then(|index| self.markets.get_mut(index)) else {
            return;
        };
        self.portfolio.adjust(&market.instrument, change, price);
        market.position = self.portfolio.quantity(instrument);
    }

    /// All working orders, by instrument and arrival.
    pub fn open_orders(&self) -> Vec<OrderReport> {
        self.markets.iter().flat_map(|market| &market.orders).map(Working::report).collect()
    }

    /// One order: working, or ended and still remembered (see [`SimVenueConfig::history`]).
    pub fn order(&self, id: &ClientOrderId) -> Option<OrderReport> {
        self.working(id).or_else(|| self.history.ended(id)).map(Working::report)
    }

    /// Fills at or after an instant, oldest first. The last [`SimVenueConfig::history`] fills are kept.
    pub fn fills_since(&self, time: Timestamp) -> Vec<Fill> {
        self.history.fills_since(time)
    }

    /// What this venue can do.
    pub fn capabilities(&self) -> VenueCapabilities {
        VenueCapabilities {
            trigger_sources: vec![TriggerSource::Last, TriggerSource::Mark, TriggerSource::Index],
            reduce_only: true,
            flip_in_one_order: self.portfolio.kind() != AccountKind::Spot,
            native_bracket: true,
            amend: true,
            post_only: true,
            validity: true,
            equity_sized_orders: true,
            stop_and_target: true,
        }
    }

    /// How long the next order will be on its way.
    pub(crate) fn next_delay(&self) -> Duration {
        self.delays.clone().draw(self.config.latency.order)
    }

    /// Draws the delay of one market event on its way to us. The driver applies it.
    pub fn data_delay(&mut self) -> Duration {
        self.delays.draw(self.config.latency.data)
    }

    /// Gives the mark candle of an interval before that interval's own candle: triggers on the mark and
    /// liquidation then test it in place of the tape.
    pub fn mark_candle(&mut self, candle: &Candle) {
        if let Some(market) = self.find(candle.instrument()).and_then(|index| self.markets.get_mut(index)) {
            market.mark_candle = Some(candle.clone());
        }
    }

    /// Place of an instrument.
    pub(super) fn find(&mut self, instrument: &InstrumentId) -> Option<usize> {
        if self.markets.get(self.hint).is_some_and(|market| market.instrument.id == *instrument) {
            return Some(self.hint);
        }
        let found = self.markets.binary_search_by(|market| market.instrument.id.cmp(instrument)).ok()?;
        self.hint = found;
        Some(found)
    }

    pub(super) fn at(&self, instrument: &InstrumentId) -> Option<&Market> {
        let found = self.markets.binary_search_by(|market| market.instrument.id.cmp(instrument)).ok()?;
        self.markets.get(found)
    }

    pub(super) fn working(&self, id: &ClientOrderId) -> Option<&Working> {
        self.markets
            .iter()
            .flat_map(|market| &market.orders)
            .find(|order| order.request.client_order_id == *id)
    }
}

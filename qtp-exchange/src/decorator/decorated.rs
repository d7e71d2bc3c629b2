//! An exchange with a layer around it.

use async_trait::async_trait;
use qtp_core::port::{
    AccountSnapshot, AccountStream, Execution, Finding, MarketData, MarketStream, OrderAck,
};
use qtp_core::{
    AccountId, Approved, CancelRequest, Candle, CandleQuery, ClientOrderId, ExchangeError, Fill, FundingRate,
    Instrument, InstrumentId, LeverageRequest, MarketTopic, ModifyRequest, OpenInterest, OrderBook,
    OrderGroup, OrderReport, Timestamp, Venue, VenueCapabilities,
};

use super::call::{Call, CallKind, Layer};

/// An exchange, or market data alone, each of whose calls goes through a [`Layer`].
#[derive(Debug)]
pub struct Decorated<E, L> {
    inner: E,
    layer: L,
}

impl<E, L> Decorated<E, L> {
    /// `inner` with `layer` around it.
    pub const fn new(inner: E, layer: L) -> Self {
        Self { inner, layer }
    }

    /// What is inside.
    pub const fn inner(&self) -> &E {
        &self.inner
    }

    /// The layer, for what it knows.
    pub const fn layer(&self) -> &L {
        &self.layer
    }
}

// A default method would bypass the inner one's own answer.
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<E: MarketData, L: Layer> MarketData for Decorated<E, L> {
    fn venue(&self) -> Venue {
        self.inner.venue()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        self.layer.call(Call::read("instruments"), self.inner.instruments()).await
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        self.layer.call(Call::read("candles"), self.inner.candles(query)).await
    }

    async fn order_book(&self, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
        self.layer.call(Call::read("order_book"), self.inner.order_book(instrument, depth)).await
    }

    async fn funding_rate(&self, instrument: &InstrumentId) -> Result<FundingRate, ExchangeError> {
        self.layer.call(Call::read("funding_rate"), self.inner.funding_rate(instrument)).await
    }

    async fn open_interest(&self, instrument: &InstrumentId) -> Result<OpenInterest, ExchangeError> {
        self.layer.call(Call::read("open_interest"), self.inner.open_interest(instrument)).await
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let stream = self.layer.call(Call::read("subscribe"), self.inner.subscribe(topics)).await?;
        Ok(self.layer.stream(stream))
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<E: Execution, L: Layer> Execution for Decorated<E, L> {
    fn account(&self) -> AccountId {
        self.inner.account()
    }

    fn capabilities(&self) -> VenueCapabilities {
        self.inner.capabilities()
    }

    async fn preflight(&self, instruments: &[InstrumentId]) -> Result<Vec<Finding>, ExchangeError> {
        self.layer.call(Call::read("preflight"), self.inner.preflight(instruments)).await
    }

    async fn submit(&self, group: &Approved<OrderGroup>) -> Result<Vec<OrderAck>, ExchangeError> {
        self.layer.call(Call::submit(group.get()), self.inner.submit(group)).await
    }

    async fn modify(&self, request: &Approved<ModifyRequest>) -> Result<(), ExchangeError> {
        // The gate lets no change enlarge an order: it moves or shrinks what rests.
        let kind = CallKind::Submit { client_order_id: request.get().client_order_id, exit: true };
        self.layer.call(Call { operation: "modify", kind }, self.inner.modify(request)).await
    }

    async fn set_leverage(&self, request: &Approved<LeverageRequest>) -> Result<(), ExchangeError> {
        self.layer.call(Call::read("set_leverage"), self.inner.set_leverage(request)).await
    }

    async fn cancel(&self, request: &CancelRequest) -> Result<(), ExchangeError> {
        let call = Call { operation: "cancel", kind: CallKind::Cancel };
        self.layer.call(call, self.inner.cancel(request)).await
    }

    async fn order(&self, id: &ClientOrderId) -> Result<Option<OrderReport>, ExchangeError> {
        self.layer.call(Call::read("order"), self.inner.order(id)).await
    }

    async fn open_orders(&self) -> Result<Vec<OrderReport>, ExchangeError> {
        self.layer.call(Call::read("open_orders"), self.inner.open_orders()).await
    }

    async fn fills_since(&self, since: Timestamp) -> Result<Vec<Fill>, ExchangeError> {
        self.layer.call(Call::read("fills_since"), self.inner.fills_since(since)).await
    }

    async fn account_snapshot(&self) -> Result<AccountSnapshot, ExchangeError> {
        self.layer.call(Call::read("account_snapshot"), self.inner.account_snapshot()).await
    }

    async fn subscribe_account(&self) -> Result<AccountStream, ExchangeError> {
        let call = Call::read("subscribe_account");
        let stream = self.layer.call(call, self.inner.subscribe_account()).await?;
        Ok(self.layer.stream(stream))
    }
}

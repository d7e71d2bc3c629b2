//! The exchange.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::{
    AccountSnapshot, AccountStream, Clock, EventStream, Execution, JournalRecord, MarketData, MarketStream,
    OrderAck, StreamSender,
};
use qtp_core::{
    AccountId, Approved, CancelRequest, Candle, CandleQuery, ClientOrderId, Event, ExchangeError, Fill,
    FundingRate, Instrument, InstrumentId, LeverageRequest, MarketTopic, ModifyRequest, OpenInterest,
    OrderBook, OrderGroup, OrderReport, OrderStatus, Reason, Timestamp, Venue, VenueCapabilities,
};

use super::feed::Feed;
use super::rebuild::{self, Rebuilt};
use super::shared::Shared;
use crate::sim::SimVenue;

/// Room of a market stream.
const MARKET_ROOM: usize = 1_024;

/// Market data from `M`, execution by a [`SimVenue`].
///
/// # Contract
/// - An order fills only at a market event after it, and only at events of a topic that somebody subscribed to. It arrives
///   when the clock says, whatever the market said last.
/// - A rejected order is reported on the account stream and returned as [`ExchangeError::Rejected`].
/// - Account events leave in the order in which they happened. A reader that stands still makes the venue wait.
/// - Two subscriptions to one topic: the first one drives the venue, as long as it is read.
#[derive(Debug)]
pub struct PaperExchange<M> {
    market: M,
    account: AccountId,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

impl<M: MarketData> PaperExchange<M> {
    /// An exchange whose account starts as the venue has it.
    pub fn new(market: M, venue: SimVenue, clock: Arc<dyn Clock>) -> Self {
        Self::with(market, venue, clock, (Feed::default(), Vec::new()))
    }

    /// An exchange as a killed run left it: `venue` as at the start of that run, and the run's journal.
    pub fn rebuild(
        market: M,
        venue: SimVenue,
        clock: Arc<dyn Clock>,
        records: &[JournalRecord],
    ) -> (Self, Rebuilt) {
        let (venue, feed, pending, rebuilt) = rebuild::replay(venue, records);
        (Self::with(market, venue, clock, (feed, pending)), rebuilt)
    }

    fn with(
        market: M,
        venue: SimVenue,
        clock: Arc<dyn Clock>,
        (feed, pending): (Feed, Vec<(Timestamp, Event)>),
    ) -> Self {
        let account = venue.portfolio().account().clone();
        Self { market, account, clock, shared: Arc::new(Shared::new(venue, feed, pending)) }
    }

    /// The venue as it stands, for a checkpoint or a look.
    pub fn venue_state(&self) -> SimVenue {
        self.shared.lock().venue.clone()
    }
}

fn rejected(operation: &'static str) -> impl FnOnce(Reason) -> ExchangeError {
    move |reason| ExchangeError::Rejected { operation, reason }
}

#[async_trait]
impl<M: MarketData> MarketData for PaperExchange<M> {
    fn venue(&self) -> Venue {
        self.market.venue()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        self.market.instruments().await
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        self.market.candles(query).await
    }

    async fn order_book(&self, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
        self.market.order_book(instrument, depth).await
    }

    async fn funding_rate(&self, instrument: &InstrumentId) -> Result<FundingRate, ExchangeError> {
        self.market.funding_rate(instrument).await
    }

    async fn open_interest(&self, instrument: &InstrumentId) -> Result<OpenInterest, ExchangeError> {
        self.market.open_interest(instrument).await
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let source = self.market.subscribe(topics).await?;
        let mut own = BTreeSet::new();
        {
            let mut state = self.shared.lock();
            for topic in topics {
                if state.fed.insert(topic.clone()) {
                    own.insert(topic.clone());
                }
            }
        }
        let (sender, stream) = EventStream::channel(MARKET_ROOM);
        tokio::spawn(tee(source, sender, own, Arc::clone(&self.shared)));
        Ok(stream)
    }
}

/// Passes a market stream on, each event after the venue has seen it.
async fn tee(mut source: EventStream, sender: StreamSender, own: BTreeSet<MarketTopic>, shared: Arc<Shared>) {
    while let Some((time, event)) = source.next().await {
        if let Some(event) = part_of(&event, &own) {
            shared.show(time, &event).await;
        }
        if sender.send(time, event).await.is_err() {
            break;
        }
    }
    let mut state = shared.lock();
    for topic in &own {
        state.fed.remove(topic);
    }
}

/// The part of a market event that belongs to these topics.
pub(crate) fn part_of(event: &Event, own: &BTreeSet<MarketTopic>) -> Option<Event> {
    let topic = match event {
        Event::Candles(batch) => {
            let mut batch = batch.clone();
            let mine =
                |candle: &Candle| MarketTopic::Candles(candle.instrument().clone(), candle.timeframe());
            batch.candles.retain(|candle| own.contains(&mine(candle)));
            return (!batch.candles.is_empty()).then_some(Event::Candles(batch));
        }
        Event::Trade(trade) => MarketTopic::Trades(trade.instrument.clone()),
        Event::Quote(quote) => MarketTopic::Quotes(quote.instrument.clone()),
        Event::Book(book) => MarketTopic::Book(book.instrument.clone()),
        Event::Mark(mark) => MarketTopic::Mark(mark.instrument.clone()),
        Event::FundingRate(rate) => MarketTopic::Mark(rate.instrument.clone()),
        Event::OpenInterest(open) => MarketTopic::Mark(open.instrument.clone()),
        Event::InstrumentStatus { instrument, .. } => {
            return own.iter().any(|topic| topic.instrument() == instrument).then(|| event.clone());
        }
        _ => return None,
    };
    own.contains(&topic).then(|| event.clone())
}

#[async_trait]
impl<M: MarketData> Execution for PaperExchange<M> {
    fn account(&self) -> AccountId {
        self.account.clone()
    }

    fn capabilities(&self) -> VenueCapabilities {
        self.shared.lock().venue.capabilities()
    }

    async fn submit(&self, group: &Approved<OrderGroup>) -> Result<Vec<OrderAck>, ExchangeError> {
        // The market may have been silent since the candle that the order answers: by its time the order would fill at the
        // price at which that candle closed.
        let sent = self.clock.now();
        let submit = |venue: &mut SimVenue, now: Timestamp, out: &mut Vec<(Timestamp, Event)>| {
            let before = out.len();
            venue.submit(group.get(), now.max(sent), out);
            out.iter().skip(before).try_fold(Vec::new(), |acks, (_, event)| acknowledge(acks, event))
        };
        self.shared.act(submit).await.map_err(rejected("submit"))
    }

    async fn modify(&self, request: &Approved<ModifyRequest>) -> Result<(), ExchangeError> {
        let result = self.shared.act(|venue, now, out| venue.try_modify(request.get(), now, out)).await;
        result.map_err(rejected("modify"))
    }

    async fn set_leverage(&self, request: &Approved<LeverageRequest>) -> Result<(), ExchangeError> {
        let result = self.shared.act(|venue, _, _| venue.try_set_leverage(request.get())).await;
        result.map_err(rejected("set_leverage"))
    }

    async fn cancel(&self, request: &CancelRequest) -> Result<(), ExchangeError> {
        self.shared.act(|venue, now, out| venue.cancel(request, now, out)).await;
        Ok(())
    }

    async fn order(&self, id: &ClientOrderId) -> Result<Option<OrderReport>, ExchangeError> {
        Ok(self.shared.lock().venue.order(id))
    }

    async fn open_orders(&self) -> Result<Vec<OrderReport>, ExchangeError> {
        Ok(self.shared.lock().venue.open_orders())
    }

    async fn fills_since(&self, since: Timestamp) -> Result<Vec<Fill>, ExchangeError> {
        Ok(self.shared.lock().venue.fills_since(since))
    }

    async fn account_snapshot(&self) -> Result<AccountSnapshot, ExchangeError> {
        let state = self.shared.lock();
        let portfolio = state.venue.portfolio();
        let positions = portfolio.open_positions().map(|p| (p.instrument().clone(), p.quantity())).collect();
        let (account, balances) = (self.account.clone(), portfolio.balances().clone());
        Ok(AccountSnapshot { account, time: state.feed.now(), balances, positions })
    }

    async fn subscribe_account(&self) -> Result<AccountStream, ExchangeError> {
        Ok(self.shared.listen().await)
    }
}

/// Adds the answer to one order; the first refusal is the answer to the whole group.
fn acknowledge(mut acks: Vec<OrderAck>, event: &Event) -> Result<Vec<OrderAck>, Reason> {
    let Event::OrderReport(report) = event else { return Ok(acks) };
    if report.status == OrderStatus::Rejected {
        return Err(report.reason.clone().unwrap_or_else(|| Reason::new("rejected", "")));
    }
    if let Some(client_order_id) = report.client_order_id {
        acks.push(OrderAck { client_order_id, venue_order_id: report.venue_order_id.clone() });
    }
    Ok(acks)
}

//! A paper exchange behind a bad connection.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{
    AccountSnapshot, AccountStream, EventStream, Execution, JournalRecord, MarketData, MarketStream,
    OrderAck, StreamSender,
};
use qtp_core::{
    AccountId, Approved, CancelRequest, Candle, CandleQuery, ClientOrderId, Event, ExchangeError, Fill,
    Instrument, InstrumentId, Intent, MarketTopic, OrderGroup, OrderReport, OrderStatus, Quantity, Timestamp,
    Venue, VenueCapabilities,
};
use qtp_exchange::paper::PaperExchange;

use crate::rig::{Durable, Feed};

/// What goes wrong, in percent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// A submit never arrives, and nobody says so.
    pub(crate) lost: u64,
    /// It arrives, and the answer is lost.
    pub(crate) unanswered: u64,
    /// It hangs for longer than the limit, and arrives then.
    pub(crate) hanging: u64,
    /// It takes some seconds.
    pub(crate) slow: u64,
    /// A cancel or a read fails.
    pub(crate) failing: u64,
    /// An account event comes twice.
    pub(crate) doubled: u64,
    /// A report comes after what follows it.
    pub(crate) late: u64,
    /// The account stream is cut, and what happens meanwhile is lost on it.
    pub(crate) cut: u64,
    /// A snapshot is an older one.
    pub(crate) stale: u64,
}

#[derive(Debug, Default)]
struct State {
    dice: u64,
    faults: Faults,
    submitted: BTreeSet<ClientOrderId>,
    /// What must never happen.
    problems: Vec<String>,
    reader: Option<StreamSender>,
    down_until: Option<tokio::time::Instant>,
    snapshot: Option<AccountSnapshot>,
    foreign: Vec<Fill>,
    foreign_orders: Vec<OrderReport>,
    moved: BTreeMap<InstrumentId, Quantity>,
    canceled: Vec<ClientOrderId>,
}

impl State {
    fn roll(&mut self, percent: u64) -> bool {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % 100 < percent
    }
}

pub(crate) struct Chaos {
    paper: Arc<PaperExchange<Feed>>,
    journal: Durable,
    state: Arc<Mutex<State>>,
}

impl Chaos {
    /// An exchange with these faults; it checks that no order leaves before its intent is durable.
    pub(crate) async fn start(
        paper: Arc<PaperExchange<Feed>>,
        journal: &Durable,
        (seed, faults): (u64, Faults),
    ) -> Arc<Self> {
        let state = Arc::new(Mutex::new(State { dice: seed, faults, ..State::default() }));
        let stream = paper.subscribe_account().await.unwrap();
        drop(tokio::spawn(relay(stream, Arc::clone(&state))));
        Arc::new(Self { paper, journal: journal.clone(), state })
    }

    pub(crate) fn set(&self, faults: Faults) {
        self.state.lock().unwrap().faults = faults;
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        self.state.lock().unwrap().problems.clone()
    }

    pub(crate) fn submitted(&self) -> usize {
        self.state.lock().unwrap().submitted.len()
    }

    pub(crate) fn canceled(&self) -> Vec<ClientOrderId> {
        self.state.lock().unwrap().canceled.clone()
    }

    /// Cuts the account stream for some seconds.
    pub(crate) fn cut(&self, seconds: u64) {
        let mut state = self.state.lock().unwrap();
        state.reader = None;
        state.down_until = Some(tokio::time::Instant::now() + Duration::from_secs(seconds));
    }

    /// Somebody else trades on the account: the stream and the fills say so, if `told`.
    pub(crate) async fn trade_by_hand(&self, fill: Fill, told: bool) {
        let reader = {
            let mut state = self.state.lock().unwrap();
            let moved = state.moved.entry(fill.instrument.clone()).or_default();
            *moved += fill.signed_quantity();
            if told {
                state.foreign.push(fill.clone());
            }
            state.reader.clone()
        };
        if let (true, Some(reader)) = (told, reader) {
            reader.send(fill.time, Event::Fill(fill)).await.unwrap();
        }
    }

    pub(crate) fn order_by_hand(&self, report: OrderReport) {
        self.state.lock().unwrap().foreign_orders.push(report);
    }

    /// The venue as it is, without faults.
    pub(crate) fn truth(&self) -> &PaperExchange<Feed> {
        &self.paper
    }

    fn fails(&self, operation: &'static str) -> Result<(), ExchangeError> {
        let mut state = self.state.lock().unwrap();
        let percent = state.faults.failing;
        if state.roll(percent) { Err(transport(operation)) } else { Ok(()) }
    }

    /// Orders come once each, and after their intents are durable.
    fn inspect(&self, id: ClientOrderId) {
        let durable = self.journal.synced().iter().any(|record| match record {
            JournalRecord::Command(command) => match &command.intent {
                Intent::Submit(group) => group.first().client_order_id == id,
                _ => false,
            },
            JournalRecord::Event(_) => false,
        });
        let mut state = self.state.lock().unwrap();
        if !durable {
            state.problems.push(format!("{id} left before its intent was durable"));
        }
        if !state.submitted.insert(id) {
            state.problems.push(format!("{id} was sent twice"));
        }
    }
}

fn transport(operation: &'static str) -> ExchangeError {
    ExchangeError::Transport { operation, source: "the line is bad".into() }
}

async fn relay(mut stream: EventStream, state: Arc<Mutex<State>>) {
    while let Some((time, event)) = stream.next().await {
        let (reader, twice, late) = {
            let mut state = state.lock().unwrap();
            let faults = state.faults;
            if state.reader.is_some() && state.roll(faults.cut) {
                state.reader = None;
                state.down_until = Some(tokio::time::Instant::now() + Duration::from_secs(20));
            }
            let report = matches!(&event, Event::OrderReport(report) if report.status == OrderStatus::Open);
            (state.reader.clone(), state.roll(faults.doubled), report && state.roll(faults.late))
        };
        let Some(reader) = reader else { continue };
        if late {
            drop(tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(700)).await;
                drop(reader.send(time, event).await);
            }));
            continue;
        }
        if twice {
            drop(reader.send(time, event.clone()).await);
        }
        drop(reader.send(time, event).await);
    }
}

#[async_trait]
impl MarketData for Chaos {
    fn venue(&self) -> Venue {
        self.paper.venue()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        self.paper.instruments().await
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        self.paper.candles(query).await
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        self.paper.subscribe(topics).await
    }
}

#[async_trait]
impl Execution for Chaos {
    fn account(&self) -> AccountId {
        self.paper.account()
    }

    fn capabilities(&self) -> VenueCapabilities {
        self.paper.capabilities()
    }

    async fn submit(&self, group: &Approved<OrderGroup>) -> Result<Vec<OrderAck>, ExchangeError> {
        let client_order_id = group.get().first().client_order_id;
        self.inspect(client_order_id);
        let unknown = || ExchangeError::OutcomeUnknown { client_order_id, source: "no answer".into() };
        let (lost, unanswered, hanging, slow) = {
            let mut state = self.state.lock().unwrap();
            let faults = state.faults;
            (
                state.roll(faults.lost),
                state.roll(faults.unanswered),
                state.roll(faults.hanging),
                state.roll(faults.slow),
            )
        };
        if lost {
            return Err(unknown());
        }
        if hanging {
            tokio::time::sleep(Duration::from_secs(17)).await;
        } else if slow {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        let answer = self.paper.submit(group).await;
        if unanswered { Err(unknown()) } else { answer }
    }

    async fn cancel(&self, request: &CancelRequest) -> Result<(), ExchangeError> {
        self.state.lock().unwrap().canceled.push(request.client_order_id);
        self.fails("cancel")?;
        self.paper.cancel(request).await?;
        self.fails("cancel")
    }

    async fn order(&self, id: &ClientOrderId) -> Result<Option<OrderReport>, ExchangeError> {
        self.fails("order")?;
        self.paper.order(id).await
    }

    async fn open_orders(&self) -> Result<Vec<OrderReport>, ExchangeError> {
        self.fails("open_orders")?;
        let mut open = self.paper.open_orders().await?;
        open.extend(self.state.lock().unwrap().foreign_orders.iter().cloned());
        Ok(open)
    }

    async fn fills_since(&self, since: Timestamp) -> Result<Vec<Fill>, ExchangeError> {
        self.fails("fills_since")?;
        let mut fills = self.paper.fills_since(since).await?;
        let state = self.state.lock().unwrap();
        fills.extend(state.foreign.iter().filter(|fill| fill.time >= since).cloned());
        fills.sort_by_key(|fill| fill.time);
        Ok(fills)
    }

    async fn account_snapshot(&self) -> Result<AccountSnapshot, ExchangeError> {
        self.fails("account_snapshot")?;
        let mut snapshot = self.paper.account_snapshot().await?;
        let mut state = self.state.lock().unwrap();
        for (instrument, moved) in &state.moved {
            let held = snapshot.positions.entry(instrument.clone()).or_default();
            *held += *moved;
        }
        if let Some(last) = state.foreign.last() {
            snapshot.time = snapshot.time.max(last.time);
        }
        let percent = state.faults.stale;
        if state.roll(percent)
            && let Some(old) = &state.snapshot
        {
            return Ok(old.clone());
        }
        state.snapshot = Some(snapshot.clone());
        Ok(snapshot)
    }

    async fn subscribe_account(&self) -> Result<AccountStream, ExchangeError> {
        let mut state = self.state.lock().unwrap();
        if state.down_until.is_some_and(|until| tokio::time::Instant::now() < until) {
            return Err(transport("subscribe_account"));
        }
        let (sender, stream) = EventStream::channel(1024);
        state.reader = Some(sender);
        Ok(stream)
    }
}

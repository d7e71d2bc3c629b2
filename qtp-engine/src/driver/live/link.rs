//! One exchange: its streams, and whether what we know of it can be relied on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::{EventStream, Exchange};
use qtp_core::{
    AccountId, ClientOrderId, Event, ExchangeError, Fill, InstrumentId, MarketTopic, Quantity, Timestamp,
    VenueCapabilities,
};
use tokio::sync::mpsc::Sender;

use super::driver::Input;
use super::inbox::{MarketInbox, MarketItem};
use super::retry::{Backoff, timed};

/// The venue's quantity of an instrument and ours.
pub(super) type Difference = (InstrumentId, Quantity, Quantity);

/// An exchange and what the driver knows of it.
pub(super) struct Link {
    pub(super) exchange: Arc<dyn Exchange>,
    pub(super) account: AccountId,
    pub(super) capabilities: VenueCapabilities,
    pub(super) topics: Vec<MarketTopic>,
    /// The market stream is open.
    pub(super) market_up: bool,
    /// A young candle came since it was opened, or nobody listens to candles.
    pub(super) candle_seen: bool,
    /// The account stream is open and says that it is in sync.
    pub(super) account_up: bool,
    /// Positions were those of the venue since then.
    pub(super) positions_agree: bool,
    /// The account was compared with its venue since then: positions agree, and missing orders were looked up.
    pub(super) reconciled: bool,
    /// It was so at least once.
    pub(super) known: bool,
    /// What the engine was told last.
    pub(super) told: bool,
    /// The venue is being read.
    pub(super) reading: bool,
    /// Counts the openings of the account stream: a view that was read before one is void.
    pub(super) generation: u64,
    /// When to compare again.
    pub(super) next_reconcile: Option<Timestamp>,
    /// Orders whose look-up the comparison waits for.
    pub(super) awaiting: std::collections::BTreeSet<ClientOrderId>,
    /// Differences of the last snapshot, and when they were seen first.
    pub(super) differences: Option<(Timestamp, Vec<Difference>)>,
    /// Venue's time of the newest fill that was taken in.
    pub(super) last_fill: Timestamp,
    /// Fills before this are not of this run.
    pub(super) since: Timestamp,
    /// Orders of others that were told already, by the venue's id.
    pub(super) foreign: std::collections::BTreeSet<String>,
}

impl Link {
    pub(super) fn new(exchange: Arc<dyn Exchange>, topics: Vec<MarketTopic>) -> Self {
        let (account, capabilities) = (exchange.account(), exchange.capabilities());
        let candles = topics.iter().any(|topic| matches!(topic, MarketTopic::Candles(..)));
        Self {
            exchange,
            account,
            capabilities,
            market_up: topics.is_empty(),
            candle_seen: !candles,
            topics,
            account_up: false,
            positions_agree: false,
            reconciled: false,
            known: false,
            told: false,
            reading: false,
            generation: 0,
            next_reconcile: None,
            awaiting: std::collections::BTreeSet::new(),
            differences: None,
            last_fill: Timestamp::EPOCH,
            since: Timestamp::EPOCH,
            foreign: std::collections::BTreeSet::new(),
        }
    }

    /// True if new risk may be added.
    pub(super) const fn healthy(&self) -> bool {
        self.market_up && self.candle_seen && self.account_up && self.reconciled
    }

    /// The stream was cut or opened: what was read before is void.
    pub(super) fn forget_comparison(&mut self) {
        (self.positions_agree, self.reconciled) = (false, false);
        self.generation += 1;
        self.differences = None;
        self.awaiting.clear();
    }

    /// True if somebody listens to candles here.
    pub(super) fn has_candles(&self) -> bool {
        self.topics.iter().any(|topic| matches!(topic, MarketTopic::Candles(..)))
    }

    pub(super) fn note_fill(&mut self, fill: &Fill) {
        self.last_fill = self.last_fill.max(fill.time);
    }
}

type Opening = Pin<Box<dyn Future<Output = EventStream> + Send>>;

/// A stream, or the attempts to open it.
enum Source {
    Open(EventStream),
    Opening(Opening),
    None,
}

/// What a source does next. Cancel safe.
#[allow(clippy::large_enum_variant, reason = "nearly all steps are events, and none is kept")]
enum Next {
    Opened,
    Event(Timestamp, Event),
    Closed,
}

impl Source {
    async fn next(&mut self) -> Next {
        match self {
            Self::Open(stream) => match stream.next().await {
                Some((time, event)) => Next::Event(time, event),
                None => Next::Closed,
            },
            Self::Opening(opening) => {
                let stream = opening.await;
                *self = Self::Open(stream);
                Next::Opened
            }
            Self::None => std::future::pending().await,
        }
    }

    fn try_next(&mut self) -> Option<(Timestamp, Event)> {
        match self {
            Self::Open(stream) => stream.try_next(),
            _ => None,
        }
    }
}

/// Reads both streams of a link and opens them again when they end.
///
/// One task for both: what came on the account stream before a market event is passed on before it.
pub(super) struct Pump {
    pub(super) link: usize,
    pub(super) exchange: Arc<dyn Exchange>,
    pub(super) topics: Vec<MarketTopic>,
    pub(super) inputs: Sender<Input>,
    pub(super) market: Arc<MarketInbox>,
    pub(super) limit: Duration,
    pub(super) reopen_market: bool,
    pub(super) seed: u64,
}

impl Pump {
    pub(super) async fn run(self) {
        let mut account = Source::Opening(self.open_account());
        let mut market =
            if self.topics.is_empty() { Source::None } else { Source::Opening(self.open_market()) };
        loop {
            tokio::select! {
                biased;
                () = self.inputs.closed() => return,
                next = account.next() => {
                    if matches!(next, Next::Closed) {
                        account = Source::Opening(self.open_account());
                    }
                    self.account(next).await;
                }
                next = market.next() => {
                    while let Some((time, event)) = account.try_next() {
                        self.account(Next::Event(time, event)).await;
                    }
                    if matches!(next, Next::Closed) {
                        market =
                            if self.reopen_market { Source::Opening(self.open_market()) } else { Source::None };
                    }
                    self.market.push(self.link, match next {
                        Next::Opened => MarketItem::Up,
                        Next::Event(time, event) => MarketItem::Event(time, event),
                        Next::Closed => MarketItem::Down,
                    });
                }
            }
        }
    }

    /// Waits for room: nothing of an account is dropped.
    async fn account(&self, next: Next) {
        let link = self.link;
        let input = match next {
            Next::Opened => Input::AccountUp { link },
            Next::Closed => Input::AccountDown { link },
            Next::Event(time, event) => Input::Account { link, time, event },
        };
        // The driver has gone: the next turn of the loop ends.
        let _ = self.inputs.send(input).await;
    }

    fn open_account(&self) -> Opening {
        let exchange = Arc::clone(&self.exchange);
        let call = move || {
            let exchange = Arc::clone(&exchange);
            async move { exchange.subscribe_account().await }
        };
        Box::pin(open("subscribe_account", self.limit, self.seed, call))
    }

    fn open_market(&self) -> Opening {
        let (exchange, topics) = (Arc::clone(&self.exchange), self.topics.clone());
        let call = move || {
            let (exchange, topics) = (Arc::clone(&exchange), topics.clone());
            async move { exchange.subscribe(&topics).await }
        };
        Box::pin(open("subscribe", self.limit, self.seed.rotate_left(7), call))
    }
}

/// Tries until it works; the bound is the wait between two attempts.
async fn open<F>(
    operation: &'static str,
    limit: Duration,
    seed: u64,
    mut call: impl FnMut() -> F,
) -> EventStream
where
    F: Future<Output = Result<EventStream, ExchangeError>>,
{
    let mut backoff = Backoff::new(seed);
    loop {
        match timed(operation, limit, call()).await {
            Ok(stream) => return stream,
            Err(error) => {
                tracing::warn!("{operation}: {error}");
                tokio::time::sleep(backoff.next()).await;
            }
        }
    }
}

//! Books of the stream: changes come by the socket, snapshots over REST.

use std::sync::Arc;
use std::time::Duration;

use qtp_core::{Event, ExchangeError, Gap, MarketTopic, Timestamp};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::super::wire::{self, Depth, DepthUpdate};
use super::super::{DepthBook, Product, Requests, Step};
use super::read;
use crate::native::feed::topic_health;
use crate::transport::Http;

/// Levels a side in a book of the stream.
const LEVELS: usize = 20;
/// Between two snapshots of one symbol.
const PAUSE: Duration = Duration::from_secs(1);

/// Reads snapshots beside the stream, which goes on meanwhile.
#[derive(Clone)]
pub(super) struct Snapshots {
    pub(super) product: Product,
    pub(super) http: Arc<Http>,
    pub(super) requests: Requests,
}

type Answer = Result<Depth, ExchangeError>;

impl Snapshots {
    /// Levels a side in a snapshot: the most that the venue gives.
    const fn limit(&self) -> u32 {
        match self.product {
            Product::Spot => 5000,
            Product::UsdMargin => 1000,
        }
    }

    fn ask(&self, symbol: &str) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        let (http, request) = (Arc::clone(&self.http), self.requests.order_book(symbol, self.limit()));
        tokio::spawn(async move {
            let answer = read(&http, request).await.and_then(|reply| wire::depth(reply.text()));
            // Whoever asked may have gone.
            let _ = sender.send(answer);
        });
        receiver
    }
}

/// The book of one symbol. After a gap, and where the price has left what is known, it begins anew with a snapshot.
pub(super) struct KeptBook {
    topic: MarketTopic,
    symbol: String,
    book: DepthBook,
    snapshots: Snapshots,
    asked: Option<oneshot::Receiver<Answer>>,
    /// No snapshot is asked for before this.
    next: Timestamp,
    /// A snapshot failed, and was told of.
    failed: bool,
}

impl KeptBook {
    pub(super) fn new(topic: MarketTopic, symbol: &str, snapshots: Snapshots) -> Self {
        let book = DepthBook::new(snapshots.product);
        let symbol = symbol.to_owned();
        Self { topic, symbol, book, snapshots, asked: None, next: Timestamp::EPOCH, failed: false }
    }

    /// A connection was lost: changes are missing.
    pub(super) fn restart(&mut self) {
        self.book.restart();
        self.asked = None;
    }

    /// Takes a change of the stream.
    pub(super) fn take(&mut self, update: DepthUpdate, now: Timestamp) -> Vec<(Timestamp, Event)> {
        let from = update.time.min(now);
        let mut events = Vec::new();
        let mut step = self.book.on_update(update);
        match self.arrived() {
            None => {}
            Some(Ok(snapshot)) => {
                step = self.book.on_snapshot(&snapshot, self.snapshots.limit() as usize);
                if std::mem::take(&mut self.failed) {
                    events.push((now, topic_health(&self.topic, true, "snapshot", String::new())));
                }
            }
            Some(Err(error)) => {
                self.failed = true;
                events.push((now, topic_health(&self.topic, false, "snapshot", error.to_string())));
            }
        }
        match step {
            Step::Old => {}
            Step::InSync if self.book.reaches(LEVELS) => events.extend(self.event()),
            Step::InSync => {
                self.book.restart();
                self.ask(now);
            }
            Step::NeedsSnapshot => self.ask(now),
            Step::Gap => {
                let (topic, cause) = (self.topic.clone(), "sequence".to_owned());
                events.push((now, Event::Gap(Gap { topic, from, to: now, cause })));
                self.ask(now);
            }
        }
        events
    }

    /// A snapshot that was asked for, once it is there.
    fn arrived(&mut self) -> Option<Answer> {
        let answer = self.asked.as_mut()?.try_recv();
        if matches!(answer, Err(TryRecvError::Empty)) {
            return None;
        }
        self.asked = None;
        answer.ok()
    }

    fn ask(&mut self, now: Timestamp) {
        if self.asked.is_none() && now >= self.next {
            self.next = now + PAUSE;
            self.asked = Some(self.snapshots.ask(&self.symbol));
        }
    }

    fn event(&self) -> Option<(Timestamp, Event)> {
        let (levels, time) = self.book.levels()?;
        Some((time, Event::Book(levels.book(self.topic.instrument().clone(), time, LEVELS))))
    }
}

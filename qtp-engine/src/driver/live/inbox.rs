//! Market events on their way to the driver: quotes and books conflate, prints overflow into a gap.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use qtp_core::{Event, Gap, MarketTopic, Timestamp};
use tokio::sync::Notify;

/// What a market stream brings.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "nearly all items are events")]
pub(super) enum MarketItem {
    Event(Timestamp, Event),
    /// The stream was opened.
    Up,
    /// It ended.
    Down,
}

/// Market events of all links, in the order in which they came.
#[derive(Debug)]
pub(super) struct MarketInbox {
    state: Mutex<State>,
    arrived: Notify,
    trade_room: usize,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Entry>,
    latest: BTreeMap<(usize, MarketTopic), Latest>,
    trades: usize,
    /// Prints that found no room: first and last time, by topic.
    overflow: BTreeMap<(usize, MarketTopic), (Timestamp, Timestamp)>,
}

#[derive(Debug)]
enum Entry {
    Item(usize, MarketItem),
    /// The newest value stands in `latest`.
    Latest(usize, MarketTopic),
}

#[derive(Debug)]
struct Latest {
    time: Timestamp,
    event: Event,
    /// Time of the first value that was replaced.
    lag: Option<Timestamp>,
}

impl MarketInbox {
    pub(super) fn new(trade_room: usize) -> Self {
        Self { state: Mutex::default(), arrived: Notify::new(), trade_room }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, link: usize, item: MarketItem) {
        self.lock().push(link, item, self.trade_room);
        self.arrived.notify_one();
    }

    pub(super) fn pop(&self) -> Option<(usize, MarketItem)> {
        self.lock().pop()
    }

    /// Waits until something was pushed since the last wait.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

impl State {
    fn push(&mut self, link: usize, item: MarketItem, room: usize) {
        let MarketItem::Event(time, event) = item else {
            return self.queue.push_back(Entry::Item(link, item));
        };
        if let Some(topic) = conflates(&event) {
            let key = (link, topic);
            if let Some(latest) = self.latest.get_mut(&key) {
                latest.lag.get_or_insert(latest.time);
                (latest.time, latest.event) = (time, event);
            } else {
                self.queue.push_back(Entry::Latest(link, key.1.clone()));
                self.latest.insert(key, Latest { time, event, lag: None });
            }
            return;
        }
        if let Event::Trade(trade) = &event {
            let key = (link, MarketTopic::Trades(trade.instrument.clone()));
            if self.trades >= room {
                self.overflow.entry(key).or_insert((time, time)).1 = time;
                return;
            }
            if let Some((from, _)) = self.overflow.remove(&key) {
                self.queue.push_back(Entry::Item(link, gap(key.1, (from, time), "overflow")));
            }
            self.trades += 1;
        }
        self.queue.push_back(Entry::Item(link, MarketItem::Event(time, event)));
    }

    fn pop(&mut self) -> Option<(usize, MarketItem)> {
        let Some(entry) = self.queue.pop_front() else {
            // Prints were lost and none came after them.
            let ((link, topic), span) = self.overflow.pop_first()?;
            return Some((link, gap(topic, span, "overflow")));
        };
        match entry {
            Entry::Item(link, item) => {
                if matches!(&item, MarketItem::Event(_, Event::Trade(_))) {
                    self.trades = self.trades.saturating_sub(1);
                }
                Some((link, item))
            }
            Entry::Latest(link, topic) => {
                let key = (link, topic);
                let Latest { time, event, lag } = self.latest.remove(&key)?;
                let item = MarketItem::Event(time, event);
                let Some(from) = lag else { return Some((link, item)) };
                self.queue.push_front(Entry::Item(link, item));
                Some((link, gap(key.1, (from, time), "lag")))
            }
        }
    }
}

/// The topic of an event of which only the newest counts.
fn conflates(event: &Event) -> Option<MarketTopic> {
    match event {
        Event::Quote(quote) => Some(MarketTopic::Quotes(quote.instrument.clone())),
        Event::Book(book) => Some(MarketTopic::Book(book.instrument.clone())),
        Event::Mark(mark) => Some(MarketTopic::Mark(mark.instrument.clone())),
        _ => None,
    }
}

fn gap(topic: MarketTopic, (from, to): (Timestamp, Timestamp), cause: &str) -> MarketItem {
    MarketItem::Event(to, Event::Gap(Gap { topic, from, to, cause: cause.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use qtp_core::{InstrumentId, Price, Quantity, Quote, Trade};

    fn id() -> InstrumentId {
        "BTC-USD@sim".parse().unwrap()
    }

    fn quote(second: i64) -> MarketItem {
        let (instrument, time) = (id(), Timestamp::from_secs(second));
        let price = |cents: i64| Price::new(cents.into()).unwrap();
        let quantity = Quantity::new(1.into()).unwrap();
        let (bid, ask) = (price(100 + second), price(101 + second));
        let quote = Quote { instrument, time, bid, bid_quantity: quantity, ask, ask_quantity: quantity };
        MarketItem::Event(time, Event::Quote(quote))
    }

    fn trade(second: i64) -> MarketItem {
        let (instrument, time) = (id(), Timestamp::from_secs(second));
        let (price, quantity) = (Price::new(100.into()).unwrap(), Quantity::new(1.into()).unwrap());
        MarketItem::Event(time, Event::Trade(Trade { instrument, time, price, quantity, taker: None }))
    }

    fn all(inbox: &MarketInbox) -> Vec<MarketItem> {
        std::iter::from_fn(|| inbox.pop().map(|(_, item)| item)).collect()
    }

    fn lost(topic: MarketTopic, from: i64, to: i64, cause: &str) -> MarketItem {
        gap(topic, (Timestamp::from_secs(from), Timestamp::from_secs(to)), cause)
    }

    #[test]
    fn the_newest_quote_wins_and_the_lag_is_told() {
        let inbox = MarketInbox::new(4);
        for second in 1..=3 {
            inbox.push(0, quote(second));
        }
        inbox.push(1, quote(9));
        assert_eq!(all(&inbox), [lost(MarketTopic::Quotes(id()), 1, 3, "lag"), quote(3), quote(9)]);
        inbox.push(0, quote(4));
        assert_eq!(all(&inbox), [quote(4)]);
    }

    #[test]
    fn prints_beyond_the_room_become_a_gap() {
        let inbox = MarketInbox::new(2);
        for second in 1..=4 {
            inbox.push(0, trade(second));
        }
        let topic = || MarketTopic::Trades(id());
        assert_eq!(inbox.pop(), Some((0, trade(1))));
        inbox.push(0, trade(5));
        assert_eq!(all(&inbox), [trade(2), lost(topic(), 3, 5, "overflow"), trade(5)]);
        for second in 6..=9 {
            inbox.push(0, trade(second));
        }
        assert_eq!(all(&inbox), [trade(6), trade(7), lost(topic(), 8, 9, "overflow")]);
    }
}

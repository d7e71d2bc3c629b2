//! Bounded streams of events.

use tokio::sync::mpsc;

use crate::error::ExchangeError;
use crate::event::Event;
use crate::time::Timestamp;

/// An event with the venue's time. The driver adds ours.
type StreamItem = (Timestamp, Event);

/// Market events.
pub type MarketStream = EventStream;
/// Account events.
pub type AccountStream = EventStream;

/// The reading end of a bounded channel of events. `next` is cancel safe.
#[derive(Debug)]
pub struct EventStream {
    receiver: mpsc::Receiver<StreamItem>,
}

impl EventStream {
    /// A stream and the end that feeds it.
    pub fn channel(capacity: usize) -> (StreamSender, Self) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        (StreamSender { sender }, Self { receiver })
    }

    /// The next event; `None` once the sender is gone and all was read.
    pub async fn next(&mut self) -> Option<(Timestamp, Event)> {
        self.receiver.recv().await
    }

    /// The next event if it is there already.
    pub fn try_next(&mut self) -> Option<(Timestamp, Event)> {
        self.receiver.try_recv().ok()
    }
}

/// The writing end.
#[derive(Debug, Clone)]
pub struct StreamSender {
    sender: mpsc::Sender<StreamItem>,
}

impl StreamSender {
    /// Waits for room, then sends: nothing is dropped.
    ///
    /// # Errors
    /// [`ExchangeError::Closed`] if the reader is gone.
    pub async fn send(&self, event_time: Timestamp, event: Event) -> Result<(), ExchangeError> {
        let sent = self.sender.send((event_time, event)).await;
        sent.map_err(|_| ExchangeError::Closed { operation: "stream" })
    }

    /// Waits until the reader is gone. Cancel safe.
    pub async fn closed(&self) {
        self.sender.closed().await;
    }

    /// Sends if there is room. Returns false if the event was not taken.
    pub fn try_send(&self, event_time: Timestamp, event: Event) -> bool {
        self.sender.try_send((event_time, event)).is_ok()
    }
}

//! The state behind a paper exchange, shared by its calls and its market streams.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use qtp_core::port::{AccountStream, EventStream, StreamSender};
use qtp_core::{Event, MarketTopic, Timestamp};

use super::feed::Feed;
use crate::sim::SimVenue;

/// Room of an account stream. When it is full the venue stands still: nothing is dropped.
const ACCOUNT_ROOM: usize = 1_024;

#[derive(Debug)]
pub(super) struct State {
    pub venue: SimVenue,
    pub feed: Feed,
    /// Topics that a stream shows to the venue already.
    pub fed: BTreeSet<MarketTopic>,
    /// Account events that no stream has got yet, oldest first.
    waiting: VecDeque<(Timestamp, Event)>,
    scratch: Vec<(Timestamp, Event)>,
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Held while events are sent, so that they leave in the order in which they happened.
    streams: tokio::sync::Mutex<Vec<StreamSender>>,
}

impl Shared {
    pub(super) fn new(venue: SimVenue, feed: Feed, pending: Vec<(Timestamp, Event)>) -> Self {
        let (fed, waiting) = (BTreeSet::new(), pending.into());
        let state = Mutex::new(State { venue, feed, fed, waiting, scratch: Vec::new() });
        Self { state, streams: tokio::sync::Mutex::new(Vec::new()) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `act` change the venue, and sends what came of it.
    pub(super) async fn act<T>(
        &self,
        act: impl FnOnce(&mut SimVenue, Timestamp, &mut Vec<(Timestamp, Event)>) -> T,
    ) -> T {
        let result = {
            let mut state = self.lock();
            let State { venue, feed, waiting, scratch, .. } = &mut *state;
            let result = act(venue, feed.now(), scratch);
            waiting.extend(scratch.drain(..));
            result
        };
        self.flush().await;
        result
    }

    /// Shows a market event to the venue, and sends what came of it.
    pub(super) async fn show(&self, time: Timestamp, event: &Event) {
        {
            let mut state = self.lock();
            let State { venue, feed, waiting, scratch, .. } = &mut *state;
            feed.show(venue, time, event, scratch);
            waiting.extend(scratch.drain(..));
        }
        self.flush().await;
    }

    /// Sends waiting events to all streams. If this is dropped half-way, the next call goes on: an event leaves the
    /// queue only when it is on its way.
    async fn flush(&self) {
        let mut streams = self.streams.lock().await;
        loop {
            if streams.is_empty() {
                return self.forget();
            }
            let Some((time, event)) = self.lock().waiting.front().cloned() else { return };
            let mut gone = Vec::new();
            for (place, stream) in streams.iter().enumerate() {
                if stream.send(time, event.clone()).await.is_err() {
                    gone.push(place);
                }
            }
            for place in gone.into_iter().rev() {
                streams.remove(place);
            }
            self.lock().waiting.pop_front();
        }
    }

    /// Without a listener only the latest events are kept: a stream that was cut and comes back gets them.
    fn forget(&self) {
        let mut state = self.lock();
        while state.waiting.len() > ACCOUNT_ROOM {
            state.waiting.pop_front();
        }
    }

    /// A new account stream. The first one also gets what happened before anybody listened.
    pub(super) async fn listen(&self) -> AccountStream {
        let mut streams = self.streams.lock().await;
        let room = ACCOUNT_ROOM + self.lock().waiting.len();
        let (sender, stream) = EventStream::channel(room);
        if streams.is_empty() {
            let waiting = std::mem::take(&mut self.lock().waiting);
            for (time, event) in waiting {
                // The channel was made with room for them.
                let taken = sender.try_send(time, event);
                debug_assert!(taken, "room for what waits");
            }
        }
        streams.push(sender);
        stream
    }
}

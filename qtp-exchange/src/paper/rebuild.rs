//! A paper exchange from the journal of its run.

use std::collections::VecDeque;

use qtp_core::port::JournalRecord;
use qtp_core::{Event, EventRecord, Intent, Timestamp};

use super::feed::Feed;
use crate::sim::SimVenue;

/// How many market events may have been on their way to the journal while the venue had seen them.
const AHEAD: usize = 64;

/// How a rebuild went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// Account events in the journal that the replay did not give. Above zero if the journal lacks market events
    /// that the venue had seen, or if settings differ.
    pub differences: usize,
    /// Account events that the replay gave and the journal lacks: the run ended before it took them in. The first
    /// account stream delivers them.
    pub pending: usize,
}

/// Replays market facts and intents, and pairs the account events that come of them with the recorded ones.
///
/// A fill stands in the journal before the market event that made it, for the venue had seen that event first. So a
/// recorded account event that has not come yet pulls the next market events forward, until one of them gives it.
#[derive(Debug, Clone)]
struct Replay {
    venue: SimVenue,
    feed: Feed,
    given: VecDeque<(Timestamp, Event)>,
    /// Market events before this place were shown.
    shown: usize,
    differences: usize,
}

/// What a rebuild comes to.
pub(super) type Outcome = (SimVenue, Feed, Vec<(Timestamp, Event)>, Rebuilt);

/// Replays a journal on the venue with which its run began.
pub(super) fn replay(venue: SimVenue, records: &[JournalRecord]) -> Outcome {
    let (feed, given) = (Feed::default(), VecDeque::new());
    let mut replay = Replay { venue, feed, given, shown: 0, differences: 0 };
    for (place, record) in records.iter().enumerate() {
        match record {
            JournalRecord::Command(command) => {
                let arrived = first_report(&command.intent, &records[place..]);
                replay.carry_out(&command.intent, command.time, arrived);
            }
            JournalRecord::Event(record) if is_ours(&record.event) => {
                replay.expect(&record.event, records, place)
            }
            JournalRecord::Event(_) if place >= replay.shown => replay.show(records, place),
            JournalRecord::Event(_) => {}
        }
    }
    let rebuilt = Rebuilt { differences: replay.differences, pending: replay.given.len() };
    (replay.venue, replay.feed, replay.given.into(), rebuilt)
}

/// True for what the venue itself says.
const fn is_ours(event: &Event) -> bool {
    matches!(event, Event::OrderReport(_) | Event::Fill(_) | Event::Funding(_))
}

/// When the venue first spoke of an order that is submitted here.
fn first_report(intent: &Intent, records: &[JournalRecord]) -> Option<Timestamp> {
    let Intent::Submit(group) = intent else { return None };
    let id = group.first().client_order_id;
    records.iter().find_map(|record| match record {
        JournalRecord::Event(EventRecord { event: Event::OrderReport(report), .. })
            if report.client_order_id == Some(id) =>
        {
            Some(report.time)
        }
        _ => None,
    })
}

impl Replay {
    fn show(&mut self, records: &[JournalRecord], place: usize) {
        self.shown = place + 1;
        let Some(JournalRecord::Event(record)) = records.get(place) else { return };
        let mut out = Vec::new();
        self.feed.show(&mut self.venue, record.event_time, &record.event, &mut out);
        self.given.extend(out);
    }

    /// `sent` is what the record says; when the order arrived, its first report does.
    fn carry_out(&mut self, intent: &Intent, sent: Timestamp, arrived: Option<Timestamp>) {
        let (now, mut out) = (self.feed.now(), Vec::new());
        match intent {
            Intent::Submit(group) => {
                let sent = arrived.map_or(now.max(sent), |arrived| arrived - self.venue.next_delay());
                self.venue.submit(group, sent, &mut out);
            }
            Intent::Cancel(request) => self.venue.cancel(request, now, &mut out),
            // A refusal went to the caller, not to the account stream.
            Intent::Modify(request) => drop(self.venue.try_modify(request, now, &mut out)),
            Intent::SetLeverage(request) => self.venue.set_leverage(request, now, &mut out),
            _ => {}
        }
        self.given.extend(out);
    }

    fn expect(&mut self, recorded: &Event, records: &[JournalRecord], place: usize) {
        if self.pair(recorded) {
            return;
        }
        let mut ahead = self.clone();
        let market = |record: &JournalRecord| matches!(record, JournalRecord::Event(record) if !is_ours(&record.event));
        let from = self.shown.max(place);
        let coming = records.iter().enumerate().skip(from).filter(|(_, record)| market(record));
        for (next, _) in coming.take(AHEAD) {
            ahead.show(records, next);
            if ahead.pair(recorded) {
                *self = ahead;
                return;
            }
        }
        self.differences += 1;
    }

    /// Takes out the given event that equals a recorded one.
    fn pair(&mut self, recorded: &Event) -> bool {
        let found = self.given.iter().position(|(_, event)| event == recorded);
        found.is_some_and(|place| self.given.remove(place).is_some())
    }
}

//! From a journal to the story of each decision.

use std::collections::BTreeMap;
use std::path::Path;

use qtp_core::port::JournalRecord;
use qtp_core::{
    ClientOrderId, CommandRecord, DecisionOutcome, Event, EventRecord, Fill, Intent, Notice, OrderRequest,
    Timestamp,
};
use serde::Serialize;

use crate::exit::Failure;
use crate::replay::{Records, journal_of};

/// One decision with what followed from it.
#[derive(Debug, Clone, Serialize)]
pub struct Story {
    /// Record of the answer in the journal: the decision's number.
    pub seq: u64,
    /// When the answer reached the engine.
    pub time: Timestamp,
    /// The answer, with calls and findings.
    pub outcome: DecisionOutcome,
    /// What the engine said at once: sizes, reductions, denials, what was void.
    pub notices: Vec<Notice>,
    /// The orders that it sent at once.
    pub orders: Vec<OrderRequest>,
    /// Executions of those orders.
    pub fills: Vec<Fill>,
    /// Closed round trips that those executions opened or closed, as `trades.csv` has them.
    pub trips: Vec<Trip>,
}

/// A closed round trip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trip {
    /// Instrument.
    pub instrument: String,
    /// `long` or `short`.
    pub side: String,
    /// When it began.
    pub entry_time: String,
    /// When it ended.
    pub exit_time: String,
    /// Profit after fees and funding.
    pub net: String,
}

/// Every decision of a run, in order.
///
/// # Errors
/// A journal that cannot be read.
pub fn read(path: &Path) -> Result<Vec<Story>, Failure> {
    let journal = journal_of(path);
    let mut records = Records::open(&journal)?;
    let mut stories = Vec::new();
    let mut owners: BTreeMap<ClientOrderId, usize> = BTreeMap::new();
    while let Some(record) = records.next()? {
        match record {
            JournalRecord::Event(record) => take_event(record, &mut stories, &owners),
            JournalRecord::Command(record) => take_command(record, &mut stories, &mut owners),
        }
    }
    let trips = trips(path)?;
    for story in &mut stories {
        story.trips = trips.iter().filter(|trip| belongs(trip, &story.fills)).cloned().collect();
    }
    Ok(stories)
}

fn take_event(record: EventRecord, stories: &mut Vec<Story>, owners: &BTreeMap<ClientOrderId, usize>) {
    let EventRecord { seq, receive_time: time, event, .. } = record;
    match event {
        Event::Decision(outcome) => stories.push(Story {
            seq,
            time,
            outcome: *outcome,
            notices: Vec::new(),
            orders: Vec::new(),
            fills: Vec::new(),
            trips: Vec::new(),
        }),
        Event::Fill(fill) => {
            let owner = fill.client_order_id.and_then(|id| owners.get(&id));
            if let Some(story) = owner.and_then(|index| stories.get_mut(*index)) {
                story.fills.push(fill);
            }
        }
        _ => {}
    }
}

fn take_command(record: CommandRecord, stories: &mut [Story], owners: &mut BTreeMap<ClientOrderId, usize>) {
    let last = stories.len().wrapping_sub(1);
    // What a decision causes follows it at once.
    let Some(story) = stories.last_mut().filter(|story| story.seq == record.caused_by) else { return };
    match record.intent {
        Intent::Publish(notice) => story.notices.push(notice),
        Intent::Submit(group) => {
            for order in group.orders() {
                owners.insert(order.client_order_id, last);
                story.orders.push(order.clone());
            }
        }
        _ => {}
    }
}

fn belongs(trip: &Trip, fills: &[Fill]) -> bool {
    fills.iter().any(|fill| {
        let time = fill.time.to_string();
        trip.instrument == fill.instrument.as_str() && (trip.entry_time == time || trip.exit_time == time)
    })
}

/// The closed round trips of a run that has ended; none while it goes on.
fn trips(path: &Path) -> Result<Vec<Trip>, Failure> {
    let file = path.join("trades.csv");
    let Ok(text) = std::fs::read_to_string(&file) else { return Ok(Vec::new()) };
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let place = |name: &str| {
        let place = header.iter().position(|column| *column == name);
        place.ok_or_else(|| format!("{}: line 1: there is no column {name}", file.display()))
    };
    let places = ["instrument", "side", "entry_time", "exit_time", "net"].map(place);
    let [instrument, side, entry_time, exit_time, net] = places;
    let (instrument, side, net) = (instrument?, side?, net?);
    let (entry_time, exit_time) = (entry_time?, exit_time?);
    let trip = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |place: usize| cells.get(place).copied().unwrap_or_default().to_owned();
        Trip {
            instrument: cell(instrument),
            side: cell(side),
            entry_time: cell(entry_time),
            exit_time: cell(exit_time),
            net: cell(net),
        }
    };
    Ok(lines.map(trip).collect())
}

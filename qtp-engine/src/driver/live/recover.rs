//! A run goes on: the engine from recorded facts, what was under way from recorded intents.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use qtp_core::port::JournalRecord;
use qtp_core::{
    AccountId, CancelRequest, Command, CommandRecord, DecisionRequest, DecisionResult, Event, EventRecord,
    Order, OrderStatus, Reason, RunResumed, StoreError, TimerId, Timestamp,
};

use super::decide;
use super::driver::LiveDriver;
use super::setup::LiveSetup;
use crate::driver::compare::{describe, same};
use crate::error::EngineError;

/// What an earlier part of the run left open.
#[derive(Debug, Default)]
pub(super) struct Past {
    last_seq: u64,
    began: Timestamp,
    timers: BTreeSet<TimerId>,
    decisions: BTreeMap<u64, Box<DecisionRequest>>,
    fills: BTreeMap<AccountId, Timestamp>,
}

impl LiveDriver {
    /// A run that goes on after a stop or crash: `setup` as at its start, and its journal.
    ///
    /// The facts go through the engine again and its commands are compared with the journal, not sent. Commands of
    /// the last fact that the journal lost are written now. When the driver runs, everything without an outcome is
    /// looked up: orders at the venue, decisions as hold, timers armed again.
    ///
    /// # Errors
    /// As [`LiveDriver::new`]; [`EngineError::Difference`] if the engine wants something else than the journal holds;
    /// [`EngineError::OutOfSequence`] if records are missing; [`EngineError::Journal`] if one cannot be read.
    pub fn recover(
        setup: LiveSetup,
        records: impl IntoIterator<Item = Result<JournalRecord, StoreError>>,
    ) -> Result<Self, EngineError> {
        let mut driver = Self::new(setup)?;
        let (mut past, mut expected, mut cause) = (Past::default(), VecDeque::new(), None);
        for record in records {
            let record = record?;
            let next = driver.core.next_seq;
            if record.seq() != next {
                return Err(EngineError::OutOfSequence { seq: record.seq(), last: next.saturating_sub(1) });
            }
            past.last_seq = next;
            match record {
                JournalRecord::Event(record) => {
                    if let Some(command) = expected.pop_front() {
                        let recorded = describe(&JournalRecord::Event(record));
                        return Err(differs(next, recorded, intent(next, None, &command)));
                    }
                    driver.past_event(&record, &mut past)?;
                    expected.extend(driver.core.retake(&record)?);
                    cause = Some(record);
                }
                JournalRecord::Command(record) => {
                    let Some(command) = expected.pop_front() else {
                        let recorded = describe(&JournalRecord::Command(record));
                        return Err(EngineError::Difference {
                            seq: next,
                            recorded,
                            replayed: "nothing".to_owned(),
                        });
                    };
                    let wanted = intent(next, cause.as_ref(), &command);
                    let recorded = JournalRecord::Command(record);
                    if !same(&recorded, &wanted) {
                        return Err(differs(next, describe(&recorded), wanted));
                    }
                    past.note(&command);
                    driver.core.renote(None, &command)?;
                }
            }
        }
        let Some(cause) = cause else { return Ok(driver) };
        for command in expected {
            past.note(&command);
            driver.core.renote(Some(&cause), &command)?;
        }
        driver.past = Some(past);
        Ok(driver)
    }

    fn past_event(&mut self, record: &EventRecord, past: &mut Past) -> Result<(), EngineError> {
        match &record.event {
            Event::RunStarted(start) => {
                if start.run_id != self.core.engine.run_id() {
                    let problem = format!("the journal is of run {}", start.run_id);
                    return Err(EngineError::Snapshot { problem });
                }
                past.began = record.receive_time;
            }
            Event::Candles(batch) => batch.candles.iter().for_each(|candle| self.barrier.know(candle)),
            Event::Timer(timer) => drop(past.timers.remove(timer)),
            Event::Decision(outcome) => drop(past.decisions.remove(&outcome.request)),
            Event::Fill(fill) => {
                let last = past.fills.entry(fill.account.clone()).or_default();
                *last = fill.time.max(*last);
            }
            _ => {}
        }
        Ok(())
    }

    /// The first records of this part of the run.
    pub(super) fn begin(&mut self) -> Result<(), EngineError> {
        let Some(start) = self.start.take() else { return Ok(()) };
        let began = self.core.now();
        let Some(past) = self.past.take() else {
            for link in &mut self.links {
                link.since = began;
            }
            self.feed_now(Event::RunStarted(Box::new(start)))?;
            return self.core.sync();
        };
        for link in &mut self.links {
            link.since = past.began;
            link.last_fill = past.fills.get(&link.account).copied().unwrap_or(past.began);
        }
        let (version, last_seq) = (start.version, past.last_seq);
        self.feed_now(Event::RunResumed(RunResumed { version, last_seq }))?;
        for link in 0..self.links.len() {
            let account = Some(self.links[link].account.clone());
            let reason = Reason::new("starting", "the account was not compared with its venue yet");
            self.feed_now(Event::Connection { account, topic: None, healthy: false, reason })?;
        }
        self.core.sync()?;
        past.timers.iter().for_each(|timer| self.arm(*timer));
        for request in past.decisions.values() {
            let hold = DecisionResult::Hold(Reason::new("restarted", "the run ended before the answer"));
            self.feed_now(Event::Decision(Box::new(decide::outcome(request, hold))))?;
        }
        (0..self.links.len()).try_for_each(|link| self.resume_orders(link))
    }

    /// An order without an answer has an unknown outcome; a cancel is sent again.
    fn resume_orders(&mut self, link: usize) -> Result<(), EngineError> {
        let Some(account) = self.core.engine.state().account(&self.links[link].account) else {
            return Ok(());
        };
        let orders: Vec<Order> = account.orders.values().cloned().collect();
        for order in orders {
            let request = order.request();
            let id = request.client_order_id;
            if order.status() == OrderStatus::Pending {
                self.resume_order(link, request)?;
            }
            if order.cancel_requested().is_some() {
                let (account, instrument) = (request.account.clone(), request.instrument.clone());
                self.cancel(CancelRequest { client_order_id: id, account, instrument });
            }
        }
        Ok(())
    }
}

impl Past {
    fn note(&mut self, command: &Command) {
        match command {
            Command::SetTimer(timer) => drop(self.timers.insert(*timer)),
            Command::RequestDecision(request) => drop(self.decisions.insert(request.id, request.clone())),
            _ => {}
        }
    }
}

fn intent(seq: u64, cause: Option<&EventRecord>, command: &Command) -> JournalRecord {
    let (time, caused_by) = cause.map_or((Timestamp::EPOCH, 0), |cause| (cause.receive_time, cause.seq));
    JournalRecord::Command(CommandRecord { seq, time, caused_by, intent: command.intent() })
}

fn differs(seq: u64, recorded: String, replayed: JournalRecord) -> EngineError {
    EngineError::Difference { seq, recorded, replayed: describe(&replayed) }
}

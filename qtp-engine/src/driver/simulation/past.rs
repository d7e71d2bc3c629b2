//! The part of a run that happened before: gone through again and compared, record by record.

use std::collections::BTreeMap;

use qtp_core::port::JournalRecord;
use qtp_core::{DecisionOutcome, Event, StoreError};

use super::{Observer, Simulation};
use crate::driver::compare::{describe, same};
use crate::error::EngineError;

/// What happened in an earlier part of the run.
pub(super) type Past = Box<dyn Iterator<Item = Result<JournalRecord, StoreError>> + Send>;

impl Simulation {
    /// Sets what happened before: the run goes through it again before anything new is journaled.
    /// `decisions` are the answers that it holds, by request.
    pub fn set_past(
        &mut self,
        records: impl Iterator<Item = Result<JournalRecord, StoreError>> + Send + 'static,
        decisions: BTreeMap<u64, DecisionOutcome>,
    ) {
        let records: Past = Box::new(records);
        self.past = Some(records.peekable());
        self.past_decisions = decisions;
    }

    /// True while the run still goes through its past.
    pub fn in_past(&mut self) -> bool {
        let over = self.past.as_mut().is_some_and(|past| past.peek().is_none());
        if over {
            self.past = None;
        }
        self.past.is_some()
    }

    /// While the past lasts, a record is compared with it; afterwards it is journaled.
    pub(super) fn write(&mut self, record: JournalRecord) -> Result<(), EngineError> {
        if self.in_past()
            && let Some(stored) = self.past.as_mut().and_then(Iterator::next).transpose()?
        {
            if !same(&stored, &record) {
                let seq = stored.seq();
                let (recorded, replayed) = (describe(&stored), describe(&record));
                return Err(EngineError::Difference { seq, recorded, replayed });
            }
            return Ok(());
        }
        match &mut self.journal {
            Some(journal) => Ok(journal.append(&record)?),
            None => Ok(()),
        }
    }

    /// Facts from outside come back at the place in the sequence where they stood.
    pub(super) fn inject_past(&mut self, observer: &mut dyn Observer) -> Result<(), EngineError> {
        while self.in_past() {
            let Some(past) = &mut self.past else { break };
            let Some(Ok(JournalRecord::Event(record))) = past.peek() else { break };
            let outside = matches!(
                record.event,
                Event::RunStarted(_)
                    | Event::RunResumed(_)
                    | Event::DataRef(_)
                    | Event::Operator(_)
                    | Event::CashFlow { .. }
                    | Event::Stopped(_)
            );
            if !outside || record.seq != self.next_seq {
                break;
            }
            let record = record.clone();
            self.now = self.now.max(record.receive_time);
            self.deliver(&record, observer)?;
        }
        Ok(())
    }
}

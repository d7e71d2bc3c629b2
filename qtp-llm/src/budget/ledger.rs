//! What was used within each span, and what is reserved for calls under way.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use qtp_core::{Decimal, Timestamp};
use serde::{Deserialize, Serialize};

use crate::caps::{BudgetCaps, Cap};
use crate::error::LlmError;
use crate::model::CallContext;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Decisions that are under way at a time: older ones have ended.
const DECISIONS_MAX: usize = 256;

/// Tokens and dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// USD, as far as prices are known.
    pub usd: Decimal,
}

/// One book for all models of a run.
///
/// A reservation counts as spent until it is settled. One that is never settled, because the call was given up and
/// nobody knows whether it is billed, stays: the ledger may count too much, never too little.
#[derive(Debug)]
pub struct Ledger {
    caps: BudgetCaps,
    path: Option<PathBuf>,
    books: Mutex<Books>,
}

/// What is reserved for one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reservation {
    decision: u64,
    hour: i64,
    day: i64,
    amount: Spent,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Books {
    run: Spent,
    /// The day, counted from 1970, and what was used on it.
    day: (i64, Spent),
    hour: (i64, Spent),
    /// Not stored: decisions do not outlive a process.
    #[serde(skip)]
    decisions: Vec<(u64, Spent)>,
}

impl Ledger {
    /// A ledger that ends with its process.
    pub fn new(caps: BudgetCaps) -> Self {
        Self { caps, path: None, books: Mutex::default() }
    }

    /// A ledger that goes on where the file ends; the file is made if it is not there.
    ///
    /// # Errors
    /// [`LlmError::File`] if the file cannot be read or written, [`LlmError::Recording`] if it is no ledger.
    pub fn open(caps: BudgetCaps, path: impl AsRef<Path>) -> Result<Self, LlmError> {
        let path = path.as_ref().to_path_buf();
        let books = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| LlmError::Recording {
                path: path.clone(),
                line: error.line(),
                problem: format!("not a budget ledger: {error}"),
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Books::default(),
            Err(source) => {
                return Err(LlmError::File { path, operation: "read it", source: Box::new(source) });
            }
        };
        let ledger = Self { caps, path: Some(path), books: Mutex::new(books) };
        ledger.store(&ledger.lock())?;
        Ok(ledger)
    }

    /// The caps.
    pub const fn caps(&self) -> &BudgetCaps {
        &self.caps
    }

    /// What the run used so far, reservations included.
    pub fn spent(&self) -> Spent {
        self.lock().run
    }

    /// Sets `amount` aside in every span, or says which cap is in the way.
    pub(super) fn reserve(&self, context: &CallContext, amount: Spent) -> Result<Reservation, String> {
        let mut books = self.lock();
        // A late call of an older decision counts now: the span that it belongs to has been closed.
        let reservation = Reservation {
            decision: context.decision,
            hour: span(context.as_of, HOUR).max(books.hour.0),
            day: span(context.as_of, DAY).max(books.day.0),
            amount,
        };
        let mut after = books.clone();
        after.enter(&reservation);
        for (name, cap, spent) in [
            ("decision", self.caps.decision, after.decision(reservation.decision)),
            ("hour", self.caps.hour, after.hour.1),
            ("day", self.caps.day, after.day.1),
            ("run", self.caps.run, after.run),
        ] {
            check(name, cap, spent)?;
        }
        // A crash right after this still counts the call.
        self.store(&after).map_err(|error| error.to_string())?;
        *books = after;
        Ok(reservation)
    }

    /// Puts what was used in the place of what was reserved.
    pub(super) fn settle(&self, reservation: &Reservation, used: Spent) {
        let mut books = self.lock();
        books.settle(reservation, used);
        if let Err(error) = self.store(&books) {
            tracing::error!(%error, "the budget's ledger was not written");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self, books: &Books) -> Result<(), LlmError> {
        let Some(path) = &self.path else { return Ok(()) };
        let failed =
            |source: qtp_core::Source| LlmError::File { path: path.clone(), operation: "write it", source };
        let bytes = serde_json::to_vec(books).map_err(|error| failed(Box::new(error)))?;
        let beside = path.with_extension("new");
        fs::write(&beside, bytes).map_err(|error| failed(Box::new(error)))?;
        fs::rename(&beside, path).map_err(|error| failed(Box::new(error)))
    }
}

impl Books {
    fn enter(&mut self, reservation: &Reservation) {
        if self.hour.0 != reservation.hour {
            self.hour = (reservation.hour, Spent::default());
        }
        if self.day.0 != reservation.day {
            self.day = (reservation.day, Spent::default());
        }
        if self.decisions.iter().all(|(id, _)| *id != reservation.decision) {
            if self.decisions.len() == DECISIONS_MAX {
                self.decisions.remove(0);
            }
            self.decisions.push((reservation.decision, Spent::default()));
        }
        self.each(reservation, |spent| spent.add(reservation.amount));
    }

    fn settle(&mut self, reservation: &Reservation, used: Spent) {
        self.each(reservation, |spent| {
            spent.subtract(reservation.amount);
            spent.add(used);
        });
    }

    /// Every span that the reservation fell into and that has not ended since.
    fn each(&mut self, reservation: &Reservation, change: impl Fn(&mut Spent)) {
        change(&mut self.run);
        if self.hour.0 == reservation.hour {
            change(&mut self.hour.1);
        }
        if self.day.0 == reservation.day {
            change(&mut self.day.1);
        }
        if let Some((_, spent)) = self.decisions.iter_mut().find(|(id, _)| *id == reservation.decision) {
            change(spent);
        }
    }

    fn decision(&self, id: u64) -> Spent {
        self.decisions.iter().find(|(known, _)| *known == id).map(|(_, spent)| *spent).unwrap_or_default()
    }
}

impl Spent {
    fn add(&mut self, other: Self) {
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.usd = self.usd.saturating_add(other.usd);
    }

    fn subtract(&mut self, other: Self) {
        self.tokens = self.tokens.saturating_sub(other.tokens);
        self.usd = self.usd.saturating_sub(other.usd);
    }
}

fn check(name: &str, cap: Cap, spent: Spent) -> Result<(), String> {
    if let Some(tokens) = cap.tokens.filter(|tokens| spent.tokens > *tokens) {
        return Err(format!("{name}: {tokens} tokens, and {} with this call", spent.tokens));
    }
    match cap.usd.filter(|usd| spent.usd > *usd) {
        Some(usd) => Err(format!("{name}: {usd} USD, and up to {} with this call", spent.usd.normalize())),
        None => Ok(()),
    }
}

fn span(time: Timestamp, seconds: i64) -> i64 {
    time.as_nanos().div_euclid(seconds * 1_000_000_000)
}

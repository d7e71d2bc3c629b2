//! A recorder as a value, for checkpoints.

use qtp_core::{InstrumentId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Book, Recorder};
use crate::stats::{CandleCurve, EquityStats, TradeLedger};

/// What a recorder has counted so far. Floats that may be no number stand as their bits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecorderState {
    ledger: TradeLedger,
    equity: Option<EquityStats>,
    books: Vec<BookState>,
    balance: u64,
    candles: u64,
    orders: u64,
    max_participation: u64,
    first_fill: Option<Timestamp>,
    waiting: Option<(Timestamp, u64)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BookState {
    instrument: InstrumentId,
    /// Quantity, cost, close, first close, filled.
    numbers: [u64; 5],
    chart: CandleCurve,
}

impl Recorder {
    /// A copy of everything that the statistics rest on.
    pub fn save(&self) -> RecorderState {
        let book = |book: &Book| BookState {
            instrument: book.instrument.clone(),
            numbers: [book.quantity, book.cost, book.close, book.first, book.filled].map(f64::to_bits),
            chart: book.chart.clone(),
        };
        RecorderState {
            ledger: self.ledger.clone(),
            equity: self.equity.clone(),
            books: self.books.iter().map(book).collect(),
            balance: self.balance.to_bits(),
            candles: self.candles,
            orders: self.orders,
            max_participation: self.max_participation.to_bits(),
            first_fill: self.first_fill,
            waiting: self.waiting.map(|(time, equity)| (time, equity.to_bits())),
        }
    }

    /// Goes on where a recorder of the same account and settings was saved. The sink stays.
    pub fn restore(&mut self, saved: RecorderState) {
        let book = |saved: BookState| {
            let [quantity, cost, close, first, filled] = saved.numbers.map(f64::from_bits);
            let (instrument, chart) = (saved.instrument, saved.chart);
            Book { instrument, quantity, cost, close, first, filled, chart }
        };
        self.ledger = saved.ledger;
        self.equity = saved.equity;
        self.books = saved.books.into_iter().map(book).collect();
        self.balance = f64::from_bits(saved.balance);
        (self.candles, self.orders) = (saved.candles, saved.orders);
        self.max_participation = f64::from_bits(saved.max_participation);
        self.first_fill = saved.first_fill;
        self.waiting = saved.waiting.map(|(time, equity)| (time, f64::from_bits(equity)));
    }
}

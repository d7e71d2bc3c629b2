//! Watches a run for its statistics: round trips, equity curve, participation.

mod state;

use std::time::Duration;

use qtp_core::{
    AccountId, Command, Event, EventRecord, Fill, InstrumentId, Notional, Ohlcv, OrderRole, Timeframe,
    Timestamp,
};

pub use self::state::RecorderState;
use super::Observer;
use crate::engine::Engine;
use crate::stats::{CandleCurve, DayCount, EquityStats, Keep, TradeLedger};

/// What a recorder keeps.
#[derive(Debug, Clone, Copy)]
pub struct RecorderSettings {
    /// Which round trips stay in memory.
    pub keep: Keep,
    /// How daily figures become yearly ones.
    pub days: DayCount,
    /// Width of the candles that mark the equity.
    pub timeframe: Timeframe,
    /// Whether price charts are kept.
    pub charts: bool,
}

/// Where each mark of the equity goes besides the statistics.
pub type EquitySink = Box<dyn FnMut(Timestamp, f64) + Send>;

/// The statistics of one account's run.
///
/// The equity is marked at every close in floats, from exact balances and positions that are taken over
/// whenever an account event changes them; the final equity is exact.
pub struct Recorder {
    account: AccountId,
    settings: RecorderSettings,
    ledger: TradeLedger,
    equity: Option<EquityStats>,
    sink: Option<EquitySink>,
    books: Vec<Book>,
    balance: f64,
    candles: u64,
    orders: u64,
    max_participation: f64,
    first_fill: Option<Timestamp>,
    /// The newest mark: passed on once the next one comes.
    waiting: Option<(Timestamp, f64)>,
}

/// One instrument, in floats.
struct Book {
    instrument: InstrumentId,
    quantity: f64,
    cost: f64,
    close: f64,
    /// First close: the basket that is held beside the strategy counts from it.
    first: f64,
    /// Filled since the last candle.
    filled: f64,
    chart: CandleCurve,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Recorder {
    /// A recorder of an account that starts with what the engine holds now.
    pub fn new(engine: &Engine, account: AccountId, settings: RecorderSettings) -> Self {
        let book = |instrument: &InstrumentId| Book {
            instrument: instrument.clone(),
            quantity: 0.0,
            cost: 0.0,
            close: f64::NAN,
            first: f64::NAN,
            filled: 0.0,
            chart: CandleCurve::default(),
        };
        let mut recorder = Self {
            account,
            ledger: TradeLedger::new(settings.keep),
            settings,
            equity: None,
            sink: None,
            books: engine.state().instruments.keys().map(book).collect(),
            balance: 0.0,
            candles: 0,
            orders: 0,
            max_participation: 0.0,
            first_fill: None,
            waiting: None,
        };
        recorder.take_over(engine);
        recorder
    }

    /// Passes every mark of the equity on.
    pub fn set_equity_sink(&mut self, sink: EquitySink) {
        self.sink = Some(sink);
    }

    /// Round trips.
    pub const fn ledger(&self) -> &TradeLedger {
        &self.ledger
    }

    /// The equity curve; `None` before the first candle.
    pub const fn equity(&self) -> Option<&EquityStats> {
        self.equity.as_ref()
    }

    /// Candles of the marking timeframe.
    pub const fn candles(&self) -> u64 {
        self.candles
    }

    /// Orders that were sent.
    pub const fn orders(&self) -> u64 {
        self.orders
    }

    /// Largest share of a candle's volume that was filled in it; `None` if nothing was filled.
    pub fn max_participation(&self) -> Option<f64> {
        (self.max_participation > 0.0).then_some(self.max_participation)
    }

    /// Time of the first fill.
    pub const fn first_fill(&self) -> Option<Timestamp> {
        self.first_fill
    }

    /// Price chart of an instrument.
    pub fn chart(&self, instrument: &InstrumentId) -> Option<&CandleCurve> {
        self.books.iter().find(|book| book.instrument == *instrument).map(|book| &book.chart)
    }

    /// How long positions stood without the stop that was asked for.
    pub fn naked_time(&self, engine: &Engine) -> Duration {
        engine.naked_time(&self.account)
    }

    fn on_candles(&mut self, batch: &qtp_core::CandleBatch, time: Timestamp) {
        let Some(first) = batch.candles.first() else { return };
        if self.equity.is_none() {
            let start = first.open_time();
            self.equity = Some(EquityStats::new(start, self.balance, self.settings.days));
        }
        for candle in batch.candles.iter().filter(|candle| candle.timeframe() == self.settings.timeframe) {
            let ohlcv = candle.ohlcv();
            self.candles += 1;
            let charts = self.settings.charts;
            let Some(book) = self.books.iter_mut().find(|book| book.instrument == *candle.instrument())
            else {
                continue;
            };
            if charts {
                book.chart.push(candle.open_time(), &ohlcv);
            }
            if book.filled > 0.0 {
                let share = participation(book.filled, &ohlcv);
                self.max_participation = self.max_participation.max(share);
                book.filled = 0.0;
            }
            if book.first.is_nan() {
                book.first = ohlcv.close;
            }
            book.close = ohlcv.close;
        }
        let hold = self.basket();
        self.pass_on();
        self.waiting = Some((time, self.marked()));
        if let Some(stats) = &mut self.equity {
            stats.on_close(time, hold);
        }
    }

    /// Ends the recording: what happened after the last close (a position closed at the end) belongs to it.
    pub fn finish(&mut self) {
        if let Some((_, equity)) = self.waiting {
            let marked = self.marked();
            self.waiting =
                self.waiting.map(|(time, _)| (time, if marked.is_nan() { equity } else { marked }));
        }
        self.pass_on();
    }

    /// Price of what buy-and-hold holds: the one instrument, or the same money in each of several.
    fn basket(&self) -> f64 {
        match self.books.as_slice() {
            [only] => only.close,
            books => {
                let known = books.iter().filter(|book| !book.first.is_nan());
                let (sum, count) =
                    known.fold((0.0, 0.0), |(sum, n), book| (sum + book.close / book.first, n + 1.0));
                sum / count
            }
        }
    }

    fn marked(&self) -> f64 {
        let open = self.books.iter().filter(|book| book.quantity != 0.0);
        self.balance + open.map(|book| book.quantity * book.close - book.cost).sum::<f64>()
    }

    fn pass_on(&mut self) {
        let Some((time, equity)) = self.waiting.take() else { return };
        if let Some(stats) = &mut self.equity {
            stats.on_equity(time, equity);
        }
        if let Some(sink) = &mut self.sink {
            sink(time, equity);
        }
    }

    fn on_fill(&mut self, fill: &Fill, engine: &Engine) {
        self.first_fill.get_or_insert(fill.time);
        let state = engine.state();
        let (Some(instrument), Some(account)) =
            (state.instruments.get(&fill.instrument), state.account(&self.account))
        else {
            return;
        };
        let reporting = account.portfolio.reporting_currency();
        let mut fee_value = Notional::ZERO;
        for fee in std::iter::once(&fill.fee).chain(&fill.builder_fee) {
            let value = if fee.currency == reporting {
                fee.value
            } else if fee.currency == instrument.base {
                fee.value * fill.price.get() * instrument.multiplier
            } else {
                fee.value * state.market.rate(fee.currency).unwrap_or_default()
            };
            fee_value += Notional::from_decimal(value);
        }
        self.ledger.on_fill(fill, instrument, fee_value);
        let quantity = fill.quantity.to_f64();
        if let Some(book) = self.books.iter_mut().find(|book| book.instrument == fill.instrument) {
            book.filled += quantity;
        }
    }

    /// Takes balances and positions over from the exact account.
    fn take_over(&mut self, engine: &Engine) {
        let state = engine.state();
        let Some(account) = state.account(&self.account) else { return };
        let reporting = account.portfolio.reporting_currency();
        self.balance = account
            .portfolio
            .balances()
            .iter()
            .map(|(currency, value)| {
                let rate = if *currency == reporting { None } else { Some(state.market.rate(*currency)) };
                let value = rate.map_or(*value, |rate| *value * rate.unwrap_or_default());
                qtp_core::money::nearest_f64(value)
            })
            .sum();
        for book in &mut self.books {
            let position = account.portfolio.position(&book.instrument);
            let multiplier = state
                .instruments
                .get(&book.instrument)
                .map_or(1.0, |rules| qtp_core::money::nearest_f64(rules.multiplier));
            book.quantity = position.map_or(0.0, |position| position.quantity().to_f64() * multiplier);
            book.cost = position.map_or(0.0, |position| position.cost().to_f64());
        }
    }
}

impl Observer for Recorder {
    fn on_event(&mut self, record: &EventRecord, engine: &Engine) {
        match &record.event {
            Event::Candles(batch) => self.on_candles(batch, record.receive_time),
            Event::Fill(fill) if fill.account == self.account => {
                self.on_fill(fill, engine);
                self.take_over(engine);
            }
            Event::Funding(payment) if payment.account == self.account => {
                self.ledger.on_funding(payment, Notional::from_decimal(payment.amount.value));
                self.take_over(engine);
            }
            Event::CashFlow { account, amount } if *account == self.account => {
                self.take_over(engine);
                if let Some(equity) = &mut self.equity {
                    equity.on_cash_flow(qtp_core::money::nearest_f64(amount.value));
                }
            }
            Event::PositionAdjustment { .. } => self.take_over(engine),
            _ => {}
        }
    }

    fn on_command(&mut self, _seq: u64, command: &Command, engine: &Engine) {
        let Command::Submit(group) = command else { return };
        for order in group.get().orders() {
            self.orders += 1;
            let stop = order.kind.trigger().filter(|_| order.role == OrderRole::Stop);
            if let (Some(stop), Some(instrument)) = (stop, engine.state().instruments.get(&order.instrument))
            {
                self.ledger.note_stop(&order.account, instrument, stop.price);
            }
        }
    }
}

fn participation(filled: f64, candle: &Ohlcv) -> f64 {
    if candle.volume > 0.0 { filled / candle.volume } else { 0.0 }
}

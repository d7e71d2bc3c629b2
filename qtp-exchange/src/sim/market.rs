//! What the venue knows of one instrument.

use qtp_core::{
    Candle, Decimal, Instrument, OrderBook, OrderKind, Price, Quantity, Quote, Ratio, Timestamp,
    TriggerSource,
};
use serde::{Deserialize, Serialize};

use super::order::Working;

/// One instrument: its rules, its prices, its working orders in order of arrival.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Market {
    pub instrument: Instrument,
    pub leverage: Ratio,
    pub isolated: bool,
    /// Margin that was added to an isolated position, beyond what its opening locked; gone when it is flat.
    #[serde(default, skip_serializing_if = "Decimal::is_zero", with = "qtp_core::serde_decimal")]
    pub extra_margin: Decimal,
    /// Copy of the portfolio's net quantity: the hot path asks it for every candle.
    pub position: Quantity,
    pub orders: Vec<Working>,
    pub last: Option<Price>,
    pub quote: Option<Quote>,
    pub book: Option<OrderBook>,
    pub mark: Option<Price>,
    pub index: Option<Price>,
    pub mark_candle: Option<Candle>,
    pub phase: Phase,
    /// High, low and close time of a candle that trailing stops have not followed yet.
    pub extremes: Option<(Price, Price, Timestamp)>,
}

/// How far the present candle was worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Phase {
    pub open_time: Timestamp,
    /// Its range is being worked: what comes now has seen it.
    pub closing: bool,
    /// A position was opened inside its range: what takes its profit may not act any more.
    pub entered_inside: bool,
    /// A position grew inside its range: a stop that answers that may act.
    pub grew_inside: bool,
    /// Nothing happened since its range was last worked.
    pub settled: bool,
}

/// The prices at which orders can trade at one event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Print {
    pub time: Timestamp,
    /// What a buyer pays at the start of the event.
    pub buy: Price,
    /// What a seller gets at the start of the event.
    pub sell: Price,
    pub high: Price,
    pub low: Price,
    /// What was traded, where it is known.
    pub volume: Option<Quantity>,
    /// A resting limit gets the better price of a gap, not its own.
    pub improves: bool,
    /// Only prints of the tape fire triggers on the last price.
    pub is_tape: bool,
    /// Identifies the event for the share of its volume that an order may take.
    pub event: Timestamp,
}

impl Print {
    /// The first print of a candle.
    pub(super) fn open_of(candle: &Candle) -> Self {
        let open = candle.open();
        Self {
            time: candle.open_time(),
            buy: open,
            sell: open,
            high: open,
            low: open,
            volume: Some(candle.volume()),
            improves: true,
            is_tape: true,
            event: candle.open_time(),
        }
    }

    /// The range of a candle.
    pub(super) fn range_of(candle: &Candle) -> Self {
        let time = candle.close_time();
        // A venue may report an open outside its own range.
        let (high, low) = (candle.high().max(candle.open()), candle.low().min(candle.open()));
        Self { time, high, low, improves: false, ..Self::open_of(candle) }
    }

    /// What an order of `side` trades at.
    pub(super) const fn touch(&self, side: qtp_core::Side) -> Price {
        match side {
            qtp_core::Side::Buy => self.buy,
            qtp_core::Side::Sell => self.sell,
        }
    }
}

impl Market {
    pub(super) fn new(instrument: Instrument, leverage: Ratio, position: Quantity) -> Self {
        Self {
            instrument,
            leverage,
            isolated: false,
            extra_margin: Decimal::ZERO,
            position,
            orders: Vec::new(),
            last: None,
            quote: None,
            book: None,
            mark: None,
            index: None,
            mark_candle: None,
            phase: Phase::default(),
            extremes: None,
        }
    }

    /// Mark if known, else last.
    pub(super) fn reference(&self) -> Option<Price> {
        self.mark.or(self.last)
    }

    /// The price that a trigger watches; the last price where the source is silent.
    pub(super) fn source(&self, source: TriggerSource) -> Option<Price> {
        match source {
            TriggerSource::Last => self.last,
            TriggerSource::Mark => self.mark.or(self.last),
            TriggerSource::Index => self.index.or(self.mark).or(self.last),
        }
    }

    /// True if this source speaks through mark events, so that candles and prints do not fire it.
    pub(super) fn speaks(&self, source: TriggerSource) -> bool {
        match source {
            TriggerSource::Last => false,
            TriggerSource::Mark => self.mark.is_some(),
            TriggerSource::Index => self.index.is_some() || self.mark.is_some(),
        }
    }

    /// The mark candle of the same interval, if the source is not the last price.
    pub(super) fn mark_candle_for(&self, source: TriggerSource) -> Option<&Candle> {
        let fits = |candle: &&Candle| candle.open_time() == self.phase.open_time;
        if source == TriggerSource::Last { None } else { self.mark_candle.as_ref().filter(fits) }
    }

    /// What a new order of `side` would trade at now.
    pub(super) fn touch(&self, side: qtp_core::Side) -> Option<Price> {
        match (&self.quote, &self.book, side) {
            (Some(quote), _, qtp_core::Side::Buy) => Some(quote.ask),
            (Some(quote), _, qtp_core::Side::Sell) => Some(quote.bid),
            (None, Some(book), side) => book.opposite(side).first().map(|level| level.price).or(self.last),
            (None, None, _) => self.last,
        }
    }

    /// Margin that was added goes with the part of the position that was closed.
    pub(super) fn release_margin(&mut self, before: Quantity) {
        let (before, after) = (before.get(), self.position.get());
        let share = if before * after > Decimal::ZERO { after.checked_div(before) } else { None };
        let kept = share.unwrap_or_default().min(Decimal::ONE);
        self.extra_margin = (self.extra_margin * kept).round_dp(8);
    }

    /// First order behind `after` that `wanted` accepts.
    pub(super) fn next(&self, after: u64, wanted: impl Fn(&Working) -> bool) -> Option<usize> {
        self.orders.iter().position(|order| order.number > after && wanted(order))
    }

    pub(super) fn index_of(&self, number: u64) -> Option<usize> {
        self.orders.binary_search_by(|order| order.number.cmp(&number)).ok()
    }

    /// Starts a candle: the first print is known, and trailing stops follow the candle before it.
    pub(super) fn start(&mut self, candle: &Candle) {
        self.phase = Phase { open_time: candle.open_time(), ..Phase::default() };
        self.last = Some(candle.open());
        let Some((high, low, close_time)) = self.extremes.take() else { return };
        for order in &mut self.orders {
            if order.arrives < close_time {
                order.follow(if order.side() == qtp_core::Side::Sell { high } else { low });
            }
        }
    }

    /// Trailing stops follow a price.
    pub(super) fn follow(&mut self, price: Price, source: Option<TriggerSource>) {
        for order in &mut self.orders {
            let OrderKind::TrailingStop { source: watched, .. } = order.request.kind else { continue };
            if source.is_none_or(|source| source == watched) {
                order.follow(price);
            }
        }
    }
}

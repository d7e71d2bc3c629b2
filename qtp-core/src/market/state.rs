//! The market as far as an engine has seen it.

use std::collections::{BTreeMap, VecDeque};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Candle, FundingRate, MarkPrice, OpenInterest, OrderBook, Quote, Trade};
use crate::id::InstrumentId;
use crate::money::{Currency, Price};
use crate::time::{Timeframe, Timestamp};

/// The last closed candles of one timeframe, oldest first, bounded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CandleSeries {
    timeframe: Timeframe,
    capacity: usize,
    candles: VecDeque<Candle>,
}

impl CandleSeries {
    /// Width.
    pub const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// The candles, oldest first.
    pub const fn candles(&self) -> &VecDeque<Candle> {
        &self.candles
    }

    fn push(&mut self, candle: &Candle) {
        if self.capacity == 0 {
            return;
        }
        if self.candles.len() == self.capacity {
            self.candles.pop_front();
        }
        self.candles.push_back(candle.clone());
    }
}

/// What is known of one instrument's market.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstrumentMarket {
    instrument: InstrumentId,
    series: Vec<CandleSeries>,
    last: Option<Price>,
    quote: Option<Quote>,
    book: Option<OrderBook>,
    mark: Option<MarkPrice>,
    funding: Option<FundingRate>,
    #[serde(default)]
    open_interest: Option<OpenInterest>,
    updated: Timestamp,
}

impl InstrumentMarket {
    fn new(instrument: InstrumentId) -> Self {
        Self {
            instrument,
            series: Vec::new(),
            last: None,
            quote: None,
            book: None,
            mark: None,
            funding: None,
            open_interest: None,
            updated: Timestamp::EPOCH,
        }
    }

    /// Instrument.
    pub const fn instrument(&self) -> &InstrumentId {
        &self.instrument
    }

    /// Price of the last candle close or print.
    pub const fn last(&self) -> Option<Price> {
        self.last
    }

    /// Last best bid and ask.
    pub const fn quote(&self) -> Option<&Quote> {
        self.quote.as_ref()
    }

    /// Last order book.
    pub const fn book(&self) -> Option<&OrderBook> {
        self.book.as_ref()
    }

    /// Last mark price.
    pub const fn mark(&self) -> Option<&MarkPrice> {
        self.mark.as_ref()
    }

    /// Last funding rate.
    pub const fn funding(&self) -> Option<&FundingRate> {
        self.funding.as_ref()
    }

    /// Last open interest.
    pub const fn open_interest(&self) -> Option<&OpenInterest> {
        self.open_interest.as_ref()
    }

    /// Mark if known, else the last price.
    pub fn reference(&self) -> Option<Price> {
        self.mark.as_ref().map(|mark| mark.mark).or(self.last)
    }

    /// When we last heard of this market.
    pub const fn updated(&self) -> Timestamp {
        self.updated
    }

    /// Closed candles of a timeframe.
    pub fn series(&self, timeframe: Timeframe) -> Option<&CandleSeries> {
        self.series.iter().find(|series| series.timeframe == timeframe)
    }

    /// All series, in the order in which they were declared.
    pub fn all_series(&self) -> &[CandleSeries] {
        &self.series
    }
}

/// All markets of an engine, ordered by instrument.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MarketState {
    markets: Vec<InstrumentMarket>,
    rates: BTreeMap<Currency, RateSource>,
}

/// How a currency is converted to the reporting currency.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum RateSource {
    One,
    Instrument(InstrumentId),
}

impl MarketState {
    /// Declares an instrument. Declaring it twice changes nothing.
    pub fn add(&mut self, instrument: &InstrumentId) {
        if let Err(index) = self.position(instrument) {
            self.markets.insert(index, InstrumentMarket::new(instrument.clone()));
        }
    }

    /// Keeps at least the last `capacity` candles of a timeframe.
    pub fn keep_history(&mut self, instrument: &InstrumentId, timeframe: Timeframe, capacity: usize) {
        self.add(instrument);
        let Some(market) = self.get_mut(instrument) else { return };
        match market.series.iter_mut().find(|series| series.timeframe == timeframe) {
            Some(series) => series.capacity = series.capacity.max(capacity),
            None => market.series.push(CandleSeries { timeframe, capacity, candles: VecDeque::new() }),
        }
    }

    /// Counts one unit of `currency` as one unit of the reporting currency.
    pub fn set_par(&mut self, currency: Currency) {
        self.rates.insert(currency, RateSource::One);
    }

    /// Converts `currency` to the reporting currency by an instrument's price.
    pub fn set_rate_instrument(&mut self, currency: Currency, instrument: InstrumentId) {
        self.rates.insert(currency, RateSource::Instrument(instrument));
    }

    /// Reporting currency per unit of `currency`, if it is known.
    pub fn rate(&self, currency: Currency) -> Option<Decimal> {
        match self.rates.get(&currency)? {
            RateSource::One => Some(Decimal::ONE),
            RateSource::Instrument(instrument) => Some(self.get(instrument)?.reference()?.get()),
        }
    }

    /// One market.
    pub fn get(&self, instrument: &InstrumentId) -> Option<&InstrumentMarket> {
        self.position(instrument).ok().and_then(|index| self.markets.get(index))
    }

    /// All markets, ordered by instrument.
    pub fn iter(&self) -> impl Iterator<Item = &InstrumentMarket> {
        self.markets.iter()
    }

    /// Takes in a closed candle, received at `now`.
    pub fn on_candle(&mut self, candle: &Candle, now: Timestamp) {
        let Some(market) = self.get_mut(candle.instrument()) else { return };
        market.last = Some(candle.close());
        market.updated = now;
        if let Some(series) = market.series.iter_mut().find(|s| s.timeframe == candle.timeframe()) {
            series.push(candle);
        }
    }

    /// Takes in a print.
    pub fn on_trade(&mut self, trade: &Trade, now: Timestamp) {
        self.update(&trade.instrument, now, |market| market.last = Some(trade.price));
    }

    /// Takes in a quote.
    pub fn on_quote(&mut self, quote: &Quote, now: Timestamp) {
        self.update(&quote.instrument, now, |market| market.quote = Some(quote.clone()));
    }

    /// Takes in an order book.
    pub fn on_book(&mut self, book: &OrderBook, now: Timestamp) {
        self.update(&book.instrument, now, |market| market.book = Some(book.clone()));
    }

    /// Takes in a mark price.
    pub fn on_mark(&mut self, mark: &MarkPrice, now: Timestamp) {
        self.update(&mark.instrument, now, |market| market.mark = Some(mark.clone()));
    }

    /// Takes in a funding rate.
    pub fn on_funding(&mut self, funding: &FundingRate, now: Timestamp) {
        self.update(&funding.instrument, now, |market| market.funding = Some(funding.clone()));
    }

    /// Takes in open interest.
    pub fn on_open_interest(&mut self, open: &OpenInterest, now: Timestamp) {
        self.update(&open.instrument, now, |market| market.open_interest = Some(open.clone()));
    }

    fn update(
        &mut self,
        instrument: &InstrumentId,
        now: Timestamp,
        change: impl FnOnce(&mut InstrumentMarket),
    ) {
        if let Some(market) = self.get_mut(instrument) {
            change(market);
            market.updated = now;
        }
    }

    fn get_mut(&mut self, instrument: &InstrumentId) -> Option<&mut InstrumentMarket> {
        self.position(instrument).ok().and_then(|index| self.markets.get_mut(index))
    }

    fn position(&self, instrument: &InstrumentId) -> Result<usize, usize> {
        self.markets.binary_search_by(|market| market.instrument.cmp(instrument))
    }
}

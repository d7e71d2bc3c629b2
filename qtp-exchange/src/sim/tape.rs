//! Prints, quotes, books, marks and what else a venue announces.

use qtp_core::{
    BookLevel, Event, Liquidity, MarkPrice, OrderBook, Price, Quantity, Quote, Side, TimeInForce, Timestamp,
    Trade, TriggerSource,
};

use super::fill::{Take, immediate_code};
use super::market::{Market, Print};
use super::order::{Stage, Working};
use super::queue;
use super::trigger::{self, Hit};
use super::venue::{Out, SimVenue};

impl SimVenue {
    /// Shows a market event other than a candle: `Trade`, `Quote`, `Book`, `Mark`, `FundingRate`,
    /// `InstrumentStatus`, and `CashFlow` of this account. Others are ignored. Orders that arrived by `now` may fill.
    pub fn on_market(&mut self, event: &Event, now: Timestamp, out: &mut Out) {
        match event {
            Event::Trade(trade) => self.on_trade(trade, now, out),
            Event::Quote(quote) => self.on_quote(quote, now, out),
            Event::Book(book) => self.on_book(book, now, out),
            Event::Mark(mark) => self.on_mark(mark, now, out),
            Event::FundingRate(rate) => self.pay_funding(rate, out),
            Event::InstrumentStatus { instrument, status } => {
                if let Some(market) = self.find(instrument).and_then(|index| self.markets.get_mut(index)) {
                    market.instrument.status = *status;
                }
            }
            Event::CashFlow { account, amount } if account == self.portfolio.account() => {
                self.portfolio.apply_cash_flow(*amount);
            }
            _ => {}
        }
    }

    /// The market of an event, ready for orders; `None` if nothing can happen on it.
    fn begin(&mut self, index: usize, now: Timestamp, out: &mut Out) -> Option<()> {
        let market = self.markets.get(index)?;
        if market.orders.is_empty() && !self.exposed(index) {
            return None;
        }
        self.expire(index, now, out);
        let market = self.markets.get_mut(index)?;
        market.phase.closing = false;
        (market.instrument.status != qtp_core::InstrumentStatus::Halted).then_some(())
    }

    fn on_trade(&mut self, trade: &Trade, now: Timestamp, out: &mut Out) {
        let Some(index) = self.find(&trade.instrument) else { return };
        if let Some(market) = self.markets.get_mut(index) {
            market.last = Some(trade.price);
        }
        if self.begin(index, now, out).is_none() {
            return;
        }
        let print = tape_print((trade.price, trade.price), Some(trade.quantity), now);
        self.work_start(index, &print, out);
        if let Some(market) = self.markets.get_mut(index) {
            market.follow(trade.price, Some(TriggerSource::Last));
            if market.mark.is_none() {
                market.follow(trade.price, Some(TriggerSource::Mark));
                market.follow(trade.price, Some(TriggerSource::Index));
            }
        }
    }

    fn on_quote(&mut self, quote: &Quote, now: Timestamp, out: &mut Out) {
        let Some(index) = self.find(&quote.instrument) else { return };
        if let Some(market) = self.markets.get_mut(index) {
            market.quote = Some(quote.clone());
        }
        if self.begin(index, now, out).is_none() {
            return;
        }
        let print = Print { is_tape: false, ..tape_print((quote.ask, quote.bid), None, now) };
        self.work_start(index, &print, out);
    }

    fn on_mark(&mut self, mark: &MarkPrice, now: Timestamp, out: &mut Out) {
        let Some(index) = self.find(&mark.instrument) else { return };
        if let Some(market) = self.markets.get_mut(index) {
            market.mark = Some(mark.mark);
            market.index = mark.index.or(market.index);
        }
        if self.begin(index, now, out).is_none() {
            return;
        }
        if self.exposed(index) && self.is_liquidated_at(index, mark.mark) {
            let price = self.markets.get(index).and_then(|market| market.last).unwrap_or(mark.mark);
            self.liquidate(index, price, now, out);
        }
        let Some(market) = self.markets.get_mut(index) else { return };
        let sources =
            [(TriggerSource::Mark, Some(mark.mark)), (TriggerSource::Index, mark.index.or(Some(mark.mark)))];
        for (source, price) in sources {
            let Some(price) = price else { continue };
            fire(market, source, price, now);
            market.follow(price, Some(source));
        }
    }

    fn on_book(&mut self, book: &OrderBook, now: Timestamp, out: &mut Out) {
        let Some(index) = self.find(&book.instrument) else { return };
        let Some(market) = self.markets.get_mut(index) else { return };
        queue::shorten(market, book);
        market.book = Some(book.clone());
        if self.begin(index, now, out).is_none() {
            return;
        }
        let mut left = book.clone();
        self.take_from(&mut left, index, now, out, Working::is_live_market);
        self.take_from(&mut left, index, now, out, |order| order.live_limit().is_some());
        if let (Some(ask), Some(bid)) = (book.asks.first(), book.bids.first()) {
            let print = Print { is_tape: false, ..tape_print((ask.price, bid.price), None, now) };
            self.end_immediate(index, &print, out);
        }
    }

    /// Orders take level by level from a copy of the book, in order of arrival: one fill a level.
    fn take_from(
        &mut self,
        book: &mut OrderBook,
        index: usize,
        now: Timestamp,
        out: &mut Out,
        wanted: impl Fn(&Working) -> bool,
    ) {
        let mut after = 0;
        while let Some((number, side)) = self.markets.get(index).and_then(|market| {
            let place = market.next(after, |order| order.arrives <= now && wanted(order))?;
            market.orders.get(place).map(|order| (order.number, order.side()))
        }) {
            after = number;
            let levels = if side == Side::Buy { &mut book.asks } else { &mut book.bids };
            if self.is_served(index, number, levels) {
                for level in levels.iter_mut() {
                    let offer = (level.price, level.quantity);
                    let Some(taken) = self.take_level(index, number, offer, now, out) else { break };
                    level.quantity -= taken;
                }
            }
            self.end_walk(index, number, now, out);
        }
    }

    /// False for an order that must fill whole and finds too little at its price.
    fn is_served(&self, index: usize, number: u64, levels: &[BookLevel]) -> bool {
        let Some(market) = self.markets.get(index) else { return false };
        let Some(order) = market.index_of(number).and_then(|place| market.orders.get(place)) else {
            return false;
        };
        if order.request.time_in_force != TimeInForce::Fok {
            return true;
        }
        let reachable = |level: &&BookLevel| {
            order.request.kind.limit().is_none_or(|limit| trigger::within(order.side(), level.price, limit))
        };
        let there: Quantity = levels.iter().filter(reachable).map(|level| level.quantity).sum();
        there >= order.remaining()
    }

    /// What is left of an order that must fill at once is over.
    fn end_walk(&mut self, index: usize, number: u64, now: Timestamp, out: &mut Out) {
        let Some(market) = self.markets.get(index) else { return };
        let Some(order) = market.index_of(number).and_then(|place| market.orders.get(place)) else { return };
        if let Some(code) = immediate_code(order.request.time_in_force) {
            self.cancel_number(index, number, code, now, out);
        }
    }

    /// What an order took of one level; `None` when it wants none of it.
    fn take_level(
        &mut self,
        index: usize,
        number: u64,
        (price, quantity): (Price, Quantity),
        now: Timestamp,
        out: &mut Out,
    ) -> Option<Quantity> {
        let market = self.markets.get(index)?;
        let place = market.index_of(number)?;
        let order = market.orders.get(place)?;
        let limit = order.request.kind.limit();
        if quantity.signum() <= 0 {
            return Some(Quantity::ZERO);
        }
        if limit.is_some_and(|limit| !trigger::within(order.side(), price, limit)) {
            return None;
        }
        // A resting limit that the book crosses trades at its own price.
        let rests = limit.filter(|_| !order.marketable);
        let hit = match rests {
            Some(limit) => Hit { price: limit, liquidity: Liquidity::Maker, rests: false },
            None => Hit { price, liquidity: Liquidity::Taker, rests: false },
        };
        let print = Print { is_tape: false, ..tape_print((price, price), None, now) };
        let trades = self.last_trade;
        self.execute((index, place), Take { hit, print: &print, room: Some(quantity), walks: true }, out);
        let filled = self.history.last_fill().filter(|_| self.last_trade > trades);
        Some(filled.map_or(Quantity::ZERO, |fill| fill.quantity))
    }
}

fn tape_print((buy, sell): (Price, Price), volume: Option<Quantity>, now: Timestamp) -> Print {
    let (high, low) = (buy.max(sell), buy.min(sell));
    Print { time: now, buy, sell, high, low, volume, improves: false, is_tape: true, event: now }
}

/// Wakes the orders that a mark or index price fires: they trade at the next event.
fn fire(market: &mut Market, source: TriggerSource, price: Price, now: Timestamp) {
    for order in &mut market.orders {
        let waits = order.stage == Stage::Waiting && order.arrives <= now && trigger::watches(order, source);
        if waits && trigger::fired_by(order, price) {
            order.stage = Stage::Live;
            order.marketable = true;
            market.phase.settled = false;
        }
    }
}

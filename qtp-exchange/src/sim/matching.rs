//! Candles: the open print first, then the range.

use qtp_core::{Candle, InstrumentStatus, Price, Quantity, TimeInForce};

use super::fill::{Take, immediate_code};
use super::market::{Market, Print};
use super::order::{Stage, Working};
use super::trigger::{self, Hit};
use super::venue::{Out, SimVenue};

/// What happens next inside a range.
enum Choice {
    Order(usize, Hit),
    Liquidation(Price),
}

impl SimVenue {
    /// Shows the first print of a candle: queued market orders fill in order of arrival, then the triggers that
    /// gap, then the limits that the open crosses. Emitted events carry the candle's open time.
    pub fn open_candle(&mut self, candle: &Candle, out: &mut Out) {
        let Some(index) = self.find(candle.instrument()) else { return };
        let Some(market) = self.markets.get_mut(index) else { return };
        market.start(candle);
        if market.orders.is_empty() && !self.exposed(index) {
            return;
        }
        let print = Print::open_of(candle);
        self.expire(index, print.time, out);
        if self.trades(index, candle) {
            self.work_start(index, &print, out);
            if let Some(market) = self.markets.get_mut(index) {
                market.follow(candle.open(), None);
            }
        }
    }

    /// Shows the range and close of a candle. Works up to the first fill; call it again, after that fill was
    /// answered, until nothing is emitted. Emitted events carry the candle's close time.
    pub fn close_candle(&mut self, candle: &Candle, out: &mut Out) {
        let Some(index) = self.find(candle.instrument()) else { return };
        let exposed = self.exposed(index);
        let Some(market) = self.markets.get_mut(index) else { return };
        if market.phase.open_time != candle.open_time() {
            market.start(candle);
        }
        market.phase.closing = true;
        if market.orders.is_empty() && !exposed {
            market.last = Some(candle.close());
            return;
        }
        if market.phase.settled {
            return;
        }
        let emitted = out.len();
        if self.trades(index, candle) {
            self.work_range(index, &Print::range_of(candle), out);
        }
        if out.len() == emitted {
            self.finish(index, candle, out);
        }
    }

    /// A candle without volume fills nothing, nor does a halted instrument.
    fn trades(&self, index: usize, candle: &Candle) -> bool {
        let open = |market: &Market| market.instrument.status != InstrumentStatus::Halted;
        candle.volume().signum() > 0 && self.markets.get(index).is_some_and(open)
    }

    fn finish(&mut self, index: usize, candle: &Candle, out: &mut Out) {
        let emitted = out.len();
        if let Some(market) = self.markets.get_mut(index) {
            market.last = Some(candle.close());
            if candle.volume().signum() > 0 {
                market.extremes = Some((candle.high(), candle.low(), candle.close_time()));
            }
        }
        self.expire(index, candle.close_time(), out);
        if let Some(market) = self.markets.get_mut(index) {
            market.phase.settled = out.len() == emitted;
        }
    }

    /// Works an event at its first price: market orders, liquidation, triggers, limits, then what must fill at once.
    pub(super) fn work_start(&mut self, index: usize, print: &Print, out: &mut Out) {
        let came = |order: &Working| order.arrives <= print.time;
        self.sweep(index, print, out, |order| came(order) && order.is_live_market());
        self.liquidate_at_start(index, print, out);
        self.sweep(index, print, out, |order| came(order) && order.stage == Stage::Waiting);
        self.sweep(index, print, out, |order| came(order) && order.live_limit().is_some());
        self.end_immediate(index, print, out);
    }

    /// Lets the orders that `wanted` accepts trade at the start of an event, in order of arrival.
    fn sweep(&mut self, index: usize, print: &Print, out: &mut Out, wanted: impl Fn(&Working) -> bool) {
        let mut after = 0;
        loop {
            let rule = self.config.limit_fill;
            let Some(market) = self.markets.get_mut(index) else { return };
            let Some(place) = market.next(after, &wanted) else { return };
            let Some(order) = market.orders.get(place) else { return };
            after = order.number;
            let Some(hit) = trigger::at_start(order, market, print, rule) else { continue };
            if hit.rests {
                rest(market, place, false);
                continue;
            }
            let room = self.queue_room(index, place, print);
            self.execute((index, place), Take { hit, print, room, walks: false }, out);
        }
    }

    /// IOC and FOK limits that met a print are over; other limits rest from now on.
    pub(super) fn end_immediate(&mut self, index: usize, print: &Print, out: &mut Out) {
        let mut after = 0;
        loop {
            let Some(market) = self.markets.get_mut(index) else { return };
            let met = |order: &Working| order.arrives <= print.time && order.live_limit().is_some();
            let Some(place) = market.next(after, met) else { return };
            let Some(order) = market.orders.get_mut(place) else { return };
            after = order.number;
            order.marketable = false;
            let Some(code) = immediate_code(order.request.time_in_force) else { continue };
            self.cancel_at((index, place), code, print.time, out);
        }
    }

    fn work_range(&mut self, index: usize, print: &Print, out: &mut Out) {
        while let Some(choice) = self.choose(index, print) {
            match choice {
                Choice::Liquidation(price) => return self.liquidate(index, price, print.time, out),
                Choice::Order(place, hit) if hit.rests => {
                    if let Some(market) = self.markets.get_mut(index) {
                        rest(market, place, true);
                    }
                }
                Choice::Order(place, hit) => {
                    return self.execute((index, place), Take { hit, print, room: None, walks: false }, out);
                }
            }
        }
    }

    /// What the range reaches first: on the side that hurts the position before the other side, nearer to the
    /// open before farther, a stop before a liquidation at the same price.
    fn choose(&self, index: usize, print: &Print) -> Option<Choice> {
        let market = self.markets.get(index)?;
        let candidates = market.orders.iter().enumerate().filter_map(|(place, order)| {
            let playing = plays_in_range(order, market, print) && self.has_room(order, market, print);
            let hit =
                playing.then(|| trigger::in_range(order, market, print, self.config.limit_fill)).flatten()?;
            Some((rank(order, hit.price, market.position, print), place, hit))
        });
        let first = candidates.min_by(|a, b| a.0.cmp(&b.0));
        let liquidation = self.liquidation_in_range(index, print);
        match (first, liquidation) {
            (Some((best, place, hit)), Some(price)) => {
                let distance = (price.get() - print.buy.get()).abs();
                let order_first = best.0 == 0 && best.1 <= distance;
                Some(if order_first { Choice::Order(place, hit) } else { Choice::Liquidation(price) })
            }
            (Some((_, place, hit)), None) => Some(Choice::Order(place, hit)),
            (None, liquidation) => liquidation.map(Choice::Liquidation),
        }
    }
}

/// A fired conditional limit rests. Inside a range the rest of the path is not known, so it waits for the next event.
fn rest(market: &mut Market, place: usize, inside: bool) {
    let open_time = market.phase.open_time;
    if let Some(order) = market.orders.get_mut(place) {
        order.stage = Stage::Live;
        order.marketable = false;
        if inside {
            order.came_inside = Some(open_time);
        }
    }
}

/// Whether an order takes part in a candle's range.
fn plays_in_range(order: &Working, market: &Market, print: &Print) -> bool {
    let protects = order.is_stop() && order.reduces_only() && order.stage == Stage::Waiting;
    if order.came_inside == Some(print.event) {
        return protects && market.phase.grew_inside && order.arrives <= print.time;
    }
    // What arrives or ends within the candle was there for a part of it only: enough for what can hurt us.
    if protects {
        return order.arrives < print.time;
    }
    let whole = match order.request.time_in_force {
        TimeInForce::Gtc => true,
        TimeInForce::Gtd(end) => end >= print.time,
        TimeInForce::Ioc | TimeInForce::Fok => order.stage == Stage::Waiting,
    };
    let takes_profit = order.reduces_only() && !order.is_stop();
    whole && order.arrives <= print.event && !(takes_profit && market.phase.entered_inside)
}

fn rank(order: &Working, price: Price, position: Quantity, print: &Print) -> (u8, qtp_core::Decimal, u64) {
    let offset = price.get() - print.buy.get();
    let hurts = offset.is_zero() || (position.signum() > 0) == offset.is_sign_negative();
    let protects = order.is_stop() && order.reduces_only();
    let class = u8::from(!(hurts || protects || position.is_zero()));
    (class, offset.abs(), order.number)
}

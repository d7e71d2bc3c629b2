//! Whether an order trades at an event, and at which price.
//!
//! A stop of a long gets min(open, stop); a profit order of a long gets max(open, trigger); mirrored for shorts.
//! A trigger that another source fired inside a candle trades at its own price, brought into the candle's range.

use qtp_core::{Decimal, Liquidity, OrderKind, Price, PriceRule, Rounding, Side, TriggerSource};

use super::config::LimitFill;
use super::market::{Market, Print};
use super::order::{Stage, Working};

/// An order that trades at an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub price: Price,
    pub liquidity: Liquidity,
    /// The trigger fired, but the price is beyond the limit: it rests from now on.
    pub rests: bool,
}

impl Hit {
    const fn takes(price: Price) -> Self {
        Self { price, liquidity: Liquidity::Taker, rests: false }
    }

    const fn makes(price: Price) -> Self {
        Self { price, liquidity: Liquidity::Maker, rests: false }
    }
}

/// Which way the price moves to fire an order: true for down.
fn fires_down(order: &Working) -> bool {
    order.is_stop() == (order.side() == Side::Sell)
}

const fn source_of(kind: &OrderKind) -> TriggerSource {
    match kind {
        OrderKind::TrailingStop { source, .. } => *source,
        kind => match kind.trigger() {
            Some(trigger) => trigger.source,
            None => TriggerSource::Last,
        },
    }
}

/// True if `price` is at or past the trigger of a waiting order.
pub(super) fn fired_by(order: &Working, price: Price) -> bool {
    let Some(level) = order.trigger_price() else { return false };
    if fires_down(order) { price <= level } else { price >= level }
}

/// True if a new trigger lies on the side where the price stands already. `expected` stands for that price.
pub(super) fn trigger_on_wrong_side(
    kind: &OrderKind,
    side: Side,
    expected: Option<Price>,
    market: &Market,
) -> bool {
    let Some(trigger) = kind.trigger() else { return false };
    let Some(price) = expected.or_else(|| market.source(trigger.source)) else { return false };
    let stop = matches!(kind, OrderKind::StopMarket { .. } | OrderKind::StopLimit { .. });
    let down = stop == (side == Side::Sell);
    if down { trigger.price > price } else { trigger.price < price }
}

/// True if the order watches this source.
pub(super) fn watches(order: &Working, source: TriggerSource) -> bool {
    source_of(&order.request.kind) == source
}

/// Whether and where the order trades at the start of an event: an open, a print, a quote.
pub(super) fn at_start(order: &Working, market: &Market, print: &Print, rule: LimitFill) -> Option<Hit> {
    match order.stage {
        Stage::Dormant => None,
        Stage::Live => live_at_start(order, market, print, rule),
        Stage::Waiting => {
            let source = source_of(&order.request.kind);
            let watched = match market.mark_candle_for(source) {
                Some(mark) if print.improves => mark.open(),
                _ if market.speaks(source) || !print.is_tape => return None,
                _ => print.touch(order.side()),
            };
            fired_by(order, watched).then(|| after_trigger(order, print.touch(order.side())))
        }
    }
}

fn live_at_start(order: &Working, market: &Market, print: &Print, rule: LimitFill) -> Option<Hit> {
    let touch = print.touch(order.side());
    let Some(limit) = order.request.kind.limit() else { return Some(Hit::takes(touch)) };
    if order.marketable {
        return within(order.side(), touch, limit).then_some(Hit::takes(touch));
    }
    // A quote on the far side of the limit would trade with it; a print has to pass it by the rule.
    let rule = if print.is_tape { rule } else { LimitFill::Touched };
    let price = if print.improves { touch } else { limit };
    reaches(order.side(), limit, touch, rule, &market.instrument.price_rule).then_some(Hit::makes(price))
}

/// Whether and where the order trades inside a candle's range.
pub(super) fn in_range(order: &Working, market: &Market, print: &Print, rule: LimitFill) -> Option<Hit> {
    match order.stage {
        Stage::Dormant => None,
        Stage::Live => {
            let limit = order.live_limit()?;
            let open = print.touch(order.side());
            if order.marketable && within(order.side(), open, limit) {
                return Some(Hit::takes(open));
            }
            limit_in_range(order, market, print, limit, rule)
        }
        Stage::Waiting => triggered_in_range(order, market, print, rule),
    }
}

fn limit_in_range(
    order: &Working,
    market: &Market,
    print: &Print,
    limit: Price,
    rule: LimitFill,
) -> Option<Hit> {
    let extreme = if order.side() == Side::Buy { print.low } else { print.high };
    reaches(order.side(), limit, extreme, rule, &market.instrument.price_rule).then_some(Hit::makes(limit))
}

fn triggered_in_range(order: &Working, market: &Market, print: &Print, rule: LimitFill) -> Option<Hit> {
    let source = source_of(&order.request.kind);
    let (high, low) = match market.mark_candle_for(source) {
        Some(mark) => (mark.high(), mark.low()),
        None if market.speaks(source) => return None,
        None => (print.high, print.low),
    };
    let down = fires_down(order);
    if !fired_by(order, if down { low } else { high }) {
        return None;
    }
    let level = legal_level(order, market)?.clamp(print.low, print.high);
    let open = print.touch(order.side());
    // What came inside the candle has not seen its open.
    let gapped = order.came_inside != Some(print.event) && fired_by(order, open);
    let hit = after_trigger(order, if gapped { open } else { level });
    if hit.rests && !order.is_stop() {
        // The price goes on in the same direction, so it may reach the limit behind the trigger.
        let limit = order.request.kind.limit()?;
        return limit_in_range(order, market, print, limit, rule).or(Some(hit));
    }
    Some(hit)
}

/// The trigger price; that of a trailing stop falls between two ticks, and the worse one counts.
fn legal_level(order: &Working, market: &Market) -> Option<Price> {
    let level = order.trigger_price()?;
    if order.request.kind.trigger().is_some() {
        return Some(level);
    }
    let rounding = if order.side() == Side::Sell { Rounding::Down } else { Rounding::Up };
    market.instrument.round_price(level, rounding)
}

/// What a fired order does at a price.
fn after_trigger(order: &Working, price: Price) -> Hit {
    let beyond = order.request.kind.limit().is_some_and(|limit| !within(order.side(), price, limit));
    Hit { rests: beyond, ..Hit::takes(price) }
}

/// True if `price` is no worse than the limit.
pub(super) fn within(side: Side, price: Price, limit: Price) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}

/// True if a resting limit fills when the tape is at `price`.
pub(super) fn reaches(side: Side, limit: Price, price: Price, rule: LimitFill, grid: &PriceRule) -> bool {
    if rule == LimitFill::Touched {
        return within(side, price, limit);
    }
    let past = match side {
        Side::Buy => limit.get() - price.get(),
        Side::Sell => price.get() - limit.get(),
    };
    match grid.step(limit) {
        Some(tick) => past >= tick,
        None => past > Decimal::ZERO,
    }
}

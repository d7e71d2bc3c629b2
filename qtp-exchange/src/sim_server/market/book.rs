//! The book that the venue shows: made around the tape's price, the same for everybody.
//!
//! The best bid stands one tick below the price, the best ask one tick above it. Levels lie ever farther apart, to
//! about 3 percent; a level holds about `depth` dollars times its rank. Nobody's orders stand in it, and nothing that
//! is taken from it is missing to others: each account trades with the whole book.

use qtp_core::{
    BookLevel, Decimal, InstrumentId, OrderBook, Price, PriceRule, Quantity, Rounding, SizeRule, Timestamp,
};
use serde_json::{Value, json};

use super::super::number::{mix, text};
use super::asset::Asset;

/// Levels on each side.
const LEVELS: u32 = 40;
/// Levels that `l2Book` shows.
const SHOWN: usize = 20;
/// Distance of the last level, as a share of the price.
const REACH: Decimal = Decimal::from_parts(3, 0, 0, false, 2);

/// The book around a price.
pub(super) fn around(asset: &Asset, price: Price, depth: Decimal, time: Timestamp, seed: u64) -> OrderBook {
    let id: InstrumentId = asset.instrument.id.clone();
    let side = |up: bool| levels(asset, price, depth, up, mix(seed ^ u64::from(up)));
    OrderBook { instrument: id, time, bids: side(false), asks: side(true) }
}

fn levels(asset: &Asset, price: Price, depth: Decimal, up: bool, seed: u64) -> Vec<BookLevel> {
    let (rule, lot) = (&asset.instrument.price_rule, &asset.instrument.size_rule);
    let Some(tick) = rule.step(price) else { return Vec::new() };
    let reach = (price.get() * REACH).max(tick * Decimal::from(LEVELS));
    let mut out: Vec<BookLevel> = Vec::with_capacity(LEVELS as usize);
    for rank in 1..=LEVELS {
        // At first one tick apart, at the end the reach: rank + reach * (rank / all)^3, in ticks.
        let share = Decimal::from(rank - 1) / Decimal::from(LEVELS - 1);
        let offset = tick * Decimal::from(rank)
            + (reach - tick * Decimal::from(LEVELS)).max(Decimal::ZERO) * share * share * share;
        let Some(level) = place(price, offset, up, rule) else { break };
        if out.last().is_some_and(|last| last.price == level) {
            continue;
        }
        let size = size(depth * Decimal::from(rank), level, lot, mix(seed ^ u64::from(rank)));
        out.push(BookLevel { price: level, quantity: size });
    }
    out
}

fn place(price: Price, offset: Decimal, up: bool, rule: &PriceRule) -> Option<Price> {
    let (exact, rounding) =
        if up { (price.get() + offset, Rounding::Up) } else { (price.get() - offset, Rounding::Down) };
    rule.round(Price::new(exact).ok()?, rounding)
}

/// Between half and one and a half times the value, at least one lot.
fn size(value: Decimal, price: Price, lot: &SizeRule, random: u64) -> Quantity {
    let share = Decimal::new(i64::try_from(random % 1_001).unwrap_or(0) + 500, 3);
    let exact = (value * share).checked_div(price.get()).unwrap_or_default();
    let size = lot.floor(Quantity::new(exact.round_dp(12)).unwrap_or_default());
    match lot {
        SizeRule::Lot(lot) => size.max(*lot),
        SizeRule::Any => size,
    }
}

/// Rounds levels to `figures` significant figures in steps of `mantissa`: bids down, asks up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::sim_server) struct Grouping {
    pub figures: u32,
    pub mantissa: u32,
}

/// `l2Book`'s data.
pub(in crate::sim_server) fn to_json(coin: &str, book: &OrderBook, grouping: Option<Grouping>) -> Value {
    let side = |levels: &[BookLevel], up: bool| -> Vec<Value> {
        let mut shown: Vec<(Decimal, Decimal, u64)> = Vec::new();
        for level in levels {
            let price = grouping.map_or(level.price.get(), |grouping| grouped(level.price, grouping, up));
            let orders = 1 + mix(level.quantity.get().mantissa().unsigned_abs() as u64) % 4;
            match shown.last_mut() {
                Some(last) if last.0 == price => {
                    (last.1, last.2) = (last.1 + level.quantity.get(), last.2 + orders)
                }
                _ => shown.push((price, level.quantity.get(), orders)),
            }
        }
        shown
            .iter()
            .take(SHOWN)
            .map(|(px, sz, n)| json!({"px": text(*px), "sz": text(*sz), "n": n}))
            .collect()
    };
    json!({"coin": coin, "time": book.time.as_millis(), "levels": [side(&book.bids, false), side(&book.asks, true)]})
}

fn grouped(price: Price, grouping: Grouping, up: bool) -> Decimal {
    let rule = PriceRule::SignificantFigures { digits: grouping.figures, decimals: 8 };
    let value = price.get();
    // A price with more integer digits than figures is rounded to tens, hundreds ...
    let digits = integer_digits(value);
    let step = if digits > grouping.figures {
        Decimal::from(10_u64.saturating_pow(digits - grouping.figures))
    } else {
        rule.step(price).unwrap_or(Decimal::ONE)
    } * Decimal::from(grouping.mantissa.max(1));
    let steps = value.checked_div(step).unwrap_or_default();
    (if up { steps.ceil() } else { steps.floor() }) * step
}

fn integer_digits(value: Decimal) -> u32 {
    u32::try_from(value.trunc().to_string().len()).unwrap_or(0)
}

/// Best bid or ask on the wire.
pub(in crate::sim_server) fn level_json(level: Option<&BookLevel>) -> Value {
    level.map_or(
        Value::Null,
        |level| json!({"px": text(level.price.get()), "sz": text(level.quantity.get()), "n": 1}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(price: &str) -> OrderBook {
        let asset = Asset::perpetual("BTC", 0).unwrap();
        around(&asset, price.parse().unwrap(), 10_000.into(), Timestamp::EPOCH, 7)
    }

    #[test]
    fn levels_are_legal_and_ordered_and_the_mid_is_the_price() {
        let (book, rule) = (book("60000"), Asset::perpetual("BTC", 0).unwrap().instrument.price_rule);
        assert_eq!(
            (book.bids[0].price, book.asks[0].price),
            ("59999".parse().unwrap(), "60001".parse().unwrap())
        );
        assert!(book.bids.windows(2).all(|pair| pair[0].price > pair[1].price));
        assert!(book.asks.windows(2).all(|pair| pair[0].price < pair[1].price));
        assert!(
            book.bids
                .iter()
                .chain(&book.asks)
                .all(|level| rule.allows(level.price) && level.quantity.signum() > 0)
        );
        assert!(book.asks.last().unwrap().price >= "61700".parse().unwrap());
    }

    #[test]
    fn grouped_books_keep_all_size_and_round_away_from_the_mid() {
        let book = book("60123");
        let shown = to_json("BTC", &book, Some(Grouping { figures: 3, mantissa: 1 }));
        assert_eq!(shown["levels"][0][0]["px"], "60100.0");
        assert_eq!(shown["levels"][1][0]["px"], "60200.0");
        let sum: Decimal = shown["levels"][1]
            .as_array()
            .unwrap()
            .iter()
            .map(|level| level["sz"].as_str().unwrap().parse::<Decimal>().unwrap())
            .sum();
        assert_eq!(sum, book.asks.iter().map(|level| level.quantity.get()).sum::<Decimal>());
    }
}

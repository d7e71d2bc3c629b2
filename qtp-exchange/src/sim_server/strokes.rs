//! What an operator or a fault does to markets and accounts.

use qtp_core::{Decimal, ExternalCause, Price, Quantity};
use serde_json::Value;

use super::account::Out;
use super::exchange::manual_order;
use super::faults::Stroke;
use super::world::World;
use crate::hyperliquid::sign::Address;

/// How wrong the clock may be, in milliseconds: a year.
const CLOCK_ERROR: i64 = 31_536_000_000;

/// Carries out a stroke; the error says what it needs.
pub(super) fn run(world: &mut World, stroke: &Stroke) -> Result<(), String> {
    match stroke {
        Stroke::Clock(ms) if ms.abs() > CLOCK_ERROR => {
            return Err(format!("ms: at most {CLOCK_ERROR} either way"));
        }
        Stroke::Clock(ms) => world.clock_error = *ms,
        Stroke::Halt(coin, halted) => {
            let place = place_of(world, coin)?;
            if let Some(market) = world.markets.get_mut(place) {
                market.halted = *halted;
            }
            world.show(place);
        }
        Stroke::Price(coin, price) => {
            let place = place_of(world, coin)?;
            shift(world, place, *price)?;
        }
        Stroke::Move(_, share) if share.abs() > Decimal::ONE_HUNDRED => {
            return Err("move: at most 100 either way".into());
        }
        Stroke::Move(coin, share) => {
            let place = place_of(world, coin)?;
            let mark = world.markets.get(place).map_or(Decimal::ZERO, super::market::Market::mark);
            shift(world, place, mark * (Decimal::ONE + share))?;
        }
        Stroke::Liquidate(user, coin) => {
            force(world, *user, coin, (Decimal::ONE, ExternalCause::Liquidation))?
        }
        Stroke::Adl(user, coin, share) => force(world, *user, coin, (*share, ExternalCause::Adl))?,
        Stroke::Manual(user, coin, size) => {
            let place = place_of(world, coin)?;
            let answer = manual_order(world, *user, place, *size)?;
            if let Some(words) = answer.get("error").and_then(Value::as_str) {
                return Err(words.to_owned());
            }
        }
        Stroke::Cut(user) => {
            world.hub.cut_all(*user);
        }
        Stroke::FillThenCancel(share) => world.partial_fill = Some(*share),
    }
    Ok(())
}

/// Carries out what faults called for. A stroke that finds no market or position does nothing.
pub(super) fn run_due(world: &mut World) {
    for stroke in std::mem::take(&mut world.faults.strokes) {
        drop(run(world, &stroke));
    }
}

fn place_of(world: &World, coin: &str) -> Result<usize, String> {
    world.place_named(coin).ok_or_else(|| format!("coin {coin:?} is not traded here"))
}

fn shift(world: &mut World, place: usize, to: Decimal) -> Result<(), String> {
    let market = world.markets.get(place).ok_or("no such market")?;
    let price = Price::new(to).map_err(|error| error.to_string())?;
    let legal = market
        .asset
        .instrument
        .round_price(price, qtp_core::Rounding::Nearest)
        .ok_or("price is too small")?;
    world.shift(place, legal);
    Ok(())
}

/// Takes over a share of a position at the mark.
fn force(
    world: &mut World,
    user: Address,
    coin: &str,
    (share, cause): (Decimal, ExternalCause),
) -> Result<(), String> {
    let place = place_of(world, coin)?;
    let now = world.now;
    let World { markets, accounts, counters, .. } = world;
    let (Some(market), Some(account)) = (markets.get(place), accounts.get_mut(&user)) else {
        return Err(format!("account {user} does not exist"));
    };
    let held = account.position(market.asset.id).map(|position| position.quantity().abs().get());
    let held = held.ok_or_else(|| format!("account {user} has no position in {coin}"))?;
    let size = (held * share).round_dp(market.asset.sz_decimals).max(market.asset.lot());
    let quantity = Quantity::new(size).map_err(|error| error.to_string())?;
    let price = market.price.ok_or("no price yet")?;
    let mut out = Out::new();
    account.show(market, now, &mut out);
    account.perp.close_by_force(&market.asset.instrument.id, (price, quantity), cause, now, &mut out);
    account.absorb(&mut out, market, counters, "canceled");
    world.settle(user, place);
    Ok(())
}

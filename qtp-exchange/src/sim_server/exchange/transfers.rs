//! Money and coins on the move.

use qtp_core::{Decimal, Price};
use serde_json::json;

use super::super::account::Out;
use super::super::number::text;
use super::super::world::World;
use super::{Answer, Refusal, default_answer};
use crate::hyperliquid::sign::Address;

/// What a withdrawal costs, in USDC.
const WITHDRAWAL_FEE: Decimal = Decimal::ONE;

/// A positive amount with at most six decimal places. `usdClassTransfer` may carry ` subaccount:0x...` behind it.
fn amount_of(words: &str) -> Result<(Decimal, Option<Address>), Refusal> {
    let (digits, subaccount) = match words.split_once(" subaccount:") {
        Some((digits, address)) => (digits, Some(address.parse().map_err(|_| "Invalid sub-account.")?)),
        None => (words, None),
    };
    let amount = Decimal::from_str_exact(digits).ok().filter(|amount| *amount > Decimal::ZERO);
    Ok((amount.ok_or("Invalid amount.")?, subaccount))
}

fn withdrawable(world: &World, user: Address) -> Decimal {
    let account = world.accounts.get(&user);
    account.map_or(Decimal::ZERO, |account| account.summaries(&world.markets).1.withdrawable())
}

fn spot_cash(world: &World, user: Address) -> Decimal {
    world.accounts.get(&user).map_or(Decimal::ZERO, |account| account.spot_free(None))
}

/// Takes USDC out of an account's perpetuals or spot, if it is free.
fn take(world: &mut World, user: Address, amount: Decimal, spot: bool) -> Result<(), Refusal> {
    let free = if spot { spot_cash(world, user) } else { withdrawable(world, user) };
    if amount > free {
        return Err("Insufficient balance for withdrawal.".into());
    }
    give(world, user, -amount, spot)
}

fn give(world: &mut World, user: Address, amount: Decimal, spot: bool) -> Result<(), Refusal> {
    let now = world.now;
    world.account(user).map_err(|error| error.to_string())?.pay_in(amount, spot, now);
    Ok(())
}

pub(super) fn between_classes(world: &mut World, user: Address, amount: &str, to_perp: bool) -> Answer {
    let (amount, subaccount) = amount_of(amount)?;
    let owner = match subaccount {
        Some(own) if world.accounts.get(&own).is_some_and(|account| account.master == Some(user)) => own,
        Some(other) => return Err(format!("Invalid sub-account transfer from {user} to {other}").into()),
        None => user,
    };
    take(world, owner, amount, to_perp)?;
    give(world, owner, amount, !to_perp)?;
    world.note(owner, json!({"type": "accountClassTransfer", "usdc": text(amount), "toPerp": to_perp}));
    Ok(default_answer())
}

pub(super) fn send_usd(world: &mut World, user: Address, to: Address, amount: &str) -> Answer {
    let (amount, _) = amount_of(amount)?;
    if to == user {
        return Err("Cannot self-transfer.".into());
    }
    take(world, user, amount, false)?;
    give(world, to, amount, false)?;
    let delta = json!({"type": "internalTransfer", "usdc": text(amount), "user": user, "destination": to, "fee": "0.0"});
    world.note(user, delta.clone());
    world.note(to, delta);
    Ok(default_answer())
}

pub(super) fn withdraw(world: &mut World, user: Address, to: Address, amount: &str) -> Answer {
    let (amount, _) = amount_of(amount)?;
    if amount <= WITHDRAWAL_FEE {
        return Err("Withdrawal must be larger than the fee of $1.".into());
    }
    take(world, user, amount, false)?;
    let left = text(amount - WITHDRAWAL_FEE);
    world.note(user, json!({"type": "withdraw", "usdc": left, "nonce": world.time(), "fee": text(WITHDRAWAL_FEE), "destination": to}));
    Ok(default_answer())
}

/// Sends a token of the spot account: `USDC`, `PURR` or `PURR:0x...`.
pub(super) fn send_spot(
    world: &mut World,
    user: Address,
    to: Address,
    token: &str,
    amount: &str,
    kind: &str,
) -> Answer {
    let (amount, _) = amount_of(amount)?;
    if to == user {
        return Err("Cannot self-transfer.".into());
    }
    let name = token.split(':').next().unwrap_or_default().to_owned();
    let value = move_token(world, (user, to), &name, amount)?;
    let delta = json!({"type": kind, "token": name, "amount": text(amount), "usdcValue": text(value.round_dp(6)),
        "user": user, "destination": to, "fee": "0.0", "nativeTokenFee": "0.0", "nonce": null, "feeToken": ""});
    world.note(user, delta.clone());
    world.note(to, delta);
    Ok(default_answer())
}

/// Moves a token from spot to spot; gives its value in USDC.
fn move_token(
    world: &mut World,
    (from, to): (Address, Address),
    name: &str,
    amount: Decimal,
) -> Result<Decimal, Refusal> {
    const SHORT: &str = "Insufficient balance for token transfer.";
    if name == "USDC" {
        take(world, from, amount, true).map_err(|_| SHORT)?;
        give(world, to, amount, true)?;
        return Ok(amount);
    }
    let found = world.markets.iter().position(|market| market.asset.is_spot() && market.asset.base == name);
    let place = found.ok_or_else(|| format!("Unknown token: {name}"))?;
    let Some(market) = world.markets.get(place) else { return Err("Unknown token.".into()) };
    let free = world.accounts.get(&from).map_or(Decimal::ZERO, |account| account.spot_free(Some(market)));
    if amount > free {
        return Err(SHORT.into());
    }
    let price = market.price.ok_or("Token has no price.")?;
    world.move_coins(from, place, -amount, price)?;
    world.move_coins(to, place, amount, price)?;
    Ok(amount * price.get())
}

impl World {
    /// Puts coins into a spot account (negative: takes them out).
    pub(in crate::sim_server) fn move_coins(
        &mut self,
        user: Address,
        place: usize,
        amount: Decimal,
        price: Price,
    ) -> Result<(), Refusal> {
        self.account(user).map_err(|error| error.to_string())?;
        if let (Some(market), Some(account)) = (self.markets.get(place), self.accounts.get_mut(&user)) {
            account.show(market, self.now, &mut Out::new());
            account.move_coins(&market.asset, amount, price, self.now);
        }
        Ok(())
    }
}

/// The general transfer: `""` is perpetuals, `spot` is spot.
pub(super) fn send_asset(
    world: &mut World,
    user: Address,
    to: Address,
    (source, target): (&str, &str),
    (token, amount, subaccount): (&str, &str, &str),
) -> Answer {
    let from = if subaccount.is_empty() {
        user
    } else {
        let own: Address = subaccount.parse().map_err(|_| "Invalid sub-account.")?;
        let owned = world.accounts.get(&own).is_some_and(|account| account.master == Some(user));
        owned.then_some(own).ok_or_else(|| format!("Invalid sub-account transfer from {user} to {own}"))?
    };
    if !["", "spot"].contains(&source) || !["", "spot"].contains(&target) {
        return Err("Invalid perp DEX.".into());
    }
    let name = token.split(':').next().unwrap_or_default();
    let (value, _) = amount_of(amount)?;
    if from == to && source == target {
        return Err("Cannot self-transfer.".into());
    }
    if name != "USDC" {
        return if (source, target) == ("spot", "spot") {
            send_spot(world, from, to, token, amount, "send")
        } else {
            Err("Token is not the collateral of perpetuals.".into())
        };
    }
    take(world, from, value, source == "spot")?;
    give(world, to, value, target == "spot")?;
    let delta = json!({"type": "send", "user": from, "destination": to, "sourceDex": source, "destinationDex": target,
        "token": name, "amount": text(value), "usdcValue": text(value), "fee": "0.0", "nativeTokenFee": "0.0",
        "nonce": world.time(), "feeToken": ""});
    world.note(from, delta.clone());
    if to != from {
        world.note(to, delta);
    }
    Ok(default_answer())
}

fn pair(world: &World, user: Address, own: Address, is_deposit: bool) -> Result<(Address, Address), Refusal> {
    let owned = world.accounts.get(&own).is_some_and(|account| account.master == Some(user));
    if !owned {
        return Err(format!("Invalid sub-account transfer from {user} to {own}").into());
    }
    Ok(if is_deposit { (user, own) } else { (own, user) })
}

/// Moves millionths of a dollar between the perpetuals of an account and of its sub-account.
pub(super) fn with_subaccount(
    world: &mut World,
    user: Address,
    own: Address,
    is_deposit: bool,
    usd: u64,
) -> Answer {
    let (from, to) = pair(world, user, own, is_deposit)?;
    let amount = Decimal::from(usd) / Decimal::from(1_000_000);
    take(world, from, amount, false)?;
    give(world, to, amount, false)?;
    let delta = json!({"type": "subAccountTransfer", "usdc": text(amount), "user": from, "destination": to});
    world.note(from, delta.clone());
    world.note(to, delta);
    Ok(default_answer())
}

pub(super) fn spot_with_subaccount(
    world: &mut World,
    user: Address,
    own: Address,
    is_deposit: bool,
    (token, amount): (&str, &str),
) -> Answer {
    let (from, to) = pair(world, user, own, is_deposit)?;
    send_spot(world, from, to, token, amount, "spotTransfer")
}

//! Agents, builders, referrers, sub-accounts.

use qtp_core::Decimal;
use serde_json::json;

use super::super::account::Agent;
use super::super::number::mix;
use super::super::world::World;
use super::{Answer, default_answer};
use crate::hyperliquid::sign::Address;

const DAY: i64 = 86_400_000;
/// Named agents of one account.
const NAMED: usize = 3;
const NAME_LENGTH: usize = 16;
/// Volume from which on sub-accounts can be made, in USD.
const SUBACCOUNT_VOLUME: i64 = 100_000;
const SUBACCOUNTS: usize = 10;
const BUILDERS: usize = 10;

/// Approves an agent. A name may carry `valid_until MILLISECONDS`; the zero address takes the agent of that name back.
pub(super) fn approve(world: &mut World, user: Address, address: Address, name: &str) -> Answer {
    let now = world.time();
    let (name, valid_until) = match name.split_once(" valid_until ") {
        Some((name, until)) => (name, until.trim().parse::<i64>().unwrap_or(0)),
        None => (name, now + 90 * DAY),
    };
    if name.chars().count() > NAME_LENGTH {
        return Err(format!("Agent name is longer than {NAME_LENGTH} characters.").into());
    }
    if valid_until <= now || valid_until > now + 180 * DAY {
        return Err("Agent valid_until already expired.".into());
    }
    let taken_back = *address.as_bytes() == [0; 20];
    if !taken_back && (world.agents.contains_key(&address) || world.accounts.contains_key(&address)) {
        return Err("Extra agent already used.".into());
    }
    let Some(account) = world.accounts.get_mut(&user) else { return Err("Unknown user.".into()) };
    let replaced = account.agents.iter().position(|agent| agent.name == name);
    let named = account.agents.iter().filter(|agent| !agent.name.is_empty()).count();
    if replaced.is_none() && !taken_back && !name.is_empty() && named >= NAMED {
        return Err(
            format!("Too many extra agents for cumulative volume traded. Current limit is {NAMED}").into()
        );
    }
    if let Some(old) = replaced {
        let old = account.agents.remove(old);
        world.agents.remove(&old.address);
        world.nonces.forget(&old.address);
    }
    if !taken_back {
        account.agents.push(Agent { address, name: name.to_owned(), valid_until });
        world.agents.insert(address, user);
    }
    Ok(default_answer())
}

/// Allows a builder a share of each fill, such as `0.01%`.
pub(super) fn approve_builder(world: &mut World, user: Address, builder: Address, rate: &str) -> Answer {
    let share = rate.strip_suffix('%').and_then(|digits| Decimal::from_str_exact(digits).ok());
    let share = share.filter(|share| !share.is_sign_negative()).ok_or("Invalid builder fee rate.")?;
    if share > Decimal::ONE {
        return Err("Builder fee rate is too high.".into());
    }
    let Some(account) = world.accounts.get_mut(&user) else { return Err("Unknown user.".into()) };
    if share.is_zero() {
        account.builders.remove(&builder);
    } else if account.builders.len() >= BUILDERS && !account.builders.contains_key(&builder) {
        return Err("Too many approved builders.".into());
    } else {
        account.builders.insert(builder, share / Decimal::ONE_HUNDRED);
    }
    Ok(default_answer())
}

pub(super) fn set_referrer(world: &mut World, user: Address, code: &str) -> Answer {
    let Some(account) = world.accounts.get_mut(&user) else { return Err("Unknown user.".into()) };
    if account.referrer.is_some() {
        return Err("Referrer already set.".into());
    }
    account.referrer = Some(code.chars().take(64).collect());
    Ok(default_answer())
}

pub(super) fn set_abstraction(world: &mut World, user: Address, abstraction: &str) -> Answer {
    let word = match abstraction {
        "i" | "disabled" => "disabled",
        "u" | "unifiedAccount" => return Err("Unified accounts are not offered on this venue.".into()),
        "p" | "portfolioMargin" => return Err("Portfolio margin is not offered on this venue.".into()),
        "dexAbstraction" => "dexAbstraction",
        "default" => "default",
        _ => return Err("Invalid abstraction.".into()),
    };
    if let Some(account) = world.accounts.get_mut(&user) {
        account.abstraction = word.to_owned();
    }
    Ok(default_answer())
}

pub(super) fn create_subaccount(world: &mut World, (user, signer): (Address, Address), name: &str) -> Answer {
    let Some(account) = world.accounts.get(&user) else { return Err("Unknown user.".into()) };
    if account.volume < SUBACCOUNT_VOLUME.into() {
        return Err(format!(
            "Cannot create sub-accounts until enough volume traded. Required: ${SUBACCOUNT_VOLUME}. Traded: ${}.",
            account.volume.round_dp(2).normalize(),
        ).into());
    }
    if account.subaccounts.len() >= SUBACCOUNTS {
        return Err("Too many sub-accounts.".into());
    }
    // An address that nobody holds the key of.
    let mut bytes = [0; 20];
    let mut seed = signer
        .as_bytes()
        .iter()
        .fold(account.subaccounts.len() as u64, |hash, byte| mix(hash ^ u64::from(*byte)));
    for part in bytes.chunks_mut(4) {
        seed = mix(seed);
        for (byte, random) in part.iter_mut().zip(seed.to_be_bytes()) {
            *byte = random;
        }
    }
    let address = Address::from_bytes(bytes);
    let made = world.account(address).map_err(|error| error.to_string())?;
    (made.master, made.name) = (Some(user), name.chars().take(NAME_LENGTH).collect());
    if let Some(account) = world.accounts.get_mut(&user) {
        account.subaccounts.push(address);
    }
    Ok(json!({"type": "createSubAccount", "data": address}))
}

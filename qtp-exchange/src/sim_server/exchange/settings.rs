//! Leverage, isolated margin, the dead man's switch.

use qtp_core::{Decimal, LeverageRequest, Ratio, Timestamp};

use super::super::account::Out;
use super::super::world::World;
use super::{Answer, Refusal, default_answer};
use crate::hyperliquid::sign::Address;
use crate::hyperliquid::wire::AssetId;

/// Volume from which on a cancel can be scheduled, in USD.
const SCHEDULE_VOLUME: i64 = 1_000_000;
/// A scheduled cancel lies at least so far ahead, in milliseconds.
const SCHEDULE_AHEAD: i64 = 5_000;

pub(super) fn leverage(
    world: &mut World,
    user: Address,
    asset: AssetId,
    is_cross: bool,
    leverage: u32,
) -> Answer {
    let place = world.place_of(asset).filter(|_| !asset.is_spot()).ok_or("Invalid asset.")?;
    let (Some(market), Some(account)) = (world.markets.get(place), world.accounts.get_mut(&user)) else {
        return Err("Invalid asset.".into());
    };
    if leverage == 0 || leverage > market.asset.max_leverage {
        return Err("Invalid leverage value".into());
    }
    let id = &market.asset.instrument.id;
    account.show(market, world.now, &mut Out::new());
    let before = (account.perp.leverage(id).unwrap_or(Ratio::ONE), account.perp.is_isolated(id));
    let request = LeverageRequest {
        account: account.perp.portfolio().account().clone(),
        instrument: id.clone(),
        leverage: Ratio::new(leverage.into()).unwrap_or(Ratio::ONE),
        isolated: !is_cross,
    };
    account.perp.try_set_leverage(&request).map_err(|reason| match reason.code.as_str() {
        "margin_mode_rejected" => Refusal::from("Cannot switch leverage type with open position."),
        _ => Refusal::from("Invalid leverage value"),
    })?;
    let (summary, cross) = account.summaries(&world.markets);
    let poor = cross.account_value < cross.margin_used || summary.account_value < summary.margin_used;
    if request.leverage < before.0 && poor && account.position(asset).is_some() {
        let back = LeverageRequest { leverage: before.0, isolated: before.1, ..request };
        account.perp.try_set_leverage(&back).map_err(|_| Refusal::from("Invalid leverage value"))?;
        let kind = if is_cross { "Cross" } else { "Isolated" };
        return Err(format!(
            "{kind} position does not have sufficient margin available to decrease leverage."
        )
        .into());
    }
    world.settle(user, place);
    Ok(default_answer())
}

pub(super) fn isolated_margin(world: &mut World, user: Address, asset: AssetId, ntli: i64) -> Answer {
    let place = world.place_of(asset).filter(|_| !asset.is_spot()).ok_or("Invalid asset.")?;
    let (Some(market), Some(account)) = (world.markets.get(place), world.accounts.get_mut(&user)) else {
        return Err("Invalid asset.".into());
    };
    if account.position(asset).is_none() {
        return Err("Must have an open position to update isolated margin.".into());
    }
    account.show(market, world.now, &mut Out::new());
    let result = account.perp.try_add_margin(&market.asset.instrument.id, Decimal::new(ntli, 6));
    result.map_err(|reason| match reason.code.as_str() {
        "not_isolated" => "Position does not use isolated margin.",
        _ if ntli < 0 => "Cannot remove more margin than is available.",
        _ => "Insufficient margin to add to isolated position.",
    })?;
    world.settle(user, place);
    Ok(default_answer())
}

pub(super) fn schedule_cancel(world: &mut World, user: Address, time: Option<u64>) -> Answer {
    let (now, clock_error) = (world.time(), world.clock_error);
    let Some(account) = world.accounts.get_mut(&user) else { return Err("Unknown user.".into()) };
    if account.volume < SCHEDULE_VOLUME.into() {
        return Err(format!(
            "Cannot set scheduled cancel time until enough volume traded. Required: ${SCHEDULE_VOLUME}. Traded: ${}.",
            account.volume.round_dp(2).normalize(),
        ).into());
    }
    if let Some(old) = account.schedule.take() {
        world.schedules.remove(&(old, user));
    }
    let Some(time) = time else { return Ok(default_answer()) };
    let time = i64::try_from(time).unwrap_or(i64::MAX);
    if time < now + SCHEDULE_AHEAD {
        return Err("Scheduled cancel time too early, must be at least 5 seconds from now.".into());
    }
    let time = Timestamp::from_millis(time - clock_error);
    account.schedule = Some(time);
    world.schedules.insert((time, user));
    Ok(default_answer())
}

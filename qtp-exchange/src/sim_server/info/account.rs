//! The state of an account.

use qtp_core::Decimal;
use serde_json::{Value, json};

use super::super::account::Account;
use super::super::exchange::requests_cap;
use super::super::market::{auction, meta, spot_meta};
use super::super::number::{text, usd};
use super::super::world::World;
use super::history::frontend_orders;
use super::{Answer, Query, Unanswered};
use crate::hyperliquid::sign::Address;

const EMPTY: &str = "0.0";

pub(super) fn answer(world: &World, query: &Query) -> Answer {
    query.main_dex()?;
    let user = query.user()?;
    let account = world.accounts.get(&user);
    Ok(match query.kind.as_str() {
        "clearinghouseState" => clearinghouse(world, account),
        "spotClearinghouseState" => spot_state(world, account),
        "userRole" => role(world, user, account),
        "userRateLimit" => {
            let (volume, used) =
                account.map_or((Decimal::ZERO, 0), |account| (account.volume, account.requests));
            json!({"cumVlm": text(volume), "nRequestsUsed": used, "nRequestsCap": requests_cap(volume), "nRequestsSurplus": 0})
        }
        "userFees" => fees(world, account),
        "portfolio" => portfolio(world, account),
        "extraAgents" => {
            let agents = account.map(|account| account.agents.as_slice()).unwrap_or_default();
            let named = agents.iter().filter(|agent| !agent.name.is_empty());
            named.map(|agent| json!({"name": agent.name, "address": agent.address, "validUntil": agent.valid_until})).collect()
        }
        "subAccounts" | "subAccounts2" => subaccounts(world, account),
        "userAbstraction" => json!(account.map_or("default", |account| account.abstraction.as_str())),
        "userDexAbstraction" => json!(account.is_some_and(|account| account.abstraction == "dexAbstraction")),
        "activeAssetData" => {
            let place = world.place_named(query.coin()?).ok_or(Unanswered::Unknown)?;
            asset_data(world, user, place).ok_or(Unanswered::Unknown)?
        }
        "maxBuilderFee" => {
            let builder = query.builder.ok_or(Unanswered::Unreadable)?;
            let share =
                account.and_then(|account| account.builders.get(&builder)).copied().unwrap_or_default();
            json!(number(share * Decimal::from(100_000)))
        }
        "referral" => referral(account),
        "delegatorSummary" => {
            json!({"delegated": EMPTY, "undelegated": EMPTY, "totalPendingWithdrawal": EMPTY, "nPendingWithdrawals": 0})
        }
        "webData2" => web_data(world, user),
        "isVip" => json!(false),
        "legalCheck" => json!({"ipAllowed": true, "acceptedTerms": true, "userAllowed": true}),
        "preTransferCheck" => {
            let known = account.is_some();
            json!({"fee": if known { EMPTY } else { "1.0" }, "isSanctioned": false, "userExists": known,
                "userHasSentTx": account.is_some_and(|account| account.requests > 0)})
        }
        "spotDeployState" => json!({"states": [], "gasAuction": auction(world.time())}),
        "userToMultiSigSigners" => Value::Null,
        "delegations" | "delegatorHistory" | "delegatorRewards" | "userVaultEquities" | "leadingVaults" => {
            json!([])
        }
        "approvedBuilders" => account.map_or_else(
            || json!([]),
            |account| account.builders.keys().map(|builder| json!(builder)).collect(),
        ),
        _ => return Err(Unanswered::Unreadable),
    })
}

pub(in crate::sim_server) fn clearinghouse(world: &World, account: Option<&Account>) -> Value {
    let time = world.now;
    let mut value = account.map_or_else(
        || {
            let nothing = json!({"accountValue": EMPTY, "totalNtlPos": EMPTY, "totalRawUsd": EMPTY, "totalMarginUsed": EMPTY});
            json!({"assetPositions": [], "marginSummary": nothing.clone(), "crossMarginSummary": nothing,
                "crossMaintenanceMarginUsed": EMPTY, "withdrawable": EMPTY, "time": 0})
        },
        |account| account.clearinghouse(&world.markets, time),
    );
    if let Some(map) = value.as_object_mut() {
        map.insert("time".to_owned(), json!(world.time()));
    }
    value
}

pub(in crate::sim_server) fn spot_state(world: &World, account: Option<&Account>) -> Value {
    account.map_or_else(|| json!({"balances": []}), |account| account.spot_state(&world.markets))
}

fn role(world: &World, user: Address, account: Option<&Account>) -> Value {
    if let Some(master) = world.agents.get(&user) {
        return json!({"role": "agent", "data": {"user": master}});
    }
    match account {
        None => json!({"role": "missing"}),
        Some(Account { master: Some(master), .. }) => {
            json!({"role": "subAccount", "data": {"master": master}})
        }
        Some(_) => json!({"role": "user"}),
    }
}

/// Fees of the lowest tier.
fn fees(world: &World, account: Option<&Account>) -> Value {
    let day = |ago: i64| qtp_core::Timestamp::from_millis(world.time() - ago * 86_400_000).to_string();
    let taken = account.map_or(Decimal::ZERO, |account| account.taker_volume);
    let made = account.map_or(Decimal::ZERO, |account| account.volume) - taken;
    let volumes: Vec<Value> = (0..15).rev().map(|ago| {
        let (taken, made) = if ago == 0 { (taken, made) } else { (Decimal::ZERO, Decimal::ZERO) };
        json!({"date": day(ago).get(..10), "userCross": text(taken), "userAdd": text(made), "exchange": EMPTY})
    }).collect();
    json!({"dailyUserVlm": volumes,
        "feeSchedule": {"cross": "0.00045", "add": "0.00015", "spotCross": "0.0007", "spotAdd": "0.0004",
            "tiers": {"vip": [], "mm": []}, "referralDiscount": "0.04", "stakingDiscountTiers": []},
        "userCrossRate": "0.00045", "userAddRate": "0.00015", "userSpotCrossRate": "0.0007", "userSpotAddRate": "0.0004",
        "activeReferralDiscount": EMPTY, "trial": null, "feeTrialReward": EMPTY, "feeTrialEscrow": EMPTY, "nextTrialAvailableTimestamp": null,
        "stakingLink": null, "activeStakingDiscount": {"bpsOfMaxSupply": EMPTY, "discount": EMPTY}})
}

/// Value and profit now; the venue keeps no curve of them.
fn portfolio(world: &World, account: Option<&Account>) -> Value {
    let value = account.map_or(Decimal::ZERO, |account| account.summaries(&world.markets).0.account_value);
    let volume = account.map_or(Decimal::ZERO, |account| account.volume);
    let paid_in = account.map_or(Decimal::ZERO, |account| account.perp.paid_in());
    let periods = ["day", "week", "month", "allTime", "perpDay", "perpWeek", "perpMonth", "perpAllTime"];
    periods
        .iter()
        .map(|period| {
            json!([period, {"accountValueHistory": [[world.time(), usd(value)]],
            "pnlHistory": [[world.time(), usd(value - paid_in)]], "vlm": usd(volume)}])
        })
        .collect()
}

fn subaccounts(world: &World, account: Option<&Account>) -> Value {
    let addresses = account.map(|account| account.subaccounts.as_slice()).unwrap_or_default();
    if addresses.is_empty() {
        return Value::Null;
    }
    let known = addresses.iter().filter_map(|address| world.accounts.get(address));
    known
        .map(|sub| {
            json!({"name": sub.name, "subAccountUser": sub.address, "master": sub.master,
            "clearinghouseState": clearinghouse(world, Some(sub)), "dexToClearinghouseState": [["", clearinghouse(world, Some(sub))]], "spotState": spot_state(world, Some(sub))})
        })
        .collect()
}

fn referral(account: Option<&Account>) -> Value {
    let volume = account.map_or(Decimal::ZERO, |account| account.volume);
    let by = account.and_then(|account| account.referrer.as_ref());
    let by = by.map(|code| json!({"referrer": format!("0x{:040x}", 0), "code": code}));
    json!({"referredBy": by, "cumVlm": text(volume), "unclaimedRewards": EMPTY, "claimedRewards": EMPTY,
        "builderRewards": EMPTY, "referrerState": {"stage": "needToTrade", "data": {"required": "10000.0"}}, "rewardHistory": [], "tokenToState": []})
}

fn number(value: Decimal) -> u64 {
    value.trunc().normalize().to_string().parse().unwrap_or(0)
}

/// `activeAssetData`.
pub(in crate::sim_server) fn asset_data(world: &World, user: Address, place: usize) -> Option<Value> {
    let market = world.markets.get(place).filter(|market| !market.asset.is_spot())?;
    let account = world.accounts.get(&user);
    let (leverage, cross) = account
        .map_or((Decimal::from(market.asset.max_leverage.min(20)), true), |account| {
            account.leverage(market.asset.id, market)
        });
    let (coins, dollars) = account
        .map_or(([Decimal::ZERO; 2], [Decimal::ZERO; 2]), |account| account.room(&world.markets, market));
    let leverage = number(leverage);
    Some(json!({"user": user, "coin": market.asset.coin,
        "leverage": {"type": if cross { "cross" } else { "isolated" }, "value": leverage},
        "maxTradeSzs": coins.map(text), "availableToTrade": dollars.map(usd), "markPx": text(market.mark())}))
}

/// `webData2`: what the venue's own page shows of a user.
pub(in crate::sim_server) fn web_data(world: &World, user: Address) -> Value {
    let account = world.accounts.get(&user);
    let assets = || world.markets.iter().map(|market| &market.asset);
    let contexts = |spot: bool| -> Vec<Value> {
        let markets = world.markets.iter().filter(|market| market.asset.is_spot() == spot);
        markets.map(|market| market.context(world.now)).collect()
    };
    json!({"user": user, "clearinghouseState": clearinghouse(world, account),
        "openOrders": account.map_or_else(|| json!([]), frontend_orders), "spotState": spot_state(world, account),
        "meta": meta(assets()), "assetCtxs": contexts(false), "spotAssetCtxs": contexts(true), "spotMeta": spot_meta(assets()),
        "leadingVaults": [], "totalVaultEquity": EMPTY, "agentAddress": null, "agentValidUntil": null,
        "cumLedger": usd(account.map_or(Decimal::ZERO, |account| account.perp.paid_in())), "isVault": false,
        "serverTime": world.time(), "twapStates": [], "perpsAtOpenInterestCap": []})
}

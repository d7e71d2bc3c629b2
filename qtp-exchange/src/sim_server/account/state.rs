//! The state of an account as clients read it.

use qtp_core::{Currency, Decimal, Position, Price, Timestamp};
use serde_json::{Value, json};

use super::super::market::Market;
use super::super::number::{rounded, text, usd};
use super::Account;
use crate::hyperliquid::wire::AssetId;

/// Sums over positions, in USDC.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::sim_server) struct Summary {
    pub account_value: Decimal,
    pub notional: Decimal,
    /// Signed value of all positions.
    pub exposure: Decimal,
    pub margin_used: Decimal,
    pub maintenance: Decimal,
}

impl Summary {
    fn json(&self) -> Value {
        json!({"accountValue": usd(self.account_value), "totalNtlPos": usd(self.notional),
            "totalRawUsd": usd(self.account_value - self.exposure), "totalMarginUsed": usd(self.margin_used)})
    }

    /// What may leave the account: initial margin and a tenth of all positions stay.
    pub(in crate::sim_server) fn withdrawable(&self) -> Decimal {
        let stays = self.margin_used.max(self.notional / Decimal::TEN);
        (self.account_value - stays).max(Decimal::ZERO)
    }
}

/// A position beside the market that it is in.
#[derive(Debug, Clone, Copy)]
struct Held<'a> {
    market: &'a Market,
    position: &'a Position,
    value: Decimal,
    profit: Decimal,
    leverage: Decimal,
    /// Margin of its own, without its profit.
    own_margin: Option<Decimal>,
}

impl Held<'_> {
    fn margin_used(&self) -> Decimal {
        match self.own_margin {
            Some(margin) => margin + self.profit,
            None => self.value.checked_div(self.leverage).unwrap_or_default(),
        }
    }

    fn maintenance(&self) -> Decimal {
        let tier = self.market.asset.instrument.margin_tier(qtp_core::Notional::from_decimal(self.value));
        tier.map_or(Decimal::ZERO, |tier| tier.maintenance.get() * self.value)
    }
}

impl Account {
    fn holdings<'a>(&'a self, markets: &'a [Market]) -> impl Iterator<Item = Held<'a>> {
        markets.iter().filter(|market| !market.asset.is_spot()).filter_map(|market| {
            let position = self.position(market.asset.id)?;
            let price = market.price?;
            let id = &market.asset.instrument.id;
            Some(Held {
                market,
                position,
                value: position.value(price).get().abs(),
                profit: position.unrealized(price).get(),
                leverage: self.leverage(market.asset.id, market).0,
                own_margin: self.perp.isolated_margin(id),
            })
        })
    }

    /// Leverage and whether it is cross.
    pub(in crate::sim_server) fn leverage(&self, asset: AssetId, market: &Market) -> (Decimal, bool) {
        let venue = if asset.is_spot() { &self.spot } else { &self.perp };
        let id = &market.asset.instrument.id;
        (venue.leverage(id).map_or(Decimal::ONE, qtp_core::Ratio::get), !venue.is_isolated(id))
    }

    /// All positions, and those in cross margin alone.
    pub(in crate::sim_server) fn summaries(&self, markets: &[Market]) -> (Summary, Summary) {
        let balance = self.perp.portfolio().balance(Currency::USDC);
        let mut all = Summary { account_value: balance, ..Summary::default() };
        let mut cross = all;
        for held in self.holdings(markets) {
            let exposure = if held.position.quantity().signum() > 0 { held.value } else { -held.value };
            all.account_value += held.profit;
            all.notional += held.value;
            all.exposure += exposure;
            all.margin_used += held.margin_used();
            all.maintenance += held.maintenance();
            if held.own_margin.is_some() {
                cross.account_value -= held.own_margin.unwrap_or_default();
                continue;
            }
            cross.account_value += held.profit;
            cross.notional += held.value;
            cross.exposure += exposure;
            cross.margin_used += held.margin_used();
            cross.maintenance += held.maintenance();
        }
        (all, cross)
    }

    /// `clearinghouseState`.
    pub(in crate::sim_server) fn clearinghouse(&self, markets: &[Market], now: Timestamp) -> Value {
        let (all, cross) = self.summaries(markets);
        let positions: Vec<Value> = self.holdings(markets).map(|held| self.position_json(&held)).collect();
        json!({"assetPositions": positions, "marginSummary": all.json(), "crossMarginSummary": cross.json(),
            "crossMaintenanceMarginUsed": usd(cross.maintenance), "withdrawable": usd(cross.withdrawable()),
            "time": now.as_millis()})
    }

    fn position_json(&self, held: &Held<'_>) -> Value {
        let (position, asset) = (held.position, &held.market.asset);
        let entry = position.average_entry().map(Price::get);
        let used = held.margin_used();
        let mut leverage = json!({"type": "cross", "value": whole(held.leverage)});
        if let Some(margin) = held.own_margin {
            let raw = margin - position.cost().get();
            leverage = json!({"type": "isolated", "value": whole(held.leverage), "rawUsd": usd(raw)});
        }
        let initial = position.cost().get().abs().checked_div(held.leverage).unwrap_or_default();
        let yields = held.profit.checked_div(initial).unwrap_or_default();
        let funding = self.funding.get(&asset.id).copied().unwrap_or_default();
        let liquidation = self.perp.liquidation_price(&asset.instrument.id).map(|price| rounded(price.get()));
        json!({"type": "oneWay", "position": {"coin": asset.coin, "szi": text(position.quantity().get()),
            "leverage": leverage, "entryPx": entry.map(rounded),
            "positionValue": usd(held.value), "unrealizedPnl": usd(held.profit), "returnOnEquity": rounded(yields),
            "liquidationPx": liquidation, "marginUsed": usd(used), "maxLeverage": asset.max_leverage,
            "cumFunding": {"allTime": usd(funding.all_time), "sinceOpen": usd(funding.since_open),
                "sinceChange": usd(funding.since_change)}}})
    }

    /// `spotClearinghouseState`.
    pub(in crate::sim_server) fn spot_state(&self, markets: &[Market]) -> Value {
        let cash = self.spot_cash();
        let mut balances = Vec::new();
        if !cash.is_zero()
            || !self.held_cash().is_zero()
            || self.spot.portfolio().open_positions().next().is_some()
        {
            balances.push(json!({"coin": "USDC", "token": 0, "total": rounded(cash),
                "hold": rounded(self.held_cash()), "entryNtl": "0.0"}));
        }
        for market in markets.iter().filter(|market| market.asset.is_spot()) {
            let Some(held) = self.position(market.asset.id) else { continue };
            balances.push(json!({"coin": market.asset.base, "token": market.asset.token(),
                "total": rounded(held.quantity().get()), "hold": rounded(self.held(market.asset.id)),
                "entryNtl": rounded(held.cost().get())}));
        }
        json!({"balances": balances})
    }

    /// Largest buy and sell of a perpetual, in coins, and the dollars behind them.
    pub(in crate::sim_server) fn room(
        &self,
        markets: &[Market],
        market: &Market,
    ) -> ([Decimal; 2], [Decimal; 2]) {
        let (_, cross) = self.summaries(markets);
        let free = (cross.account_value - cross.margin_used).max(Decimal::ZERO);
        let (leverage, _) = self.leverage(market.asset.id, market);
        let held = self.position(market.asset.id).map_or(Decimal::ZERO, |held| held.quantity().get());
        let value = held.abs() * market.mark();
        let margin = value.checked_div(leverage).unwrap_or_default() * Decimal::TWO;
        let dollars = if held > Decimal::ZERO { [free, free + margin] } else { [free + margin, free] };
        let coins = dollars.map(|dollars| {
            let size = (dollars * leverage).checked_div(market.mark()).unwrap_or_default();
            size.round_dp_with_strategy(market.asset.sz_decimals, rust_decimal::RoundingStrategy::ToZero)
        });
        (coins, dollars)
    }
}

fn whole(leverage: Decimal) -> u64 {
    leverage.trunc().normalize().to_string().parse().unwrap_or(1)
}

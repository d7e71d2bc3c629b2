//! Tools that read the account: positions, recent trades, portfolio risk.

use async_trait::async_trait;
use qtp_core::port::{AsOf, AsOfView};
use qtp_core::{AssetView, Decimal};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::{read, spec};
use super::{Tool, ToolError};
use crate::model::ToolSpec;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoArguments {}

/// Open positions with their exits.
pub(super) struct Positions;

#[async_trait]
impl Tool for Positions {
    fn spec(&self) -> ToolSpec {
        spec::<NoArguments>(
            "positions",
            "Open positions: signed quantity, average entry, price, stop, target, open profit.",
        )
    }

    async fn call(&self, arguments: &Value, view: &dyn AsOfView) -> Result<AsOf<Value>, ToolError> {
        read::<NoArguments>(arguments)?;
        Ok(AsOf::read(view, |view| {
            let held = view.assets().iter().filter(|asset| !asset.position.is_zero());
            json!({ "positions": held.map(position).collect::<Vec<_>>() })
        }))
    }
}

fn position(asset: &AssetView) -> Value {
    let text = |value: Option<String>| value.map_or(Value::Null, Value::String);
    json!({
        "asset": asset.instrument.as_str(),
        "quantity": asset.position.to_string(),
        "entry": text(asset.entry.map(|price| price.to_string())),
        "price": asset.price.to_string(),
        "stop": text(asset.stop.map(|price| price.to_string())),
        "target": text(asset.target.map(|price| price.to_string())),
        "open_profit": text(asset.unrealized.map(|profit| profit.to_string())),
    })
}

/// How the last trades ended.
pub(super) struct RecentTrades;

#[async_trait]
impl Tool for RecentTrades {
    fn spec(&self) -> ToolSpec {
        spec::<NoArguments>(
            "recent_trades",
            "How the last round trip in each asset ended, newest first; won means a profit after fees and funding.",
        )
    }

    async fn call(&self, arguments: &Value, view: &dyn AsOfView) -> Result<AsOf<Value>, ToolError> {
        read::<NoArguments>(arguments)?;
        Ok(AsOf::read(view, |view| {
            let ended = |asset: &AssetView| Some((asset.last_trade?, asset.instrument.clone()));
            let mut trades: Vec<_> = view.assets().iter().filter_map(ended).collect();
            trades.sort_by_key(|(trade, _)| std::cmp::Reverse(trade.time));
            let row = |(trade, asset): &(qtp_core::TradeOutcome, qtp_core::InstrumentId)| json!({ "asset": asset.as_str(), "closed": trade.time.to_string(), "won": trade.won });
            json!({ "trades": trades.iter().map(row).collect::<Vec<_>>() })
        }))
    }
}

/// Exposure and what the stops would cost.
pub(super) struct PortfolioRisk;

#[async_trait]
impl Tool for PortfolioRisk {
    fn spec(&self) -> ToolSpec {
        spec::<NoArguments>(
            "portfolio_risk",
            "Equity, gross and net exposure, exposure over equity, the loss if every stop were hit, positions without \
             a stop.",
        )
    }

    async fn call(&self, arguments: &Value, view: &dyn AsOfView) -> Result<AsOf<Value>, ToolError> {
        read::<NoArguments>(arguments)?;
        Ok(AsOf::read(view, risk))
    }
}

fn risk(view: &dyn AsOfView) -> Value {
    let (mut gross, mut net, mut loss) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    let mut unprotected = Vec::new();
    for asset in view.assets().iter().filter(|asset| !asset.position.is_zero()) {
        let value = asset.price.notional(asset.position).get();
        gross = gross.saturating_add(value.abs());
        net = net.saturating_add(value);
        match asset.stop {
            Some(stop) => {
                loss = loss.saturating_add(value.saturating_sub(stop.notional(asset.position).get()))
            }
            None => unprotected.push(asset.instrument.as_str()),
        }
    }
    let equity = view.equity().map(|equity| equity.get());
    let leverage =
        equity.filter(|equity| *equity > Decimal::ZERO).and_then(|equity| gross.checked_div(equity));
    let text = |value: Decimal| value.round_dp(8).normalize().to_string();
    json!({
        "equity": equity.map(text),
        "gross_exposure": text(gross),
        "net_exposure": text(net),
        "exposure_over_equity": leverage.map(text),
        "loss_at_stops": text(loss),
        "positions_without_stop": unprotected,
        "halted": view.halted(),
    })
}

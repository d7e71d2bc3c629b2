//! Whether an answer makes sense for the picture it is about.

use qtp_core::Decimal;
use qtp_core::money::{Notional, Price, Ratio};
use qtp_core::{AssetView, Bracket, DecisionAction, DecisionRequest, TradeDecision};

use super::parse::{Answer, AnswerTrade, quote};
use super::plan;

/// Prices outside this band around the current one are mistakes: another asset's, another currency's, a slip of digits.
const BAND: (Decimal, Decimal) =
    (Decimal::from_parts(2, 0, 0, false, 1), Decimal::from_parts(5, 0, 0, false, 0));
/// No position of ours is larger.
const ALLOCATION_MAX: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// The trades of `answer`, or the first problem with its field. All or nothing: half an answer is not an answer.
pub(super) fn trades(
    answer: &Answer,
    request: &DecisionRequest,
    require_stop: bool,
) -> Result<Vec<TradeDecision>, String> {
    let mut trades: Vec<TradeDecision> = Vec::with_capacity(answer.trades.len());
    for (index, advice) in answer.trades.iter().enumerate() {
        let named = |problem: String| format!("trade_decisions[{index}].{problem}");
        let asset = find(&advice.asset, request).map_err(named)?;
        if trades.iter().any(|trade| trade.instrument == asset.instrument) {
            return Err(named(format!("asset: a second decision about {}", asset.instrument)));
        }
        trades.push(trade(advice, asset, require_stop).map_err(named)?);
    }
    Ok(trades)
}

/// By id; by symbol or base where only one asset of the request has it.
fn find<'a>(name: &str, request: &'a DecisionRequest) -> Result<&'a AssetView, String> {
    let by_id = request.assets.iter().find(|asset| asset.instrument.as_str() == name);
    if let Some(asset) = by_id {
        return Ok(asset);
    }
    let named = |asset: &&AssetView| {
        let id = &asset.instrument;
        [id.as_str(), id.symbol(), id.base()].iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    let mut matches = request.assets.iter().filter(named);
    match (matches.next(), matches.next()) {
        (Some(asset), None) => Ok(asset),
        (Some(_), Some(_)) => Err(format!("asset: {} could be several; give the whole id", quote(name))),
        (None, _) => Err(format!("asset: {} is not in the request", quote(name))),
    }
}

fn trade(advice: &AnswerTrade, asset: &AssetView, require_stop: bool) -> Result<TradeDecision, String> {
    let conviction = advice.conviction;
    if conviction < Decimal::ZERO || conviction > Decimal::ONE {
        return Err(format!("conviction: {conviction} is not within 0 and 1"));
    }
    if let Some(allocation) =
        advice.allocation.filter(|value| *value < Decimal::ZERO || *value > ALLOCATION_MAX)
    {
        return Err(format!("allocation_usd: {allocation} is not within 0 and {ALLOCATION_MAX}"));
    }
    let stop = level(advice.stop, "sl_price", asset.price)?;
    let target = level(advice.target, "tp_price", asset.price)?;
    let opens = matches!(advice.action, DecisionAction::Buy | DecisionAction::Sell);
    if opens && require_stop && stop.is_none() {
        return Err("sl_price: a buy or sell needs a stop".to_owned());
    }
    let direction = match advice.action {
        DecisionAction::Buy => 1,
        DecisionAction::Sell => -1,
        DecisionAction::Hold | DecisionAction::Reduce => asset.position.signum(),
        // Nothing is left to protect.
        DecisionAction::Close => 0,
    };
    check_sides(stop, target, direction, asset.price)?;
    // Where nothing is left to watch, rules say nothing: then they must not spoil the decision.
    let watched = advice.plan.as_ref().filter(|_| opens || (direction != 0 && !asset.position.is_zero()));
    if let Some(plan) = watched {
        let side = if direction == 0 { asset.position.signum() } else { direction };
        plan::check(plan, asset, side).map_err(|problem| format!("exit_rules{problem}"))?;
    }
    Ok(TradeDecision {
        instrument: asset.instrument.clone(),
        action: advice.action,
        conviction: Ratio::new(conviction).map_err(|error| format!("conviction: {error}"))?,
        allocation: advice.allocation.map(Notional::from_decimal),
        stop,
        target,
        exit_plan: advice.exit_plan.clone(),
        plan: watched.filter(|plan| !plan.is_empty()).cloned(),
        rationale: advice.rationale.clone(),
    })
}

fn level(value: Option<Decimal>, field: &str, now: Price) -> Result<Option<Price>, String> {
    let Some(value) = value else { return Ok(None) };
    let price = Price::new(value).map_err(|error| format!("{field}: {error}"))?;
    let bound = |factor: Decimal| now.get().checked_mul(factor);
    let inside =
        bound(BAND.0).is_some_and(|low| value >= low) && bound(BAND.1).is_some_and(|high| value <= high);
    if inside {
        return Ok(Some(price));
    }
    Err(format!("{field}: {price} is not within {} and {} times the price {now}", BAND.0, BAND.1))
}

fn check_sides(
    stop: Option<Price>,
    target: Option<Price>,
    direction: i8,
    price: Price,
) -> Result<(), String> {
    if direction == 0 {
        return Ok(());
    }
    for (field, bracket) in
        [("sl_price", Bracket { stop, target: None }), ("tp_price", Bracket { stop: None, target })]
    {
        if let Some(problem) = bracket.problem(direction, price) {
            let side = if direction > 0 { "long" } else { "short" };
            return Err(format!("{field}: {problem} {price} of a {side}"));
        }
    }
    Ok(())
}

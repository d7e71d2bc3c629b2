//! The user's part: the picture as text. The same picture gives the same bytes.

use std::fmt::{Display, Write as _};

use qtp_core::{
    AssetView, Candle, DecisionRequest, EntryThesis, Level, Performance, PnlSplit, Price, PriceRule,
    Rounding, Timeframe,
};

use super::regime::Regime;
use crate::rules::figures;
use crate::untrusted::Untrusted;

/// How much of the picture is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detail {
    /// Most candles of each timeframe.
    pub(super) candles: usize,
    /// Tables also of assets without a position or an order.
    pub(super) flat: bool,
}

/// Describes the picture, with the last values of `indicators` for each timeframe.
pub(super) fn page(request: &DecisionRequest, indicators: &[String], detail: Detail) -> String {
    let mut page = Page(String::new());
    page.line(format_args!("Time: {} (UTC). All candles have closed.", request.as_of));
    match request.equity {
        Some(equity) => page.line(format_args!("Account equity: {equity}.")),
        None => page.line("Account equity: unknown."),
    }
    if let Some(so_far) = request.performance {
        performance(&mut page, so_far);
    }
    page.line(if request.halted { "Trading: HALTED, only exits." } else { "Trading: allowed." });
    for asset in &request.assets {
        let idle = asset.position.is_zero() && asset.working.is_zero();
        describe(&mut page, asset);
        if detail.flat || !idle {
            tables(&mut page, asset, indicators, detail.candles);
        }
    }
    page.line("\nDecide now. Answer with the JSON object only.");
    page.0
}

struct Page(String);

impl Page {
    fn line(&mut self, text: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{text}");
    }
}

fn performance(page: &mut Page, Performance { profit, today, losses_in_row }: Performance) {
    let PnlSplit { price, fees, funding } = profit;
    page.line(format_args!(
        "Result so far: {} = {price} from prices, {fees} paid in fees, {funding} of funding.",
        profit.total()
    ));
    page.line(format_args!("Result today: {}. Trades lost in a row: {losses_in_row}.", or_none(today)));
}

fn describe(page: &mut Page, asset: &AssetView) {
    page.line(format_args!("\n## {}", asset.instrument));
    page.line(format_args!("price: {}", asset.price));
    match asset.position.signum() {
        0 => page.line("position: flat"),
        sign => {
            let side = if sign > 0 { "long" } else { "short" };
            page.line(format_args!("position: {side} {}", asset.position.abs()));
            page.line(format_args!("average entry: {}", or_none(asset.entry.map(short))));
            page.line(format_args!("stop: {}", or_none(asset.stop)));
            page.line(format_args!("target: {}", or_none(asset.target)));
            page.line(format_args!("open profit: {}", or_none(asset.unrealized)));
            if let Some(thesis) = &asset.thesis {
                entry_thesis(page, thesis);
            }
        }
    }
    page.line(format_args!("working orders (signed sum): {}", asset.working));
    page.line(format_args!("last funding rate: {}", or_none(asset.funding)));
    let open = asset.open_interest.as_ref().map(|open| open.quantity);
    page.line(format_args!("open interest: {}", or_none(open)));
    if let Some(last) = asset.last_trade {
        let end = if last.won { "won" } else { "lost" };
        page.line(format_args!("last trade: {end}, closed {}", last.time));
    }
}

/// What an earlier answer said is text from outside again.
fn entry_thesis(page: &mut Page, thesis: &EntryThesis) {
    let quoted = |text: &str| Untrusted::new(text).envelope("your earlier decision");
    page.line(format_args!("opened by the decision of: {}", thesis.decided));
    page.line(format_args!("candles held: {}", thesis.candles));
    page.line(format_args!("why it was opened: {}", quoted(&thesis.rationale)));
    page.line(format_args!("its exit plan: {}", quoted(&thesis.exit_plan)));
    let plan = &thesis.plan;
    if plan.is_empty() {
        return page.line("watched by code: nothing but stop and target");
    }
    page.line("watched by code, and not to be loosened:");
    for condition in &plan.invalidation {
        page.line(format_args!("- leave if {}", quoted(&condition.to_string())));
    }
    match &plan.trailing_stop {
        Some(Level::Percent(percent)) => page.line(format_args!("- trailing stop {percent} % away")),
        Some(Level::AverageTrueRange { times, .. }) => {
            page.line(format_args!("- trailing stop {times} average true ranges away"));
        }
        Some(_) => page.line("- trailing stop"),
        None => {}
    }
    if let Some(candles) = plan.time_stop_candles {
        page.line(format_args!("- leave after {candles} candles"));
    }
    if plan.cooldown_candles > 0 {
        page.line(format_args!("- no new position for {} candles afterwards", plan.cooldown_candles));
    }
}

fn tables(page: &mut Page, asset: &AssetView, indicators: &[String], most: usize) {
    let mut series: Vec<_> = asset.candles.iter().collect();
    series.sort_by_key(|(timeframe, _)| *timeframe);
    for (timeframe, candles) in series {
        table(page, *timeframe, candles, most);
        if let Some(regime) = Regime::of(candles) {
            page.line(regime);
        }
        let values: Vec<_> = indicators.iter().flat_map(|spec| values(spec, candles)).collect();
        if !values.is_empty() {
            page.line(format_args!("indicators: {}", values.join(", ")));
        }
    }
}

fn table(page: &mut Page, timeframe: Timeframe, candles: &[Candle], most: usize) {
    let shown = &candles[candles.len().saturating_sub(most)..];
    page.line(format_args!("\n{timeframe} candles, oldest first ({} of {}):", shown.len(), candles.len()));
    page.line("open_time,open,high,low,close,volume");
    for candle in shown {
        let (time, volume) = (candle.open_time(), candle.volume());
        let (open, high, low, close) = (candle.open(), candle.high(), candle.low(), candle.close());
        page.line(format_args!("{time},{open},{high},{low},{close},{volume}"));
    }
}

/// Each output of an indicator after the last candle; none while it is not warm.
fn values(spec: &str, candles: &[Candle]) -> Vec<String> {
    // Specs were built once when the settings were checked.
    let Ok(mut indicator) = qtp_indicators::build(spec) else { return Vec::new() };
    let mut row = vec![f64::NAN; indicator.width()];
    let mut warm = false;
    for candle in candles {
        warm = indicator.update(&candle.ohlcv(), candle.open_time().as_nanos(), &mut row);
    }
    let known = indicator.columns().iter().zip(&row).filter(|(_, value)| warm && value.is_finite());
    known.map(|(name, value)| format!("{name} {}", figures(*value))).collect()
}

/// An average entry can have 28 digits; eight say enough.
fn short(price: Price) -> Price {
    let rule = PriceRule::SignificantFigures { digits: 8, decimals: 12 };
    rule.round(price, Rounding::Nearest).unwrap_or(price)
}

fn or_none(value: Option<impl Display>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

//! Title, warnings, the figures that matter most, and what they prove.

use super::tone;
use crate::report::ReportData;
use crate::report::svg::escape;
use crate::stats::Summary;
use crate::stats::format::{count, date, date_time, money, percent, ratio, signed_money, signed_percent};

pub(super) fn header(page: &mut String, data: &ReportData, title: &str) {
    let summary = &data.summary;
    let mut parts = vec![summary.instruments.join(", ")];
    parts.extend(summary.timeframe.clone());
    if let (Some(first), Some(last)) = (summary.first_time, summary.last_time) {
        parts.push(format!("{} to {} UTC", date_time(first), date_time(last)));
    }
    parts.push(format!("{} candles", count(summary.candles)));
    parts.retain(|part| !part.is_empty());
    let line = escape(&parts.join("  \u{b7}  "));
    let mut badges = String::new();
    if summary.synthetic {
        badges.push_str("<span class=\"badge amber\">Synthetic data</span>");
    }
    if let Some(time) = summary.bankrupt_at {
        badges.push_str(&format!("<span class=\"badge red\">BANKRUPT {}</span>", date(time)));
    }
    page.push_str(&format!(
        "<header class=\"top\"><div><h1>{title}{badges}</h1><p>{line}</p></div>\
         <button id=\"theme\" type=\"button\" title=\"Light or dark\" aria-label=\"Light or dark\"></button></header>\n"
    ));
    let warnings = summary.warnings();
    if !warnings.is_empty() {
        page.push_str("<ul class=\"warnings\">");
        for warning in warnings {
            page.push_str(&format!("<li>{}</li>", escape(&warning)));
        }
        page.push_str("</ul>\n");
    }
}

pub(super) fn tiles(page: &mut String, summary: &Summary) {
    let unit = escape(&summary.currency);
    let known = |value: Option<f64>, text: fn(f64) -> String| value.map_or_else(unknown, text);
    let tiles = [
        ("Return", signed_percent(summary.total_return), tone(summary.total_return), {
            format!("buy and hold {}", known(summary.buy_and_hold_return, signed_percent))
        }),
        ("Net profit", signed_money(summary.net_profit), tone(summary.net_profit), {
            format!("{} to {} {unit}", money(summary.initial_equity), money(summary.final_equity))
        }),
        ("Max drawdown", percent(summary.max_drawdown), "", {
            let trough =
                summary.max_drawdown_trough.map_or_else(String::new, |time| format!(", {}", date(time)));
            format!("{} {unit}{trough}", money(summary.max_drawdown_value))
        }),
        ("Sharpe", known(summary.sharpe, ratio), "", {
            format!("Sortino {}, daily, per year", known(summary.sortino, ratio))
        }),
        ("Win rate", known(summary.win_rate, percent), "", {
            format!("{} of {} round trips", count(summary.wins), count(summary.round_trips))
        }),
        ("Profit factor", known(summary.profit_factor, ratio), "", {
            let average = known(summary.average_trade, signed_money);
            format!("average trade {average}")
        }),
        ("Costs", known(summary.costs_share, percent), "", "of gross profit".to_owned()),
        ("Time in the market", known(summary.exposure_time, percent), "", {
            summary.turnover.map_or_else(String::new, |turnover| format!("turnover {} x", ratio(turnover)))
        }),
    ];
    let mut tiles = tiles.to_vec();
    if let Some(models) = &summary.models {
        let note = format!(
            "{} decisions, {} tokens, net after models {}",
            count(models.decisions),
            count(models.prompt_tokens.saturating_add(models.completion_tokens)),
            known(models.net_after_models, signed_money),
        );
        tiles.push(("Cost of models", format!("{} USD", money(models.cost_usd)), "", note));
    }
    page.push_str("<section class=\"tiles\">");
    for (name, value, tone, note) in tiles {
        page.push_str(&format!(
            "<div class=\"tile\"><h3>{name}</h3><p class=\"figure {tone}\">{value}</p><p>{note}</p></div>"
        ));
    }
    page.push_str("</section>\n");
}

pub(super) fn evidence(page: &mut String, summary: &Summary) {
    let evidence = &summary.evidence;
    let class = match (evidence.distinguishable_from_zero, evidence.mean_trade) {
        (true, Some(mean)) => tone(mean),
        _ => "open",
    };
    let sentence = escape(&evidence.sentence);
    let bar = interval(summary).unwrap_or_default();
    page.push_str(&format!(
        "<section class=\"evidence {class}\"><h2>Evidence</h2><p>{sentence}</p>{bar}</section>\n"
    ));
}

/// The interval as a bar with zero and the mean marked.
fn interval(summary: &Summary) -> Option<String> {
    let evidence = &summary.evidence;
    let (low, high, mean) = (evidence.ci_low?, evidence.ci_high?, evidence.mean_trade?);
    let (from, to) = (low.min(0.0), high.max(0.0));
    let room = (to - from) * 0.08;
    let span = to - from + 2.0 * room;
    if span <= 0.0 {
        return None;
    }
    let place = |value: f64| 4.0 + (value - from + room) / span * 292.0;
    let (left, right, mean, zero) = (place(low), place(high), place(mean), place(0.0));
    Some(format!(
        "<svg class=\"interval\" viewBox=\"0 0 300 34\" role=\"img\" aria-label=\"confidence interval of the mean trade\">\
         <path class=\"axis\" d=\"M4 14H296\"/><path class=\"span\" d=\"M{left:.1} 14H{right:.1}\"/>\
         <path class=\"zero\" d=\"M{zero:.1} 4V22\"/><text class=\"tick mid\" x=\"{zero:.1}\" y=\"33\">0</text>\
         <circle class=\"mean\" cx=\"{mean:.1}\" cy=\"14\" r=\"4.5\"/></svg>"
    ))
}

fn unknown() -> String {
    "n/a".to_owned()
}

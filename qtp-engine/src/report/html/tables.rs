//! Monthly returns, decisions, notices, assumptions and facts.

use std::collections::BTreeMap;

use qtp_core::Price;

use super::{card, tone};
use crate::report::ReportData;
use crate::report::svg::escape;
use crate::stats::Summary;
use crate::stats::format::{count, date_time, money, number, percent, signed_money, signed_percent};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Rows of advice and of notices; the journal has them all.
const ROWS: usize = 500;

pub(super) fn months(page: &mut String, data: &ReportData) {
    let mut years: BTreeMap<i32, [Option<f64>; 12]> = BTreeMap::new();
    for month in &data.months {
        let slot = usize::try_from(month.month).ok().and_then(|m| m.checked_sub(1));
        let year = years.entry(month.year).or_default();
        if let Some(cell) = slot.and_then(|slot| year.get_mut(slot)) {
            *cell = Some(month.value);
        }
    }
    let largest = data.months.iter().map(|month| month.value.abs()).fold(0.0, f64::max);
    let mut rows = String::new();
    for (year, cells) in &years {
        rows.push_str(&format!("<tr><th>{year}</th>"));
        for value in cells {
            rows.push_str(&value.map_or_else(|| "<td></td>".to_owned(), |value| heat(value, largest)));
        }
        let whole = cells.iter().flatten().fold(1.0, |product, value| product * (1.0 + value)) - 1.0;
        rows.push_str(&format!("<td class=\"year {}\">{}</td></tr>", tone(whole), short_percent(whole)));
    }
    let names: String = MONTHS.iter().map(|name| format!("<th>{name}")).collect();
    let body = format!(
        "<div class=\"scroll\"><table class=\"months\"><thead><tr><th>{names}<th>Year</tr></thead>\
         <tbody>{rows}</tbody></table></div>"
    );
    card(page, "Monthly returns", "in percent, by UTC month", &body);
}

/// A month's cell: the colour is as strong as the return is large.
fn heat(value: f64, largest: f64) -> String {
    let strength = if largest > 0.0 { 0.12 + 0.68 * (value.abs() / largest) } else { 0.0 };
    let class = tone(value);
    format!(
        "<td class=\"heat {class}\" style=\"--heat:{:.0}%\">{}</td>",
        strength * 100.0,
        short_percent(value)
    )
}

fn short_percent(value: f64) -> String {
    let text = format!("{:+.1}", value * 100.0);
    if text == "+0.0" || text == "-0.0" { "0.0".to_owned() } else { text }
}

pub(super) fn decisions(page: &mut String, data: &ReportData) {
    if data.decisions.is_empty() {
        return;
    }
    let price = |price: Option<Price>| price.map_or_else(|| "-".to_owned(), |price| number(price.to_f64()));
    let mut rows = String::new();
    for row in data.decisions.iter().take(ROWS) {
        let (action, outcome) = (escape(&row.action), escape(&row.outcome));
        rows.push_str(&format!(
            "<tr><td>{}<td class=\"text\">{}<td class=\"text\"><span class=\"action {action}\">{action}</span>\
             <td>{}<td>{}<td class=\"text\">{outcome}<td class=\"text words\">{}</tr>",
            date_time(row.time),
            escape(&row.asset),
            price(row.stop),
            price(row.target),
            escape(&row.reason),
        ));
    }
    let body = format!(
        "<div class=\"scroll tall\"><table class=\"data\"><thead><tr><th>Time<th class=\"text\">Asset\
         <th class=\"text\">Action<th>Stop<th>Target<th class=\"text\">Outcome<th class=\"text\">Reason</tr></thead>\
         <tbody>{rows}</tbody></table></div>"
    );
    card(page, "Decisions", &shown(data.decisions.len()), &body);
}

pub(super) fn notices(page: &mut String, data: &ReportData) {
    if data.notices.is_empty() {
        return;
    }
    let mut rows = String::new();
    for row in data.notices.iter().take(ROWS) {
        let (time, kind, text) = (date_time(row.time), escape(&row.kind), escape(&row.text));
        rows.push_str(&format!(
            "<tr><td>{time}<td class=\"text\">{kind}<td class=\"text words\">{text}</tr>"
        ));
    }
    let body = format!(
        "<div class=\"scroll tall\"><table class=\"data\"><thead><tr><th>Time<th class=\"text\">Kind\
         <th class=\"text\">What</tr></thead><tbody>{rows}</tbody></table></div>"
    );
    card(page, "Denials, halts and notices", &shown(data.notices.len()), &body);
}

fn shown(rows: usize) -> String {
    if rows > ROWS { format!("the first {ROWS} of {}", count(rows as u64)) } else { count(rows as u64) }
}

pub(super) fn assumptions(page: &mut String, summary: &Summary) {
    let rows: Vec<(String, String)> =
        summary.all_assumptions().into_iter().map(|assumption| (assumption.name, assumption.value)).collect();
    card(page, "Assumptions", "what the numbers rest on", &pairs(&rows));
}

pub(super) fn facts(page: &mut String, summary: &Summary) {
    let known = |value: Option<f64>, text: fn(f64) -> String| value.map_or_else(|| "n/a".to_owned(), text);
    let mut rows = vec![
        ("Orders, fills".to_owned(), format!("{}, {}", count(summary.orders), count(summary.fills))),
        ("Best, worst trade".to_owned(), {
            format!(
                "{}, {}",
                known(summary.best_trade, signed_money),
                known(summary.worst_trade, signed_money)
            )
        }),
        ("Fees".to_owned(), money(summary.fees)),
        ("Funding".to_owned(), signed_money(summary.funding)),
        ("Traded".to_owned(), format!("{} {}", money(summary.traded), summary.currency)),
        (
            "Still open".to_owned(),
            format!("{} ({})", count(summary.open_trips), signed_money(summary.open_profit)),
        ),
        ("Buy and hold".to_owned(), known(summary.buy_and_hold_return, signed_percent)),
        ("Largest share of a candle's volume".to_owned(), known(summary.max_participation, percent)),
        ("Time without the stop that was asked for".to_owned(), format!("{:.3} s", summary.naked_seconds)),
    ];
    if summary.paid_in != 0.0 {
        rows.push(("Paid in".to_owned(), signed_money(summary.paid_in)));
    }
    if let Some(run) = summary.run_id {
        rows.push(("Run".to_owned(), run.to_string()));
    }
    if let Some(hash) = &summary.commands_hash {
        rows.push(("Commands".to_owned(), hash.clone()));
    }
    card(page, "Run", "", &pairs(&rows));
}

fn pairs(rows: &[(String, String)]) -> String {
    let mut body = String::from("<dl>");
    for (name, value) in rows {
        let class = if value == "NOT MODELLED" { " class=\"loud\"" } else { "" };
        body.push_str(&format!("<dt>{}</dt><dd{class}>{}</dd>", escape(name), escape(value)));
    }
    body + "</dl>"
}

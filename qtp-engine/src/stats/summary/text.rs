//! The summary on a terminal.

use super::{ModelCosts, Summary};
use crate::stats::format::{count, date_time, money, percent, ratio, signed_money, signed_percent};

const WIDTH: usize = 98;
const COLUMN: usize = 47;
const LABEL: usize = 22;

type Row = (&'static str, String);

pub(super) fn render(summary: &Summary) -> String {
    let mut out = heading(summary);
    for warning in summary.warnings() {
        for line in wrapped(&warning, WIDTH - 4) {
            out.push_str(&format!(" !  {line}\n"));
        }
    }
    out.push('\n');
    columns(&mut out, ("RESULT", &result(summary)), ("TRADES", &trades(summary)));
    columns(&mut out, ("COSTS", &costs(summary)), ("RUN", &run(summary)));
    if let Some(models) = &summary.models {
        columns(&mut out, ("MODELS", &asked(models)), ("COST OF MODELS", &paid(models)));
    }
    out.push_str(" EVIDENCE\n");
    for line in wrapped(&summary.evidence.sentence, WIDTH - 2) {
        out.push_str(&format!("   {line}\n"));
    }
    out.push('\n');
    assumptions(&mut out, summary);
    out
}

fn heading(summary: &Summary) -> String {
    let mut parts = vec![summary.strategy.clone(), summary.instruments.join(", ")];
    parts.extend(summary.timeframe.clone());
    if summary.synthetic {
        parts.push("SYNTHETIC DATA".to_owned());
    }
    parts.retain(|part| !part.is_empty());
    let mut out = String::new();
    for line in wrapped(&parts.join(" | "), WIDTH) {
        out.push_str(&format!(" {line}\n"));
    }
    if let (Some(first), Some(last)) = (summary.first_time, summary.last_time) {
        out.push_str(&format!(" {} to {} UTC\n", date_time(first), date_time(last)));
    }
    out
}

fn result(summary: &Summary) -> Vec<Row> {
    let mut rows = vec![
        ("Initial equity", with_currency(summary, money(summary.initial_equity))),
        ("Final equity", with_currency(summary, money(summary.final_equity))),
    ];
    if summary.paid_in != 0.0 {
        rows.push(("Paid in", with_currency(summary, signed_money(summary.paid_in))));
    }
    rows.extend([
        ("Return", signed_percent(summary.total_return)),
        ("Buy and hold", summary.buy_and_hold_return.map_or_else(unknown, signed_percent)),
        ("Max drawdown", percent(summary.max_drawdown)),
        ("Sharpe (daily, year)", summary.sharpe.map_or_else(unknown, ratio)),
        ("Sortino (daily, year)", summary.sortino.map_or_else(unknown, ratio)),
    ]);
    rows
}

fn trades(summary: &Summary) -> Vec<Row> {
    let wins = summary.win_rate.map(|rate| format!("{} ({})", count(summary.wins), percent(rate)));
    let mut rows = vec![
        ("Round trips", count(summary.round_trips)),
        ("Wins", wins.unwrap_or_else(unknown)),
        ("Profit factor", summary.profit_factor.map_or_else(unknown, ratio)),
        ("Average trade", summary.average_trade.map_or_else(unknown, signed_money)),
        ("Best trade", summary.best_trade.map_or_else(unknown, signed_money)),
        ("Worst trade", summary.worst_trade.map_or_else(unknown, signed_money)),
        ("Time in the market", summary.exposure_time.map_or_else(unknown, percent)),
    ];
    if summary.open_trips > 0 {
        let open = format!("{} ({})", count(summary.open_trips), signed_money(summary.open_profit));
        rows.push(("Still open", open));
    }
    rows
}

fn costs(summary: &Summary) -> Vec<Row> {
    vec![
        ("Price profit", signed_money(summary.price_profit)),
        ("Fees", signed_money(-summary.fees)),
        ("Funding", signed_money(summary.funding)),
        ("Net profit", signed_money(summary.net_profit)),
        ("Share of gross profit", summary.costs_share.map_or_else(unknown, percent)),
        ("Turnover", summary.turnover.map_or_else(unknown, |t| format!("{} x", ratio(t)))),
    ]
}

fn asked(models: &ModelCosts) -> Vec<Row> {
    let mut rows = vec![
        ("Decisions", count(models.decisions)),
        ("Held for a cause", count(models.held)),
        ("Over budget", count(models.over_budget)),
        ("Calls", count(models.calls)),
        ("Asked again", count(models.repairs)),
        ("Failed tries", count(models.failed)),
    ];
    let found: u64 = models.findings.values().sum();
    if found > 0 {
        rows.push(("Findings of checks", count(found)));
    }
    rows
}

fn paid(models: &ModelCosts) -> Vec<Row> {
    let mut rows = vec![
        ("Tokens of prompts", count(models.prompt_tokens)),
        ("Tokens of answers", count(models.completion_tokens)),
        ("Cost", format!("{} USD", money(models.cost_usd))),
        ("Share of net profit", models.cost_share.map_or_else(unknown, percent)),
        ("Net after models", models.net_after_models.map_or_else(unknown, signed_money)),
    ];
    if models.unpriced > 0 {
        rows.push(("Replies without a price", count(models.unpriced)));
    }
    rows
}

fn run(summary: &Summary) -> Vec<Row> {
    let speed = summary.candles_per_second.map(|speed| format!("{} candles/s", count(speed as u64)));
    let mut rows = vec![
        ("Candles", count(summary.candles)),
        ("Orders, fills", format!("{}, {}", count(summary.orders), count(summary.fills))),
        ("Without its stop", format!("{:.3} s", summary.naked_seconds)),
        ("Largest share of volume", summary.max_participation.map_or_else(unknown, percent)),
    ];
    if let (Some(seconds), Some(speed)) = (summary.elapsed_seconds, speed) {
        rows.push(("Elapsed", format!("{seconds:.3} s, {speed}")));
    }
    if let Some(run) = summary.run_id {
        rows.push(("Run", run.to_string()));
    }
    if let Some(hash) = summary.commands_hash.as_deref() {
        rows.push(("Commands", hash.chars().take(16).collect()));
    }
    rows
}

fn assumptions(out: &mut String, summary: &Summary) {
    let line = "-".repeat(WIDTH - 16);
    out.push_str(&format!(" + Assumptions {line}+\n"));
    for assumption in summary.all_assumptions() {
        let text = format!("{}: {}", assumption.name, assumption.value);
        for (index, part) in wrapped(&text, WIDTH - 6).into_iter().enumerate() {
            let indent = if index == 0 { "" } else { "  " };
            out.push_str(&format!(" | {:<width$} |\n", format!("{indent}{part}"), width = WIDTH - 5));
        }
    }
    out.push_str(&format!(" +{}+\n", "-".repeat(WIDTH - 3)));
}

fn columns(out: &mut String, left: (&str, &[Row]), right: (&str, &[Row])) {
    out.push_str(&format!(" {:<width$}  {}\n", left.0, right.0, width = COLUMN));
    let cell = |row: Option<&Row>| {
        row.map_or_else(String::new, |(label, value)| {
            let width = (COLUMN - 2).saturating_sub(LABEL.max(label.chars().count()));
            format!("  {label:<LABEL$}{value:>width$}")
        })
    };
    for index in 0..left.1.len().max(right.1.len()) {
        let (left, right) = (cell(left.1.get(index)), cell(right.1.get(index)));
        out.push_str(format!(" {left:<COLUMN$}  {right}").trim_end());
        out.push('\n');
    }
    out.push('\n');
}

fn with_currency(summary: &Summary, amount: String) -> String {
    if summary.currency.is_empty() { amount } else { format!("{amount} {}", summary.currency) }
}

fn unknown() -> String {
    "n/a".to_owned()
}

/// Breaks at spaces; a longer word is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split_whitespace() {
        for piece in pieces(word, width) {
            let size = piece.chars().count();
            if length > 0 && length + 1 + size > width {
                lines.push(String::new());
                length = 0;
            }
            let Some(line) = lines.last_mut() else { continue };
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(&piece);
            length += size;
        }
    }
    lines
}

fn pieces(word: &str, width: usize) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(width.max(1)).map(|piece| piece.iter().collect()).collect()
}

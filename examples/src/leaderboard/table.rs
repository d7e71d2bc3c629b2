//! The table as Markdown.

use qtp_engine::stats::format::{money, percent, signed_money, signed_percent};

use super::{Leaderboard, Row};

/// Title, table, and what must be known to read it.
pub(super) fn markdown(board: &Leaderboard) -> String {
    let mut out = format!("# Leaderboard: {}\n\n", board.assets.join(", "));
    let hold = board.buy_and_hold.map_or_else(unknown, signed_percent);
    out.push_str(&format!(
        "Runs of each model over the same market: {}. Buy and hold: {hold}.\n\n",
        board.repeats
    ));
    out.push_str(
        "| Model | Return | 95 % interval | Drawdown | Trips | Wins | Brier (base rate) | Cost USD | Net after models | Held | \
         Ungrounded | Repairs | Memory |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    board.rows.iter().for_each(|row| out.push_str(&line(row)));
    out.push('\n');
    notes(&mut out, board);
    out
}

fn line(row: &Row) -> String {
    let interval = row
        .return_interval
        .map_or_else(unknown, |(low, high)| format!("{} to {}", signed_percent(low), signed_percent(high)));
    let brier = match (row.reliability.brier, row.reliability.brier_of_base_rate) {
        (Some(brier), Some(base)) => format!("{brier:.3} ({base:.3})"),
        _ => unknown(),
    };
    let memory = row.memory.as_ref().map_or_else(
        || "not asked".to_owned(),
        |memory| {
            let word = if memory.remembers { "REMEMBERS" } else { "none found" };
            format!("{word}: {} of {}", memory.remembered, memory.asked - memory.failed)
        },
    );
    format!(
        "| {} | {} | {interval} | {} | {} | {} | {brier} | {} | {} | {} of {} | {} | {} | {memory} |\n",
        row.model,
        signed_percent(row.mean_return),
        percent(row.max_drawdown),
        row.round_trips,
        row.win_rate.map_or_else(unknown, percent),
        money(row.cost_usd),
        row.net_after_models.map_or_else(unknown, signed_money),
        row.held,
        row.decisions,
        row.grounding_failures,
        row.repairs,
    )
}

fn notes(out: &mut String, board: &Leaderboard) {
    let detectable = board.rows.iter().filter_map(|row| row.detectable_difference).fold(0.0, f64::max);
    if detectable > 0.0 {
        out.push_str(&format!(
            "- Two models must differ by {} for {} repeats to find it 4 times out of 5. The interval is about a model's own \
             chance on this market, not about other markets.\n",
            percent(detectable),
            board.repeats,
        ));
    } else if board.repeats > 1 {
        out.push_str(
            "- The repeats of each model were alike: chance played no part in them. That says nothing about other markets.\n",
        );
    } else {
        out.push_str("- One run of each: nothing can be said about what is chance. Use --repeats.\n");
    }
    out.push_str(
        "- A Brier score above that of the base rate: the convictions say nothing about the single trade.\n",
    );
    for row in &board.rows {
        if let Some(knowledge) = row.knowledge.as_ref().filter(|known| known.candles_before_share > 0.0) {
            out.push_str(&format!(
                "- {}: {} of the candles lie within its training data ({}); {} round trips there, net {}, and {} later, net \
                 {}.\n",
                row.model,
                percent(knowledge.candles_before_share),
                knowledge.until,
                knowledge.before.round_trips,
                signed_money(knowledge.before.net),
                knowledge.after.round_trips,
                signed_money(knowledge.after.net),
            ));
        }
        if row.memory.as_ref().is_some_and(|memory| memory.remembers) {
            out.push_str(&format!(
                "- {}: it knows closes of this market by heart. Its row is no evidence.\n",
                row.model
            ));
        }
    }
}

fn unknown() -> String {
    "n/a".to_owned()
}

//! The list: one line a decision.

use qtp_core::{Decimal, DecisionAction, DecisionResult};

use super::page::{action, cost_of};
use super::read::Story;

/// A header and one line each.
pub(super) fn table(stories: &[Story]) -> String {
    let mut out = format!(
        "{:>8}  {:<19}  {:<28}  {:>5}  {:>8}  {:>10}  {}\n",
        "number", "time (UTC)", "model", "calls", "tokens", "USD", "what"
    );
    for story in stories {
        let used = cost_of(&story.outcome.calls);
        let time: String = story.time.to_string().chars().take(19).collect();
        out.push_str(&format!(
            "{:>8}  {:<19}  {:<28}  {:>5}  {:>8}  {:>10}  {}\n",
            story.seq,
            time.replace('T', " "),
            cut(&model(story), 28),
            story.outcome.calls.len(),
            used.prompt_tokens.saturating_add(used.completion_tokens),
            used.cost.map_or_else(|| "-".to_owned(), |cost: Decimal| cost.normalize().to_string()),
            what(story),
        ));
    }
    out
}

/// Engine and model.
fn model(story: &Story) -> String {
    match &story.outcome.result {
        DecisionResult::Decided(decision) => match &decision.model {
            Some(model) => format!("{}:{model}", decision.engine),
            None => decision.engine.clone(),
        },
        DecisionResult::Hold(_) => {
            let call = story.outcome.calls.last();
            call.map_or_else(|| "-".to_owned(), |call| format!("{}:{}", call.provider, call.model))
        }
    }
}

fn what(story: &Story) -> String {
    match &story.outcome.result {
        DecisionResult::Hold(reason) => format!("HOLD {}", cut(&reason.to_string(), 70)),
        DecisionResult::Decided(decision) => {
            let acting = decision.trades.iter().filter(|trade| trade.action != DecisionAction::Hold);
            let mut words: Vec<String> =
                acting.map(|trade| format!("{} {}", action(trade.action), trade.instrument.base())).collect();
            if words.is_empty() {
                words.push("hold".to_owned());
            }
            if !story.orders.is_empty() {
                words.push(format!("{} orders", story.orders.len()));
            }
            for trip in &story.trips {
                // To the cent; the page of the decision has every digit.
                let cents = trip.net.parse::<Decimal>().map(|net| net.round_dp(2).to_string());
                words.push(format!("net {}", cents.unwrap_or_else(|_| trip.net.clone())));
            }
            words.join(", ")
        }
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(3)).collect();
    short.push_str("...");
    short
}

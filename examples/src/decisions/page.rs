//! One decision as a page.

use qtp_core::{
    DecisionAction, DecisionResult, Fill, ModelCall, Notice, OrderRequest, TokenUsage, TradeDecision,
};

use super::read::Story;

const LINE: &str =
    "------------------------------------------------------------------------------------------";

/// Prompt, calls, reasoning, advice, checks, orders, outcome, cost.
pub(super) fn page(story: &Story) -> String {
    let outcome = &story.outcome;
    let mut page = Page(format!("DECISION {}   {}\n", story.seq, story.time));
    page.row("request", &outcome.request.to_string());
    page.row("account", outcome.account.as_str());
    page.row("picture", &format!("{}, record {}", outcome.as_of, outcome.snapshot_seq));
    if let DecisionResult::Decided(decision) = &outcome.result {
        page.row("engine", &decision.engine);
        page.row("model", decision.model.as_deref().unwrap_or("none"));
        if let Some(prompt) = &decision.prompt {
            page.title("PROMPT");
            page.text(prompt);
        }
    }
    page.calls(&outcome.calls);
    match &outcome.result {
        DecisionResult::Hold(reason) => {
            page.title("HELD");
            page.text(&reason.to_string());
        }
        DecisionResult::Decided(decision) => {
            page.title("REASONING");
            page.text(&decision.reasoning);
            page.title("ADVICE");
            decision.trades.iter().for_each(|trade| page.trade(trade));
        }
    }
    page.title("CHECKS");
    let said =
        outcome.findings.iter().map(ToString::to_string).chain(story.notices.iter().filter_map(notice));
    page.list(said, "nothing was found and nothing was changed");
    page.title("ORDERS");
    page.list(story.orders.iter().map(order), "none");
    page.title("OUTCOME");
    let fills = story.fills.iter().map(fill);
    let trips = story.trips.iter().map(|trip| {
        format!(
            "{} {} from {} to {}: net {}",
            trip.side, trip.instrument, trip.entry_time, trip.exit_time, trip.net
        )
    });
    page.list(fills.chain(trips), "no execution");
    page.title("COST");
    page.cost(&outcome.calls);
    page.0
}

struct Page(String);

impl Page {
    fn title(&mut self, title: &str) {
        let rest = LINE.get(title.len() + 4..).unwrap_or_default();
        self.0.push_str(&format!("\n-- {title} {rest}\n"));
    }

    fn row(&mut self, name: &str, value: &str) {
        self.0.push_str(&format!("{name:<9} {value}\n"));
    }

    fn text(&mut self, text: &str) {
        for line in text.trim_end().lines() {
            self.0.push_str(&format!("  {line}\n"));
        }
    }

    fn list(&mut self, items: impl Iterator<Item = String>, none: &str) {
        let before = self.0.len();
        items.for_each(|item| self.text(&item));
        if self.0.len() == before {
            self.text(none);
        }
    }

    fn calls(&mut self, calls: &[ModelCall]) {
        for (index, call) in calls.iter().enumerate() {
            let again = if call.repair { ", asked again" } else { "" };
            self.title(&format!("CALL {} {} {}:{}{again}", index + 1, call.seat, call.provider, call.model));
            for failed in &call.failed {
                self.text(&format!("failed before: {failed}"));
            }
            for spoken in &call.sent {
                self.text(&format!("[{}]", spoken.role));
                self.text(&spoken.text);
            }
            for (name, arguments) in &call.tools {
                self.text(&format!("calls {name} {arguments}"));
            }
            if !call.reply.is_empty() {
                self.text(&format!("[reply]\n{}", call.reply));
            }
            if let Some(error) = &call.error {
                self.text(&format!("no reply: {error}"));
            }
        }
    }

    fn trade(&mut self, trade: &TradeDecision) {
        let price =
            |price: Option<qtp_core::Price>| price.map_or_else(|| "none".to_owned(), |p| p.to_string());
        let cap = trade.allocation.map_or_else(|| "none".to_owned(), |cap| cap.to_string());
        self.text(&format!(
            "{} {}   conviction {}   stop {}   target {}   cap {cap}",
            action(trade.action),
            trade.instrument,
            trade.conviction,
            price(trade.stop),
            price(trade.target),
        ));
        for (name, words) in [("why", &trade.rationale), ("exit", &trade.exit_plan)] {
            if !words.is_empty() {
                self.text(&format!("  {name}: {words}"));
            }
        }
    }

    fn cost(&mut self, calls: &[ModelCall]) {
        let used = cost_of(calls);
        let failed: usize = calls.iter().map(|call| call.failed.len()).sum();
        let cost = used.cost.map_or_else(|| "unknown".to_owned(), |cost| format!("{} USD", cost.normalize()));
        self.text(&format!(
            "{} calls, {failed} failed tries, {} tokens of prompts ({} from a cache), {} of answers ({} of reasoning), {cost}",
            calls.len(),
            used.prompt_tokens,
            used.cached_tokens,
            used.completion_tokens,
            used.reasoning_tokens,
        ));
    }
}

/// What all calls used together.
pub(super) fn cost_of(calls: &[ModelCall]) -> TokenUsage {
    let mut used = TokenUsage::default();
    calls.iter().for_each(|call| used.add(&call.used));
    used
}

pub(super) const fn action(action: DecisionAction) -> &'static str {
    match action {
        DecisionAction::Buy => "buy",
        DecisionAction::Sell => "sell",
        DecisionAction::Close => "close",
        DecisionAction::Reduce => "reduce",
        DecisionAction::Hold => "hold",
    }
}

fn notice(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::Sized { instrument, wanted, quantity, capped_by } => {
            let cap = capped_by.as_ref().map_or_else(String::new, |cap| format!(", capped by {cap}"));
            format!("sized {instrument}: risk allows {wanted}, asking {quantity}{cap}")
        }
        Notice::Reduced { instrument, from, to, reason, .. } => {
            format!("reduced {instrument}: {from} to {to} by {reason}")
        }
        Notice::Denied { instrument, quantity, reason } => {
            format!("denied {instrument} {quantity}: {reason}")
        }
        Notice::Void { instrument, reason } => format!("void {instrument}: {reason}"),
        Notice::Proposed(proposal) => format!("proposal {} waits for an operator", proposal.id),
        Notice::Halted { scope, reason } => format!("halted {scope}: {reason}"),
        Notice::Alert(reason) => format!("alert: {reason}"),
        Notice::Said { text, .. } => text.clone(),
        _ => return None,
    })
}

fn order(order: &OrderRequest) -> String {
    let (side, role) =
        (format!("{:?}", order.side).to_lowercase(), format!("{:?}", order.role).to_lowercase());
    let stop = order.protective_stop.map_or_else(String::new, |stop| format!(", stop {stop} follows"));
    let price =
        order.decision_price.map_or_else(String::new, |price| format!(", price {price} when decided"));
    format!(
        "{side} {} {} as {role}{price}{stop}   {}",
        order.quantity, order.instrument, order.client_order_id
    )
}

fn fill(fill: &Fill) -> String {
    let side = format!("{:?}", fill.side).to_lowercase();
    format!("{}  {side} {} {} at {}, fee {}", fill.time, fill.quantity, fill.instrument, fill.price, fill.fee)
}

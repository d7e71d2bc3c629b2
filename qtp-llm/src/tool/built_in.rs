//! The tools that come with this crate, by name.

use std::sync::Arc;

use super::Tool;
use super::account::{PortfolioRisk, Positions, RecentTrades};
use super::market::{Book, Candles, Funding, Indicators, OpenInterestOf};
use crate::error::LlmError;

/// Every tool that needs nothing but the picture: `candles`, `funding`, `indicators`, `open_interest`, `order_book`,
/// `portfolio_risk`, `positions`, `recent_trades`.
pub fn built_in_tools() -> Vec<Arc<dyn Tool>> {
    vec![
        Arc::new(Candles),
        Arc::new(Funding),
        Arc::new(Indicators),
        Arc::new(OpenInterestOf),
        Arc::new(Book),
        Arc::new(PortfolioRisk),
        Arc::new(Positions),
        Arc::new(RecentTrades),
    ]
}

/// Those of the list; `all` names every one.
pub(crate) fn named(names: &[String]) -> Result<Vec<Arc<dyn Tool>>, LlmError> {
    let known = built_in_tools();
    if names.iter().any(|name| name == "all") {
        return Ok(known);
    }
    let find = |name: &String| known.iter().find(|tool| tool.spec().name == *name).cloned();
    let unknown = |name: &&String| find(name).is_none();
    let problems: Vec<_> =
        names.iter().filter(unknown).map(|name| format!("tools: there is no {name:?}")).collect();
    if problems.is_empty() {
        return Ok(names.iter().filter_map(find).collect());
    }
    Err(LlmError::Settings { what: "chat", problems })
}

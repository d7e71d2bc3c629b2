//! Answers to signed requests.

use qtp_core::{ExchangeError, Reason};
use serde::Deserialize;

use super::parse;

/// What the venue answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It took the request; one entry an order, none where there is nothing to say.
    Taken(Vec<Placed>),
    /// It refused the request as a whole.
    Refused(Reason),
}

/// What became of one order or cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// It rests.
    Resting {
        /// The venue's id.
        oid: u64,
    },
    /// It filled, perhaps in part.
    Filled {
        /// The venue's id.
        oid: u64,
    },
    /// Done; or it waits for its parent or trigger, and has no id yet.
    Done,
    /// Refused.
    Refused(Reason),
}

#[derive(Deserialize)]
struct Oid {
    oid: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Status {
    Resting(Oid),
    Filled(Oid),
    Error(String),
    Success,
    WaitingForTrigger,
    WaitingForFill,
}

/// The answer of `/exchange`.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn answer(operation: &'static str, text: &str) -> Result<Answer, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(tag = "status", content = "response", rename_all = "lowercase")]
    enum Wire {
        Ok(Response),
        Err(String),
    }
    #[derive(Deserialize)]
    struct Response {
        data: Option<Data>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Data {
        Many { statuses: Vec<Status> },
        Other(serde::de::IgnoredAny),
    }
    Ok(match parse(operation, "answer", text)? {
        Wire::Err(words) => Answer::Refused(refusal(&words)),
        Wire::Ok(Response { data: Some(Data::Many { statuses }) }) => {
            Answer::Taken(statuses.into_iter().map(placed).collect())
        }
        Wire::Ok(_) => Answer::Taken(Vec::new()),
    })
}

fn placed(status: Status) -> Placed {
    match status {
        Status::Resting(Oid { oid }) => Placed::Resting { oid },
        Status::Filled(Oid { oid }) => Placed::Filled { oid },
        Status::Error(words) => Placed::Refused(refusal(&words)),
        Status::Success | Status::WaitingForTrigger | Status::WaitingForFill => Placed::Done,
    }
}

/// Beginnings of the venue's words, and the code that its order statuses use for the same.
const CODES: &[(&str, &str)] = &[
    ("Price must be divisible by tick size", "tick_rejected"),
    ("Order must have minimum value", "min_trade_ntl_rejected"),
    ("Insufficient margin to place order", "perp_margin_rejected"),
    ("Insufficient spot balance", "insufficient_spot_balance_rejected"),
    ("Reduce only order would increase position", "reduce_only_rejected"),
    ("Post only order would have immediately matched", "bad_alo_px_rejected"),
    ("Order could not immediately match", "ioc_cancel_rejected"),
    ("Invalid TP/SL price", "bad_trigger_px_rejected"),
    ("No liquidity available for market order", "market_order_no_liquidity_rejected"),
    ("Order has invalid size", "lot_rejected"),
    ("Order has zero size", "min_quantity_rejected"),
    ("Order price cannot be more than 80% away", "oracle_rejected"),
    ("Order price too far from oracle", "oracle_rejected"),
    ("Order would increase open interest", "position_increase_at_open_interest_cap_rejected"),
    ("Order would cause position to exceed margin tier", "perp_max_position_rejected"),
    ("Order was never placed, already canceled, or filled", GONE),
    ("Too many cumulative requests", RATE_LIMITED),
    ("User or API Wallet", NOT_AUTHORISED),
    ("Must deposit before performing actions", NOT_AUTHORISED),
    ("L1 error", "rejected"),
];

/// A cancel came too late: nothing is there any more.
pub(in crate::hyperliquid) const GONE: &str = "unknown_order";
/// The address's own request limit is used up.
pub(in crate::hyperliquid) const RATE_LIMITED: &str = "rate_limited";
/// The signer may not act for the account.
pub(in crate::hyperliquid) const NOT_AUTHORISED: &str = "not_authorised";

fn refusal(words: &str) -> Reason {
    let known = CODES.iter().find(|(beginning, _)| words.starts_with(beginning));
    Reason::new(known.map_or("rejected", |(_, code)| code), words.chars().take(256).collect::<String>())
}

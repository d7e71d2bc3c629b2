//! One rule, read and checked.

use std::time::Duration;

use qtp_core::Decimal;
use serde::Deserialize;
use thiserror::Error;

use super::{Effect, Stroke};
use crate::hyperliquid::sign::Address;

/// A rule that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("fault {number}, field {field}: {problem}")]
pub struct RuleError {
    /// Which rule, from 1.
    pub number: usize,
    /// Field.
    pub field: &'static str,
    /// What is wrong.
    pub problem: String,
}

/// When something goes wrong, and what.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub(super) filter: Filter,
    pub(super) nth: u64,
    pub(super) times: u64,
    pub(super) lasts: Option<Duration>,
    pub(super) deed: Deed,
    /// As it was written, for reports.
    pub(super) words: String,
}

impl Rule {
    /// What it does to markets and accounts, if that is its deed.
    pub(in crate::sim_server) const fn stroke(&self) -> Option<&Stroke> {
        match &self.deed {
            Deed::Stroke(stroke) => Some(stroke),
            Deed::Effect(_) => None,
        }
    }
}

/// Which points a rule matches.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filter {
    pub head: String,
    pub tail: String,
    pub coin: Option<String>,
    pub user: Option<Address>,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Deed {
    Effect(Effect),
    Stroke(Stroke),
}

/// A rule as it stands in a file.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sim_server) struct Written {
    on: String,
    #[serde(rename = "do")]
    deed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    coin: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nth: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    for_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Decimal text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target_coin: Option<String>,
}

impl Written {
    /// Checks a rule. `number` counts from 1.
    pub(in crate::sim_server) fn check(self, number: usize) -> Result<Rule, RuleError> {
        let error = |field, problem: &str| RuleError { number, field, problem: problem.to_owned() };
        let (head, tail) = self.on.split_once(':').unwrap_or((&self.on, ""));
        if !matches!((head, tail.is_empty()), ("info" | "exchange" | "ws", false) | ("closed", true)) {
            return Err(error(
                "on",
                "must be info:TYPE, exchange:TYPE, ws:CHANNEL (TYPE and CHANNEL may be *) or closed",
            ));
        }
        if self.nth == Some(0) || self.times == Some(0) {
            return Err(error("nth", "nth and times count from 1"));
        }
        if self.times.is_some() && self.for_seconds.is_some() {
            return Err(error("times", "either times or for_seconds"));
        }
        let deed = self.deed(number)?;
        if head == "closed" && matches!(deed, Deed::Effect(_)) {
            return Err(error(
                "do",
                "nothing can be done to a connection that is closed; only to markets and accounts",
            ));
        }
        Ok(Rule {
            filter: Filter {
                head: head.to_owned(),
                tail: tail.to_owned(),
                coin: self.coin.clone(),
                user: self.user,
            },
            nth: self.nth.unwrap_or(1),
            times: self.times.unwrap_or(1),
            lasts: self.for_seconds.map(Duration::from_secs),
            deed,
            words: serde_json::to_string(&self).unwrap_or_default(),
        })
    }

    fn deed(&self, number: usize) -> Result<Deed, RuleError> {
        let error = |field, problem: String| RuleError { number, field, problem };
        let needs = |field, what: &str| error(field, format!("do = {:?} needs {what}", self.deed));
        let time = || {
            let ms = self.ms.ok_or_else(|| needs("ms", "a time in milliseconds"))?;
            let ms = u64::try_from(ms).ok().filter(|ms| *ms <= 3_600_000);
            ms.map(Duration::from_millis).ok_or_else(|| error("ms", "must be from 0 to 3600000".into()))
        };
        let effect = match self.deed.as_str() {
            "drop_reply" => Effect::DropReply,
            "drop_request" => Effect::DropRequest,
            "delay" => Effect::Delay(time()?),
            "late" => Effect::Late(time()?),
            "status" => {
                let status = self.status.filter(|status| (400..600).contains(status));
                Effect::Status(status.ok_or_else(|| needs("status", "an HTTP status from 400 to 599"))?)
            }
            "half_open" => Effect::HalfOpen,
            "duplicate" => Effect::Duplicate,
            "reorder" => Effect::Reorder,
            "gap" => Effect::Gap,
            "disconnect" => Effect::Disconnect,
            "truncate" => Effect::Truncate,
            _ => return self.stroke(number).map(Deed::Stroke),
        };
        Ok(Deed::Effect(effect))
    }

    fn stroke(&self, number: usize) -> Result<Stroke, RuleError> {
        let error = |field, problem: String| RuleError { number, field, problem };
        let needs = |field, what: &str| error(field, format!("do = {:?} needs {what}", self.deed));
        let coin = || {
            let coin = self.target_coin.clone().or_else(|| self.coin.clone());
            coin.ok_or_else(|| needs("target_coin", "a coin"))
        };
        let user = || self.target.or(self.user).ok_or_else(|| needs("target", "the address of an account"));
        let amount = || {
            let text = self.amount.as_deref().ok_or_else(|| needs("amount", "a decimal in quotes"))?;
            Decimal::from_str_exact(text).map_err(|_| error("amount", format!("{text:?} is not a decimal")))
        };
        let share = || {
            let share = amount()?;
            let legal = share > Decimal::ZERO && share <= Decimal::ONE;
            if legal { Ok(share) } else { Err(error("amount", "must be above 0 and at most 1".into())) }
        };
        Ok(match self.deed.as_str() {
            "clock" => Stroke::Clock(self.ms.ok_or_else(|| needs("ms", "an offset in milliseconds"))?),
            "halt" => Stroke::Halt(coin()?, true),
            "resume" => Stroke::Halt(coin()?, false),
            "price" => Stroke::Price(coin()?, amount()?),
            "move" => Stroke::Move(coin()?, amount()?),
            "liquidate" => Stroke::Liquidate(user()?, coin()?),
            "adl" => Stroke::Adl(user()?, coin()?, share()?),
            "manual_order" => Stroke::Manual(user()?, coin()?, amount()?),
            "cut" => Stroke::Cut(self.target.or(self.user)),
            "fill_then_cancel" => Stroke::FillThenCancel(share()?),
            other => return Err(error("do", format!("{other:?} is not known"))),
        })
    }
}

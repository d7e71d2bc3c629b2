//! Accounts.

use std::collections::BTreeMap;

use qtp_core::account::Totals;
use qtp_core::port::AccountSnapshot;
use qtp_core::{AccountId, Currency, Decimal, ExchangeError, Quantity, Timestamp};
use serde::Deserialize;

use super::{currency, number, parse, time, unread};
use crate::hyperliquid::catalogue::Catalogue;
use crate::hyperliquid::sign::Address;

const OPERATION: &str = "account_snapshot";

/// Which of an address's two books an account is. Money moves between them by a transfer only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wallet {
    /// Perpetuals and their margin.
    #[default]
    Perpetual,
    /// Coins.
    Spot,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Clearinghouse<'a> {
    #[serde(borrow)]
    asset_positions: Vec<AssetPosition<'a>>,
    #[serde(borrow)]
    margin_summary: Option<MarginSummary<'a>>,
    #[serde(borrow)]
    cross_margin_summary: Option<MarginSummary<'a>>,
    time: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarginSummary<'a> {
    account_value: &'a str,
}

#[derive(Deserialize)]
struct AssetPosition<'a> {
    #[serde(borrow)]
    position: Position<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Position<'a> {
    coin: &'a str,
    szi: &'a str,
    unrealized_pnl: &'a str,
}

fn decimal(of: &str, field: &'static str, text: &str) -> Result<Decimal, ExchangeError> {
    Decimal::from_str_exact(text).map_err(|error| unread(OPERATION, format!("{of}: {field}"), error))
}

/// `clearinghouseState`: the balance is what was paid in and realised, the account's value without open profit.
/// `now` stands in where the venue gives no time.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn perpetual_account(
    text: &str,
    catalogue: &Catalogue,
    account: &AccountId,
    settle: Currency,
    now: Timestamp,
) -> Result<AccountSnapshot, ExchangeError> {
    let state: Clearinghouse<'_> = parse(OPERATION, "clearinghouseState", text)?;
    let summary = state.margin_summary.or(state.cross_margin_summary);
    let summary = summary.ok_or_else(|| unread(OPERATION, "clearinghouseState", "no marginSummary"))?;
    let mut balance = decimal("marginSummary", "accountValue", summary.account_value)?;
    let mut positions = BTreeMap::new();
    for AssetPosition { position } in state.asset_positions {
        let size: Quantity = number(OPERATION, position.coin, "szi", position.szi)?;
        let open = decimal(position.coin, "unrealizedPnl", position.unrealized_pnl)?;
        balance = balance.saturating_sub(open);
        positions.insert(catalogue.id_of(OPERATION, position.coin)?, size);
    }
    Ok(AccountSnapshot {
        account: account.clone(),
        time: state.time.map_or(now, time),
        balances: [(settle, balance)].into_iter().collect(),
        positions,
    })
}

/// `spotClearinghouseState`: balances of every token, and the same tokens as positions of their pair: the one in USDC,
/// else the first.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn spot_account(
    text: &str,
    catalogue: &Catalogue,
    account: &AccountId,
    now: Timestamp,
) -> Result<AccountSnapshot, ExchangeError> {
    #[derive(Deserialize)]
    struct State<'a> {
        #[serde(borrow)]
        balances: Vec<Balance<'a>>,
        time: Option<i64>,
    }
    #[derive(Deserialize)]
    struct Balance<'a> {
        coin: &'a str,
        token: u32,
        total: &'a str,
    }
    let state: State<'_> = parse(OPERATION, "spotClearinghouseState", text)?;
    let (mut balances, mut positions) = (Totals::new(), BTreeMap::new());
    for Balance { coin, token, total: text } in state.balances {
        let total = decimal(coin, "total", text)?;
        let code = currency(coin).ok_or_else(|| unread(OPERATION, "balances", format!("coin {coin:?}")))?;
        let sum = total.saturating_add(balances.get(&code).copied().unwrap_or_default());
        balances.insert(code, sum);
        let pairs = || catalogue.listings().iter().filter(|listing| listing.token == Some(token));
        let pair =
            pairs().find(|listing| listing.instrument.quote == Currency::USDC).or_else(|| pairs().next());
        if let Some(pair) = pair {
            positions.insert(pair.instrument.id.clone(), number(OPERATION, coin, "total", text)?);
        }
    }
    let time = state.time.map_or(now, time);
    Ok(AccountSnapshot { account: account.clone(), time, balances, positions })
}

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An account of its own.
    User,
    /// A key that trades for an account.
    Agent {
        /// The account.
        of: Address,
    },
    /// A vault.
    Vault,
    /// A part of another account.
    SubAccount {
        /// The account.
        of: Address,
    },
    /// Not known to the venue.
    Missing,
}

/// `userRole`.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn role(text: &str) -> Result<Role, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(tag = "role", content = "data", rename_all = "camelCase")]
    enum Wire {
        User,
        Agent { user: Address },
        Vault,
        SubAccount { master: Address },
        Missing,
    }
    Ok(match parse("user_role", "userRole", text)? {
        Wire::User => Role::User,
        Wire::Agent { user } => Role::Agent { of: user },
        Wire::Vault => Role::Vault,
        Wire::SubAccount { master } => Role::SubAccount { of: master },
        Wire::Missing => Role::Missing,
    })
}

/// A key that may trade for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: Address,
    /// When it ends.
    pub valid_until: Timestamp,
}

/// `extraAgents`: the named ones.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn agents(text: &str) -> Result<Vec<Agent>, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire {
        name: String,
        address: Address,
        valid_until: i64,
    }
    let agents: Vec<Wire> = parse("agents", "extraAgents", text)?;
    let agent =
        |wire: Wire| Agent { name: wire.name, address: wire.address, valid_until: time(wire.valid_until) };
    Ok(agents.into_iter().map(agent).collect())
}

/// What secures a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Margin {
    /// The whole account.
    Cross,
    /// An amount of its own.
    Isolated,
}

/// `activeAssetData`: the margin mode of one asset.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn margin(text: &str) -> Result<Margin, ExchangeError> {
    #[derive(Deserialize)]
    struct Wire {
        leverage: Leverage,
    }
    #[derive(Deserialize)]
    struct Leverage {
        #[serde(rename = "type")]
        mode: Margin,
    }
    parse::<Wire>("preflight", "activeAssetData", text).map(|wire| wire.leverage.mode)
}

/// An account's value over one period, as the venue keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portfolio {
    /// `day`, `week`, `month` or `allTime`; with `perp` before it for perpetuals alone.
    pub period: String,
    /// Account value by time.
    pub equity: Vec<(Timestamp, Decimal)>,
    /// Profit since the period's start, by time.
    pub profit: Vec<(Timestamp, Decimal)>,
    /// Traded value.
    pub volume: Decimal,
}

/// `portfolio`.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn portfolio(text: &str) -> Result<Vec<Portfolio>, ExchangeError> {
    type Points<'a> = Vec<(i64, &'a str)>;
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Period<'a> {
        #[serde(borrow)]
        account_value_history: Points<'a>,
        #[serde(borrow)]
        pnl_history: Points<'a>,
        vlm: &'a str,
    }
    fn points(period: &str, points: &Points<'_>) -> Result<Vec<(Timestamp, Decimal)>, ExchangeError> {
        points.iter().map(|(at, value)| Ok((time(*at), decimal(period, "history", value)?))).collect()
    }
    let periods: Vec<(String, Period<'_>)> = parse("portfolio", "portfolio", text)?;
    let read = |(period, read): (String, Period<'_>)| {
        let equity = points(&period, &read.account_value_history)?;
        let profit = points(&period, &read.pnl_history)?;
        let volume = decimal(&period, "vlm", read.vlm)?;
        Ok(Portfolio { period, equity, profit, volume })
    };
    periods.into_iter().map(read).collect()
}

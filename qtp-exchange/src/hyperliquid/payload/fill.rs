//! Executions.

use qtp_core::{
    Amount, Currency, Decimal, ExchangeError, ExternalCause, Fill, Liquidity, Timestamp, TradeId,
    VenueOrderId,
};
use serde::Deserialize;

use super::{Letter, currency, number, parse, time, unread};
use crate::hyperliquid::owner::Owner;
use crate::hyperliquid::sign::{Address, hash_text};
use crate::hyperliquid::wire::Cloid;

const OPERATION: &str = "fills";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    coin: &'a str,
    px: &'a str,
    sz: &'a str,
    side: Letter,
    time: i64,
    start_position: &'a str,
    dir: &'a str,
    oid: u64,
    crossed: bool,
    fee: &'a str,
    tid: Option<u64>,
    fee_token: Option<&'a str>,
    builder_fee: Option<&'a str>,
    cloid: Option<Cloid>,
    liquidation: Option<Liquidation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Liquidation {
    liquidated_user: Option<Address>,
}

/// Fills of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fills {
    /// True if they are history that was sent first.
    pub snapshot: bool,
    /// Ascending.
    pub fills: Vec<Fill>,
}

/// The `data` of `userFills`, and the fills in the `data` of `userEvents`.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn fills(text: &str, owner: &Owner<'_>) -> Result<Fills, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Message<'a> {
        #[serde(default)]
        is_snapshot: bool,
        #[serde(borrow)]
        fills: Vec<Wire<'a>>,
    }
    let message: Message<'_> = parse(OPERATION, "userFills", text)?;
    Ok(Fills { snapshot: message.is_snapshot, fills: read(message.fills, owner)? })
}

/// One page of an address's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillPage {
    /// Those of the account, ascending.
    pub fills: Vec<Fill>,
    /// How many the venue sent, those of the other book too.
    pub entries: usize,
    /// Time of the last of all.
    pub last: Option<Timestamp>,
}

/// `userFills` and `userFillsByTime`.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn fill_page(text: &str, owner: &Owner<'_>) -> Result<FillPage, ExchangeError> {
    let wire: Vec<Wire<'_>> = parse(OPERATION, "userFills", text)?;
    let (entries, last) = (wire.len(), wire.iter().map(|fill| time(fill.time)).max());
    Ok(FillPage { fills: read(wire, owner)?, entries, last })
}

fn read(wire: Vec<Wire<'_>>, owner: &Owner<'_>) -> Result<Vec<Fill>, ExchangeError> {
    let ours = wire.iter().filter(|fill| owner.trades(fill.coin));
    let mut fills = ours.map(|fill| one(fill, owner)).collect::<Result<Vec<_>, ExchangeError>>()?;
    if fills.windows(2).any(|pair| pair[0].time > pair[1].time) {
        // The newest comes first; fills of one instant keep the order in which they happened.
        fills.reverse();
        fills.sort_by_key(|fill| fill.time);
    }
    Ok(fills)
}

fn one(wire: &Wire<'_>, owner: &Owner<'_>) -> Result<Fill, ExchangeError> {
    let (paid, builder_fee) = fees(wire)?;
    Ok(Fill {
        trade_id: trade_id(wire)?,
        client_order_id: wire.cloid.map(|cloid| cloid.0),
        venue_order_id: Some(order_id(wire.oid)?),
        account: owner.account.clone(),
        instrument: owner.catalogue.id_of(OPERATION, wire.coin)?,
        time: time(wire.time),
        side: wire.side.into(),
        price: number(OPERATION, wire.coin, "px", wire.px)?,
        quantity: number(OPERATION, wire.coin, "sz", wire.sz)?,
        fee: paid,
        builder_fee,
        liquidity: if wire.crossed { Liquidity::Taker } else { Liquidity::Maker },
        external: cause(wire, owner.address),
    })
}

/// The venue's fee counts the builder's in; here each has its line.
fn fees(wire: &Wire<'_>) -> Result<(Amount, Option<Amount>), ExchangeError> {
    let token = wire.fee_token.filter(|token| !token.is_empty());
    let code = token.map_or(Some(Currency::USDC), currency);
    let code = code.ok_or_else(|| unread(OPERATION, format!("{}: feeToken", wire.coin), "no currency"))?;
    let decimal = |field: &'static str, text: &str| {
        Decimal::from_str_exact(text)
            .map_err(|error| unread(OPERATION, format!("{}: {field}", wire.coin), error))
    };
    let all = decimal("fee", wire.fee)?;
    let builder = wire.builder_fee.map(|text| decimal("builderFee", text)).transpose()?;
    let builder = builder.filter(|fee| !fee.is_zero());
    let own = all.saturating_sub(builder.unwrap_or_default());
    Ok((Amount::new(own, code), builder.map(|fee| Amount::new(fee, code))))
}

/// Executions that are no trades have no id, nor have those of 2023: what is said of them makes one.
fn trade_id(wire: &Wire<'_>) -> Result<TradeId, ExchangeError> {
    let id = match wire.tid {
        Some(tid) if tid != 0 => tid.to_string(),
        _ => {
            let Wire { oid, time, start_position, px, sz, .. } = wire;
            hash_text(&format!("{oid} {time} {start_position} {px} {sz}"))
        }
    };
    id.parse().map_err(|error| unread(OPERATION, "tid", error))
}

/// The venue's id of an order.
pub(super) fn order_id(oid: u64) -> Result<VenueOrderId, ExchangeError> {
    oid.to_string().parse().map_err(|error| unread(OPERATION, "oid", error))
}

/// Why it happened, if no order with an id of ours asked for it.
fn cause(wire: &Wire<'_>, owner: Address) -> Option<ExternalCause> {
    let liquidated = wire.liquidation.as_ref().is_some_and(|liquidation| {
        // Whoever takes over a liquidated position sees the same mark.
        liquidation.liquidated_user == Some(owner)
    });
    if liquidated || wire.dir.starts_with("Liquidated") {
        return Some(ExternalCause::Liquidation);
    }
    match wire.dir {
        "Auto-Deleveraging" => Some(ExternalCause::Adl),
        "Settlement" => Some(ExternalCause::Settlement),
        "Delisting" => Some(ExternalCause::Delisting),
        "Spot Dust Conversion" | "Net Child Vaults" => Some(ExternalCause::Unknown),
        _ if wire.cloid.is_none() => Some(ExternalCause::Manual),
        _ => None,
    }
}

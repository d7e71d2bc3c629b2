//! What can be traded, and by which rules.

use std::time::Duration;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::error::ValueError;
use crate::id::InstrumentId;
use crate::money::{Currency, Notional, Price, PriceRule, Quantity, Ratio, Rounding, SizeRule};

/// The kind of contract. Only linear contracts exist here: an inverse one is refused when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentKind {
    /// Coins or currency against cash.
    Spot,
    /// Perpetual swap with funding.
    Perpetual,
    /// Dated future.
    Future,
    /// Share.
    Stock,
}

impl InstrumentId {
    /// The kind that the symbol's form names: `-PERP` or a date behind it, a pair, or a ticker alone.
    ///
    /// ```
    /// use qtp_core::{InstrumentId, InstrumentKind};
    /// let kind = |id: &str| id.parse::<InstrumentId>().map(|id| id.kind());
    /// assert_eq!(kind("BTC-USDC-PERP@hyperliquid")?, InstrumentKind::Perpetual);
    /// assert_eq!(kind("BTC-PERP@hyperliquid")?, InstrumentKind::Perpetual);
    /// assert_eq!(kind("BTC-USDT-20260327@binance-usdm")?, InstrumentKind::Future);
    /// assert_eq!(kind("PURR-USDC@hyperliquid")?, InstrumentKind::Spot);
    /// assert_eq!(kind("AAPL@alpaca")?, InstrumentKind::Stock);
    /// # Ok::<(), qtp_core::ValueError>(())
    /// ```
    pub fn kind(&self) -> InstrumentKind {
        match self.symbol().rsplit_once('-') {
            None => InstrumentKind::Stock,
            Some((_, "PERP")) => InstrumentKind::Perpetual,
            Some((pair, _)) if pair.contains('-') => InstrumentKind::Future,
            Some(_) => InstrumentKind::Spot,
        }
    }
}

/// Whether the venue accepts orders now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentStatus {
    /// Open for all orders.
    #[default]
    Trading,
    /// Only orders that reduce a position.
    ReduceOnly,
    /// Closed for all orders.
    Halted,
}

/// Margin asked of positions up to a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginTier {
    /// The tier holds up to this notional; the last tier has none.
    pub up_to: Option<Notional>,
    /// Highest leverage that may be set.
    pub max_leverage: Ratio,
    /// Maintenance margin as a share of notional.
    pub maintenance: Ratio,
}

/// A tradable contract and the venue's rules for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// Id.
    pub id: InstrumentId,
    /// Kind.
    pub kind: InstrumentKind,
    /// What is bought.
    pub base: Currency,
    /// What the price counts.
    pub quote: Currency,
    /// What profit, margin and fees are paid in.
    pub settle: Currency,
    /// Base units per contract.
    #[serde(with = "crate::serde_decimal", default = "one")]
    pub multiplier: Decimal,
    /// Legal prices.
    #[serde(default = "any_price")]
    pub price_rule: PriceRule,
    /// Legal sizes.
    #[serde(default = "any_size")]
    pub size_rule: SizeRule,
    /// Smallest order.
    #[serde(default)]
    pub min_quantity: Option<Quantity>,
    /// Largest order.
    #[serde(default)]
    pub max_quantity: Option<Quantity>,
    /// Largest market order.
    #[serde(default)]
    pub max_market_quantity: Option<Quantity>,
    /// Smallest notional of an order.
    #[serde(default)]
    pub min_notional: Option<Notional>,
    /// Whether an order that only closes may be below the minimum notional.
    #[serde(default)]
    pub min_notional_exempts_close: bool,
    /// Margin tiers, ascending; empty means no margin rule.
    #[serde(default)]
    pub margin_tiers: Vec<MarginTier>,
    /// Time between funding payments of a perpetual.
    #[serde(default)]
    pub funding_interval: Option<Duration>,
    /// Status.
    #[serde(default)]
    pub status: InstrumentStatus,
}

fn one() -> Decimal {
    Decimal::ONE
}

fn any_price() -> PriceRule {
    PriceRule::Any
}

fn any_size() -> SizeRule {
    SizeRule::Any
}

/// Why an order is not legal for an instrument. The codes are those of a venue's reject reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Illegal {
    /// The price is not on the grid.
    Tick,
    /// The size is not on the grid.
    Lot,
    /// The size is zero or below the minimum.
    MinQuantity,
    /// The size is above the maximum.
    MaxQuantity,
    /// The value is below the minimum.
    MinNotional,
    /// The instrument does not accept this order now.
    Status,
}

impl Illegal {
    /// Stable short code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Tick => "tick_rejected",
            Self::Lot => "lot_rejected",
            Self::MinQuantity => "min_quantity_rejected",
            Self::MaxQuantity => "max_quantity_rejected",
            Self::MinNotional => "min_trade_ntl_rejected",
            Self::Status => "instrument_status_rejected",
        }
    }
}

impl Instrument {
    /// A linear instrument without tick, lot or minimum, settled in its quote currency.
    ///
    /// # Errors
    /// [`ValueError`] if the id's symbol does not name its currencies (`BASE-QUOTE...` or a ticker).
    pub fn unrestricted(id: InstrumentId) -> Result<Self, ValueError> {
        let kind = id.kind();
        let mut parts = id.symbol().split('-');
        let base: Currency = parts.next().unwrap_or_default().parse()?;
        // `BTC-PERP` names no more than a ticker does.
        let quote = parts.next().filter(|part| (*part, kind) != ("PERP", InstrumentKind::Perpetual));
        let quote = quote.map_or(Ok(Currency::USD), str::parse)?;
        Ok(Self {
            id,
            kind,
            base,
            quote,
            settle: quote,
            multiplier: Decimal::ONE,
            price_rule: PriceRule::Any,
            size_rule: SizeRule::Any,
            min_quantity: None,
            max_quantity: None,
            max_market_quantity: None,
            min_notional: None,
            min_notional_exempts_close: true,
            margin_tiers: Vec::new(),
            funding_interval: None,
            status: InstrumentStatus::Trading,
        })
    }

    /// Every problem of this definition, as `field: problem`.
    pub fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, problem: &str| {
            if !ok {
                problems.push(format!("{}: {problem}", self.id));
            }
        };
        check(self.multiplier > Decimal::ZERO, "multiplier: must be above 0");
        check(self.settle != self.base, "settle: inverse contracts (settled in the base) are not supported");
        if let SizeRule::Lot(lot) = self.size_rule {
            check(lot.signum() > 0, "size_rule: the lot must be above 0");
        }
        let tiers_ok =
            self.margin_tiers.iter().all(|t| t.maintenance.signum() >= 0 && t.max_leverage >= Ratio::ONE);
        check(tiers_ok, "margin_tiers: maintenance must be 0 or more, max_leverage 1 or more");
        problems
    }

    /// `price * quantity * multiplier`.
    pub fn notional(&self, price: Price, quantity: Quantity) -> Notional {
        price.notional(quantity).times(self.multiplier)
    }

    /// The tier that holds a position of this notional.
    pub fn margin_tier(&self, notional: Notional) -> Option<&MarginTier> {
        let size = notional.abs();
        self.margin_tiers
            .iter()
            .find(|tier| tier.up_to.is_none_or(|limit| size <= limit))
            .or(self.margin_tiers.last())
    }

    /// The nearest price that is legal here.
    pub fn round_price(&self, price: Price, rounding: Rounding) -> Option<Price> {
        self.price_rule.round(price, rounding)
    }

    /// Checks a size at a price. `closes` says that the order only reduces a position.
    ///
    /// # Errors
    /// The first rule that the order breaks.
    pub fn check_size(
        &self,
        quantity: Quantity,
        price: Price,
        market: bool,
        closes: bool,
    ) -> Result<(), Illegal> {
        if quantity.signum() <= 0 || self.min_quantity.is_some_and(|minimum| quantity < minimum) {
            return Err(Illegal::MinQuantity);
        }
        if !self.size_rule.allows(quantity) {
            return Err(Illegal::Lot);
        }
        let maximum = if market { self.max_market_quantity.or(self.max_quantity) } else { self.max_quantity };
        if maximum.is_some_and(|maximum| quantity > maximum) {
            return Err(Illegal::MaxQuantity);
        }
        let exempt = closes && self.min_notional_exempts_close;
        if !exempt && self.min_notional.is_some_and(|minimum| self.notional(price, quantity) < minimum) {
            return Err(Illegal::MinNotional);
        }
        Ok(())
    }
}

/// What a venue can do. An impossible combination is refused when it is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueCapabilities {
    /// Which prices can trigger a conditional order.
    pub trigger_sources: Vec<crate::order::TriggerSource>,
    /// Orders that can only reduce.
    pub reduce_only: bool,
    /// One order may close a position and open the opposite one.
    pub flip_in_one_order: bool,
    /// A bracket can be sent as one request.
    pub native_bracket: bool,
    /// A working order can be changed in place.
    pub amend: bool,
    /// Post-only orders.
    pub post_only: bool,
    /// A submit can carry the instant after which the venue must ignore it.
    pub validity: bool,
    /// An order can be sized at its fill, as a share of equity. Only simulated venues can.
    pub equity_sized_orders: bool,
    /// Both a stop and a target may rest for the same position. False on spot where a resting order holds what it would
    /// sell: there one closing order works at a time.
    pub stop_and_target: bool,
}

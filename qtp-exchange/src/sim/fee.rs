//! Fees.

use qtp_core::{
    Amount, Currency, Decimal, Instrument, InstrumentKind, Liquidity, Price, Quantity, Ratio, Side,
};
use serde::{Deserialize, Serialize};

/// What a fee is paid in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeCurrency {
    /// The settlement currency.
    #[default]
    Settle,
    /// Spot buys pay in what they buy, everything else in the settlement currency.
    BaseOnSpotBuys,
    /// A third currency at a fixed rate.
    Other {
        /// The currency.
        currency: Currency,
        /// Units of the settlement currency that one unit of it is worth.
        #[serde(with = "qtp_core::serde_decimal")]
        rate: Decimal,
    },
}

/// Fees as shares of notional.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeeModel {
    /// For an order that rested; negative is a rebate.
    pub maker: Ratio,
    /// For an order that took.
    pub taker: Ratio,
    /// What they are paid in.
    pub currency: FeeCurrency,
    /// A share on top for whoever built the client, always in the settlement currency.
    pub builder: Option<Ratio>,
}

/// The fee lines of one fill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    pub fee: Amount,
    pub builder: Option<Amount>,
}

impl FeeModel {
    /// The same rate for makers and takers.
    pub fn flat(rate: Ratio) -> Self {
        Self { maker: rate, taker: rate, ..Self::default() }
    }

    /// Every problem, as `field: problem`.
    pub fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let below_one = |rate: Ratio| rate.abs() < Ratio::ONE;
        if !below_one(self.maker) || !below_one(self.taker) {
            problems.push("fees: maker and taker must lie between -1 and 1".to_owned());
        }
        if self.builder.is_some_and(|rate| rate.signum() < 0 || !below_one(rate)) {
            problems.push("fees.builder: must be from 0 to below 1".to_owned());
        }
        if matches!(self.currency, FeeCurrency::Other { rate, .. } if rate <= Decimal::ZERO) {
            problems.push("fees.currency.rate: must be above 0".to_owned());
        }
        problems
    }

    /// Share of notional that a fill costs, the builder's part included.
    pub(super) fn rate(&self, liquidity: Liquidity) -> Decimal {
        let venue = match liquidity {
            Liquidity::Maker => self.maker,
            Liquidity::Taker => self.taker,
        };
        venue.get() + self.builder.map_or(Decimal::ZERO, Ratio::get)
    }

    /// The fee of a fill.
    pub(super) fn charge(
        &self,
        instrument: &Instrument,
        side: Side,
        (price, quantity): (Price, Quantity),
        liquidity: Liquidity,
    ) -> Charge {
        let rate = match liquidity {
            Liquidity::Maker => self.maker,
            Liquidity::Taker => self.taker,
        };
        let builder = |notional: Decimal| {
            self.builder.map(|share| Amount::new(notional * share.get(), instrument.settle))
        };
        if rate.is_zero() && self.builder.is_none() {
            return Charge { fee: Amount::zero(instrument.settle), builder: None };
        }
        let notional = instrument.notional(price, quantity).get();
        let spot_buy = instrument.kind == InstrumentKind::Spot && side == Side::Buy;
        let fee = match self.currency {
            FeeCurrency::BaseOnSpotBuys if spot_buy => {
                Amount::new(quantity.get() * rate.get(), instrument.base)
            }
            FeeCurrency::Other { currency, rate: worth } => {
                let value = (notional * rate.get()).checked_div(worth).unwrap_or_default();
                Amount::new(value, currency)
            }
            FeeCurrency::Settle | FeeCurrency::BaseOnSpotBuys => {
                Amount::new(notional * rate.get(), instrument.settle)
            }
        };
        Charge { fee, builder: builder(notional) }
    }
}

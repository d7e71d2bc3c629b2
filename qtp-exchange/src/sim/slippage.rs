//! How much worse than the tape an order that takes fills.

use qtp_core::{Decimal, Instrument, Price, Quantity, Quote, Ratio, Rounding, Side};
use serde::{Deserialize, Serialize};

/// A slippage model. It never moves a price past an order's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slippage {
    /// The tape's price.
    #[default]
    None,
    /// A fixed share of the price against us.
    Fixed(Ratio),
    /// Half of the last quote's spread against us; where there is no quote, this share of the price.
    Spread(Ratio),
    /// `impact` times the order's share of the candle's volume, as a share of the price.
    VolumeShare {
        /// Share of the price at a participation of the whole volume.
        impact: Ratio,
    },
}

/// What a slippage model looks at beside the price.
#[derive(Debug, Clone, Copy)]
pub(super) struct SlippageInput<'a> {
    pub side: Side,
    pub quantity: Quantity,
    pub volume: Option<Quantity>,
    pub quote: Option<&'a Quote>,
}

impl Slippage {
    /// Every problem, as `field: problem`.
    pub fn validate(&self) -> Vec<String> {
        let (Self::Fixed(ratio) | Self::Spread(ratio) | Self::VolumeShare { impact: ratio }) = self else {
            return Vec::new();
        };
        if ratio.signum() < 0 || *ratio >= Ratio::ONE {
            return vec!["slippage: must be from 0 to below 1".to_owned()];
        }
        Vec::new()
    }

    /// The price after slippage, legal for the instrument.
    pub(super) fn apply(&self, price: Price, input: &SlippageInput<'_>, instrument: &Instrument) -> Price {
        let share = match self {
            Self::None => return price,
            Self::Fixed(ratio) => Some(ratio.get()),
            Self::Spread(ratio) => Some(half_spread(input.quote).unwrap_or(ratio.get())),
            Self::VolumeShare { impact } => {
                participation(input).and_then(|share| impact.get().checked_mul(share))
            }
        };
        let Some(share) = share.filter(|share| !share.is_zero()) else { return price };
        let (share, rounding) = match input.side {
            Side::Buy => (share, Rounding::Up),
            Side::Sell => (-share, Rounding::Down),
        };
        let moved = Ratio::new(share).ok().and_then(|share| price.shifted(share)).unwrap_or(price);
        instrument.round_price(moved, rounding).unwrap_or(moved)
    }
}

fn half_spread(quote: Option<&Quote>) -> Option<Decimal> {
    let quote = quote?;
    let sum = quote.ask.get() + quote.bid.get();
    Some((quote.ask.get() - quote.bid.get()).max(Decimal::ZERO) / sum)
}

/// Share of the volume, at most one: nobody trades more than there was.
fn participation(input: &SlippageInput<'_>) -> Option<Decimal> {
    let share = input.quantity.get().checked_div(input.volume?.get())?;
    Some(share.min(Decimal::ONE))
}

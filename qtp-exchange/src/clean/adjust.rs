//! Splits and dividends of stocks.

use qtp_core::{Adjustment, Candle, CandleParts, Decimal, Price, Quantity, Timestamp, ValueError};

/// Digits behind the point of an adjusted price or volume.
const DIGITS: u32 = 8;

/// Something that moves a stock's price without a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorporateAction {
    /// One share becomes `ratio` shares.
    Split {
        /// First instant at the new price.
        time: Timestamp,
        /// New shares for each old one; below one for a reverse split.
        ratio: Decimal,
    },
    /// Cash for each share.
    Dividend {
        /// First instant without it.
        time: Timestamp,
        /// In the currency of the price, a share as it was then.
        amount: Decimal,
    },
}

impl CorporateAction {
    /// When it takes effect.
    pub const fn time(&self) -> Timestamp {
        match self {
            Self::Split { time, .. } | Self::Dividend { time, .. } => *time,
        }
    }
}

/// Changes raw candles, ascending, so that no action leaves a step in them: prices before a split are divided by its
/// ratio and volumes multiplied; prices before a dividend lose its share of the last close before it (the method of
/// CRSP). Rounded to eight digits behind the point.
///
/// # Errors
/// An action that leaves no price: a ratio of zero or less, a dividend of the whole close or more.
pub fn adjust(
    candles: &[Candle],
    actions: &[CorporateAction],
    wanted: Adjustment,
) -> Result<Vec<Candle>, ValueError> {
    let mut actions: Vec<CorporateAction> = actions
        .iter()
        .filter(|action| match action {
            CorporateAction::Split { .. } => wanted != Adjustment::Raw,
            CorporateAction::Dividend { .. } => wanted == Adjustment::All,
        })
        .copied()
        .collect();
    actions.sort_by_key(CorporateAction::time);
    let (mut price, mut volume) = (Decimal::ONE, Decimal::ONE);
    let mut adjusted = Vec::with_capacity(candles.len());
    for candle in candles.iter().rev() {
        // Everything that takes effect behind this candle.
        while let Some(action) = actions.pop_if(|action| action.time() > candle.open_time()) {
            match action {
                CorporateAction::Split { ratio, .. } => {
                    price = checked(price.checked_div(ratio).filter(|_| ratio > Decimal::ZERO), ratio)?;
                    volume = checked(volume.checked_mul(ratio), ratio)?;
                }
                CorporateAction::Dividend { amount, .. } => {
                    let share = amount.checked_div(candle.close().get());
                    let left = share.and_then(|share| Decimal::ONE.checked_sub(share));
                    let left = checked(left.filter(|left| *left > Decimal::ZERO), amount)?;
                    price = checked(price.checked_mul(left), amount)?;
                }
            }
        }
        adjusted.push(scaled(candle, price, volume)?);
    }
    adjusted.reverse();
    Ok(adjusted)
}

fn checked(value: Option<Decimal>, of: Decimal) -> Result<Decimal, ValueError> {
    value.ok_or_else(|| ValueError::range("corporate action", of, "leaves a price above 0"))
}

fn scaled(candle: &Candle, price: Decimal, volume: Decimal) -> Result<Candle, ValueError> {
    let times = |value: Decimal, factor: Decimal| {
        checked(value.checked_mul(factor), factor).map(|product| product.round_dp(DIGITS).normalize())
    };
    let scale = |value: Price| Price::new(times(value.get(), price)?);
    Candle::new(CandleParts {
        open: scale(candle.open())?,
        high: scale(candle.high())?,
        low: scale(candle.low())?,
        close: scale(candle.close())?,
        volume: Quantity::new(times(candle.volume().get(), volume)?)?,
        ..candle.parts().clone()
    })
}

#[cfg(test)]
mod tests {
    use qtp_core::Timeframe;

    use super::super::tests::candle;
    use super::*;

    fn closes(candles: &[Candle]) -> Vec<String> {
        candles.iter().map(|candle| candle.close().to_string()).collect()
    }

    #[test]
    fn a_split_and_a_dividend_leave_no_step() {
        let day = |number: i64| Timestamp::from_secs(number * 86_400);
        let raw: Vec<Candle> = [(1, "400"), (2, "400"), (3, "100"), (4, "99")]
            .map(|(n, close)| candle(day(n), close, Timeframe::D1))
            .into();
        let split = CorporateAction::Split { time: day(3), ratio: Decimal::from(4) };
        let dividend = CorporateAction::Dividend { time: day(4), amount: Decimal::ONE };
        let of = |wanted| adjust(&raw, &[dividend, split], wanted).unwrap();
        assert_eq!(of(Adjustment::Raw), raw);
        assert_eq!(closes(&of(Adjustment::Split)), ["100", "100", "100", "99"]);
        assert_eq!(closes(&of(Adjustment::All)), ["99", "99", "99", "99"]);
        let volumes: Vec<_> = of(Adjustment::All).iter().map(|candle| candle.volume().to_string()).collect();
        assert_eq!(volumes, ["400", "400", "100", "100"]);
    }

    #[test]
    fn an_action_that_leaves_no_price_is_an_error() {
        let raw = [candle(Timestamp::EPOCH, "10", Timeframe::D1)];
        let time = Timestamp::from_secs(1);
        for action in [
            CorporateAction::Split { time, ratio: Decimal::ZERO },
            CorporateAction::Dividend { time, amount: Decimal::from(10) },
        ] {
            assert!(adjust(&raw, &[action], Adjustment::All).is_err(), "{action:?}");
        }
    }
}

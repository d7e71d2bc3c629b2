//! Stops and targets as a document says them, at a candle's close.

use qtp_core::money::{decimal_from_f64, price_from_f64};
use qtp_core::{
    Candle, Context, Decimal, DocumentProblem, ExpressionKind, InstrumentId, Level, Price, PriceRule, Ratio,
    Rounding,
};
use qtp_indicators::expression::{Evaluator, EvaluatorBuilder, Handle};

use super::exits::{bracket_at, bracket_by_ratio};

/// A level whose names are resolved.
#[derive(Debug, Clone, Copy)]
pub(super) enum LevelRule {
    Ratio(Ratio),
    /// So many times a value.
    Distance(Handle, f64),
    Price(Handle),
    StopDistance(f64),
}

/// Where a level is computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) instrument: &'a InstrumentId,
    pub(super) candle: &'a Candle,
    /// Above zero for a long position, below for a short one.
    pub(super) direction: i8,
    pub(super) values: &'a Evaluator,
}

impl LevelRule {
    /// Resolves a level that has been checked.
    ///
    /// # Errors
    /// The first problem, with its JSON pointer within the level.
    pub(super) fn new(builder: &mut EvaluatorBuilder, level: &Level) -> Result<Self, DocumentProblem> {
        let number = ExpressionKind::Number;
        Ok(match level {
            Level::Percent(percent) => {
                Self::Ratio(percent_ratio(*percent).map_err(|problem| problem.within("/percent"))?)
            }
            Level::AverageTrueRange { period, times } => {
                let range = builder.add_indicator(&format!("atr({period})"));
                Self::Distance(range.map_err(|problem| problem.within("/atr/period"))?, *times)
            }
            Level::Distance(value) => {
                let value = builder.add(value, number).map_err(|problem| problem.within("/distance"))?;
                Self::Distance(value, 1.0)
            }
            Level::Price(value) => {
                Self::Price(builder.add(value, number).map_err(|problem| problem.within("/price"))?)
            }
            Level::StopDistance { times } => Self::StopDistance(*times),
        })
    }

    /// A stop: legal, and rounded towards the close. `None` if a value is unknown or gives no price.
    pub(super) fn stop(&self, at: At<'_>, context: &Context<'_>) -> Option<Price> {
        let (near, _) = roundings(at.direction);
        match self {
            Self::Ratio(ratio) => {
                let stop = bracket_by_ratio(at.candle.close(), at.direction, (Some(*ratio), None)).stop?;
                rule(at, context).round(stop, near)
            }
            Self::Distance(value, times) => {
                let distance = times * at.values.number(*value)?;
                let close = at.candle.ohlcv().close;
                bracket_at(context, at.instrument, close, at.direction, (distance, 0.0)).stop
            }
            Self::Price(value) => price_from_f64(at.values.number(*value)?, &rule(at, context), near),
            Self::StopDistance(_) => None,
        }
    }

    /// A target: legal, and rounded towards the close. `None` as for a stop.
    pub(super) fn target(&self, at: At<'_>, stop: Option<Price>, context: &Context<'_>) -> Option<Price> {
        let (_, far) = roundings(at.direction);
        let close = at.candle.ohlcv().close;
        let distance = match self {
            Self::Ratio(ratio) => {
                let target = bracket_by_ratio(at.candle.close(), at.direction, (None, Some(*ratio))).target?;
                return rule(at, context).round(target, far);
            }
            Self::Price(value) => {
                return price_from_f64(at.values.number(*value)?, &rule(at, context), far);
            }
            Self::Distance(value, times) => times * at.values.number(*value)?,
            Self::StopDistance(times) => times * (close - stop?.to_f64()).abs(),
        };
        bracket_at(context, at.instrument, close, at.direction, (0.0, distance)).target
    }
}

/// Towards the close of a position's stop, and of its target.
const fn roundings(direction: i8) -> (Rounding, Rounding) {
    if direction > 0 { (Rounding::Up, Rounding::Down) } else { (Rounding::Down, Rounding::Up) }
}

fn rule(at: At<'_>, context: &Context<'_>) -> PriceRule {
    context.instrument(at.instrument).map_or(PriceRule::Any, |rules| rules.price_rule)
}

/// 2 percent as 0.02, exact.
pub(super) fn percent_ratio(percent: f64) -> Result<Ratio, DocumentProblem> {
    let share = decimal_from_f64(percent).and_then(|percent| percent.checked_div(Decimal::ONE_HUNDRED));
    share
        .and_then(|share| Ratio::new(share).ok())
        .ok_or_else(|| DocumentProblem::new("", format!("{percent} percent cannot be computed with")))
}

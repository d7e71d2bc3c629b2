//! An exit plan from one scale of prices to another.

use qtp_core::money::decimal_from_f64;
use qtp_core::{AssetView, Decimal, EntryThesis, ExitPlan, Expression, ExpressionKind};
use qtp_indicators::expression::{EvaluatorBuilder, Facts, History};

use super::scale::moved;

/// The same asset on the side that a plan comes from and on the one that it goes to.
pub(super) struct Sides<'a> {
    pub(super) from: &'a AssetView,
    pub(super) to: &'a AssetView,
    /// A price there by a price here.
    pub(super) factor: Decimal,
    /// A price here by a price there.
    pub(super) reciprocal: Decimal,
}

impl Sides<'_> {
    /// The plan in the other side's numbers, and how many conditions have none. Distances in percent or in true ranges and
    /// counts of candles are the same on both sides.
    pub(super) fn carry(&self, plan: &ExitPlan) -> (ExitPlan, usize) {
        let carried: Vec<_> = plan.invalidation.iter().filter_map(|rule| self.condition(rule)).collect();
        let lost = plan.invalidation.len() - carried.len();
        (ExitPlan { invalidation: carried, ..plan.clone() }, lost)
    }

    /// Why a position was opened, as the other side knows it: its times are moved back.
    pub(super) fn thesis(&self, thesis: &EntryThesis, shift: i64) -> EntryThesis {
        let (plan, _) = self.carry(&thesis.plan);
        EntryThesis { decided: moved(thesis.decided, shift), plan, ..thesis.clone() }
    }

    /// A condition over conditions goes over part by part; a comparison only if all that it compares changes alike.
    fn condition(&self, rule: &Expression) -> Option<Expression> {
        let Expression::Call(operation, parts) = rule else { return None };
        let whole = |parts: Vec<_>| Expression::Call(*operation, parts);
        if parts.iter().all(|part| part.kind() == ExpressionKind::Condition) {
            return parts.iter().map(|part| self.condition(part)).collect::<Option<_>>().map(whole);
        }
        let mut changes =
            parts.iter().filter(|part| !matches!(part, Expression::Number(_))).map(|part| self.change(part));
        let change = match changes.next() {
            // Nothing but numbers: the market is not in it.
            None => Decimal::ONE,
            Some(first) => first.filter(|first| changes.all(|other| other == Some(*first)))?,
        };
        let moved = |part: &Expression| match part {
            Expression::Number(number) => times(*number, change).map(Expression::Number),
            other => Some(other.clone()),
        };
        parts.iter().map(moved).collect::<Option<_>>().map(whole)
    }

    /// What a value is multiplied by on its way: seen by computing it on both sides. A price changes with prices, a volume
    /// against them, an oscillator not at all.
    fn change(&self, value: &Expression) -> Option<Decimal> {
        let (here, there) = (read(value, self.from)?, read(value, self.to)?);
        let fits = |change: &Decimal| {
            let expected = here * change.to_string().parse::<f64>().unwrap_or(f64::NAN);
            (there - expected).abs() <= 1e-9 * expected.abs().max(there.abs())
        };
        // Zero fits everything and says nothing.
        [Decimal::ONE, self.factor, self.reciprocal].into_iter().find(fits).filter(|_| here != 0.0)
    }
}

/// A value at the last candle, for a position that is a little in profit.
fn read(value: &Expression, asset: &AssetView) -> Option<f64> {
    let histories: Vec<History<'_>> =
        asset.candles.iter().map(|(timeframe, candles)| (*timeframe, candles.as_slice())).collect();
    let base = *histories.iter().min_by_key(|(timeframe, _)| *timeframe)?;
    let mut builder = EvaluatorBuilder::new(base.0);
    let handle = builder.add(value, ExpressionKind::Number).ok()?;
    let mut values = builder.build();
    let close = base.1.last()?.ohlcv().close;
    values.warm_up(base, &histories, &Facts::held(1, close / 1.01, 1, close));
    values.number(handle)
}

fn times(number: f64, change: Decimal) -> Option<f64> {
    decimal_from_f64(number)?.checked_mul(change)?.to_string().parse().ok()
}

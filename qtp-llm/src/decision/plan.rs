//! The exit rules of an answer: a flat form that every provider's strict mode takes, read into an [`ExitPlan`].

use qtp_core::{
    AssetView, Candle, ExitPlan, Expression, ExpressionKind, Level, MAX_INVALIDATIONS, Operation, Timeframe,
};
use qtp_indicators::expression::{EvaluatorBuilder, Facts, History};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::parse::{number, quote, words};

/// How a condition compares, and the operation behind it.
pub(super) const COMPARISONS: [(&str, Operation); 4] = [
    ("above", Operation::Above),
    ("below", Operation::Below),
    ("crosses_above", Operation::CrossesAbove),
    ("crosses_below", Operation::CrossesBelow),
];

/// The rules as they stand in the JSON.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPlan<'a> {
    /// Conditions of which any one closes the position; may be empty.
    #[serde(borrow, default)]
    invalidation: Vec<RawCondition<'a>>,
    /// Distance of a trailing stop in average true ranges over 14 candles, or null.
    #[serde(borrow, default)]
    #[schemars(with = "Option<f64>")]
    trailing_stop_atr: Option<&'a RawValue>,
    /// Distance of a trailing stop in percent of the price, or null.
    #[serde(borrow, default)]
    #[schemars(with = "Option<f64>")]
    trailing_stop_percent: Option<&'a RawValue>,
    /// Leave after so many candles, or null.
    #[serde(borrow, default)]
    #[schemars(with = "Option<u32>")]
    time_stop_candles: Option<&'a RawValue>,
    /// Open nothing for so many candles after the position has ended, or null.
    #[serde(borrow, default)]
    #[schemars(with = "Option<u32>")]
    cooldown_candles: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawCondition<'a> {
    /// A number as text, close, high, low, volume, entry_price, bars_held, unrealized_return, or an indicator such as
    /// ema(20), rsi(14)@1h or macd(12,26,9).histogram.
    #[serde(borrow)]
    #[schemars(with = "String")]
    left: &'a RawValue,
    /// How the left is compared with the right.
    #[serde(borrow)]
    #[schemars(with = "String")]
    is: &'a RawValue,
    /// As left.
    #[serde(borrow)]
    #[schemars(with = "String")]
    right: &'a RawValue,
}

/// The plan of an answer; none where it is left out or null.
pub(super) fn read(raw: Option<&RawValue>) -> Result<Option<ExitPlan>, String> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else { return Ok(None) };
    let raw: RawPlan<'_> =
        serde_json::from_str(raw.get()).map_err(|error| format!(": it does not fit the schema: {error}"))?;
    if raw.invalidation.len() > MAX_INVALIDATIONS {
        return Err(format!(".invalidation: more than {MAX_INVALIDATIONS} conditions"));
    }
    let mut invalidation = Vec::with_capacity(raw.invalidation.len());
    for (index, condition) in raw.invalidation.iter().enumerate() {
        let place = |problem: String| format!(".invalidation[{index}].{problem}");
        invalidation.push(condition.read().map_err(place)?);
    }
    let level =
        |raw: Option<&RawValue>, field: &str| float(raw).map_err(|problem| format!(".{field}: {problem}"));
    let times = level(raw.trailing_stop_atr, "trailing_stop_atr")?;
    let percent = level(raw.trailing_stop_percent, "trailing_stop_percent")?;
    let trailing_stop = match (times, percent) {
        (Some(_), Some(_)) => return Err(": give one trailing stop, in ranges or in percent".to_owned()),
        (Some(times), None) => Some(Level::AverageTrueRange { period: 14, times }),
        (None, Some(percent)) => Some(Level::Percent(percent)),
        (None, None) => None,
    };
    let plan = ExitPlan {
        invalidation,
        trailing_stop,
        time_stop_candles: count(raw.time_stop_candles, "time_stop_candles")?,
        cooldown_candles: count(raw.cooldown_candles, "cooldown_candles")?.unwrap_or_default(),
    };
    plan.check().map_err(|problem| format!(": {problem}"))?;
    Ok(Some(plan))
}

impl RawCondition<'_> {
    fn read(&self) -> Result<Expression, String> {
        let is = words(self.is, "is")?.trim().to_ascii_lowercase();
        let operation = COMPARISONS.iter().find(|(name, _)| *name == is).map(|(_, operation)| *operation);
        let operation = operation.ok_or_else(|| {
            let names = COMPARISONS.map(|(name, _)| name).join(", ");
            format!("is: {} is none of {names}", quote(&is))
        })?;
        Ok(Expression::Call(operation, vec![operand(self.left, "left")?, operand(self.right, "right")?]))
    }
}

/// A number, also as text, else a name.
fn operand(raw: &RawValue, field: &str) -> Result<Expression, String> {
    if let Ok(Some(value)) = float(Some(raw)) {
        return Ok(Expression::Number(value));
    }
    let name = words(raw, field)?;
    let name = name.trim();
    if name.is_empty() { Err(format!("{field}: it is empty")) } else { Ok(Expression::Name(name.to_owned())) }
}

/// A number as a float: a threshold is compared with indicators, which are floats too.
fn float(raw: Option<&RawValue>) -> Result<Option<f64>, String> {
    let Some(raw) = raw else { return Ok(None) };
    let Some(decimal) = number(raw)? else { return Ok(None) };
    decimal.to_string().parse().map(Some).map_err(|_| format!("{} is not a number", quote(raw.get())))
}

fn count(raw: Option<&RawValue>, field: &str) -> Result<Option<u32>, String> {
    let value = float(raw).map_err(|problem| format!(".{field}: {problem}"))?;
    match value {
        Some(value) if value.fract() == 0.0 && (0.0..=10_000.0).contains(&value) => {
            // Nothing after nothing: no time stop, no cooldown.
            Ok(Some(value as u32).filter(|count| *count > 0))
        }
        Some(value) => Err(format!(".{field}: {value} is not a whole number from 0 to 10000")),
        None => Ok(None),
    }
}

/// Whether code can follow a plan for a position in `direction`, with what the picture shows.
pub(super) fn check(plan: &ExitPlan, asset: &AssetView, direction: i8) -> Result<(), String> {
    let shortest = asset.candles.iter().min_by_key(|(timeframe, _)| *timeframe);
    let base: History<'_> =
        shortest.map_or((Timeframe::M1, &[]), |(timeframe, candles)| (*timeframe, candles.as_slice()));
    let mut builder = EvaluatorBuilder::new(base.0);
    let mut conditions = Vec::with_capacity(plan.invalidation.len());
    for (index, condition) in plan.invalidation.iter().enumerate() {
        let place =
            |problem: qtp_core::DocumentProblem| format!(".invalidation[{index}]: {}", problem.problem);
        conditions.push(builder.add(condition, ExpressionKind::Condition).map_err(place)?);
    }
    let mut values = builder.build();
    let higher: Vec<History<'_>> =
        asset.candles.iter().map(|(timeframe, candles)| (*timeframe, candles.as_slice())).collect();
    let entry = asset.entry.unwrap_or(asset.price).to_f64();
    let close = base.1.last().map_or(f64::NAN, |candle: &Candle| candle.ohlcv().close);
    values.warm_up(base, &higher, &Facts::held(direction, entry, 1, close));
    for (index, condition) in conditions.iter().enumerate() {
        match values.condition(*condition) {
            Some(false) => {}
            Some(true) => {
                return Err(format!(
                    ".invalidation[{index}]: {} holds already, so the position would be closed at once",
                    plan.invalidation[index]
                ));
            }
            None => {
                let (count, timeframe) = (base.1.len(), base.0);
                return Err(format!(
                    ".invalidation[{index}]: its value is unknown after the {count} {timeframe} candles there are"
                ));
            }
        }
    }
    Ok(())
}

/// Numbers and names that a plan is made of.
pub(super) fn said(plan: &ExitPlan) -> (Vec<f64>, Vec<&str>) {
    let (mut numbers, mut names) = (Vec::new(), Vec::new());
    for condition in &plan.invalidation {
        names.extend(condition.names().into_iter().map(|(_, name)| name));
        if let Expression::Call(_, arguments) = condition {
            numbers.extend(arguments.iter().filter_map(|argument| match argument {
                Expression::Number(number) => Some(*number),
                _ => None,
            }));
        }
    }
    if let Some(Level::Percent(value) | Level::AverageTrueRange { times: value, .. }) = plan.trailing_stop {
        numbers.push(value);
    }
    let counts = [plan.time_stop_candles, Some(plan.cooldown_candles).filter(|count| *count > 0)];
    numbers.extend(counts.into_iter().flatten().map(f64::from));
    (numbers, names)
}

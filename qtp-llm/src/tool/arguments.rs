//! The arguments of the built-in tools: their schema, and reading them.

use std::borrow::Cow;

use qtp_core::port::AsOfView;
use qtp_core::{AssetView, Candle, Timeframe};
use qtp_indicators::resample::{Alignment, CandleResampler, GapPolicy, LatePolicy, ResamplePolicy};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ToolError;
use crate::model::{ToolSpec, cut};

/// The declaration of a tool whose arguments are `T`.
pub(super) fn spec<T: JsonSchema>(name: &str, description: &str) -> ToolSpec {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut parameters = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Value::Object(schema) = &mut parameters {
        schema.remove("$schema");
        schema.remove("title");
        schema.remove("description");
    }
    ToolSpec { name: name.to_owned(), description: description.to_owned(), parameters }
}

/// The arguments, or what is wrong with them.
pub(super) fn read<T: DeserializeOwned>(arguments: &Value) -> Result<T, ToolError> {
    T::deserialize(arguments)
        .map_err(|error| ToolError::new(format!("arguments: {}", cut(&error.to_string()))))
}

/// The asset of that id; by its base where only one asset has it.
pub(super) fn asset<'a>(view: &'a dyn AsOfView, name: &str) -> Result<&'a AssetView, ToolError> {
    let assets = view.assets();
    if let Some(asset) = assets.iter().find(|asset| asset.instrument.as_str() == name) {
        return Ok(asset);
    }
    let mut same = assets.iter().filter(|asset| {
        let id = &asset.instrument;
        [id.symbol(), id.base()].iter().any(|known| known.eq_ignore_ascii_case(name))
    });
    match (same.next(), same.next()) {
        (Some(asset), None) => Ok(asset),
        _ => {
            let known: Vec<_> = assets.iter().map(|asset| asset.instrument.as_str()).collect();
            Err(ToolError::new(format!("asset: no {:?}; there are {}", cut(name), known.join(", "))))
        }
    }
}

/// Candles of any timeframe that those of the picture can be put together to.
pub(super) fn candles<'a>(
    asset: &'a AssetView,
    timeframe: Option<&str>,
) -> Result<Cow<'a, [Candle]>, ToolError> {
    let shortest = asset.candles.iter().min_by_key(|(timeframe, _)| *timeframe);
    let Some((shortest, _)) = shortest else { return Err(ToolError::new("there are no candles")) };
    let wanted: Timeframe = match timeframe {
        Some(text) => text.parse().map_err(|error| ToolError::new(format!("timeframe: {error}")))?,
        None => *shortest,
    };
    if let Some((_, candles)) = asset.candles.iter().find(|(known, _)| *known == wanted) {
        return Ok(Cow::Borrowed(candles));
    }
    let divides = |known: &Timeframe| wanted > *known && wanted.as_nanos() % known.as_nanos() == 0;
    let Some((_, finer)) =
        asset.candles.iter().filter(|(known, _)| divides(known)).max_by_key(|(known, _)| *known)
    else {
        let known: Vec<_> = asset.candles.iter().map(|(known, _)| known.to_string()).collect();
        return Err(ToolError::new(format!(
            "timeframe: {wanted} cannot be made; there are {}",
            known.join(", ")
        )));
    };
    resample(finer, wanted).map(Cow::Owned)
}

/// Only candles that are complete: one that has not closed is not known yet, one that began before the picture is partial.
fn resample(finer: &[Candle], wanted: Timeframe) -> Result<Vec<Candle>, ToolError> {
    let failed = |error: qtp_indicators::SpecError| ToolError::new(format!("timeframe: {error}"));
    let policy = ResamplePolicy { gap: GapPolicy::Skip, late: LatePolicy::Skip };
    let mut resampler = CandleResampler::new(wanted, Alignment::Utc, policy).map_err(failed)?;
    let mut candles = Vec::new();
    for candle in finer {
        candles.extend(resampler.update(candle).map_err(failed)?.into_iter().map(|done| done.candle));
    }
    let whole = finer.first().is_some_and(|first| wanted.floor(first.open_time()) == first.open_time());
    if !whole && !candles.is_empty() {
        candles.remove(0);
    }
    Ok(candles)
}

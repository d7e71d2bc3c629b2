//! Tools that read the market: indicators, candles, order book, funding, open interest.

use async_trait::async_trait;
use qtp_core::port::{AsOf, AsOfView};
use qtp_core::{BookLevel, Candle};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::arguments::{asset, candles, read, spec};
use super::{Tool, ToolError};
use crate::model::{ToolSpec, cut};

const ROWS_MAX: usize = 100;
const SPECS_MAX: usize = 16;
const LEVELS_MAX: usize = 50;

/// Any indicator of the registry on any timeframe.
pub(super) struct Indicators;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct IndicatorArguments {
    /// The asset's id.
    asset: String,
    /// Specs such as `rsi(14)`, `macd(12,26,9)` or `ema(20)`; 16 at most.
    indicators: Vec<String>,
    /// Width of the candles such as `5m`, `1h`, `4h`; the shortest known one by default.
    #[serde(default)]
    timeframe: Option<String>,
    /// Last rows to return, 1 by default, 100 at most.
    #[serde(default)]
    rows: Option<usize>,
}

#[async_trait]
impl Tool for Indicators {
    fn spec(&self) -> ToolSpec {
        spec::<IndicatorArguments>(
            "indicators",
            "Technical indicators of an asset over closed candles. Returns the last rows, oldest first; null while an \
             indicator is not warm.",
        )
    }

    async fn call(&self, arguments: &Value, view: &dyn AsOfView) -> Result<AsOf<Value>, ToolError> {
        let arguments: IndicatorArguments = read(arguments)?;
        let table = table(&arguments, view)?;
        Ok(AsOf::read(view, |_| table))
    }
}

fn table(arguments: &IndicatorArguments, view: &dyn AsOfView) -> Result<Value, ToolError> {
    if arguments.indicators.is_empty() || arguments.indicators.len() > SPECS_MAX {
        return Err(ToolError::new(format!("indicators: 1 to {SPECS_MAX} are needed")));
    }
    let candles = candles(asset(view, &arguments.asset)?, arguments.timeframe.as_deref())?;
    let count = rows(arguments.rows)?.min(candles.len());
    let mut table: Vec<Map<String, Value>> = candles[candles.len() - count..]
        .iter()
        .map(|candle| Map::from_iter([("close_time".to_owned(), json!(candle.close_time().to_string()))]))
        .collect();
    for text in &arguments.indicators {
        column(text, &candles, &mut table)?;
    }
    Ok(json!({ "rows": table }))
}

fn column(text: &str, candles: &[Candle], table: &mut [Map<String, Value>]) -> Result<(), ToolError> {
    let failed =
        |error: qtp_indicators::SpecError| ToolError::new(format!("indicators: {}", cut(&error.to_string())));
    let mut indicator = qtp_indicators::build(text).map_err(failed)?;
    let mut row = vec![f64::NAN; indicator.width()];
    let first = candles.len() - table.len();
    for (index, candle) in candles.iter().enumerate() {
        let warm = indicator.update(&candle.ohlcv(), candle.open_time().as_nanos(), &mut row);
        let Some(shown) = index.checked_sub(first).and_then(|index| table.get_mut(index)) else { continue };
        for (name, value) in indicator.columns().iter().zip(&row) {
            // Six digits: a seventh decides no trade.
            let value =
                if warm && value.is_finite() { json!(crate::rules::figures(*value)) } else { Value::Null };
            shown.insert(name.clone(), value);
        }
    }
    Ok(())
}

fn rows(asked: Option<usize>) -> Result<usize, ToolError> {
    match asked.unwrap_or(1) {
        rows @ 1..=ROWS_MAX => Ok(rows),
        _ => Err(ToolError::new(format!("rows: 1 to {ROWS_MAX}"))),
    }
}

/// Closed candles.
pub(super) struct Candles;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CandleArguments {
    /// The asset's id.
    asset: String,
    /// Width such as `5m`, `1h`, `4h`; the shortest known one by default.
    #[serde(default)]
    timeframe: Option<String>,
    /// Last candles to return, 1 by default, 100 at most.
    #[serde(default)]
    rows: Option<usize>,
}

#[async_trait]
impl Tool for Candles {
    fn spec(&self) -> ToolSpec {
        spec::<CandleArguments>(
            "candles",
            "Closed candles of an asset, oldest first, as [open_time, open, high, low, close, volume].",
        )
    }

    async fn call(&self, arguments: &Value, view: &dyn AsOfView) -> Result<AsOf<Value>, ToolError> {
        let arguments: CandleArguments = read(arguments)?;
        let wanted = rows(arguments.rows)?;
        let candles = candles(asset(view, &arguments.asset)?, arguments.timeframe.as_deref())?.into_owned();
        Ok(AsOf::read(view, |_| {
            let shown = &candles[candles.len().saturating_sub(wanted)..];
            let row = |candle: &Candle| {
                let prices =
                    [candle.open(), candle.high(), candle.low(), candle.close()].map(|p| p.to_string());
                let [open, high, low, close] = prices;
                json!([candle.open_time().to_string(), open, high, low, close, candle.volume().to_string()])
            };
            json!({ "candles": shown.iter().map(row).collect::<Vec<_>>() })
        }))
    }
}

/// The order book.
pub(super) struct Book;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BookArguments {
    /// The asset's id.
    asset: String,
    /// Levels of each side, 10 by default, 50 at most.
    #[serde(default)]
    levels: Option<usize>,
}

#[async_trait]
impl Tool for Book {
    fn spec(&self) -> ToolSpec {
        spec::<BookArguments>("order_book", "Best levels of an asset's order book as [price, quantity].")
    }

    async fn call(&self, arguments: &Value, view: &dyn AsOfView) -> Result<AsOf<Value>, ToolError> {
        let arguments: BookArguments = read(arguments)?;
        let levels = arguments.levels.unwrap_or(10);
        if !(1..=LEVELS_MAX).contains(&levels) {
            return Err(ToolError::new(format!("levels: 1 to {LEVELS_MAX}")));
        }
        let asset = asset(view, &arguments.asset)?;
        let book = asset.book.as_ref().ok_or_else(|| ToolError::new("no order book is connected"))?;
        let side = |side: &[BookLevel]| -> Vec<Value> {
            let level = |level: &BookLevel| json!([level.price.to_string(), level.quantity.to_string()]);
            side.iter().take(levels).map(level).collect()
        };
        let value =
            json!({ "time": book.time.to_string(), "bids": side(&book.bids), "asks": side(&book.asks) });
        admit(value, book.time, view)
    }
}

/// Funding and open interest.
pub(super) struct Funding;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AssetArguments {
    /// The asset's id.
    asset: String,
}

#[async_trait]
impl Tool for Funding {
    fn spec(&self) -> ToolSpec {
        spec::<AssetArguments>(
            "funding",
            "Last funding rate of a perpetual as a share of the position's value; positive means that longs pay.",
        )
    }

    async fn call(&self, arguments: &Value, view: &dyn AsOfView) -> Result<AsOf<Value>, ToolError> {
        let arguments: AssetArguments = read(arguments)?;
        let rate = asset(view, &arguments.asset)?.funding;
        let rate = rate.ok_or_else(|| ToolError::new("no funding rate is known"))?;
        Ok(AsOf::read(view, |_| json!({ "rate": rate.to_string() })))
    }
}

/// Open interest.
pub(super) struct OpenInterestOf;

#[async_trait]
impl Tool for OpenInterestOf {
    fn spec(&self) -> ToolSpec {
        spec::<AssetArguments>(
            "open_interest",
            "Contracts of an asset that are open, in its base, with their value where it is known.",
        )
    }

    async fn call(&self, arguments: &Value, view: &dyn AsOfView) -> Result<AsOf<Value>, ToolError> {
        let arguments: AssetArguments = read(arguments)?;
        let asset = asset(view, &arguments.asset)?;
        let known = view.open_interest(&asset.instrument);
        let known = known.ok_or_else(|| ToolError::new("no open interest is known"))?;
        Ok(known.map(|open| {
            let value = open.value.map(|value| value.to_string());
            json!({ "time": open.time.to_string(), "quantity": open.quantity.to_string(), "value": value })
        }))
    }
}

fn admit(value: Value, time: qtp_core::Timestamp, view: &dyn AsOfView) -> Result<AsOf<Value>, ToolError> {
    AsOf::admit(value, Some(time), view.as_of()).map_err(|reason| ToolError::new(reason.to_string()))
}

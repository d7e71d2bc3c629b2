//! Whether an output stands over the candles or below them.

use qtp_indicators::Spec;
use qtp_indicators::registry::OutputInfo;

use super::columns;
use crate::EngineError;
use crate::chart::data::Bar;

/// Candles beyond the warm-up that the question is decided on.
const SAMPLE: usize = 64;

/// Where an output belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Over the candles.
    Price,
    /// Markers at the candles.
    Event,
    /// The direction of an overlay of the same indicator: its colour.
    Trend,
    /// In a pane below.
    Below,
}

/// The place of each output.
pub(super) fn places(
    spec: &Spec,
    outputs: &[&'static OutputInfo],
    bars: &[Bar],
) -> Result<Vec<Place>, EngineError> {
    let prices: Vec<bool> = outputs.iter().map(|output| in_prices(output.unit)).collect();
    let levels = if prices.contains(&true) { follows_price(spec, bars)? } else { vec![false; prices.len()] };
    let pattern = spec.info().name.starts_with("talib.cdl");
    let over = |index: usize| prices.get(index) == Some(&true) && levels.get(index) == Some(&true);
    let overlaid = (0..outputs.len()).any(over);
    let place = |(index, output): (usize, &&OutputInfo)| match (output.name, output.unit) {
        _ if over(index) => Place::Price,
        _ if pattern => Place::Event,
        ("buy" | "sell", "0 or 1") => Place::Event,
        (_, "1 or -1") if overlaid => Place::Trend,
        _ => Place::Below,
    };
    Ok(outputs.iter().enumerate().map(place).collect())
}

fn in_prices(unit: &str) -> bool {
    matches!(unit, "price" | "unit of the source")
}

/// Which outputs are price levels. A unit of price is shared by averages, which belong to the candles, and by
/// differences such as the ATR or MACD, which do not. They differ in one law: if all prices rise by an amount, a level
/// rises by it and a difference stays. So the indicator is asked twice.
fn follows_price(spec: &Spec, bars: &[Bar]) -> Result<Vec<bool>, EngineError> {
    let refused = |error| EngineError::Chart { problem: format!("{spec}: {error}") };
    let count = spec.build().map_err(refused)?.warmup().saturating_add(SAMPLE);
    let bars = bars.get(..count).unwrap_or(bars);
    let shift = 0.01 * bars.iter().map(|bar| bar.ohlcv.high.abs()).fold(0.0, f64::max);
    let mut raised = bars.to_vec();
    for bar in &mut raised {
        let candle = &mut bar.ohlcv;
        for price in [&mut candle.open, &mut candle.high, &mut candle.low, &mut candle.close] {
            *price += shift;
        }
    }
    let (before, after) = (columns(spec, bars)?, columns(spec, &raised)?);
    let follows = |(before, after): (&Vec<f64>, &Vec<f64>)| {
        let moved = before.iter().zip(after).map(|(before, after)| after - before);
        let known: Vec<f64> = moved.filter(|moved| moved.is_finite()).collect();
        let with_price = known.iter().filter(|moved| (**moved - shift).abs() <= 0.25 * shift).count();
        // What is not warm within these candles has nothing to draw yet; its name stands with the candles.
        with_price * 2 >= known.len()
    };
    Ok(before.iter().zip(&after).map(follows).collect())
}

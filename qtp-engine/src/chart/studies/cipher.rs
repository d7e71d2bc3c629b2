//! Cipher B: waves and money flow in one pane with dots, its other lines in a second, and its signals at the candles.

use qtp_indicators::Spec;

use super::{Bar, Chart, Colour, Marker, MarkerKind, Pane, Plot, PlotKind, Study, columns};
use crate::EngineError;
use crate::chart::data::{Level, Segment};
use crate::stats::CurvePoint;

/// A divergence hangs on a turn two candles before the one that confirms it.
const DELAY: usize = 2;
/// Limits that a turn of the wave must pass to count: tops, bottoms; for both ranges of the indicator.
const RANGES: [(f64, f64); 2] = [(15.0, -40.0), (45.0, -65.0)];

pub(super) fn add(chart: &mut Chart, spec: &Spec, columns_of_b: &[Vec<f64>]) -> Result<(), EngineError> {
    let [wt1, wt2, fast, money_flow, rsi, stoch_k, stoch_d, schaff] = columns_of_b else {
        return Err(EngineError::Chart { problem: format!("{spec}: other outputs than expected") });
    };
    let events = events(spec, &chart.bars)?;
    let plot = |values: &[f64], kind, colour| Plot::new(values.to_vec(), kind, colour);
    let (area, line) = (PlotKind::Area, PlotKind::Line);
    let waves = vec![
        plot(fast, area.clone(), Colour::Muted).unlabelled(),
        plot(wt1, area.clone(), Colour::Series(3)),
        plot(wt2, area.clone(), Colour::Series(0)),
    ];
    let parameter = |name: &str, default: f64| parameter(&spec.canonical(), name).unwrap_or(default);
    let (oversold, overbought) = (parameter("oversold", -53.0), parameter("overbought", 53.0));
    let mut pane = Pane {
        studies: vec![
            Study { name: spec.text().to_owned(), plots: waves },
            Study { name: "Money flow".to_owned(), plots: vec![plot(money_flow, area, Colour::Sign)] },
        ],
        levels: [oversold, 0.0, overbought].map(Level::at).to_vec(),
        ..Pane::default()
    };
    mark(chart, &mut pane, &events, wt2);
    chart.panes.push(pane);
    let lines = [("RSI", rsi, 2), ("Stoch K", stoch_k, 0), ("D", stoch_d, 1), ("Schaff", schaff, 3)];
    let study = |(name, values, colour): (&str, &Vec<f64>, usize)| Study {
        name: name.to_owned(),
        plots: vec![plot(values, line.clone(), Colour::Series(colour))],
    };
    let levels = [20.0, 80.0].map(Level::at).to_vec();
    let studies = lines.map(study).to_vec();
    chart.panes.push(Pane { studies, levels, zone: Some((20.0, 80.0)), ..Pane::default() });
    Ok(())
}

/// What Cipher B reports at each candle, as its signs.
struct Events {
    cross: Vec<f64>,
    circle: Vec<f64>,
    gold: Vec<f64>,
    divergence: Vec<f64>,
}

fn events(spec: &Spec, bars: &[Bar]) -> Result<Events, EngineError> {
    let text = spec.canonical().replacen("cipher_b", "cipher_events", 1);
    let refused = |error| EngineError::Chart { problem: format!("{spec}: {error}") };
    let mut columns = columns(&text.parse().map_err(refused)?, bars)?.into_iter();
    let mut next = || columns.next().unwrap_or_default();
    Ok(Events { cross: next(), circle: next(), gold: next(), divergence: next() })
}

fn mark(chart: &mut Chart, pane: &mut Pane, events: &Events, wave: &[f64]) {
    for (index, bar) in chart.bars.iter().enumerate() {
        let at = |column: &[f64]| column.get(index).copied().unwrap_or(0.0);
        let Some(level) = wave.get(index).copied().filter(|level| level.is_finite()) else { continue };
        let (cross, circle) = (at(&events.cross), at(&events.circle));
        let marker = |value, kind| Marker { time: bar.time, value, kind, label: String::new() };
        if circle > 0.0 {
            pane.markers.push(marker(level, MarkerKind::BuyDot));
            chart.price.markers.push(marker(bar.ohlcv.low, MarkerKind::Buy));
        } else if circle < 0.0 {
            pane.markers.push(marker(level, MarkerKind::SellDot));
            chart.price.markers.push(marker(bar.ohlcv.high, MarkerKind::Sell));
        } else if cross != 0.0 {
            pane.markers.push(marker(level, if cross > 0.0 { MarkerKind::Up } else { MarkerKind::Down }));
        }
        if at(&events.gold) > 0.0 {
            pane.markers.push(marker(level, MarkerKind::GoldDot));
        }
        let sign = at(&events.divergence);
        if sign == 0.0 || sign.is_nan() {
            continue;
        }
        let turns =
            index.checked_sub(DELAY).and_then(|turn| Some((earlier(wave, &chart.bars, turn, sign)?, turn)));
        if let Some((from, to)) = turns {
            let colour = if sign > 0.0 { Colour::Up } else { Colour::Down };
            let segment =
                |ends: [CurvePoint; 2]| Segment { from: ends[0], to: ends[1], colour, dashed: false };
            let wave_at = |at: usize| wave.get(at).copied();
            let price_at = |at: usize| chart.bars.get(at).map(|bar| price(bar, sign));
            pane.segments.extend(ends(&chart.bars, (from, to), wave_at).map(segment));
            let line = ends(&chart.bars, (from, to), price_at).map(segment);
            chart.price.segments.extend(line);
        }
    }
}

fn ends(
    bars: &[Bar],
    (from, to): (usize, usize),
    value: impl Fn(usize) -> Option<f64>,
) -> Option<[CurvePoint; 2]> {
    let point = |at: usize| Some(CurvePoint { time: bars.get(at)?.time, value: value(at)? });
    Some([point(from)?, point(to)?])
}

/// The earlier turn that the one at `turn` diverges from: the newest that counts and was confirmed by then.
fn earlier(wave: &[f64], bars: &[Bar], turn: usize, sign: f64) -> Option<usize> {
    let line = |at: usize| wave.get(at).map(|value| value * sign);
    let level = |at: usize| bars.get(at).map(|bar| price(bar, sign) * sign);
    let is_turn = |at: usize| {
        let middle = line(at)?;
        let around = [at.checked_sub(2)?, at - 1, at + 1, at + 2].map(line);
        around.into_iter().all(|other| other.is_some_and(|other| other > middle)).then_some(())
    };
    RANGES.into_iter().find_map(|(top, bottom)| {
        let limit = if sign > 0.0 { bottom } else { -top };
        let counts = |at: &usize| line(*at).is_some_and(|value| value <= limit) && is_turn(*at).is_some();
        let found = (0..=turn.checked_sub(DELAY)?).rev().find(counts)?;
        let diverges = level(turn)? < level(found)? && line(turn)? > line(found)?;
        diverges.then_some(found)
    })
}

/// The price that a divergence compares: lows where it is bullish, highs where it is bearish.
fn price(bar: &Bar, sign: f64) -> f64 {
    if sign > 0.0 { bar.ohlcv.low } else { bar.ohlcv.high }
}

/// The value of a parameter in a canonical spec.
fn parameter(canonical: &str, name: &str) -> Option<f64> {
    let (_, rest) = canonical.split_once(&format!("{name}="))?;
    rest.split([',', ')']).next()?.parse().ok()
}

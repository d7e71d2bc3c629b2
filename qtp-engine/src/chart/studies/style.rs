//! Lines, bands, histograms and levels by what the registry says of an indicator.

use qtp_indicators::Spec;

use super::{Colour, Pane, Plot, PlotKind, Series, Study};
use crate::chart::data::Level;

/// Outputs that have a band between them.
const BANDS: [(&str, &str); 4] =
    [("upper", "lower"), ("upperband", "lowerband"), ("span_a", "span_b"), ("senkou_a", "senkou_b")];

/// Plots over the candles; colours count from `first`.
pub(super) fn overlay(spec: &Spec, series: &[&Series<'_>], trend: Option<&[f64]>, first: usize) -> Vec<Plot> {
    let named = |name: &str| series.iter().find(|one| one.info.name == name);
    let mut plots = Vec::new();
    let band = BANDS.iter().find_map(|(upper, lower)| Some((named(upper)?, named(lower)?)));
    if let Some((upper, lower)) = band {
        let other = lower.values.to_vec();
        let kind = PlotKind::Band { other };
        plots.push(Plot::new(upper.values.to_vec(), kind, Colour::Series(first)).unlabelled());
    }
    let kind = match plain_name(spec) {
        name if name.starts_with("sar") || name == "psar" => PlotKind::Dots,
        name if name.contains("pivot") => PlotKind::Step,
        _ => PlotKind::Line,
    };
    let mut next = first;
    for one in series {
        let edge = band.is_some_and(|(a, b)| [a.info.name, b.info.name].contains(&one.info.name));
        if let Some(trend) = trend {
            plots.extend(split(one.values, trend, &kind));
            continue;
        }
        if band.is_some() && !edge && next == first {
            next += 1;
        }
        let colour = if edge { Colour::Series(first) } else { Colour::Series(next) };
        plots.push(Plot::new(one.values.to_vec(), kind.clone(), colour));
        next += usize::from(!edge);
    }
    plots
}

/// A series in the rising colour where its trend is positive and in the falling colour elsewhere.
fn split(values: &[f64], trend: &[f64], kind: &PlotKind) -> [Plot; 2] {
    let rising = values.iter().zip(trend).map(|(value, trend)| if *trend > 0.0 { *value } else { f64::NAN });
    let falling = values.iter().zip(trend).map(|(value, trend)| if *trend > 0.0 { f64::NAN } else { *value });
    let (rising, falling) = (rising.collect::<Vec<_>>(), falling.collect::<Vec<_>>());
    let up_now = rising.last().is_some_and(|value| value.is_finite());
    let (mut up, mut down) =
        (Plot::new(rising, kind.clone(), Colour::Up), Plot::new(falling, kind.clone(), Colour::Down));
    (up.labelled, down.labelled) = (up_now, !up_now);
    [up, down]
}

/// A pane of series in one unit.
pub(super) fn pane(spec: &Spec, series: &[&Series<'_>]) -> Pane {
    let name = plain_name(spec);
    let bars = |one: &Series<'_>| one.info.name.contains("hist") || matches!(name, "ao" | "ac" | "squeeze");
    let mut plots = Vec::new();
    // Eight lines in one pane say nothing: the score is drawn, and its parts where they are asked for.
    let score = series.iter().filter(|one| name == "quantum_cipher" && one.info.name == "score");
    plots.extend(score.map(|one| Plot::new(one.values.to_vec(), PlotKind::Area, Colour::Sign)));
    let alone = !plots.is_empty();
    for one in series.iter().filter(|one| bars(one)) {
        plots.push(Plot::new(one.values.to_vec(), PlotKind::Histogram, Colour::Sign));
    }
    let lines: Vec<_> = series.iter().filter(|one| !bars(one) && !alone).collect();
    let first = if lines.len() == 1 && plots.is_empty() { 2 } else { 0 };
    for (index, one) in lines.into_iter().enumerate() {
        plots.push(Plot::new(one.values.to_vec(), PlotKind::Line, Colour::Series(first + index)));
    }
    let (zone, levels) = levels(name, series);
    let studies = vec![Study { name: spec.text().to_owned(), plots }];
    Pane { studies, levels: levels.into_iter().map(Level::at).collect(), zone, ..Pane::default() }
}

/// The customary levels of an indicator: a zone with its edges, or single levels.
fn levels(name: &str, series: &[&Series<'_>]) -> (Option<(f64, f64)>, Vec<f64>) {
    let unit = series.first().map_or("", |one| one.info.unit);
    let zone = |low: f64, high: f64| (Some((low, high)), vec![low, high]);
    match (name, unit) {
        ("adx" | "adxr" | "dx", _) => (None, vec![25.0]),
        ("aroon", _) => (None, vec![50.0]),
        ("cci", _) => zone(-100.0, 100.0),
        (name, "0 to 100") if name.contains("rsi") && !name.starts_with("stoch") => zone(30.0, 70.0),
        (_, "0 to 100") => zone(20.0, 80.0),
        (_, "-100 to 0") => zone(-80.0, -20.0),
        (_, "-100 to 100" | "-1 to 1") => (None, vec![0.0]),
        _ => {
            let values = || series.iter().flat_map(|one| one.values.iter());
            let crosses = values().any(|value| *value < 0.0) && values().any(|value| *value > 0.0);
            (None, if crosses { vec![0.0] } else { Vec::new() })
        }
    }
}

/// The indicator's name without the prefix of its dialect.
fn plain_name(spec: &Spec) -> &'static str {
    let name = spec.info().name;
    name.rsplit('.').next().unwrap_or(name)
}

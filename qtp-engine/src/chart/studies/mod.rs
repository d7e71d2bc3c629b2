//! From a spec of the registry to a place on the chart.

mod cipher;
mod place;
mod style;

use qtp_core::{Ohlcv, Timeframe};
use qtp_indicators::registry::{MAX_OUTPUTS, OutputInfo};
use qtp_indicators::resample::batch_at;
use qtp_indicators::{Candles, Spec};

use super::data::{Bar, Chart, Colour, Marker, MarkerKind, Pane, Plot, PlotKind, Study};
use crate::EngineError;
use place::Place;

impl Chart {
    /// Computes an indicator over all candles and adds it where it belongs: over the candles if it is a price level, as
    /// events if it reports patterns, else in panes below, one for each unit. Lines of a higher timeframe, such as
    /// `rsi(14)@4h`, stay where its last candle that had ended left them.
    ///
    /// # Errors
    ///
    /// [`EngineError::Chart`] for a spec that cannot be built, a timeframe that the candles do not make up, and events of
    /// another timeframe than the candles'.
    ///
    /// ```
    /// # use qtp_core::{Ohlcv, Timestamp};
    /// # use qtp_engine::chart::{Bar, Chart};
    /// # let bars = (0..60_i64).map(|hour| {
    /// #     let close = 100.0 + (hour % 7) as f64;
    /// #     let ohlcv = Ohlcv { open: close - 1.0, high: close + 1.0, low: close - 2.0, close, volume: 5.0 };
    /// #     Bar { time: Timestamp::from_secs(hour * 3600), ohlcv }
    /// # }).collect();
    /// let mut chart = Chart::new("TEST", bars);
    /// chart.study(&"bbands(20, 2)".parse()?)?;
    /// chart.study(&"atr(14)".parse()?)?; // in units of the price too, but no level
    /// assert_eq!((chart.price.studies.len(), chart.panes.len()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn study(&mut self, spec: &Spec) -> Result<(), EngineError> {
        let outputs = outputs(spec);
        let places = place::places(spec, &outputs, &self.bars)?;
        let cipher = spec.info().name == "cipher_b" && spec.output().is_none();
        let higher = spec.timeframe().is_some();
        if higher && (cipher || places.contains(&Place::Event)) {
            return Err(refused(spec, "events of another timeframe than the candles' are not drawn"));
        }
        let columns = if higher { held(spec, &self.bars)? } else { columns(spec, &self.bars)? };
        if cipher {
            return cipher::add(self, spec, &columns);
        }
        let series: Vec<Series<'_>> = outputs
            .into_iter()
            .zip(places)
            .zip(&columns)
            .map(|((info, place), values)| Series { info, place, values })
            .collect();
        self.overlay(spec, &series);
        for one in series.iter().filter(|one| one.place == Place::Event) {
            self.report(spec, one);
        }
        self.below(spec, &series);
        Ok(())
    }

    fn overlay(&mut self, spec: &Spec, series: &[Series<'_>]) {
        let levels: Vec<&Series<'_>> = series.iter().filter(|one| one.place == Place::Price).collect();
        if levels.is_empty() {
            return;
        }
        let trend = series.iter().find(|one| one.place == Place::Trend).map(|one| one.values);
        let plots = style::overlay(spec, &levels, trend, self.series_taken());
        self.price.studies.push(Study { name: spec.text().to_owned(), plots });
    }

    /// Events of an indicator as markers at the candles.
    fn report(&mut self, spec: &Spec, series: &Series<'_>) {
        let side = if series.info.name == "sell" { -1.0 } else { 1.0 };
        for (bar, value) in self.bars.iter().zip(series.values) {
            let sign = value * side;
            let (value, kind) = if sign > 0.0 {
                (bar.ohlcv.low, MarkerKind::Buy)
            } else if sign < 0.0 {
                (bar.ohlcv.high, MarkerKind::Sell)
            } else {
                continue;
            };
            self.price.markers.push(Marker { time: bar.time, value, kind, label: String::new() });
        }
        if !self.price.studies.iter().any(|study| study.name == spec.text()) {
            self.price.studies.push(Study { name: spec.text().to_owned(), plots: Vec::new() });
        }
    }

    fn below(&mut self, spec: &Spec, series: &[Series<'_>]) {
        let mut units: Vec<&str> = Vec::new();
        for one in series.iter().filter(|one| one.place == Place::Below) {
            if !units.contains(&one.info.unit) {
                units.push(one.info.unit);
            }
        }
        for unit in &units {
            let group: Vec<&Series<'_>> =
                series.iter().filter(|one| one.place == Place::Below && one.info.unit == *unit).collect();
            let mut pane = style::pane(spec, &group);
            if let (Some(study), true) = (pane.studies.first_mut(), group.len() < series.len()) {
                let names: Vec<&str> = group.iter().map(|one| one.info.name).collect();
                study.name = format!("{}  {}", spec.text(), names.join(" "));
            }
            self.panes.push(pane);
        }
    }

    /// How many series colours the overlays use so far.
    fn series_taken(&self) -> usize {
        let colours =
            self.price.studies.iter().flat_map(|study| &study.plots).filter_map(|plot| match plot.colour {
                Colour::Series(index) => Some(index + 1),
                _ => None,
            });
        colours.max().unwrap_or(0)
    }
}

/// One output of an indicator.
#[derive(Debug, Clone, Copy)]
struct Series<'a> {
    info: &'static OutputInfo,
    place: Place,
    values: &'a [f64],
}

/// The outputs that a spec gives, in the order of its columns.
fn outputs(spec: &Spec) -> Vec<&'static OutputInfo> {
    let chosen = spec.output();
    spec.info().outputs.iter().filter(|output| chosen.is_none_or(|name| output.name == name)).collect()
}

fn refused(spec: &Spec, problem: impl std::fmt::Display) -> EngineError {
    EngineError::Chart { problem: format!("{spec}: {problem}") }
}

/// The columns of a spec of a higher timeframe; the smallest step between candles is their own.
fn held(spec: &Spec, bars: &[Bar]) -> Result<Vec<Vec<f64>>, EngineError> {
    let times: Vec<i64> = bars.iter().map(|bar| bar.time.as_nanos()).collect();
    let steps = times.array_windows().map(|[before, after]| after.saturating_sub(*before));
    let step = steps.min().ok_or_else(|| refused(spec, "one candle has no timeframe"))?;
    let timeframe = Timeframe::from_nanos(step).map_err(|error| refused(spec, error))?;
    let column = |read: fn(&Ohlcv) -> f64| bars.iter().map(|bar| read(&bar.ohlcv)).collect::<Vec<f64>>();
    let (open, high, low) = (column(|c| c.open), column(|c| c.high), column(|c| c.low));
    let (close, volume) = (column(|c| c.close), column(|c| c.volume));
    let indicator = spec.build().map_err(|error| refused(spec, error))?;
    let mut columns = vec![vec![f64::NAN; bars.len()]; indicator.width()];
    let mut views: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    Candles::new(&open, &high, &low, &close, &volume)
        .and_then(|candles| batch_at(&indicator, timeframe, candles, &times, &mut views))
        .map_err(|error| refused(spec, error))?;
    Ok(columns)
}

/// The columns of a spec over candles of its timeframe, NaN until warm.
fn columns(spec: &Spec, bars: &[Bar]) -> Result<Vec<Vec<f64>>, EngineError> {
    let mut indicator = spec.build().map_err(|error| refused(spec, error))?;
    let mut columns = vec![Vec::with_capacity(bars.len()); indicator.width()];
    for bar in bars {
        let mut row = [f64::NAN; MAX_OUTPUTS];
        if let Some(row) = row.get_mut(..columns.len()) {
            indicator.update(&bar.ohlcv, bar.time.as_nanos(), row);
        }
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    Ok(columns)
}

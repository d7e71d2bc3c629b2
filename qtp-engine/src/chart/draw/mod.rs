//! From data to shapes, from the back to the front.

mod axes;
mod candles;
mod legend;
mod marks;
mod plots;
mod profile;
mod tags;

use super::data::{Chart, Pane, PlotKind};
use super::layout::{self, ChartOptions, Layout, Rect};
use super::number::{self, Format};
use super::picture::Picture;
use super::scale::{Scale, Span};
use super::svg;
use super::theme::Palette;
use super::time_axis::{TimeMark, time_marks};
use crate::EngineError;
use crate::report::svg::value_ticks;

/// Size of the text on the axes.
const AXIS_TEXT: f64 = 12.0;
/// Least distance between two labels of the time axis.
const MARKS_APART: f64 = 84.0;
/// How far beyond the candles' own range overlays may widen it, as a share of that range.
const OVERLAY_ROOM: f64 = 0.3;

impl Chart {
    /// Draws the chart. Of more candles than fit at two pixels each, the newest are drawn.
    ///
    /// # Errors
    ///
    /// [`EngineError::Chart`] without candles, for a size out of bounds, candles that are not finite or not ascending,
    /// and series of another length than the candles.
    pub fn svg(&self, options: &ChartOptions) -> Result<String, EngineError> {
        Ok(svg::write(&self.picture(options)?))
    }

    /// Draws the chart as PNG with `scale` pixels for each unit of its size.
    ///
    /// # Errors
    ///
    /// As [`Chart::svg`], and for more than 100 million pixels.
    #[cfg(feature = "png")]
    pub fn png(&self, options: &ChartOptions, scale: f64) -> Result<Vec<u8>, EngineError> {
        super::png::write(&self.picture(options)?, scale)
    }

    /// How many of its candles fit into a picture of this size.
    pub fn capacity(&self, options: &ChartOptions) -> usize {
        let newest = self.newest(layout::most(options));
        let (_, layout) = newest.as_ref().unwrap_or(self).arrange(options);
        layout.capacity()
    }

    fn picture(&self, options: &ChartOptions) -> Result<Picture, EngineError> {
        options.check()?;
        self.check()?;
        // Axes depend on what is drawn, so that they are only made of what may fit.
        if let Some(newest) = self.newest(layout::most(options)) {
            return newest.picture(options);
        }
        let (views, layout) = self.arrange(options);
        if let Some(newest) = self.newest(layout.capacity()) {
            return newest.picture(options);
        }
        let palette = options.theme.palette();
        let times: Vec<_> = self.bars.iter().map(|bar| bar.time).collect();
        let marks = time_marks(&times, (MARKS_APART / layout.pitch).ceil() as usize);
        let picture = Picture {
            width: layout.width,
            height: layout.height,
            label: format!("Chart of {}", self.title),
            back: palette.back,
            shapes: Vec::new(),
        };
        let mut sheet = Sheet { chart: self, palette, layout, views, marks, picture };
        sheet.draw();
        Ok(sheet.picture)
    }

    /// The newest of more than `most` candles.
    fn newest(&self, most: usize) -> Option<Self> {
        let count = self.bars.len();
        (count > most).then(|| self.window(count - most..count))
    }

    fn arrange(&self, options: &ChartOptions) -> (Vec<View>, Layout) {
        let rects = layout::panes(options, self.panes.len());
        let mut views = Vec::with_capacity(rects.len());
        for (index, rect) in rects.into_iter().enumerate() {
            views.push(match index.checked_sub(1).and_then(|index| self.panes.get(index)) {
                None => View::of_prices(self, rect),
                Some(pane) => View::of_pane(pane, rect),
            });
        }
        let widest = views.iter().map(View::label_width).fold(0.0, f64::max);
        let axis = (widest * AXIS_TEXT + 20.0).clamp(56.0, 180.0);
        let layout = Layout::new(options, (self.bars.len(), self.panes.len()), axis, self.profile.is_some());
        for view in &mut views {
            view.rect.right = layout.right;
        }
        (views, layout)
    }

    fn check(&self) -> Result<(), EngineError> {
        let refused = |problem: String| Err(EngineError::Chart { problem });
        if self.bars.is_empty() {
            return refused("there are no candles".to_owned());
        }
        for (bar, next) in self.bars.iter().zip(self.bars.iter().skip(1)) {
            if next.time <= bar.time {
                return refused(format!("the candle at {} does not follow {}", next.time, bar.time));
            }
        }
        for bar in &self.bars {
            let candle = &bar.ohlcv;
            let prices = [candle.open, candle.high, candle.low, candle.close];
            if prices.iter().any(|price| !price.is_finite()) || candle.high < candle.low {
                return refused(format!("the candle at {} is not finite or upside down", bar.time));
            }
        }
        let count = self.bars.len();
        for study in std::iter::once(&self.price).chain(&self.panes).flat_map(|pane| &pane.studies) {
            for plot in &study.plots {
                let other = match &plot.kind {
                    PlotKind::Band { other } => other.len(),
                    _ => count,
                };
                if let Some(length) = [plot.values.len(), other].into_iter().find(|length| *length != count) {
                    return refused(format!("{} has {length} values for {count} candles", study.name));
                }
            }
        }
        Ok(())
    }
}

/// A pane's place and value axis.
#[derive(Debug, Clone, PartialEq)]
struct View {
    rect: Rect,
    scale: Scale,
    format: Format,
    ticks: Vec<f64>,
}

impl View {
    fn of_prices(chart: &Chart, rect: Rect) -> Self {
        let edges = chart.bars.iter().flat_map(|bar| [bar.ohlcv.low, bar.ohlcv.high]);
        let candles = Span::of(edges.clone());
        let span = candles.and(span(&chart.price).near(candles, OVERLAY_ROOM));
        let above = (34.0 + 19.0 * chart.price.studies.len() as f64).min(100.0).min(rect.height() * 0.2);
        let below = if chart.volume { rect.height() * 0.15 } else { 18.0 };
        let format = Format::of_prices(chart.bars.iter().flat_map(|bar| {
            let candle = bar.ohlcv;
            [candle.open, candle.high, candle.low, candle.close]
        }));
        Self::new(rect, span, (above, below), format)
    }

    fn of_pane(pane: &Pane, rect: Rect) -> Self {
        let span = span(pane);
        Self::new(rect, span, (28.0, 10.0), Format::of_size(span.largest()))
    }

    fn new(rect: Rect, span: Span, room: (f64, f64), format: Format) -> Self {
        let scale = Scale::new(span, &rect, room);
        let count = (rect.height() / 46.0) as usize;
        let (ticks, decimals) = value_ticks(scale.low, scale.high, count.max(2));
        Self { rect, scale, format: format.at_least(decimals), ticks }
    }

    /// In units of the font size.
    fn label_width(&self) -> f64 {
        let ends = [self.scale.low, self.scale.high];
        ends.iter()
            .chain(&self.ticks)
            .map(|value| number::width(&self.format.text(*value)))
            .fold(0.0, f64::max)
    }
}

/// What the series, levels and events of a pane span.
fn span(pane: &Pane) -> Span {
    let plots = || pane.studies.iter().flat_map(|study| &study.plots);
    let mut span = Span::of(plots().flat_map(|plot| plot.values.iter().copied()));
    for plot in plots() {
        match &plot.kind {
            PlotKind::Band { other } => span = span.and(Span::of(other.iter().copied())),
            PlotKind::Histogram | PlotKind::Area => span = span.with(0.0),
            PlotKind::Line | PlotKind::Step | PlotKind::Dots => {}
        }
    }
    let levels = pane.levels.iter().map(|level| level.value);
    let events = pane.markers.iter().map(|marker| marker.value);
    let ends = pane.segments.iter().flat_map(|segment| [segment.from.value, segment.to.value]);
    let zone = pane.zone.into_iter().flat_map(|(low, high)| [low, high]);
    levels.chain(events).chain(ends).chain(zone).fold(span, Span::with)
}

/// A picture under construction.
struct Sheet<'a> {
    chart: &'a Chart,
    palette: &'static Palette,
    layout: Layout,
    views: Vec<View>,
    marks: Vec<TimeMark>,
    picture: Picture,
}

impl<'a> Sheet<'a> {
    fn draw(&mut self) {
        self.grid();
        self.profile();
        let chart = self.chart;
        for (index, view) in self.views.clone().iter().enumerate() {
            let pane = match index.checked_sub(1) {
                None => &chart.price,
                Some(below) => match chart.panes.get(below) {
                    Some(pane) => pane,
                    None => continue,
                },
            };
            self.picture.clip(view.rect);
            self.ground(pane, view);
            if index == 0 {
                self.volume(view);
            }
            self.surfaces(pane, view);
            if index == 0 {
                self.candles(view);
            }
            self.lines(pane, view);
            self.events(pane, view);
            self.picture.unclip();
            self.legend(pane, view, index == 0);
        }
        self.frame();
        self.time_axis();
        for (index, view) in self.views.clone().iter().enumerate() {
            self.value_axis(view, index);
        }
    }
}

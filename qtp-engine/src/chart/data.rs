//! What a chart shows.

use std::ops::Range;

use qtp_core::{Ohlcv, Timestamp};

use super::profile::Profile;
use crate::stats::CurvePoint;

/// A whole trading chart as plain data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chart {
    /// Headline, such as `BTC-USDT  1h`.
    pub title: String,
    /// The candles, oldest first.
    pub bars: Vec<Bar>,
    /// What stands over the candles.
    pub price: Pane,
    /// Panes below the candles, top to bottom.
    pub panes: Vec<Pane>,
    /// Whether volume bars stand at the foot of the candles.
    pub volume: bool,
    /// Volume by price, beside the price axis.
    pub profile: Option<Profile>,
}

/// A candle and when it opened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Open time.
    pub time: Timestamp,
    /// Prices and volume.
    pub ohlcv: Ohlcv,
}

/// What shares one value axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pane {
    /// The series; each study has a line in the legend.
    pub studies: Vec<Study>,
    /// Horizontal levels.
    pub levels: Vec<Level>,
    /// A shaded range of values, lowest first.
    pub zone: Option<(f64, f64)>,
    /// Events.
    pub markers: Vec<Marker>,
    /// Straight lines between two points, such as divergences.
    pub segments: Vec<Segment>,
}

/// Series with one name in the legend.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Study {
    /// What the legend calls it, such as the spec.
    pub name: String,
    /// The series, the one at the back first.
    pub plots: Vec<Plot>,
}

/// One series.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// One value a candle, NaN where there is none.
    pub values: Vec<f64>,
    /// How it is drawn.
    pub kind: PlotKind,
    /// In which colour.
    pub colour: Colour,
    /// Whether its newest value stands in the legend and on the axis.
    pub labelled: bool,
}

impl Plot {
    /// A labelled series.
    pub fn new(values: Vec<f64>, kind: PlotKind, colour: Colour) -> Self {
        Self { values, kind, colour, labelled: true }
    }

    /// The same without its value in the legend and on the axis.
    #[must_use]
    pub fn unlabelled(self) -> Self {
        Self { labelled: false, ..self }
    }
}

/// How a series is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum PlotKind {
    /// A line, broken where values are missing.
    Line,
    /// A line that keeps its value until the next one.
    Step,
    /// A dot a candle.
    Dots,
    /// Bars from zero: strong where they grow away from it, pale where they shrink.
    Histogram,
    /// Filled down (or up) to zero.
    Area,
    /// Filled between the values and these.
    Band {
        /// The other edge, one value a candle.
        other: Vec<f64>,
    },
}

/// A colour of the theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// One of the theme's colours for series, counted from 0 and taken in turn.
    Series(usize),
    /// Rising, bought, above zero.
    Up,
    /// Falling, sold, below zero.
    Down,
    /// Rising above zero and falling below it; for areas.
    Sign,
    /// Gold.
    Gold,
    /// That of secondary text.
    #[default]
    Muted,
}

/// A horizontal level.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Level {
    /// At which value.
    pub value: f64,
    /// Text beside it, if any.
    pub label: String,
}

impl Level {
    /// A level without text.
    pub fn at(value: f64) -> Self {
        Self { value, label: String::new() }
    }
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Marker {
    /// When; it stands at the candle that holds this instant.
    pub time: Timestamp,
    /// At which value of its pane.
    pub value: f64,
    /// Shape and colour.
    pub kind: MarkerKind,
    /// Short text beside it, if any.
    pub label: String,
}

/// Shape and colour of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkerKind {
    /// A triangle below its value that points up.
    Buy,
    /// A triangle above its value that points down.
    Sell,
    /// A large dot in the rising colour.
    BuyDot,
    /// A large dot in the falling colour.
    SellDot,
    /// A large dot in gold.
    GoldDot,
    /// A small dot in the rising colour.
    Up,
    /// A small dot in the falling colour.
    Down,
}

/// A straight line between two points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Where it starts.
    pub from: CurvePoint,
    /// Where it ends.
    pub to: CurvePoint,
    /// Its colour.
    pub colour: Colour,
    /// Whether it is dashed.
    pub dashed: bool,
}

impl Chart {
    /// A chart of candles with their volume.
    pub fn new(title: impl Into<String>, bars: Vec<Bar>) -> Self {
        Self { title: title.into(), bars, volume: true, ..Self::default() }
    }

    /// The chart of some of its candles; series, events and lines are cut alike, the profile is left as it is.
    #[must_use]
    pub fn window(&self, range: Range<usize>) -> Self {
        let start = self.bars.get(range.start).map(|bar| bar.time);
        let end = self.bars.get(range.end).map(|bar| bar.time);
        let inside =
            |time: Timestamp| start.is_some_and(|start| start <= time) && end.is_none_or(|end| time < end);
        let within = |segment: &&Segment| inside(segment.from.time) && inside(segment.to.time);
        let cut = |pane: &Pane| Pane {
            studies: pane.studies.iter().map(|study| study.window(&range)).collect(),
            markers: pane.markers.iter().filter(|marker| inside(marker.time)).cloned().collect(),
            segments: pane.segments.iter().filter(within).copied().collect(),
            levels: pane.levels.clone(),
            zone: pane.zone,
        };
        Self {
            bars: part(&self.bars, &range),
            price: cut(&self.price),
            panes: self.panes.iter().map(cut).collect(),
            title: self.title.clone(),
            profile: self.profile.clone(),
            volume: self.volume,
        }
    }
}

impl Study {
    fn window(&self, range: &Range<usize>) -> Self {
        let cut = |plot: &Plot| Plot {
            values: part(&plot.values, range),
            kind: match &plot.kind {
                PlotKind::Band { other } => PlotKind::Band { other: part(other, range) },
                kind => kind.clone(),
            },
            ..*plot
        };
        Self { name: self.name.clone(), plots: self.plots.iter().map(cut).collect() }
    }
}

fn part<T: Clone>(all: &[T], range: &Range<usize>) -> Vec<T> {
    let end = range.end.min(all.len());
    all.get(range.start.min(end)..end).unwrap_or_default().to_vec()
}

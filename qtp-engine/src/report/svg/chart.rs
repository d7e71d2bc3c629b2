//! A chart over time: axes, lines, areas, candles, markers, and the data behind its tooltip.

use std::fmt::Write as _;

use qtp_core::Timestamp;

use super::escape;
use super::scale::{time_ticks, value_ticks};
use crate::stats::CurvePoint;
use crate::stats::equity::OhlcPoint;

const LEFT: f64 = 8.0;
const RIGHT: f64 = 76.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;
const MARKER: f64 = 5.5;

/// Size of a chart and what its axes span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Width in units of the view box.
    pub width: f64,
    /// Height in the same units.
    pub height: f64,
    /// First and last instant.
    pub times: (Timestamp, Timestamp),
    /// Lowest and highest value.
    pub values: (f64, f64),
}

/// What a marker looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkerShape {
    /// A triangle that points up, below its value.
    Up,
    /// A triangle that points down, above its value.
    Down,
    /// A dot.
    Dot,
}

/// A marked instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Marker<'a> {
    /// When.
    pub time: Timestamp,
    /// At which value.
    pub value: f64,
    /// Shape.
    pub shape: MarkerShape,
    /// Class of the style sheet.
    pub class: &'a str,
    /// Text of its tooltip.
    pub tip: &'a str,
}

/// An SVG chart under construction.
///
/// ```
/// use qtp_core::Timestamp;
/// use qtp_engine::report::svg::{Chart, Frame};
/// use qtp_engine::stats::CurvePoint;
/// let times = (Timestamp::from_secs(0), Timestamp::from_secs(7200));
/// let mut chart = Chart::new(Frame { width: 600.0, height: 200.0, times, values: (1.0, 3.0) });
/// chart.axes(|value, decimals| format!("{value:.decimals$}"));
/// let points = [1.0, 3.0].map(|value| CurvePoint { time: times.0, value });
/// chart.line("equity", &points);
/// assert!(chart.finish("Equity").starts_with("<figure"));
/// ```
#[derive(Debug, Clone)]
pub struct Chart {
    frame: Frame,
    body: String,
    series: Vec<String>,
}

impl Chart {
    /// An empty chart. A span of values is widened until it has a height.
    pub fn new(mut frame: Frame) -> Self {
        let (low, high) = frame.values;
        let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) };
        let room = if high > low { (high - low) * 0.05 } else { (high.abs() * 0.05).max(1e-9) };
        frame.values = (low - room, high + room);
        Self { frame, body: String::new(), series: Vec::new() }
    }

    /// As [`Chart::new`], with the values exactly as they are given.
    pub fn exact(frame: Frame) -> Self {
        let (low, high) = frame.values;
        if high > low { Self { frame, body: String::new(), series: Vec::new() } } else { Self::new(frame) }
    }

    /// Draws the grid and both axes. `label` gets a value and how many decimals tell the ticks apart.
    pub fn axes(&mut self, label: impl Fn(f64, usize) -> String) {
        let Frame { width, height, times, values } = self.frame;
        let (right, bottom) = (width - RIGHT, height - BOTTOM);
        let (ticks, decimals) = value_ticks(values.0, values.1, ((height / 55.0) as usize).max(2));
        for value in ticks {
            let (y, text) = (self.y(value), escape(&label(value, decimals)));
            let _ = write!(self.body, r#"<path class="grid" d="M{LEFT} {y:.1}H{right:.1}"/>"#);
            let _ = write!(
                self.body,
                r#"<text class="tick" x="{:.1}" y="{:.1}">{text}</text>"#,
                right + 8.0,
                y + 4.0
            );
        }
        for tick in time_ticks(times.0, times.1, (width / 110.0) as usize) {
            let (x, text) = (self.x(tick.time), escape(&tick.label));
            let class = if tick.major { "tick major" } else { "tick" };
            let _ = write!(self.body, r#"<path class="grid" d="M{x:.1} {TOP}V{bottom:.1}"/>"#);
            if x > LEFT + 14.0 && x < right - 10.0 {
                let y = height - 7.0;
                let _ = write!(self.body, r#"<text class="{class} mid" x="{x:.1}" y="{y:.1}">{text}</text>"#);
            }
        }
        let _ = write!(self.body, r#"<path class="axis" d="M{LEFT} {bottom:.1}H{right:.1}"/>"#);
    }

    /// Draws a line.
    pub fn line(&mut self, class: &str, points: &[CurvePoint]) {
        let path = self.path(points);
        let _ = write!(self.body, r#"<path class="line {}" d="{path}"/>"#, escape(class));
    }

    /// Fills between a line and a value.
    pub fn area(&mut self, class: &str, points: &[CurvePoint], base: f64) {
        if let (Some(first), Some(last)) = (points.first(), points.last()) {
            let (path, base) = (self.path(points), self.y(base));
            let (from, to) = (self.x(first.time), self.x(last.time));
            let class = escape(class);
            let _ = write!(
                self.body,
                r#"<path class="area {class}" d="{path}L{to:.1} {base:.1}L{from:.1} {base:.1}Z"/>"#
            );
        }
    }

    /// Draws candles; a range and a line through the closes where candles would be too narrow to read.
    pub fn candles(&mut self, candles: &[OhlcPoint]) {
        let pitch = (self.frame.width - LEFT - RIGHT) / candles.len().max(1) as f64;
        if pitch < 2.5 {
            self.range(candles);
            return;
        }
        let half = (pitch * 0.35).min(8.0);
        let mut paths = [String::new(), String::new()];
        for candle in candles {
            let OhlcPoint { time, open, high, low, close } = *candle;
            let x = self.x(time);
            let (top, bottom) = (self.y(open.max(close)), self.y(open.min(close)));
            let bottom = bottom.max(top + 0.6);
            let [rising, falling] = &mut paths;
            let path = if close >= open { rising } else { falling };
            let (high, low) = (self.y(high), self.y(low));
            let _ = write!(path, "M{x:.1} {high:.1}V{top:.1}M{x:.1} {bottom:.1}V{low:.1}");
            let _ =
                write!(path, "M{:.1} {top:.1}h{:.1}V{bottom:.1}h{:.1}Z", x - half, 2.0 * half, -2.0 * half);
        }
        for (class, path) in ["up", "down"].into_iter().zip(paths) {
            let _ = write!(self.body, r#"<path class="candle {class}" d="{path}"/>"#);
        }
    }

    /// Draws a straight line between two points.
    pub fn segment(&mut self, class: &str, from: CurvePoint, to: CurvePoint) {
        let path = self.path(&[from, to]);
        let _ = write!(self.body, r#"<path class="segment {}" d="{path}"/>"#, escape(class));
    }

    /// Draws a marker.
    pub fn marker(&mut self, marker: &Marker<'_>) {
        let (x, y) = (self.x(marker.time), self.y(marker.value));
        let (m, low, high) = (MARKER, y + 4.0, y - 4.0);
        let path = match marker.shape {
            MarkerShape::Up => format!("M{x:.1} {low:.1}l{m} {h}h-{w}Z", h = 1.7 * m, w = 2.0 * m),
            MarkerShape::Down => format!("M{x:.1} {high:.1}l{m} -{h}h-{w}Z", h = 1.7 * m, w = 2.0 * m),
            MarkerShape::Dot => format!("M{:.1} {y:.1}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0Z", x - 3.0),
        };
        let (class, tip) = (escape(marker.class), escape(marker.tip));
        let _ = write!(self.body, r#"<path class="marker {class}" d="{path}" data-tip="{tip}"/>"#);
    }

    /// Gives the tooltip a series: its name, the class of its colour, its unit, and its points.
    pub fn hover(&mut self, name: &str, class: &str, unit: &str, points: &[CurvePoint]) {
        let mut json =
            format!(r#"{{"name":{},"class":{},"unit":{},"t":["#, quoted(name), quoted(class), quoted(unit));
        let mut before = 0;
        for (index, point) in points.iter().enumerate() {
            let (comma, seconds) = (if index > 0 { "," } else { "" }, point.time.as_secs());
            let _ = write!(json, "{comma}{}", seconds - before);
            before = seconds;
        }
        json.push_str(r#"],"v":["#);
        for (index, point) in points.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let digits = if point.value.abs() < 1.0 { 6 } else { 2 };
            let _ =
                write!(json, "{comma}{:.digits$}", if point.value.is_finite() { point.value } else { 0.0 });
        }
        json.push_str("]}");
        self.series.push(json);
    }

    /// The chart with what its tooltip needs. `label` is read out in place of the picture.
    pub fn finish(self, label: &str) -> String {
        let Frame { width, height, times, values } = self.frame;
        let (label, right, bottom) = (escape(label), width - RIGHT, height - BOTTOM);
        let (start, end) = (times.0.as_secs(), times.1.as_secs());
        let (low, high) = values;
        let series = self.series.join(",");
        format!(
            r#"<figure class="chart" data-plot="{LEFT} {right} {TOP} {bottom}" data-time="{start} {end}" data-value="{low} {high}"><svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{}<g class="cursor"></g></svg><script type="application/json">[{series}]</script></figure>"#,
            self.body
        )
    }

    fn range(&mut self, candles: &[OhlcPoint]) {
        let edge = |value: fn(&OhlcPoint) -> f64| {
            let point = move |candle: &OhlcPoint| CurvePoint { time: candle.time, value: value(candle) };
            candles.iter().map(point)
        };
        let band: Vec<CurvePoint> = edge(|c| c.high).chain(edge(|c| c.low).rev()).collect();
        let path = self.path(&band);
        let _ = write!(self.body, r#"<path class="area price" d="{path}Z"/>"#);
        let closes: Vec<CurvePoint> = edge(|c| c.close).collect();
        self.line("price", &closes);
    }

    fn path(&self, points: &[CurvePoint]) -> String {
        let mut path = String::with_capacity(points.len() * 12);
        for (index, point) in points.iter().enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{command}{:.1} {:.1}", self.x(point.time), self.y(point.value));
        }
        path
    }

    fn x(&self, time: Timestamp) -> f64 {
        let (start, end) = (self.frame.times.0.as_nanos(), self.frame.times.1.as_nanos());
        let span = (end as f64 - start as f64).max(1.0);
        let share = (time.as_nanos() as f64 - start as f64) / span;
        LEFT + share.clamp(0.0, 1.0) * (self.frame.width - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.frame.values;
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        let bottom = self.frame.height - BOTTOM;
        if share.is_finite() { bottom - share * (bottom - TOP) } else { bottom }
    }
}

/// A JSON string that cannot end the script element it stands in.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('<', "\\u003c")
}

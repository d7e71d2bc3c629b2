//! Levels, zones, events and the lines between them.

use qtp_core::Timestamp;

use super::super::data::{Colour, Marker, MarkerKind, Pane};
use super::super::picture::{Anchor, Path, Pen, Shape, Word};
use super::{Sheet, View};

const LARGE: f64 = 4.6;
const SMALL: f64 = 2.6;
/// The colour of zones.
const ZONE: Colour = Colour::Series(2);

impl Sheet<'_> {
    /// What lies behind the series: the zone and the levels.
    pub(super) fn ground(&mut self, pane: &Pane, view: &View) {
        let right = self.layout.right;
        let zone = pane.zone.and_then(|(low, high)| view.scale.y(low).zip(view.scale.y(high)));
        if let Some((bottom, top)) = zone {
            self.picture.rect((0.0, top, right, bottom - top), self.palette.colour(ZONE), 0.07);
        }
        for level in &pane.levels {
            let Some(y) = view.scale.y(level.value).map(|y| y.round() + 0.5) else { continue };
            self.picture.line((0.0, y), (right, y), Pen::dashed(self.palette.level, 4.0, 4.0));
            if !level.label.is_empty() {
                let word = Word::new(level.label.as_str(), self.palette.muted);
                self.picture.text((right - 6.0, y - 4.0), Anchor::End, 11.0, word);
            }
        }
    }

    pub(super) fn events(&mut self, pane: &Pane, view: &View) {
        for segment in &pane.segments {
            let ends = [segment.from, segment.to].map(|end| self.place(end.time, end.value, view));
            if let [Some(from), Some(to)] = ends {
                let dash = segment.dashed.then_some((4.0, 3.0));
                let pen = Pen { dash, ..Pen::new(self.palette.colour(segment.colour), 1.6) };
                self.picture.line(from, to, pen);
            }
        }
        for marker in &pane.markers {
            if let Some(place) = self.place(marker.time, marker.value, view) {
                self.marker(marker, place);
            }
        }
    }

    fn marker(&mut self, marker: &Marker, (x, y): (f64, f64)) {
        let palette = self.palette;
        let (up, down) = (palette.up, palette.down);
        let mut dot = |radius, colour| {
            let shape = Shape::Dot { centre: (x, y), radius, colour, rim: palette.back };
            self.picture.shapes.push(shape);
        };
        match marker.kind {
            MarkerKind::BuyDot => dot(LARGE, up),
            MarkerKind::SellDot => dot(LARGE, down),
            MarkerKind::GoldDot => dot(LARGE + 0.8, palette.gold),
            MarkerKind::Up => dot(SMALL, up),
            MarkerKind::Down => dot(SMALL, down),
            MarkerKind::Buy => self.triangle((x, y + 6.0), 1.0, up),
            MarkerKind::Sell => self.triangle((x, y - 6.0), -1.0, down),
        }
        if marker.label.is_empty() {
            return;
        }
        let (shift, colour) = match marker.kind {
            MarkerKind::Buy => (28.0, up),
            MarkerKind::Sell => (-20.0, down),
            MarkerKind::BuyDot | MarkerKind::Up => (18.0, up),
            MarkerKind::SellDot | MarkerKind::Down => (-9.0, down),
            MarkerKind::GoldDot => (19.0, palette.gold),
        };
        let word = Word::new(marker.label.as_str(), colour).bold();
        self.picture.text((x, y + shift), Anchor::Middle, 11.0, word);
    }

    /// A triangle with its tip at a place; `side` is 1 for one that lies below its tip.
    fn triangle(&mut self, (x, y): (f64, f64), side: f64, colour: &'static str) {
        let mut path = Path::default();
        path.polygon(&[(x, y), (x + 5.5, y + 9.0 * side), (x - 5.5, y + 9.0 * side)]);
        self.picture.fill(path, colour, 1.0);
    }

    /// Where an instant and a value stand; `None` outside of the candles.
    fn place(&self, time: Timestamp, value: f64, view: &View) -> Option<(f64, f64)> {
        let bars = &self.chart.bars;
        let index = bars.partition_point(|bar| bar.time <= time).checked_sub(1)?;
        // Behind the last candle there is none that holds the instant, unless it is within that candle's width.
        if index + 1 == bars.len() {
            let (last, before) = (bars.get(index)?, index.checked_sub(1).and_then(|index| bars.get(index)));
            let width = before.map_or(i64::MAX, |before| last.time.as_nanos() - before.time.as_nanos());
            if time.as_nanos().saturating_sub(last.time.as_nanos()) >= width {
                return None;
            }
        }
        Some((self.layout.x(index), view.scale.y(value)?))
    }
}

//! Newest values as coloured tags on the value axes.

use super::super::picture::{Anchor, Shape, Word};
use super::{AXIS_TEXT, Sheet, View};

const HEIGHT: f64 = 18.0;
/// Least distance between the middles of two tags.
const PITCH: f64 = HEIGHT + 1.0;

/// A value on an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tag {
    /// Height of its middle.
    pub(super) y: f64,
    text: String,
    colour: &'static str,
    /// Which tags give way where there is no room: those of the largest rank.
    rank: usize,
}

impl Sheet<'_> {
    /// The tags of a pane, moved apart from each other.
    pub(super) fn tags(&self, view: &View, index: usize) -> Vec<Tag> {
        let mut tags = Vec::new();
        let mut add = |value: f64, colour: &'static str| {
            if let Some(y) = view.scale.y(value).filter(|_| view.scale.holds(value)) {
                let rank = tags.len();
                tags.push(Tag { y, text: view.format.text(value), colour, rank });
            }
        };
        let pane = match index.checked_sub(1) {
            None => {
                if let Some(candle) = self.chart.bars.last().map(|bar| bar.ohlcv) {
                    let rising = candle.close >= candle.open;
                    add(candle.close, if rising { self.palette.up } else { self.palette.down });
                }
                if let Some(profile) = &self.chart.profile {
                    add(profile.poc, self.palette.gold);
                    add(profile.high, self.palette.profile);
                    add(profile.low, self.palette.profile);
                }
                Some(&self.chart.price)
            }
            Some(below) => self.chart.panes.get(below),
        };
        // The series in front comes first.
        let plots = pane.iter().flat_map(|pane| &pane.studies).flat_map(|study| study.plots.iter().rev());
        for plot in plots.filter(|plot| plot.labelled) {
            if let Some(value) = plot.values.last().copied().filter(|value| value.is_finite()) {
                add(value, self.value_colour(plot, value));
            }
        }
        apart(tags, (view.rect.top, view.rect.bottom))
    }

    pub(super) fn draw_tags(&mut self, tags: &[Tag]) {
        let (left, width) = (self.layout.right + 1.0, self.layout.width - self.layout.right - 3.0);
        for tag in tags {
            let place = (left, tag.y - HEIGHT / 2.0, width, HEIGHT);
            self.picture.shapes.push(Shape::Rect { place, colour: tag.colour, opacity: 1.0, radius: 2.5 });
            let word = Word::new(tag.text.as_str(), ink(tag.colour)).bold();
            let place = (self.layout.right + 9.0, tag.y + 4.3);
            self.picture.text(place, Anchor::Start, AXIS_TEXT, word);
        }
    }
}

/// Moves tags so that none covers another; those that find no room are left out.
fn apart(mut tags: Vec<Tag>, (top, bottom): (f64, f64)) -> Vec<Tag> {
    let room = ((bottom - top) / PITCH).floor().max(1.0) as usize;
    tags.retain(|tag| tag.rank < room);
    tags.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.rank.cmp(&b.rank)));
    let mut floor = top + HEIGHT / 2.0;
    for tag in &mut tags {
        tag.y = tag.y.max(floor);
        floor = tag.y + PITCH;
    }
    let mut ceiling = bottom - HEIGHT / 2.0;
    for tag in tags.iter_mut().rev() {
        tag.y = tag.y.min(ceiling);
        ceiling = tag.y - PITCH;
    }
    tags
}

/// Black or white, whichever can be read on a colour.
fn ink(colour: &str) -> &'static str {
    let value = u32::from_str_radix(colour.trim_start_matches('#'), 16).unwrap_or(0);
    let [_, red, green, blue] = value.to_be_bytes().map(f64::from);
    if 0.299 * red + 0.587 * green + 0.114 * blue > 160.0 { "#131722" } else { "#ffffff" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_never_cover_each_other_and_stay_in_their_pane() {
        for heights in [vec![50.0; 5], vec![-10.0, 0.0, 3.0, 199.0, 250.0], (0..40).map(f64::from).collect()]
        {
            let tag = |(rank, y): (usize, &f64)| Tag { y: *y, text: String::new(), colour: "#000000", rank };
            let tags = apart(heights.iter().enumerate().map(tag).collect(), (0.0, 200.0));
            assert_eq!(tags.len(), heights.len().min(10));
            for pair in tags.windows(2) {
                assert!(pair[1].y - pair[0].y >= PITCH - 1e-9, "{tags:?}");
            }
            assert!(tags.iter().all(|tag| (9.0..=191.0).contains(&tag.y)), "{tags:?}");
        }
    }

    #[test]
    fn ink_is_legible() {
        assert_eq!((ink("#ffc93c"), ink("#2962ff"), ink("#089981")), ("#131722", "#ffffff", "#ffffff"));
    }
}

//! Grid, borders, time axis and value axes.

use super::super::picture::{Anchor, Path, Pen, Word};
use super::{AXIS_TEXT, Sheet, View};

impl Sheet<'_> {
    pub(super) fn grid(&mut self) {
        let mut path = Path::default();
        for view in &self.views {
            for y in view.ticks.iter().filter_map(|tick| view.scale.y(*tick)) {
                let y = y.round() + 0.5;
                path.line((0.0, y), (self.layout.right, y));
            }
        }
        for mark in &self.marks {
            let x = self.layout.x(mark.index).floor() + 0.5;
            path.line((x, 0.0), (x, self.layout.bottom));
        }
        self.picture.stroke(path, Pen::new(self.palette.grid, 1.0));
    }

    /// The lines between panes and axes.
    pub(super) fn frame(&mut self) {
        let (right, bottom) = (self.layout.right, self.layout.bottom);
        let mut path = Path::default();
        path.line((right + 0.5, 0.0), (right + 0.5, self.layout.height));
        path.line((0.0, bottom + 0.5), (self.layout.width, bottom + 0.5));
        for view in self.views.iter().skip(1) {
            let y = view.rect.top + 0.5;
            path.line((0.0, y), (self.layout.width, y));
        }
        self.picture.stroke(path, Pen::new(self.palette.border, 1.0));
    }

    pub(super) fn time_axis(&mut self) {
        let y = self.layout.bottom + 20.0;
        for mark in &self.marks {
            let x = self.layout.x(mark.index);
            if x < 16.0 || x > self.layout.right - 16.0 {
                continue;
            }
            let word = Word::new(mark.label.as_str(), self.palette.muted);
            let word = if mark.strong { Word { colour: self.palette.text, ..word.bold() } } else { word };
            self.picture.text((x, y), Anchor::Middle, AXIS_TEXT, word);
        }
    }

    /// Ticks of a value axis where no tag stands, and its tags.
    pub(super) fn value_axis(&mut self, view: &View, index: usize) {
        let tags = self.tags(view, index);
        for (tick, y) in view.ticks.iter().filter_map(|tick| Some((*tick, view.scale.y(*tick)?))) {
            let hidden = tags.iter().any(|tag| (tag.y - y).abs() < 16.0);
            if hidden || y < view.rect.top + 8.0 || y > view.rect.bottom - 8.0 {
                continue;
            }
            let word = Word::new(view.format.text(tick), self.palette.muted);
            let place = (self.layout.right + 9.0, y + 4.3);
            self.picture.text(place, Anchor::Start, AXIS_TEXT, word);
        }
        self.draw_tags(&tags);
    }
}

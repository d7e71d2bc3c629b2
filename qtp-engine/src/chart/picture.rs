//! A picture as a list of shapes, before it becomes SVG or pixels.

use super::layout::Rect;

/// One thing on a picture. Colours are `#rrggbb`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// What follows stays within the rectangle, until `Unclip`.
    Clip(Rect),
    Unclip,
    Rect {
        /// Left, top, width, height.
        place: (f64, f64, f64, f64),
        colour: &'static str,
        opacity: f64,
        /// Of the corners.
        radius: f64,
    },
    Fill {
        path: Path,
        colour: &'static str,
        opacity: f64,
    },
    Stroke {
        path: Path,
        pen: Pen,
    },
    Dot {
        centre: (f64, f64),
        radius: f64,
        colour: &'static str,
        rim: &'static str,
    },
    Text(Text),
}

/// A path of straight lines.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Path {
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    Move(f64, f64),
    Line(f64, f64),
    Close,
}

impl Path {
    pub(super) fn move_to(&mut self, x: f64, y: f64) {
        self.steps.push(Step::Move(x, y));
    }

    pub(super) fn line_to(&mut self, x: f64, y: f64) {
        self.steps.push(Step::Line(x, y));
    }

    pub(super) fn close(&mut self) {
        self.steps.push(Step::Close);
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.move_to(from.0, from.1);
        self.line_to(to.0, to.1);
    }

    pub(super) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64) {
        self.polygon(&[(x, y), (x + width, y), (x + width, y + height), (x, y + height)]);
    }

    pub(super) fn polygon(&mut self, points: &[(f64, f64)]) {
        for (index, (x, y)) in points.iter().enumerate() {
            self.steps.push(if index == 0 { Step::Move(*x, *y) } else { Step::Line(*x, *y) });
        }
        self.close();
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pen {
    pub(super) colour: &'static str,
    pub(super) width: f64,
    /// Lengths of a dash and of a gap.
    pub(super) dash: Option<(f64, f64)>,
}

impl Pen {
    pub(super) const fn new(colour: &'static str, width: f64) -> Self {
        Self { colour, width, dash: None }
    }

    pub(super) const fn dashed(colour: &'static str, dash: f64, gap: f64) -> Self {
        Self { colour, width: 1.0, dash: Some((dash, gap)) }
    }
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    /// Where its base line starts, has its middle, or ends.
    pub(super) at: (f64, f64),
    pub(super) anchor: Anchor,
    pub(super) size: f64,
    /// Colour around the letters, so that it can be read over a drawing.
    pub(super) halo: Option<&'static str>,
    pub(super) words: Vec<Word>,
}

/// Where a text ends up relative to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A part of a line of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) colour: &'static str,
    pub(super) bold: bool,
    /// Room before it.
    pub(super) gap: f64,
}

impl Word {
    pub(super) fn new(text: impl Into<String>, colour: &'static str) -> Self {
        Self { text: text.into(), colour, bold: false, gap: 0.0 }
    }

    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) fn after(self, gap: f64) -> Self {
        Self { gap, ..self }
    }
}

/// A finished picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    pub(super) width: f64,
    pub(super) height: f64,
    /// What is read out in place of the picture.
    pub(super) label: String,
    pub(super) back: &'static str,
    pub(super) shapes: Vec<Shape>,
}

impl Picture {
    pub(super) fn clip(&mut self, rect: Rect) {
        self.shapes.push(Shape::Clip(rect));
    }

    pub(super) fn unclip(&mut self) {
        self.shapes.push(Shape::Unclip);
    }

    pub(super) fn rect(&mut self, place: (f64, f64, f64, f64), colour: &'static str, opacity: f64) {
        self.shapes.push(Shape::Rect { place, colour, opacity, radius: 0.0 });
    }

    /// Fills a path, unless it is empty.
    pub(super) fn fill(&mut self, path: Path, colour: &'static str, opacity: f64) {
        if !path.steps.is_empty() {
            self.shapes.push(Shape::Fill { path, colour, opacity });
        }
    }

    /// Draws along a path, unless it is empty.
    pub(super) fn stroke(&mut self, path: Path, pen: Pen) {
        if !path.steps.is_empty() {
            self.shapes.push(Shape::Stroke { path, pen });
        }
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), pen: Pen) {
        let mut path = Path::default();
        path.line(from, to);
        self.stroke(path, pen);
    }

    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, size: f64, word: Word) {
        self.shapes.push(Shape::Text(Text { at, anchor, size, halo: None, words: vec![word] }));
    }
}

//! A picture as PNG, with the font that is built in: text looks the same on every system and never goes missing.

use tiny_skia::{
    Color, FillRule, LineJoin, Mask, Paint, PathBuilder, Pixmap, Rect as SkiaRect, Stroke, StrokeDash,
    Transform,
};
use ttf_parser::{Face, OutlineBuilder};

use super::picture::{Anchor, Path, Pen, Picture, Shape, Step, Text, Word};
use crate::EngineError;

/// More pixels than this are refused: 400 MB.
const MOST_PIXELS: f64 = 1e8;

pub(super) fn write(picture: &Picture, scale: f64) -> Result<Vec<u8>, EngineError> {
    let (width, height) = ((picture.width * scale).round(), (picture.height * scale).round());
    if !(scale > 0.0 && width >= 1.0 && height >= 1.0 && width * height <= MOST_PIXELS) {
        return Err(refused(format!("a scale of {scale} gives {width} by {height} pixels")));
    }
    let pixmap = Pixmap::new(width as u32, height as u32);
    let mut pixmap = pixmap.ok_or_else(|| refused(format!("no picture of {width} by {height} pixels")))?;
    pixmap.fill(colour(picture.back, 1.0));
    let mut painter = Painter {
        pixmap,
        mask: None,
        transform: Transform::from_scale(scale as f32, scale as f32),
        regular: face(ttf_noto_sans::REGULAR)?,
        bold: face(ttf_noto_sans::BOLD)?,
    };
    for shape in &picture.shapes {
        painter.shape(shape)?;
    }
    painter.pixmap.encode_png().map_err(|error| refused(format!("PNG: {error}")))
}

fn face(bytes: &'static [u8]) -> Result<Face<'static>, EngineError> {
    Face::parse(bytes, 0).map_err(|error| refused(format!("font: {error}")))
}

fn refused(problem: String) -> EngineError {
    EngineError::Chart { problem }
}

struct Painter {
    pixmap: Pixmap,
    mask: Option<Mask>,
    transform: Transform,
    regular: Face<'static>,
    bold: Face<'static>,
}

impl Painter {
    fn shape(&mut self, shape: &Shape) -> Result<(), EngineError> {
        match shape {
            Shape::Clip(rect) => {
                let outline = rectangle((rect.left, rect.top, rect.right - rect.left, rect.height()), 0.0);
                let mut mask = Mask::new(self.pixmap.width(), self.pixmap.height())
                    .ok_or_else(|| refused("no memory for a mask".to_owned()))?;
                if let Some(outline) = outline {
                    mask.fill_path(&outline, FillRule::Winding, true, self.transform);
                }
                self.mask = Some(mask);
            }
            Shape::Unclip => self.mask = None,
            Shape::Rect { place, colour, opacity, radius } => {
                self.fill(rectangle(*place, *radius), colour, *opacity)
            }
            Shape::Fill { path, colour, opacity } => self.fill(outline(path), colour, *opacity),
            Shape::Stroke { path, pen } => self.stroke(outline(path), pen),
            Shape::Dot { centre: (x, y), radius, colour, rim } => {
                let circle = PathBuilder::from_circle(*x as f32, *y as f32, *radius as f32);
                self.fill(circle.clone(), colour, 1.0);
                self.stroke(circle, &Pen::new(rim, 1.0));
            }
            Shape::Text(text) => return self.text(text),
        }
        Ok(())
    }

    fn fill(&mut self, path: Option<tiny_skia::Path>, fill: &str, opacity: f64) {
        let paint = paint(fill, opacity);
        if let Some(path) = path {
            let mask = self.mask.as_ref();
            self.pixmap.fill_path(&path, &paint, FillRule::Winding, self.transform, mask);
        }
    }

    fn stroke(&mut self, path: Option<tiny_skia::Path>, pen: &Pen) {
        let dash = pen.dash.and_then(|(dash, gap)| StrokeDash::new(vec![dash as f32, gap as f32], 0.0));
        let line_join = LineJoin::Round;
        let stroke = Stroke { width: pen.width as f32, line_join, dash, ..Stroke::default() };
        if let Some(path) = path {
            let (paint, mask) = (paint(pen.colour, 1.0), self.mask.as_ref());
            self.pixmap.stroke_path(&path, &paint, &stroke, self.transform, mask);
        }
    }

    fn text(&mut self, text: &Text) -> Result<(), EngineError> {
        let mut letters = Vec::with_capacity(text.words.len());
        let mut width = 0.0;
        for word in &text.words {
            width += word.gap;
            let (path, advance) = self.letters(word, text.size, (width, text.at.1))?;
            letters.push((path, word.colour));
            width += advance;
        }
        let left = match text.anchor {
            Anchor::Start => text.at.0,
            Anchor::Middle => text.at.0 - width / 2.0,
            Anchor::End => text.at.0 - width,
        };
        let shift = Transform::from_translate(left as f32, 0.0);
        for (path, colour) in letters {
            let path = path.and_then(|path| path.transform(shift));
            if let Some(halo) = text.halo {
                self.stroke(path.clone(), &Pen::new(halo, 3.0));
            }
            self.fill(path, colour, 1.0);
        }
        Ok(())
    }

    /// The outline of a word that starts at a place, and how wide it is.
    fn letters(
        &self,
        word: &Word,
        size: f64,
        (x, y): (f64, f64),
    ) -> Result<(Option<tiny_skia::Path>, f64), EngineError> {
        let face = if word.bold { &self.bold } else { &self.regular };
        let unit = size / f64::from(face.units_per_em());
        let mut pen = Letters { path: PathBuilder::new(), x, y, unit };
        for letter in word.text.chars() {
            // A letter that the font lacks is shown as its box, which is glyph 0.
            let glyph = face.glyph_index(letter).unwrap_or_default();
            face.outline_glyph(glyph, &mut pen);
            let advance = face.glyph_hor_advance(glyph);
            pen.x += f64::from(advance.ok_or_else(|| refused("the font has no widths".to_owned()))?) * unit;
        }
        let advance = pen.x - x;
        Ok((pen.path.finish(), advance))
    }
}

/// Collects the outlines of letters; fonts count upwards, pictures downwards.
struct Letters {
    path: PathBuilder,
    x: f64,
    y: f64,
    unit: f64,
}

impl Letters {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        ((self.x + f64::from(x) * self.unit) as f32, (self.y - f64::from(y) * self.unit) as f32)
    }
}

impl OutlineBuilder for Letters {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

fn outline(path: &Path) -> Option<tiny_skia::Path> {
    let mut builder = PathBuilder::with_capacity(path.steps.len(), path.steps.len());
    for step in &path.steps {
        match step {
            Step::Move(x, y) => builder.move_to(*x as f32, *y as f32),
            Step::Line(x, y) => builder.line_to(*x as f32, *y as f32),
            Step::Close => builder.close(),
        }
    }
    builder.finish()
}

fn rectangle((x, y, width, height): (f64, f64, f64, f64), radius: f64) -> Option<tiny_skia::Path> {
    let rect = SkiaRect::from_xywh(x as f32, y as f32, width as f32, height as f32)?;
    if radius == 0.0 {
        return Some(PathBuilder::from_rect(rect));
    }
    let (left, top, right, bottom) = (rect.left(), rect.top(), rect.right(), rect.bottom());
    let round = (radius as f32).min(rect.width() / 2.0).min(rect.height() / 2.0);
    let mut path = PathBuilder::new();
    path.move_to(left + round, top);
    path.line_to(right - round, top);
    path.quad_to(right, top, right, top + round);
    path.line_to(right, bottom - round);
    path.quad_to(right, bottom, right - round, bottom);
    path.line_to(left + round, bottom);
    path.quad_to(left, bottom, left, bottom - round);
    path.line_to(left, top + round);
    path.quad_to(left, top, left + round, top);
    path.close();
    path.finish()
}

fn paint(hex: &str, opacity: f64) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(colour(hex, opacity));
    paint
}

/// `#rrggbb` as a colour.
fn colour(hex: &str, opacity: f64) -> Color {
    let value = u32::from_str_radix(hex.trim_start_matches('#'), 16).unwrap_or(0);
    let [_, red, green, blue] = value.to_be_bytes();
    Color::from_rgba8(red, green, blue, (opacity.clamp(0.0, 1.0) * 255.0).round() as u8)
}

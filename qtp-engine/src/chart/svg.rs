//! A picture as SVG. Attributes only, no style sheet: every renderer reads them alike.

use std::fmt::Write as _;

use super::picture::{Anchor, Path, Pen, Picture, Shape, Step, Text};
use crate::report::svg::escape;

/// The first of these that a system has. The last is what every renderer knows.
const FONTS: &str = "'Noto Sans', Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

pub(super) fn write(picture: &Picture) -> String {
    let Picture { width, height, label, back, shapes } = picture;
    let label = escape(label);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"{label}\" font-family=\"{FONTS}\" font-variant-numeric=\"tabular-nums\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"{back}\"/>\n"
    );
    let mut clips = 0;
    for shape in shapes {
        if matches!(shape, Shape::Clip(_)) {
            clips += 1;
        }
        write_shape(&mut out, shape, clips);
    }
    out.push_str("</svg>\n");
    out
}

fn write_shape(out: &mut String, shape: &Shape, clips: usize) {
    // Writing to a String cannot fail.
    let _ = match shape {
        Shape::Clip(rect) => {
            let (x, y, width, height) = (rect.left, rect.top, rect.right - rect.left, rect.height());
            writeln!(
                out,
                r#"<clipPath id="clip{clips}"><rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"/></clipPath><g clip-path="url(#clip{clips})">"#
            )
        }
        Shape::Unclip => writeln!(out, "</g>"),
        Shape::Rect { place: (x, y, width, height), colour, opacity, radius } => {
            let opacity = attribute("fill-opacity", *opacity, 1.0);
            let radius = attribute("rx", *radius, 0.0);
            writeln!(
                out,
                r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{colour}"{opacity}{radius}/>"#
            )
        }
        Shape::Fill { path, colour, opacity } => {
            let opacity = attribute("fill-opacity", *opacity, 1.0);
            writeln!(out, r#"<path d="{}" fill="{colour}"{opacity}/>"#, data(path))
        }
        Shape::Stroke { path, pen: Pen { colour, width, dash } } => {
            let dash =
                dash.map_or_else(String::new, |(dash, gap)| format!(r#" stroke-dasharray="{dash} {gap}""#));
            writeln!(
                out,
                r#"<path d="{}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"{dash}/>"#,
                data(path)
            )
        }
        Shape::Dot { centre: (x, y), radius, colour, rim } => {
            writeln!(out, r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{colour}" stroke="{rim}"/>"#)
        }
        Shape::Text(text) => write_text(out, text),
    };
}

fn write_text(out: &mut String, text: &Text) -> std::fmt::Result {
    let ((x, y), size) = (text.at, text.size);
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => r#" text-anchor="middle""#,
        Anchor::End => r#" text-anchor="end""#,
    };
    write!(out, r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}"{anchor}"#)?;
    if let Some(halo) = text.halo {
        write!(out, r#" paint-order="stroke" stroke="{halo}" stroke-width="3" stroke-linejoin="round""#)?;
    }
    out.push('>');
    for word in &text.words {
        let gap = attribute("dx", word.gap, 0.0);
        let bold = if word.bold { r#" font-weight="600""# } else { "" };
        let (colour, text) = (word.colour, escape(&word.text));
        write!(out, r#"<tspan fill="{colour}"{bold}{gap}>{text}</tspan>"#)?;
    }
    writeln!(out, "</text>")
}

fn data(path: &Path) -> String {
    let mut data = String::with_capacity(path.steps.len() * 12);
    for step in &path.steps {
        let _ = match step {
            Step::Move(x, y) => write!(data, "M{x:.1} {y:.1}"),
            Step::Line(x, y) => write!(data, "L{x:.1} {y:.1}"),
            Step::Close => write!(data, "Z"),
        };
    }
    data
}

fn attribute(name: &str, value: f64, default: f64) -> String {
    if value == default { String::new() } else { format!(r#" {name}="{value}""#) }
}

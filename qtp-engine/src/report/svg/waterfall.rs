//! How a profit became a net profit.

use std::fmt::Write as _;

use super::escape;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 260.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 34.0;

/// Bars that stand on each other: each of `steps` is a change, the last bar is their `total`.
pub fn waterfall(steps: &[(&str, f64)], total: (&str, f64), label: impl Fn(f64) -> String) -> String {
    let mut bars = Vec::with_capacity(steps.len() + 1);
    let mut level = 0.0;
    for (name, change) in steps {
        bars.push((*name, level, level + change, *change, "step"));
        level += change;
    }
    bars.push((total.0, 0.0, total.1, total.1, "total"));
    let ends = bars.iter().flat_map(|(_, from, to, ..)| [*from, *to]);
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(end), high.max(end)));
    let span = if high > low { high - low } else { 1.0 };
    let y = |value: f64| TOP + (high - value) / span * (HEIGHT - TOP - BOTTOM);
    let pitch = WIDTH / bars.len() as f64;
    let mut body = format!(r#"<path class="axis" d="M0 {zero:.1}H{WIDTH}"/>"#, zero = y(0.0));
    for (index, (name, from, to, change, kind)) in bars.iter().enumerate() {
        let (x, width) = (pitch * (index as f64 + 0.18), pitch * 0.64);
        let (top, bottom) = (y(from.max(*to)), y(from.min(*to)));
        let class = if *change < 0.0 { "loss" } else { "gain" };
        let (middle, height) = (x + width / 2.0, (bottom - top).max(1.0));
        let _ = write!(
            body,
            r#"<rect class="bar {class} {kind}" x="{x:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" rx="2"/>"#
        );
        if index + 1 < bars.len() {
            let next = x + pitch;
            let _ = write!(body, r#"<path class="link" d="M{:.1} {:.1}H{next:.1}"/>"#, x + width, y(*to));
        }
        let (value, name) = (escape(&label(*change)), escape(name));
        let _ =
            write!(body, r#"<text class="value mid" x="{middle:.1}" y="{:.1}">{value}</text>"#, top - 7.0);
        let foot = HEIGHT - 10.0;
        let _ = write!(body, r#"<text class="tick mid" x="{middle:.1}" y="{foot:.1}">{name}</text>"#);
    }
    let words = bars.iter().map(|(name, _, _, change, _)| format!("{name} {}", label(*change)));
    let words = escape(&words.collect::<Vec<_>>().join(", "));
    format!(
        r#"<svg class="waterfall" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">{body}</svg>"#
    )
}

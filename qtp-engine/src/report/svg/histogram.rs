//! How often a value occurred.

use std::fmt::Write as _;

use super::escape;
use super::scale::value_ticks;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 260.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 34.0;
const BINS: f64 = 28.0;

/// Bars of counts over equally wide bins, one edge at zero, losses and gains apart; `mean` is marked.
/// `label` gets a value and how many decimals tell the ticks apart.
pub fn histogram(values: &[f64], mean: f64, label: impl Fn(f64, usize) -> String) -> String {
    let (low, high) = values.iter().fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(*v), high.max(*v)));
    let step = if high > low { (high - low) / BINS } else { 1.0 };
    let (first, last) = ((low / step).floor() as i64, (high / step).floor() as i64);
    let mut counts = vec![0_u32; usize::try_from(last - first + 1).unwrap_or(1)];
    for value in values {
        let bin = ((value / step).floor() as i64).clamp(first, last) - first;
        if let Some(count) = usize::try_from(bin).ok().and_then(|bin| counts.get_mut(bin)) {
            *count += 1;
        }
    }
    let most = f64::from(counts.iter().copied().max().unwrap_or(0).max(1));
    let pitch = WIDTH / counts.len() as f64;
    let x = |value: f64| (value / step - first as f64) * pitch;
    let floor = HEIGHT - BOTTOM;
    let mut body = String::new();
    for (index, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = f64::from(*count) / most * (floor - TOP);
        let start = (first + index as i64) as f64 * step;
        let class = if start < 0.0 { "loss" } else { "gain" };
        let (from, to) = (label(start, 2), label(start + step, 2));
        let tip = escape(&format!("{count} trades\n{from} to {to}"));
        let (left, top, width) = (pitch * index as f64 + 0.8, floor - height, (pitch - 1.6).max(0.8));
        let _ = write!(
            body,
            r#"<rect class="bar {class} step" x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" rx="1.5" data-tip="{tip}"/>"#
        );
    }
    let _ = write!(body, r#"<path class="axis" d="M0 {floor:.1}H{WIDTH}"/>"#);
    let (ticks, decimals) = value_ticks(low, high, 6);
    for (place, tick) in ticks.into_iter().map(|tick| (x(tick), tick)) {
        let text = escape(&label(tick, decimals));
        if place > 16.0 && place < WIDTH - 16.0 {
            let foot = HEIGHT - 14.0;
            let _ = write!(body, r#"<text class="tick mid" x="{place:.1}" y="{foot:.1}">{text}</text>"#);
        }
    }
    let place = x(mean);
    let _ = write!(body, r#"<path class="mean" d="M{place:.1} {:.1}V{floor:.1}"/>"#, TOP - 8.0);
    format!(
        r#"<svg class="histogram" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Distribution">{body}</svg>"#
    )
}

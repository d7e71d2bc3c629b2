//! The volume profile beside the price axis.

use super::super::picture::{Anchor, Path, Pen, Word};
use super::Sheet;

/// Room for the names of the levels.
const LABELS: f64 = 38.0;

impl Sheet<'_> {
    pub(super) fn profile(&mut self) {
        let (Some(profile), Some(view)) = (&self.chart.profile, self.views.first()) else { return };
        let (left, right) = (self.layout.candles_right, self.layout.right);
        let most = profile.rows.iter().map(|row| row.volume).fold(0.0, f64::max);
        let scale = view.scale;
        if most <= 0.0 {
            return;
        }
        let (mut inside, mut outside) = (Path::default(), Path::default());
        for row in &profile.rows {
            let (Some(top), Some(bottom)) = (scale.y(row.high), scale.y(row.low)) else { continue };
            let middle = (row.low + row.high) / 2.0;
            let path =
                if (profile.low..=profile.high).contains(&middle) { &mut inside } else { &mut outside };
            let width = row.volume / most * (right - left - LABELS);
            // Rows of a few pixels keep a gap between them.
            let gap = if bottom - top >= 3.0 { 1.0 } else { 0.0 };
            path.rect(right - width, top + gap / 2.0, width, (bottom - top - gap).max(0.5));
        }
        let (colour, muted) = (self.palette.profile, self.palette.muted);
        self.picture.rect((left, view.rect.top, right - left, view.rect.height()), colour, 0.035);
        self.picture.fill(outside, muted, 0.3);
        self.picture.fill(inside, colour, 0.6);
        let gold = self.palette.gold;
        let lines = [("VAH", profile.high, colour), ("VAL", profile.low, colour), ("POC", profile.poc, gold)];
        for (name, price, colour) in lines {
            let Some(y) = scale.y(price).map(|y| y.round() + 0.5) else { continue };
            let pen = if name == "POC" { Pen::new(colour, 1.4) } else { Pen::dashed(colour, 5.0, 4.0) };
            self.picture.line((0.0, y), (right, y), pen);
            let y = if name == "VAL" { y + 13.0 } else { y - 4.0 };
            self.picture.text((left + 5.0, y), Anchor::Start, 11.0, Word::new(name, colour).bold());
        }
    }
}

//! Where everything stands.

use super::theme::Theme;
use crate::EngineError;

/// Narrowest candle with its gap.
const NARROWEST: f64 = 2.0;
/// Widest candle with its gap: a few candles do not fill the picture.
const WIDEST: f64 = 30.0;
const TIME_AXIS: f64 = 30.0;
/// Room between the newest candle and what is right of it.
const MARGIN: f64 = 10.0;
const PRICE_PANE: u32 = 560;
const OTHER_PANE: u32 = 160;
/// Share of the width that a volume profile takes.
const PROFILE: f64 = 0.14;
const SIZES: std::ops::RangeInclusive<u32> = 200..=20_000;

/// Size and theme of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChartOptions {
    /// Width in pixels, 200 to 20,000.
    pub width: u32,
    /// Height in pixels, 200 to 20,000; by default what the number of panes asks for.
    pub height: Option<u32>,
    /// Light or dark.
    pub theme: Theme,
}

impl Default for ChartOptions {
    fn default() -> Self {
        Self { width: 1280, height: None, theme: Theme::Light }
    }
}

impl ChartOptions {
    pub(super) fn check(&self) -> Result<(), EngineError> {
        for (name, size) in [("width", Some(self.width)), ("height", self.height)] {
            if let Some(size) = size.filter(|size| !SIZES.contains(size)) {
                let problem = format!("{name} {size} is not within {} to {}", SIZES.start(), SIZES.end());
                return Err(EngineError::Chart { problem });
            }
        }
        Ok(())
    }

    pub(super) fn height(&self, panes: usize) -> u32 {
        let panes = u32::try_from(panes).unwrap_or(u32::MAX);
        let asked = PRICE_PANE.saturating_add(OTHER_PANE.saturating_mul(panes));
        self.height.unwrap_or(asked.min(*SIZES.end()))
    }
}

/// A rectangle by its edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// The places of a picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Where the candles end and a volume profile begins.
    pub(super) candles_right: f64,
    /// Where the panes end and the value axes begin.
    pub(super) right: f64,
    /// Where the time axis begins.
    pub(super) bottom: f64,
    /// Width of a candle with its gap.
    pub(super) pitch: f64,
    /// Left edge of the first candle's place.
    start: f64,
}

impl Layout {
    /// Places `candles` candles and `panes` panes below them; the value axes are `axis` wide.
    pub(super) fn new(options: &ChartOptions, counts: (usize, usize), axis: f64, profile: bool) -> Self {
        let (candles, others) = counts;
        let (width, height) = (f64::from(options.width), f64::from(options.height(others)));
        let right = (width - axis).max(40.0).floor();
        let candles_right = if profile { (right * (1.0 - PROFILE)).floor() } else { right };
        let room = candles_right - MARGIN;
        let pitch = (room / candles.max(1) as f64).clamp(NARROWEST, WIDEST);
        // Whole pixels keep the gaps even where there is room enough.
        let pitch = if pitch >= 8.0 { pitch.floor() } else { pitch };
        let start = (room - pitch * candles as f64).max(0.0);
        // The newest candles stand at the right edge, or all from the left where they nearly fill the width.
        let start = if start < room * 0.15 { 0.0 } else { start };
        let bottom = height - TIME_AXIS;
        Self { width, height, candles_right, right, bottom, pitch, start }
    }

    /// How many candles fit.
    pub(super) fn capacity(&self) -> usize {
        ((self.candles_right - MARGIN) / NARROWEST).max(1.0) as usize
    }

    /// The middle of a candle.
    pub(super) fn x(&self, index: usize) -> f64 {
        self.start + (index as f64 + 0.5) * self.pitch
    }
}

/// More candles than this never fit.
pub(super) fn most(options: &ChartOptions) -> usize {
    (f64::from(options.width) / NARROWEST).max(1.0) as usize
}

/// The price pane, then the others below it; their right edges are set once the axes' width is known.
pub(super) fn panes(options: &ChartOptions, others: usize) -> Vec<Rect> {
    let bottom = f64::from(options.height(others)) - TIME_AXIS;
    let share = (1.0 / (3.2 + others as f64)).min(0.6 / others.max(1) as f64);
    let other = (bottom * share).floor();
    let mut top = bottom - other * others as f64;
    let mut panes = vec![Rect { left: 0.0, top: 0.0, right: 0.0, bottom: top }];
    for _ in 0..others {
        panes.push(Rect { left: 0.0, top, right: 0.0, bottom: top + other });
        top += other;
    }
    panes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_fill_the_height_without_overlap() {
        for others in [0, 1, 3, 9, 40] {
            for height in [None, Some(200), Some(2_000)] {
                let options = ChartOptions { height, ..ChartOptions::default() };
                let panes = panes(&options, others);
                assert_eq!(panes.len(), others + 1);
                assert!(panes.windows(2).all(|pair| pair[0].bottom == pair[1].top && pair[1].height() > 0.0));
                assert_eq!(panes.last().unwrap().bottom, f64::from(options.height(others)) - TIME_AXIS);
                assert!(panes[0].height() >= panes.last().unwrap().height() || others > 0);
            }
        }
    }

    #[test]
    fn candles_stand_apart_and_inside() {
        for count in [1, 2, 12, 200, 500, 5_000] {
            for profile in [false, true] {
                let layout = Layout::new(&ChartOptions::default(), (count, 1), 70.0, profile);
                let drawn = count.min(layout.capacity());
                let layout = Layout::new(&ChartOptions::default(), (drawn, 1), 70.0, profile);
                assert!(layout.pitch >= NARROWEST && layout.pitch <= WIDEST);
                assert!(layout.x(0) >= layout.pitch / 2.0);
                assert!(layout.x(drawn - 1) <= layout.candles_right - MARGIN, "{count} {layout:?}");
            }
        }
    }
}

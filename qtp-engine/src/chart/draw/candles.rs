//! Candles, their volume, and the line at the newest close. On whole pixels, so that edges are sharp.

use super::super::picture::{Path, Pen};
use super::super::scale::Scale;
use super::{Sheet, View};

/// Share of the price pane that volume takes.
const VOLUME: f64 = 0.14;

impl Sheet<'_> {
    /// Left edge and width of what stands at a candle's place: an odd number of pixels around its wick.
    pub(super) fn slot(&self, index: usize) -> (f64, f64) {
        let width = (self.layout.pitch * 0.72).floor().max(1.0);
        let width = if width % 2.0 == 0.0 { width - 1.0 } else { width };
        ((self.layout.x(index) - width / 2.0).round(), width)
    }

    pub(super) fn volume(&mut self, view: &View) {
        if !self.chart.volume {
            return;
        }
        let bars = || self.chart.bars.iter().map(|bar| bar.ohlcv);
        let most = bars().map(|candle| candle.volume).filter(|volume| volume.is_finite()).fold(0.0, f64::max);
        if most <= 0.0 {
            return;
        }
        let mut paths = [Path::default(), Path::default()];
        for (index, candle) in bars().enumerate().filter(|(_, candle)| candle.volume > 0.0) {
            let height = (candle.volume / most * view.rect.height() * VOLUME).round().max(1.0);
            let (left, width) = self.slot(index);
            let [rising, falling] = &mut paths;
            let path = if candle.close >= candle.open { rising } else { falling };
            path.rect(left, view.rect.bottom - height, width, height);
        }
        let [rising, falling] = paths;
        self.picture.fill(rising, self.palette.up, 0.32);
        self.picture.fill(falling, self.palette.down, 0.32);
    }

    pub(super) fn candles(&mut self, view: &View) {
        let mut paths = [Path::default(), Path::default()];
        for (index, bar) in self.chart.bars.iter().enumerate() {
            let candle = bar.ohlcv;
            let heights =
                [candle.high, candle.open.max(candle.close), candle.open.min(candle.close), candle.low];
            let Some([high, top, bottom, low]) = whole(&view.scale, heights) else { continue };
            let bottom = bottom.max(top + 1.0);
            let (left, width) = self.slot(index);
            let wick = left + (width - 1.0) / 2.0;
            let [rising, falling] = &mut paths;
            let path = if candle.close >= candle.open { rising } else { falling };
            if high < top {
                path.rect(wick, high, 1.0, top - high);
            }
            if low > bottom {
                path.rect(wick, bottom, 1.0, low - bottom);
            }
            path.rect(left, top, width, bottom - top);
        }
        let [rising, falling] = paths;
        self.picture.fill(rising, self.palette.up, 1.0);
        self.picture.fill(falling, self.palette.down, 1.0);
        self.newest(view);
    }

    /// A dotted line at the newest close.
    fn newest(&mut self, view: &View) {
        let Some(candle) = self.chart.bars.last().map(|bar| bar.ohlcv) else { return };
        let Some(y) = view.scale.y(candle.close) else { return };
        let colour = if candle.close >= candle.open { self.palette.up } else { self.palette.down };
        let y = y.round() + 0.5;
        self.picture.line((0.0, y), (self.layout.right, y), Pen::dashed(colour, 1.0, 3.0));
    }
}

fn whole(scale: &Scale, values: [f64; 4]) -> Option<[f64; 4]> {
    let [a, b, c, d] = values.map(|value| scale.y(value).map(f64::round));
    Some([a?, b?, c?, d?])
}

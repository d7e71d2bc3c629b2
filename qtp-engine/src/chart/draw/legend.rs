//! What stands at the top left of a pane.

use super::super::data::{Pane, Study};
use super::super::number::{short, width};
use super::super::picture::{Anchor, Shape, Text, Word};
use super::{Sheet, View};
use crate::stats::format::date_time;

const LEFT: f64 = 12.0;
const LINE: f64 = 19.0;
const SIZE: f64 = 13.0;
const TITLE: f64 = 16.0;

impl Sheet<'_> {
    /// The names of the studies with their newest values; over the candles also the title and the newest candle.
    pub(super) fn legend(&mut self, pane: &Pane, view: &View, candles: bool) {
        let mut y = view.rect.top + 20.0;
        if candles {
            y += 6.0;
            let words = self.headline(view);
            self.words((LEFT, y), TITLE, &words);
            y += LINE + 3.0;
        }
        for study in &pane.studies {
            if y > view.rect.bottom - 4.0 {
                return;
            }
            let words = self.study(study, view);
            self.words((LEFT, y), SIZE, &words);
            y += LINE;
        }
        if candles && self.chart.volume {
            let words = self.volume_words();
            self.words((LEFT, y), SIZE, &words);
        }
    }

    fn headline(&self, view: &View) -> Vec<Word> {
        let (text, muted) = (self.palette.text, self.palette.muted);
        let mut words = vec![Word::new(self.chart.title.as_str(), text).bold()];
        let Some(bar) = self.chart.bars.last() else { return words };
        words.push(Word::new(date_time(bar.time), muted).after(12.0));
        let candle = bar.ohlcv;
        let colour = if candle.close >= candle.open { self.palette.up } else { self.palette.down };
        for (name, price) in [("O", candle.open), ("H", candle.high), ("L", candle.low), ("C", candle.close)]
        {
            words.push(Word::new(name, text).after(if name == "O" { 14.0 } else { 9.0 }));
            words.push(Word::new(view.format.text(price), colour).after(3.0));
        }
        let before = self.chart.bars.iter().rev().nth(1).map(|bar| bar.ohlcv.close);
        if let Some(change) = before.map(|before| (candle.close / before - 1.0) * 100.0) {
            if change.is_finite() {
                let sign = if change < 0.0 { "\u{2212}" } else { "+" };
                words.push(Word::new(format!("{sign}{:.2}%", change.abs()), colour).after(9.0));
            }
        }
        words
    }

    fn study(&self, study: &Study, view: &View) -> Vec<Word> {
        let mut words = vec![Word::new(study.name.as_str(), self.palette.text)];
        for plot in study.plots.iter().filter(|plot| plot.labelled) {
            let value = plot.values.last().copied().unwrap_or(f64::NAN);
            let text = if value.is_finite() { view.format.text(value) } else { "\u{2013}".to_owned() };
            words.push(Word::new(text, self.value_colour(plot, value)).after(9.0));
        }
        words
    }

    fn volume_words(&self) -> Vec<Word> {
        let candle = self.chart.bars.last().map(|bar| bar.ohlcv).unwrap_or_default();
        let colour = if candle.close >= candle.open { self.palette.up } else { self.palette.down };
        vec![Word::new("Volume", self.palette.text), Word::new(short(candle.volume), colour).after(9.0)]
    }

    /// A line of words, as many as there is room for.
    fn words(&mut self, at: (f64, f64), size: f64, words: &[Word]) {
        let room = self.layout.candles_right - at.0;
        let mut taken = 0.0;
        let fits = |word: &&Word| {
            taken += word.gap + width(&word.text) * size;
            taken <= room
        };
        let mut words: Vec<Word> = words.iter().take_while(fits).cloned().collect();
        if words.is_empty() {
            words.push(Word::new("\u{2026}", self.palette.muted));
        }
        let halo = Some(self.palette.back);
        self.picture.shapes.push(Shape::Text(Text { at, anchor: Anchor::Start, size, halo, words }));
    }
}

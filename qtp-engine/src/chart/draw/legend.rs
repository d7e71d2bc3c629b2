//! What stands at the top left of a pane.

use super::super::data::{Pane, Study};
use super::super::number::{short, width};
use super::super::picture::{Anchor, Shape, Text, Word};
use super::{Sheet, View};
use crate::stats::format::{date, date_time};

const LEFT: f64 = 12.0;
const LINE: f64 = 19.0;
const SIZE: f64 = 13.0;
const TITLE: f64 = 16.0;
const DAY: i64 = 86_400;

impl Sheet<'_> {
    /// The names of the studies with their newest values; over the candles also the title and the newest candle.
    pub(super) fn legend(&mut self, pane: &Pane, view: &View, candles: bool) {
        let mut y = view.rect.top + 20.0;
        if candles {
            y += 6.0;
            let groups = self.headline(view);
            self.words((LEFT, y), TITLE, groups);
            y += LINE + 3.0;
        }
        if !candles {
            // Below, height is scarce: all studies stand on one line.
            let mut groups: Vec<Vec<Word>> = Vec::new();
            for study in &pane.studies {
                let mut words = self.study(study, view);
                if let Some(first) = words.first_mut().filter(|_| !groups.is_empty()) {
                    first.gap = 18.0;
                }
                groups.push(words);
            }
            self.words((LEFT, y), SIZE, groups);
            return;
        }
        for study in &pane.studies {
            if y > view.rect.bottom - 4.0 {
                return;
            }
            let words = self.study(study, view);
            self.words((LEFT, y), SIZE, words.into_iter().map(|word| vec![word]).collect());
            y += LINE;
        }
        if self.chart.volume {
            let words = self.volume_words();
            self.words((LEFT, y), SIZE, vec![words]);
        }
    }

    fn headline(&self, view: &View) -> Vec<Vec<Word>> {
        let (text, muted) = (self.palette.text, self.palette.muted);
        let mut groups = vec![vec![Word::new(self.chart.title.as_str(), text).bold()]];
        let mut newest = self.chart.bars.iter().rev();
        let Some(bar) = newest.next() else { return groups };
        let before = newest.next();
        let midnight = bar.time.as_secs().rem_euclid(DAY) == 0;
        let daily = midnight && before.is_none_or(|before| before.time.as_secs().rem_euclid(DAY) == 0);
        let when = if daily { date(bar.time) } else { date_time(bar.time) };
        groups.push(vec![Word::new(when, muted).after(12.0)]);
        let candle = bar.ohlcv;
        let colour = if candle.close >= candle.open { self.palette.up } else { self.palette.down };
        for (name, price) in [("O", candle.open), ("H", candle.high), ("L", candle.low), ("C", candle.close)]
        {
            let name = Word::new(name, text).after(if name == "O" { 14.0 } else { 9.0 });
            groups.push(vec![name, Word::new(view.format.text(price), colour).after(3.0)]);
        }
        let change = before.map(|before| (candle.close / before.ohlcv.close - 1.0) * 100.0);
        if let Some(change) = change.filter(|change| change.is_finite()) {
            let sign = if change < 0.0 { "\u{2212}" } else { "+" };
            groups.push(vec![Word::new(format!("{sign}{:.2}%", change.abs()), colour).after(9.0)]);
        }
        groups
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

    /// A line of groups of words, as many groups as there is room for.
    fn words(&mut self, at: (f64, f64), size: f64, groups: Vec<Vec<Word>>) {
        let mut room = self.layout.candles_right - at.0;
        let mut words: Vec<Word> = Vec::new();
        for mut group in groups {
            room -= group.iter().map(|word| word.gap + width(&word.text) * size).sum::<f64>();
            if room < 0.0 && !words.is_empty() {
                break;
            }
            words.append(&mut group);
        }
        let halo = Some(self.palette.back);
        self.picture.shapes.push(Shape::Text(Text { at, anchor: Anchor::Start, size, halo, words }));
    }
}

//! Warms up from a history of several timeframes.

use qtp_core::{Candle, Timeframe};

use super::{Evaluator, Facts};

/// Closed candles of one timeframe, oldest first.
pub type History<'a> = (Timeframe, &'a [Candle]);

impl Evaluator {
    /// Takes the candles of `base` as [`Evaluator::update`] does, each with what was known of the higher timeframes at
    /// its close. An indicator of a higher timeframe that has a history of its own here is fed from that, so that it is
    /// warm although the base candles do not reach so far back.
    pub fn warm_up(&mut self, base: History<'_>, higher: &[History<'_>], facts: &Facts) {
        let histories: Vec<&[Candle]> = self
            .indicators
            .iter()
            .map(|indicator| {
                let of = |history: &&History<'_>| history.0 == indicator.timeframe() && history.0 != base.0;
                higher.iter().find(of).map_or(&[][..], |history| history.1)
            })
            .collect();
        let mut next = vec![0; self.indicators.len()];
        for candle in base.1 {
            let (open, close) = (candle.open_time(), candle.close_time());
            for ((indicator, history), next) in self.indicators.iter_mut().zip(&histories).zip(&mut next) {
                let mut fed = false;
                while let Some(whole) = history.get(*next).filter(|whole| whole.close_time() <= close) {
                    indicator.take_whole(&whole.ohlcv(), whole.open_time().as_nanos());
                    (*next, fed) = (*next + 1, true);
                }
                // Behind the last whole candle, or where there is none, it is made of the base candles.
                let behind = history.last().is_none_or(|last| last.close_time() <= open);
                if !fed && behind {
                    indicator.update(&candle.ohlcv(), open.as_nanos());
                }
            }
            self.evaluate(&candle.ohlcv(), facts);
            self.seen += 1;
        }
    }
}

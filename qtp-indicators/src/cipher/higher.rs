//! Candles of a higher timeframe, used only once they have closed.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::{CipherBParams, lines::WaveTrend};
use crate::{Source, SpecError};

const MINUTE: i64 = 60_000_000_000;

/// Gathers candles into UTC-aligned ones of a higher timeframe.
///
/// A higher candle is known to have closed when the first candle of the next one arrives: at the earliest moment that
/// needs no knowledge of how wide the candles that arrive are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Higher {
    minutes: u32,
    forming: Option<(i64, Ohlcv)>,
}

impl Higher {
    pub(super) fn new(minutes: u32) -> Self {
        Self { minutes, forming: None }
    }

    /// The higher candle that this one shows to have closed.
    pub(super) fn closed(&self, open_time: i64) -> Option<Ohlcv> {
        let (start, candle) = self.forming?;
        (start != self.start(open_time)).then_some(candle)
    }

    pub(super) fn take(&mut self, open_time: i64, candle: &Ohlcv) {
        let start = self.start(open_time);
        self.forming = Some(match self.forming {
            Some((known, forming)) if known == start => (start, merge(&forming, candle)),
            _ => (start, *candle),
        });
    }

    pub(super) fn reset(&mut self) {
        self.forming = None;
    }

    fn start(&self, open_time: i64) -> i64 {
        open_time.saturating_sub(open_time.rem_euclid(i64::from(self.minutes.max(1)) * MINUTE))
    }
}

fn merge(forming: &Ohlcv, next: &Ohlcv) -> Ohlcv {
    Ohlcv {
        open: forming.open,
        high: forming.high.max(next.high),
        low: forming.low.min(next.low),
        close: next.close,
        volume: forming.volume + next.volume,
    }
}

/// The colour of Heikin-Ashi candles of a higher timeframe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct HeikinAshi {
    higher: Higher,
    /// Open and close of the last closed Heikin-Ashi candle.
    last: Option<(f64, f64)>,
}

impl HeikinAshi {
    pub(super) fn new(minutes: u32) -> Self {
        Self { higher: Higher::new(minutes), last: None }
    }

    /// The last closed Heikin-Ashi candle as a candle at `open_time` knows it.
    fn at(&self, open_time: i64) -> Option<(f64, f64)> {
        let Some(candle) = self.higher.closed(open_time) else { return self.last };
        let open = self.last.map_or((candle.open + candle.close) / 2.0, |(open, close)| (open + close) / 2.0);
        Some((open, (candle.open + candle.high + candle.low + candle.close) / 4.0))
    }

    /// Whether that candle is red; `None` before the first.
    pub(super) fn red(&self, open_time: i64) -> Option<bool> {
        self.at(open_time).map(|(open, close)| close < open)
    }

    pub(super) fn take(&mut self, open_time: i64, candle: &Ohlcv) {
        self.last = self.at(open_time);
        self.higher.take(open_time, candle);
    }

    pub(super) fn reset(&mut self) {
        self.higher.reset();
        self.last = None;
    }
}

/// The fast wave of a higher timeframe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct HigherWave {
    higher: Higher,
    wave: WaveTrend,
    last: Option<f64>,
}

impl HigherWave {
    pub(super) fn new(params: &CipherBParams) -> Result<Self, SpecError> {
        Ok(Self { higher: Higher::new(params.flag_minutes), wave: WaveTrend::new(params)?, last: None })
    }

    /// The fast wave of the last closed higher candle as a candle at `open_time` knows it.
    pub(super) fn fast(&self, open_time: i64) -> Option<f64> {
        match self.higher.closed(open_time) {
            Some(candle) => self.wave.look(Source::Hlc3.read(&candle)).fast(),
            None => self.last,
        }
    }

    pub(super) fn take(&mut self, open_time: i64, candle: &Ohlcv) {
        if let Some(closed) = self.higher.closed(open_time) {
            let typical = Source::Hlc3.read(&closed);
            let wave = self.wave.look(typical);
            self.wave.take(typical, &wave);
            self.last = wave.fast();
        }
        self.higher.take(open_time, candle);
    }

    pub(super) fn reset(&mut self) {
        self.higher.reset();
        self.wave.reset();
        self.last = None;
    }
}

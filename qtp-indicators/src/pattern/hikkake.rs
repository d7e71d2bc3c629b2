//! Hikkake: an inside candle, a false break, and perhaps a confirmation up to three candles later.

use serde::{Deserialize, Serialize};

use super::{
    Near, Pattern, Sight, View,
    define::{averages, entry},
    kernel, when,
};
use crate::registry::Entry;

/// A hikkake that may still be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct HikkakeMemory {
    /// 100 or -100; 0 when none is open.
    result: f64,
    /// Candles left in which a close confirms it.
    left: u8,
    /// What the close must pass: high or low of the candle before the false break.
    level: f64,
}

impl HikkakeMemory {
    /// Takes the newest candle, which completes a hikkake with `result` (0: none) against `level`.
    #[inline(always)]
    fn take(&mut self, result: f64, level: f64, close: f64) -> f64 {
        if result != 0.0 {
            *self = Self { result, left: 3, level };
            return result;
        }
        if self.left == 0 {
            return 0.0;
        }
        self.left -= 1;
        let confirmed = if self.result > 0.0 { close > self.level } else { close < self.level };
        if confirmed {
            self.left = 0;
        }
        when(confirmed, 2.0 * self.result)
    }
}

/// Hikkake: an inside candle and a false break out of it; 200 or -200 when confirmed. TA-Lib `CDLhikkake` (in lower case).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hikkake;

averages!(Hikkake, []);

impl Pattern for Hikkake {
    const LOOKBACK: usize = 5;
    const FROM: usize = 2;
    type Memory = HikkakeMemory;

    #[inline(always)]
    fn recognise<S: Sight>(&self, view: &View<'_, Self, S>, memory: &mut HikkakeMemory) -> f64 {
        let [a, b, c] = view.last();
        let inside = (b.high < a.high) & (b.low > a.low);
        let down = inside & (c.high < b.high) & (c.low < b.low);
        let up = inside & (c.high > b.high) & (c.low > b.low);
        let result = when(down, 100.0) - when(up, 100.0);
        memory.take(result, if down { b.high } else { b.low }, c.close)
    }
}

/// Modified hikkake: two inside candles, the first closing near its end, and a false break; 200 or -200 when confirmed.
/// TA-Lib `CDLhikkakemod` (in lower case).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModifiedHikkake;

averages!(ModifiedHikkake, [Near @ 2]);

impl Pattern for ModifiedHikkake {
    const LOOKBACK: usize = 10;
    const FROM: usize = 7;
    type Memory = HikkakeMemory;

    #[inline(always)]
    fn recognise<S: Sight>(&self, view: &View<'_, Self, S>, memory: &mut HikkakeMemory) -> f64 {
        let [a, b, c, d] = view.last();
        let near = view.mean::<Near, 2>();
        let inside = (b.high < a.high) & (b.low > a.low) & (c.high < b.high) & (c.low > b.low);
        let down = inside & (d.high < c.high) & (d.low < c.low) & (b.close <= b.low + near);
        let up = inside & (d.high > c.high) & (d.low > c.low) & (b.close >= b.high - near);
        let result = when(down, 100.0) - when(up, 100.0);
        memory.take(result, if down { c.high } else { c.low }, d.close)
    }
}

pub(crate) const ENTRIES: &[Entry] = &[
    entry(
        "talib.cdlhikkake",
        "Hikkake: a false break out of an inside candle; 200 or -200 when confirmed",
        &[],
        |_| Ok(kernel(Hikkake)),
    ),
    entry(
        "talib.cdlhikkakemod",
        "Modified hikkake: a false break after two inside candles; 200 or -200 when confirmed",
        &[],
        |_| Ok(kernel(ModifiedHikkake)),
    ),
];

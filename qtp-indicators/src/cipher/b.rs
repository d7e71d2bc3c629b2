//! Cipher B: WaveTrend, money flow, RSI, stochastic RSI, Schaff trend cycle, divergences and dots.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::{
    CipherBParams, CipherEvent, CipherEvents,
    divergence::{Divergence, Found, Limits, Point, Shape},
    higher::{HeikinAshi, HigherWave},
    lines::{MoneyFlow, Schaff, SchaffLook, Stoch, StochRsi, Wave, WaveTrend},
};
use crate::{Indicator, Source, SpecError, TimedOhlcv, input::admit_candle, momentum::Rsi};

/// What [`CipherB`] knows after a candle; a line is `None` until its own warm-up is over.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct CipherBParts {
    /// WaveTrend.
    pub wt1: Option<f64>,
    /// Mean of `wt1`.
    pub wt2: Option<f64>,
    /// Money flow; positive is green.
    pub money_flow: Option<f64>,
    /// RSI of the close.
    pub rsi: Option<f64>,
    /// Stochastic RSI, K.
    pub stoch_k: Option<f64>,
    /// Stochastic RSI, D.
    pub stoch_d: Option<f64>,
    /// Schaff trend cycle.
    pub schaff: Option<f64>,
    /// What this candle makes known.
    pub events: CipherEvents,
}

/// The lines of [`CipherB`] once all are defined; fields as in [`CipherBParts`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CipherBOutput {
    /// WaveTrend.
    pub wt1: f64,
    /// Mean of `wt1`.
    pub wt2: f64,
    /// `wt1` less `wt2`, the fast wave.
    pub fast: f64,
    /// Money flow; `None` while a flat candle makes it undefined, which is an option.
    pub money_flow: Option<f64>,
    /// RSI of the close.
    pub rsi: f64,
    /// Stochastic RSI, K.
    pub stoch_k: f64,
    /// Stochastic RSI, D.
    pub stoch_d: f64,
    /// Schaff trend cycle.
    pub schaff: f64,
    /// What this candle makes known.
    pub events: CipherEvents,
}

/// Cipher B after the public script, without repainting.
///
/// An event is reported on the candle that makes it known ([`CipherEvent::delay`] says how far back it is drawn), and a
/// higher timeframe counts with its last closed candle only.
///
/// ```
/// use qtp_core::Ohlcv;
/// use qtp_indicators::{Indicator, TimedOhlcv, cipher::{CipherB, CipherBParams, CipherEvent}};
///
/// let mut cipher = CipherB::new(CipherBParams::default())?;
/// let mut crosses = 0;
/// for hour in 0..200_i64 {
///     let close = 100.0 + 10.0 * libm::sin(hour as f64 / 8.0);
///     let ohlcv = Ohlcv { open: close - 0.5, high: close + 1.0, low: close - 1.0, close, volume: 5.0 };
///     let output = cipher.update(TimedOhlcv { open_time: hour * 3_600_000_000_000, ohlcv });
///     crosses += usize::from(output.is_some_and(|o| o.events.contains(CipherEvent::CrossUp)));
/// }
/// assert_eq!((cipher.warmup(), crosses), (68, 3));
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CipherB {
    params: CipherBParams,
    wave: WaveTrend,
    money_flow: MoneyFlow,
    rsi: Rsi,
    stoch: StochRsi,
    schaff: Schaff,
    detectors: Detectors,
    flag: HigherWave,
    diamond: [HeikinAshi; 2],
    parts: Option<CipherBParts>,
    /// Candles taken, counted up to the warm-up.
    taken: usize,
}

/// What a candle shows, with what the lines need to go on.
struct Seen {
    wave: Wave,
    stoch: Stoch,
    schaff: SchaffLook,
    parts: CipherBParts,
}

/// Divergences of three lines; those of one line see the same turns and differ in their limits.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Detectors {
    wave: Shape,
    rsi: Shape,
    stoch: Shape,
    /// WT regular, second range, hidden; RSI regular, hidden; stochastic.
    divergences: [Divergence; 6],
}

impl CipherB {
    /// Makes the cipher.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for a period that is not 1 (RSI: 2) to 100,000 or a level that is not finite.
    pub fn new(params: CipherBParams) -> Result<Self, SpecError> {
        params.check()?;
        Ok(Self {
            wave: WaveTrend::new(&params)?,
            money_flow: MoneyFlow::new(&params),
            rsi: Rsi::new(params.rsi)?,
            stoch: StochRsi::new(&params)?,
            schaff: Schaff::new(&params)?,
            detectors: Detectors::default(),
            flag: HigherWave::new(&params)?,
            diamond: params.diamond_minutes.map(HeikinAshi::new),
            parts: None,
            taken: 0,
            params,
        })
    }

    /// What is known after the last candle, before the warm-up too.
    #[must_use]
    pub fn parts(&self) -> Option<CipherBParts> {
        self.parts
    }

    fn look(&self, open_time: i64, candle: &Ohlcv) -> Seen {
        let wave = self.wave.look(Source::Hlc3.read(candle));
        let stoch = self.stoch.look(candle.close);
        let schaff = self.schaff.look(&self.params, candle.close);
        let mut parts = CipherBParts {
            wt1: wave.wt1,
            wt2: wave.wt2,
            money_flow: self.money_flow.look(&self.params, candle),
            rsi: self.rsi.peek(candle.close),
            stoch_k: stoch.k,
            stoch_d: stoch.d,
            schaff: schaff.cycle,
            events: CipherEvents::default(),
        };
        parts.events = self.detectors.events(&self.params, &parts, candle);
        parts.events = self.crosses(parts.events, &parts, open_time);
        Seen { wave, stoch, schaff, parts }
    }

    fn crosses(&self, events: CipherEvents, now: &CipherBParts, open_time: i64) -> CipherEvents {
        let fast = |parts: &CipherBParts| Some(parts.wt1? - parts.wt2?);
        let (Some(before), Some(fast), Some(wt2)) = (self.parts.as_ref().and_then(fast), fast(now), now.wt2)
        else {
            return events;
        };
        let (up, down) = (fast > 0.0 && before <= 0.0, fast < 0.0 && before >= 0.0);
        let flow = now.money_flow.unwrap_or(0.0);
        let higher = self.flag.fast(open_time).unwrap_or(0.0);
        let red = self.diamond.map(|candle| candle.red(open_time));
        events
            .with(CipherEvent::CrossUp, up)
            .with(CipherEvent::CrossDown, down)
            .with(CipherEvent::Buy, up && wt2 <= self.params.oversold)
            .with(CipherEvent::Sell, down && wt2 >= self.params.overbought)
            .with(CipherEvent::BullFlag, up && flow > 0.0 && wt2 < 0.0 && higher > 0.0)
            .with(CipherEvent::BearFlag, down && flow < 0.0 && wt2 > 0.0 && higher < 0.0)
            .with(CipherEvent::BullDiamond, up && wt2 <= 0.0 && red == [Some(false); 2])
            .with(CipherEvent::BearDiamond, down && wt2 >= 0.0 && red == [Some(true); 2])
    }

    /// The output for `parts`, which belong to candle number `count`.
    fn warm(&self, parts: &CipherBParts, count: usize) -> Option<CipherBOutput> {
        if count < self.warmup() {
            return None;
        }
        let (wt1, wt2) = (parts.wt1?, parts.wt2?);
        Some(CipherBOutput {
            wt1,
            wt2,
            fast: wt1 - wt2,
            money_flow: parts.money_flow,
            rsi: parts.rsi?,
            stoch_k: parts.stoch_k?,
            stoch_d: parts.stoch_d?,
            schaff: parts.schaff?,
            events: parts.events,
        })
    }
}

impl Detectors {
    fn points(parts: &CipherBParts, candle: &Ohlcv) -> [Point; 3] {
        let (high, low, other) = (candle.high, candle.low, parts.rsi.unwrap_or(f64::MAX));
        [parts.wt2, parts.rsi, parts.stoch_k].map(|line| Point { line, other, high, low })
    }

    fn limits(params: &CipherBParams) -> [Limits; 6] {
        let wave = Limits { top: params.wt_top, bottom: params.wt_bottom };
        let second = Limits { top: params.wt2_top, bottom: params.wt2_bottom };
        let rsi = Limits { top: params.rsi_top, bottom: params.rsi_bottom };
        let hidden = |limits| if params.limit_hidden { limits } else { Limits::NONE };
        [wave, second, hidden(wave), rsi, hidden(rsi), Limits::NONE]
    }

    /// What each divergence finds at this candle.
    fn found(&self, params: &CipherBParams, points: &[Point; 3]) -> [Found; 6] {
        let (wave, rsi) = (self.wave.turn(&points[0]), self.rsi.turn(&points[1]));
        let stoch = self.stoch.turn(&points[2]);
        let turns = [&wave, &wave, &wave, &rsi, &rsi, &stoch];
        let limits = Self::limits(params);
        std::array::from_fn(|i| self.divergences[i].look(turns[i].as_ref(), limits[i]))
    }

    fn events(&self, params: &CipherBParams, parts: &CipherBParts, candle: &Ohlcv) -> CipherEvents {
        use CipherEvent as E;
        let [wave, second, wave_hidden, rsi, rsi_hidden, stoch] =
            self.found(params, &Self::points(parts, candle));
        let bulls = [
            (E::WtBull, wave.bull),
            (E::WtBullHidden, wave_hidden.bull_hidden),
            (E::Wt2Bull, second.bull),
            (E::Wt2BullHidden, second.bull_hidden),
            (E::RsiBull, rsi.bull),
            (E::RsiBullHidden, rsi_hidden.bull_hidden),
            (E::StochBull, stoch.bull),
            (E::StochBullHidden, stoch.bull_hidden),
        ];
        let bears = [
            (E::WtBear, wave.bear),
            (E::WtBearHidden, wave_hidden.bear_hidden),
            (E::Wt2Bear, second.bear),
            (E::Wt2BearHidden, second.bear_hidden),
            (E::RsiBear, rsi.bear),
            (E::RsiBearHidden, rsi_hidden.bear_hidden),
            (E::StochBear, stoch.bear),
            (E::StochBearHidden, stoch.bear_hidden),
        ];
        let set = |events: &[(E, bool)]| {
            events.iter().fold(CipherEvents::default(), |set, (event, found)| set.with(*event, *found))
        };
        let (bull, bear) = (set(&bulls), set(&bears));
        let diverges = wave.bull || (rsi.bull && params.dots.contains(E::RsiBull));
        let gold = diverges && gold(params, parts.wt2, &wave);
        bears
            .iter()
            .fold(bull, |all, (event, found)| all.with(*event, *found))
            .with(E::BullDot, !bull.both(params.dots).is_empty())
            .with(E::BearDot, !bear.both(params.dots).is_empty())
            .with(E::Gold, gold)
    }

    fn take(&mut self, params: &CipherBParams, parts: &CipherBParts, candle: &Ohlcv) {
        let points = Self::points(parts, candle);
        let [wave, rsi, stoch] = &points;
        let (wave_turn, rsi_turn) = (self.wave.turn(wave), self.rsi.turn(rsi));
        let stoch_turn = self.stoch.turn(stoch);
        let turns = [&wave_turn, &wave_turn, &wave_turn, &rsi_turn, &rsi_turn, &stoch_turn];
        let limits = Self::limits(params);
        for ((divergence, turn), limits) in self.divergences.iter_mut().zip(turns).zip(limits) {
            divergence.take(turn.as_ref(), limits);
        }
        self.wave.push(*wave);
        self.rsi.push(*rsi);
        self.stoch.push(*stoch);
    }
}

/// Whether the wave has left a deep low that the RSI shared.
fn gold(params: &CipherBParams, wt2: Option<f64>, wave: &Found) -> bool {
    let (Some(wt2), Some(before)) = (wt2, wave.previous_bottom) else { return false };
    let left = before.line <= params.gold_level && wt2 > params.gold_level;
    left && before.line - wt2 <= -params.gold_rise && before.other < params.gold_rsi
}

impl Indicator<TimedOhlcv> for CipherB {
    type Output = CipherBOutput;

    fn update(&mut self, input: TimedOhlcv) -> Option<CipherBOutput> {
        let candle = admit_candle(&input.ohlcv)?;
        let Seen { wave, stoch, schaff, parts } = self.look(input.open_time, &candle);
        self.wave.take(Source::Hlc3.read(&candle), &wave);
        self.money_flow.take(&self.params, &candle);
        self.rsi.update(candle.close);
        self.stoch.take(&stoch);
        self.schaff.take(&schaff);
        self.detectors.take(&self.params, &parts, &candle);
        self.flag.take(input.open_time, &candle);
        for diamond in &mut self.diamond {
            diamond.take(input.open_time, &candle);
        }
        self.parts = Some(parts);
        self.taken = (self.taken + 1).min(self.warmup());
        self.value()
    }

    fn peek(&self, input: TimedOhlcv) -> Option<CipherBOutput> {
        self.warm(&self.look(input.open_time, &admit_candle(&input.ohlcv)?).parts, self.taken + 1)
    }

    fn value(&self) -> Option<CipherBOutput> {
        self.warm(&self.parts?, self.taken)
    }

    fn warmup(&self) -> usize {
        let lines = self.wave.warmup().max(self.stoch.warmup()).max(self.schaff.warmup());
        lines.max(self.rsi.warmup()).max(self.params.money_flow)
    }

    fn reset(&mut self) {
        self.wave.reset();
        self.money_flow.reset();
        self.rsi.reset();
        self.stoch.reset();
        self.schaff.reset();
        self.detectors = Detectors::default();
        self.flag.reset();
        self.diamond.iter_mut().for_each(HeikinAshi::reset);
        (self.parts, self.taken) = (None, 0);
    }
}

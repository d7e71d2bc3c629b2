//! From indicator values to advice on one asset.

use std::cmp::Ordering;

use qtp_core::money::{decimal_from_f64, price_from_f64};
use qtp_core::{AssetView, DecisionAction, Price, PriceRule, Ratio, Rounding, TradeDecision};

use super::config::RuleConfig;
use super::reading::{Reading, figures};

/// The venue's rule is not known here, and the engine rounds again; five figures keep the text readable.
const LEVELS: PriceRule = PriceRule::SignificantFigures { digits: 5, decimals: 12 };
/// A stop that would move by less than this many ATR stays where it is.
const LEAST_STEP_ATR: f64 = 0.25;

/// Advice before it is tied to an asset.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Advice {
    action: DecisionAction,
    conviction: f64,
    stop: Option<Price>,
    target: Option<Price>,
    exit_plan: String,
    rationale: String,
}

impl Advice {
    /// Change nothing.
    pub(crate) fn hold(rationale: impl Into<String>) -> Self {
        Self::new(DecisionAction::Hold, 0.0, rationale.into())
    }

    fn new(action: DecisionAction, conviction: f64, rationale: String) -> Self {
        Self { action, conviction, stop: None, target: None, exit_plan: String::new(), rationale }
    }

    /// The decision about `asset`.
    pub(crate) fn about(self, asset: &AssetView) -> TradeDecision {
        let hundredths = (self.conviction.clamp(0.0, 1.0) * 100.0).round() / 100.0;
        let conviction = decimal_from_f64(hundredths).and_then(|value| Ratio::new(value).ok());
        TradeDecision {
            instrument: asset.instrument.clone(),
            action: self.action,
            conviction: conviction.unwrap_or_default(),
            allocation: None,
            stop: self.stop,
            target: self.target,
            exit_plan: self.exit_plan,
            plan: None,
            rationale: self.rationale,
        }
    }
}

/// The rules. `reading` comes from candles that had all closed at the instant of the picture.
pub(crate) fn advise(asset: &AssetView, reading: &Reading, config: &RuleConfig, halted: bool) -> Advice {
    let numbers = reading.words(config);
    let price = asset.price.to_f64();
    if !(reading.atr > 0.0 && price.is_finite()) {
        return Advice::hold(format!("the price did not move: {numbers}"));
    }
    match asset.position.signum().cmp(&0) {
        Ordering::Equal if !asset.working.is_zero() => {
            Advice::hold(format!("orders of {} are working: {numbers}", asset.working))
        }
        Ordering::Equal if halted => Advice::hold(format!("a halt is in force: {numbers}")),
        Ordering::Equal => enter(price, reading, config, &numbers),
        Ordering::Greater => Held { asset, reading, config, side: 1.0 }.advise(&numbers),
        Ordering::Less => Held { asset, reading, config, side: -1.0 }.advise(&numbers),
    }
}

/// A level `distance` away from `price`, rounded away from it, so that it can never end up on the wrong side.
pub(super) fn level(price: f64, distance: f64) -> Option<Price> {
    let rounding = if distance < 0.0 { Rounding::Down } else { Rounding::Up };
    price_from_f64(price + distance, &LEVELS, rounding)
}

fn enter(price: f64, reading: &Reading, config: &RuleConfig, numbers: &str) -> Advice {
    let volatility = reading.atr / price;
    if volatility < config.min_volatility || volatility > config.max_volatility {
        return Advice::hold(format!(
            "an ATR of {:.3} % of the price is outside the limits: {numbers}",
            volatility * 100.0
        ));
    }
    let Some(setup) = setup(reading, config) else {
        return Advice::hold(format!("no setup: {numbers}"));
    };
    let (stop_distance, target_distance) = (config.stop_atr * reading.atr, setup.target_atr * reading.atr);
    let stop = level(price, -setup.side * stop_distance);
    let target = level(price, setup.side * target_distance);
    let (Some(stop), Some(target)) = (stop, target) else {
        return Advice::hold(format!("no legal stop and target around {}: {numbers}", figures(price)));
    };
    let action = if setup.side > 0.0 { DecisionAction::Buy } else { DecisionAction::Sell };
    Advice {
        stop: Some(stop),
        target: Some(target),
        exit_plan: exit_plan(stop, target, setup.side, config),
        ..Advice::new(action, setup.conviction, format!("{}: {numbers}", setup.why))
    }
}

fn exit_plan(stop: Price, target: Price, side: f64, config: &RuleConfig) -> String {
    let (against, turn) =
        if side > 0.0 { ("below", config.exhausted) } else { ("above", 100.0 - config.exhausted) };
    format!(
        "stop {stop} ({} ATR), target {target}; close when ema({}) is {} ATR {against} ema({}); halve when rsi({}) \
         crosses {turn}; trail by {} ATR once {} ATR ahead",
        config.stop_atr,
        config.fast,
        config.reversal,
        config.slow,
        config.rsi,
        config.trail_atr,
        config.tighten_after_atr
    )
}

/// A reason to open a position.
struct Setup {
    /// 1 long, -1 short.
    side: f64,
    target_atr: f64,
    conviction: f64,
    why: &'static str,
}

fn setup(reading: &Reading, config: &RuleConfig) -> Option<Setup> {
    let strength = reading.strength();
    let overbought = 100.0 - config.oversold;
    if strength.abs() >= config.trend {
        let side = strength.signum();
        // Seen from the trend's side, so that one rule serves both directions.
        let (now, pullback) = if side > 0.0 {
            (reading.rsi, reading.rsi_low)
        } else {
            (100.0 - reading.rsi, 100.0 - reading.rsi_high)
        };
        let resumed = pullback <= 50.0 && now > 50.0 && now < overbought;
        let conviction = 0.45 + 0.15 * strength.abs().min(2.0) + 0.01 * (now - 50.0);
        let why =
            if side > 0.0 { "uptrend, the pullback has ended" } else { "downtrend, the rally has ended" };
        return resumed.then_some(Setup { side, target_atr: config.target_atr, conviction, why });
    }
    let target_atr = config.range_target_atr;
    if reading.rsi_low <= config.oversold && reading.rsi > config.oversold {
        let conviction = 0.4 + 0.01 * (config.oversold - reading.rsi_low);
        return Some(Setup {
            side: 1.0,
            target_atr,
            conviction,
            why: "no trend, momentum turned up from oversold",
        });
    }
    if reading.rsi_high >= overbought && reading.rsi < overbought {
        let conviction = 0.4 + 0.01 * (reading.rsi_high - overbought);
        return Some(Setup {
            side: -1.0,
            target_atr,
            conviction,
            why: "no trend, momentum turned down from overbought",
        });
    }
    None
}

/// An open position. `side` is 1 for a long, -1 for a short.
struct Held<'a> {
    asset: &'a AssetView,
    reading: &'a Reading,
    config: &'a RuleConfig,
    side: f64,
}

impl Held<'_> {
    fn advise(&self, numbers: &str) -> Advice {
        let (reading, config) = (self.reading, self.config);
        let against = -self.side * reading.strength();
        if against >= config.reversal {
            let conviction = 0.6 + 0.1 * (against - config.reversal).min(3.0);
            return Advice::new(DecisionAction::Close, conviction, format!("the trend turned: {numbers}"));
        }
        let momentum = |rsi: f64| if self.side > 0.0 { rsi } else { 100.0 - rsi };
        let (now, before) = (momentum(reading.rsi), momentum(reading.rsi_before));
        // Only on the candle that crosses: a level would halve the position again on every candle.
        if now >= config.exhausted
            && before < config.exhausted
            && self.gain_atr().is_some_and(|gain| gain > 0.0)
        {
            let mut advice =
                Advice::new(DecisionAction::Reduce, 0.6, format!("momentum is exhausted: {numbers}"));
            advice.stop = self.tighter_stop();
            return advice;
        }
        match self.tighter_stop() {
            Some(stop) => {
                let mut advice = Advice::hold(format!("the stop moves to {stop}: {numbers}"));
                advice.conviction = 0.5;
                advice.stop = Some(stop);
                advice
            }
            None => Advice::hold(format!("nothing speaks against the position: {numbers}")),
        }
    }

    /// Open profit per unit, in ATR.
    fn gain_atr(&self) -> Option<f64> {
        let entry = self.asset.entry?.to_f64();
        Some(self.side * (self.asset.price.to_f64() - entry) / self.reading.atr)
    }

    /// A stop nearer to the price than the present one; the first stop of a position that has none.
    fn tighter_stop(&self) -> Option<Price> {
        let price = self.asset.price.to_f64();
        let ahead = self.gain_atr().is_some_and(|gain| gain >= self.config.tighten_after_atr);
        let distance = match (ahead, self.asset.stop) {
            (true, _) => self.config.trail_atr,
            (false, None) => self.config.stop_atr,
            (false, Some(_)) => return None,
        };
        let stop = level(price, -self.side * distance * self.reading.atr)?;
        let step = |present: Price| self.side * (stop.to_f64() - present.to_f64()) / self.reading.atr;
        self.asset.stop.is_none_or(|present| step(present) >= LEAST_STEP_ATR).then_some(stop)
    }
}

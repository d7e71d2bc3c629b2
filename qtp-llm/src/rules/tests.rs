use proptest::prelude::*;
use qtp_core::{Bracket, Decision, DecisionAction, Price, Quantity, TradeDecision};

use super::*;
use crate::testing::{candle, flat, market, price, request};

const BTC: &str = "BTC-USDC-PERP@sim";

fn advise(asset: AssetView) -> TradeDecision {
    RuleEngine::default().advise(&request(vec![asset])).unwrap().trades.remove(0)
}

fn long(mut asset: AssetView, entry: f64, stop: Option<Price>) -> AssetView {
    asset.position = "0.5".parse().unwrap();
    asset.entry = Some(price(entry));
    asset.stop = stop;
    asset
}

/// A steady climb or fall with small setbacks.
fn slope(step: f64) -> Vec<Candle> {
    let close =
        |index: usize| 1000.0 + step * index as f64 + if index.is_multiple_of(3) { -1.0 } else { 0.5 };
    (1..80).map(|i| candle(BTC, i, [close(i - 1), close(i) + 1.0, close(i) - 1.0, close(i)])).collect()
}

#[derive(Default)]
struct Tally {
    opened: usize,
    wins: usize,
    losses: usize,
}

/// Plays the advice on the following candles: in at the next open, out at stop, target or advice; the stop wins.
fn play(candles: &[Candle]) -> Tally {
    let mut tally = Tally::default();
    let mut open: Option<(f64, f64, Price, Price)> = None;
    for end in 60..candles.len() {
        let next = &candles[end];
        let mut asset = flat(BTC, candles[end - 60..end].to_vec());
        if let Some((side, entry, stop, target)) = open {
            asset.position = if side > 0.0 { "1".parse().unwrap() } else { "-1".parse().unwrap() };
            (asset.entry, asset.stop, asset.target) = (Some(price(entry)), Some(stop), Some(target));
        }
        let advice = advise(asset);
        if open.is_none() && matches!(advice.action, DecisionAction::Buy | DecisionAction::Sell) {
            let side = if advice.action == DecisionAction::Buy { 1.0 } else { -1.0 };
            open = Some((side, next.open().to_f64(), advice.stop.unwrap(), advice.target.unwrap()));
            tally.opened += 1;
        }
        let Some((side, entry, mut stop, target)) = open else { continue };
        if advice.action == DecisionAction::Hold {
            stop = advice.stop.unwrap_or(stop);
        }
        let (worst, best) = if side > 0.0 { (next.low(), next.high()) } else { (next.high(), next.low()) };
        let beyond = |level: Price, reached: Price| side * (reached.to_f64() - level.to_f64());
        let exit = match advice.action {
            DecisionAction::Close => Some(next.open()),
            _ if beyond(stop, worst) <= 0.0 => Some(stop),
            _ if beyond(target, best) >= 0.0 => Some(target),
            _ => None,
        };
        open = if exit.is_none() { Some((side, entry, stop, target)) } else { None };
        if let Some(exit) = exit {
            let won = side * (exit.to_f64() - entry) > 0.0;
            if won { tally.wins += 1 } else { tally.losses += 1 }
        }
    }
    tally
}

#[test]
fn trades_several_times_a_day_and_both_wins_and_loses() {
    for seed in 1..=8 {
        let days = 5;
        let tally = play(&market(BTC, seed, 64_250.5, 288 * days));
        let per_day = tally.opened as f64 / days as f64;
        println!("seed {seed}: {per_day} a day, {} won, {} lost", tally.wins, tally.losses);
        assert!((2.0..=25.0).contains(&per_day), "seed {seed}: {per_day} trades a day");
        assert!(
            tally.wins >= 3 && tally.losses >= 3,
            "seed {seed}: {} won, {} lost",
            tally.wins,
            tally.losses
        );
    }
}

#[test]
fn same_request_gives_the_same_bytes() {
    let picture = request(vec![
        flat(BTC, market(BTC, 3, 0.000_123_4, 100)),
        flat("ETH-USDC-PERP@sim", market(BTC, 4, 3000.0, 90)),
    ]);
    let answer = |engine: RuleEngine| serde_json::to_string(&engine.advise(&picture).unwrap()).unwrap();
    let first = answer(RuleEngine::default());
    assert_eq!(first, answer(RuleEngine::default()));
    let decision: Decision = serde_json::from_str(&first).unwrap();
    assert_eq!(decision.trades.len(), 2);
    assert!(decision.trades.iter().all(|trade| trade.rationale.contains("ema(9)")));
}

#[test]
fn short_history_holds() {
    let engine = RuleEngine::default();
    let needed = engine.config().warmup();
    let candles = market(BTC, 5, 100.0, needed);
    for count in [0, 1, needed - 1] {
        let advice = advise(flat(BTC, candles[..count].to_vec()));
        assert_eq!(advice.action, DecisionAction::Hold);
        assert!(advice.rationale.contains("waiting for"), "{}", advice.rationale);
    }
    assert!(!advise(flat(BTC, candles)).rationale.contains("waiting for"));
}

#[test]
fn missing_timeframe_holds() {
    let config = RuleConfig { timeframe: Some(Timeframe::H4), ..RuleConfig::default() };
    let engine = RuleEngine::new(config).unwrap();
    let decision = engine.advise(&request(vec![flat(BTC, market(BTC, 5, 100.0, 99))])).unwrap();
    assert_eq!(decision.trades[0].action, DecisionAction::Hold);
    assert!(decision.trades[0].rationale.contains("no candles"));
}

#[test]
fn still_market_and_working_orders_hold() {
    let still: Vec<_> = (0..60).map(|i| candle(BTC, i, [5.0; 4])).collect();
    assert_eq!(advise(flat(BTC, still)).action, DecisionAction::Hold);
    let mut busy = flat(BTC, market(BTC, 5, 100.0, 99));
    busy.working = "1".parse().unwrap();
    assert!(advise(busy).rationale.contains("working"));
}

#[test]
fn halt_stops_entries_and_allows_exits() {
    let falling = slope(-2.0);
    let mut picture = request(vec![flat(BTC, falling.clone()), long(flat(BTC, falling), 1000.0, None)]);
    picture.halted = true;
    let trades = RuleEngine::default().advise(&picture).unwrap().trades;
    assert_eq!((trades[0].action, trades[1].action), (DecisionAction::Hold, DecisionAction::Close));
    assert!(trades[0].rationale.contains("halt"));
}

#[test]
fn position_against_the_trend_is_closed_and_with_it_held() {
    let held = advise(long(flat(BTC, slope(0.4)), 1030.0, Some(price(1020.0))));
    assert_eq!(held.action, DecisionAction::Hold);
    assert_eq!(advise(long(flat(BTC, slope(-2.0)), 1000.0, None)).action, DecisionAction::Close);
    let mut short = long(flat(BTC, slope(2.0)), 1000.0, None);
    short.position = "-0.5".parse().unwrap();
    assert_eq!(advise(short).action, DecisionAction::Close);
}

#[test]
fn open_profit_tightens_the_stop_and_never_loosens_it() {
    let candles = slope(0.4);
    let advice = advise(long(flat(BTC, candles.clone()), 1001.0, Some(price(990.0))));
    let stop = advice.stop.unwrap();
    assert_eq!(advice.action, DecisionAction::Hold);
    assert!(stop > price(990.0) && stop < candles[78].close(), "{stop}");
    let again = advise(long(flat(BTC, candles), 1001.0, Some(stop)));
    assert_eq!((again.action, again.stop), (DecisionAction::Hold, None));
}

#[test]
fn position_without_a_stop_gets_one() {
    let advice = advise(long(flat(BTC, slope(0.4)), 1031.0, None));
    assert_eq!(advice.action, DecisionAction::Hold);
    assert!(advice.stop.is_some_and(|stop| stop < price(1031.0)));
}

#[test]
fn exhausted_momentum_halves_once() {
    let mut candles: Vec<_> = (0..60)
        .map(|i| candle(BTC, i, [1000.0, 1003.0, 997.0, if i % 2 == 0 { 1001.0 } else { 999.0 }]))
        .collect();
    let mut reduced = 0;
    for step in 1..12 {
        let close = 1000.0 + 4.0 * f64::from(step);
        candles.push(candle(BTC, 59 + step as usize, [close - 4.0, close + 1.0, close - 5.0, close]));
        let advice = advise(long(flat(BTC, candles.clone()), 1000.0, Some(price(990.0))));
        reduced += usize::from(advice.action == DecisionAction::Reduce);
    }
    assert_eq!(reduced, 1);
}

#[test]
fn validation_lists_every_problem() {
    let config = RuleConfig { fast: 0, slow: 0, stop_atr: f64::NAN, trend: 3.0, ..RuleConfig::default() };
    let error = RuleEngine::new(config).unwrap_err().to_string();
    for field in ["fast", "slow", "stop_atr", "reversal"] {
        assert!(error.contains(field), "{error}");
    }
    assert!(serde_json::from_str::<RuleConfig>(r#"{"fats": 3}"#).is_err());
    assert_eq!(
        serde_json::from_str::<RuleConfig>(r#"{"timeframe": "1h"}"#).unwrap().timeframe,
        Some(Timeframe::H1)
    );
}

#[tokio::test]
async fn port_answers_like_the_plain_call() {
    let engine: Box<dyn DecisionEngine> = Box::new(RuleEngine::default());
    let picture = request(vec![flat(BTC, market(BTC, 9, 50.0, 80))]);
    assert_eq!(engine.decide(&picture).await.unwrap(), RuleEngine::default().advise(&picture).unwrap());
    assert_eq!(engine.name(), "rules");
}

#[test]
fn rounding_never_moves_a_level_to_the_other_side() {
    for now in [10_000.4, 10_000.6, 123_456.5, 1.000_04, 0.000_123_456] {
        for share in [1e-6, 1e-3] {
            let below = advice::level(now, -share * now).unwrap();
            let above = advice::level(now, share * now).unwrap();
            assert!(below.to_f64() < now && above.to_f64() > now, "{below} {now} {above}");
        }
    }
    assert_eq!(advice::level(1.0, -2.0), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn exits_stand_on_the_right_side(
        seed: u64,
        start in prop_oneof![0.000_01..0.001_f64, 1.0..100.0_f64, 1e4..1e6_f64],
        count in 30..200_usize,
        position in -2..=2_i32,
        entry in 0.9..1.1_f64,
        stop in proptest::option::of(0.8..1.2_f64),
    ) {
        let mut asset = flat(BTC, market(BTC, seed, start, count));
        let now = asset.price.to_f64();
        asset.position = Quantity::new(position.into()).unwrap();
        if position != 0 {
            asset.entry = Some(price(now * entry));
            asset.stop = stop.map(|share| price(now * share));
        }
        let (present, before) = (asset.price, asset.stop);
        let advice = advise(asset);
        let direction = match advice.action {
            DecisionAction::Buy => 1,
            DecisionAction::Sell => -1,
            _ => position.signum() as i8,
        };
        let opens = matches!(advice.action, DecisionAction::Buy | DecisionAction::Sell);
        prop_assert_eq!(opens, advice.stop.is_some() && advice.target.is_some());
        prop_assert!(!opens || position == 0);
        prop_assert_eq!(Bracket { stop: advice.stop, target: advice.target }.problem(direction, present), None);
        if let (Some(new), Some(old)) = (advice.stop, before) {
            prop_assert!(if direction > 0 { new > old } else { new < old }, "loosened");
        }
        prop_assert!(advice.conviction.to_f64() >= 0.0 && advice.conviction.to_f64() <= 1.0);
    }
}

//! What a mask hides, and that it comes off without a trace.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use proptest::prelude::*;
use qtp_core::port::DecisionEngine;
use qtp_core::{
    Decimal, Decision, DecisionAction, DecisionError, DecisionRequest, EntryThesis, ExitPlan, Expression,
    Level, Operation, Price, TradeDecision,
};

use super::Masked;
use super::scale::{Scale, name};
use crate::settings::MaskSettings;
use crate::testing::{flat, market, price, request};

const ALL: MaskSettings = MaskSettings { names: true, dates: true, prices: true, seed: 7 };

/// Buys everything with a stop 2 % below and a target 4 % above what it sees, and remembers what it saw.
#[derive(Default)]
struct Buyer(Mutex<Option<DecisionRequest>>);

#[async_trait]
impl DecisionEngine for Buyer {
    fn name(&self) -> &str {
        "buyer"
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        *self.0.lock().unwrap() = Some(request.clone());
        let trade = |asset: &qtp_core::AssetView| TradeDecision {
            instrument: asset.instrument.clone(),
            action: DecisionAction::Buy,
            conviction: "0.5".parse().unwrap(),
            allocation: Some("1000".parse().unwrap()),
            stop: Some(Price::new(asset.price.get() * "0.98".parse::<qtp_core::Decimal>().unwrap()).unwrap()),
            target: Some(
                Price::new(asset.price.get() * "1.04".parse::<qtp_core::Decimal>().unwrap()).unwrap(),
            ),
            exit_plan: String::new(),
            plan: None,
            rationale: String::new(),
        };
        Ok(Decision {
            engine: "buyer".into(),
            model: None,
            reasoning: "so".into(),
            prompt: None,
            trades: request.assets.iter().map(trade).collect(),
        })
    }
}

/// A plan about a price, a volume, an oscillator, two averages, and a price beside a volume.
fn plan(prices: Decimal, volumes: Decimal) -> ExitPlan {
    let rule = |left: &str, right: Expression| {
        Expression::Call(Operation::Below, vec![Expression::Name(left.to_owned()), right])
    };
    let number = |text: &str, factor: Decimal| {
        let value = text.parse::<Decimal>().unwrap() * factor;
        Expression::Number(value.to_string().parse().unwrap())
    };
    let one = Decimal::ONE;
    ExitPlan {
        invalidation: vec![
            rule("close", number("64000.5", prices)),
            rule("entry_price", number("1000", prices)),
            rule("volume", number("3.5", volumes)),
            rule("rsi(14)", number("45", one)),
            rule("unrealized_return", number("-0.02", one)),
            rule("atr(14)", number("12.5", prices)),
            rule("ema(9)", Expression::Name("ema(21)".to_owned())),
        ],
        trailing_stop: Some(Level::Percent(1.5)),
        time_stop_candles: Some(12),
        cooldown_candles: 3,
    }
}

#[test]
fn a_plan_is_turned_back_as_what_it_compares_changes() {
    let engine = Masked::new(Arc::new(Buyer::default()), ALL);
    let mut real = picture();
    let masked = engine.mask(&real).unwrap();
    let own = Scale::of(&real.assets[0].instrument, &ALL);
    let (factor, reciprocal) = (own.factor(), own.reciprocal());
    let mut wished = plan(factor, reciprocal);
    // Nobody can say what this is on the other side.
    let pair = ["close", "volume"].map(|name| Expression::Name(name.to_owned())).to_vec();
    wished.invalidation.push(Expression::Call(Operation::Below, pair));
    let trade = TradeDecision {
        instrument: masked.assets[0].instrument.clone(),
        action: DecisionAction::Hold,
        conviction: "0.5".parse().unwrap(),
        allocation: None,
        stop: None,
        target: None,
        exit_plan: String::new(),
        plan: Some(wished),
        rationale: String::new(),
    };
    let decision = Decision {
        engine: "e".into(),
        model: None,
        reasoning: String::new(),
        prompt: None,
        trades: vec![trade],
    };
    let trade = engine.unmask(&real, &masked, decision).unwrap().trades.remove(0);
    assert_eq!(trade.plan, Some(plan(Decimal::ONE, Decimal::ONE)));
    assert!(trade.rationale.contains("[Not followed: 1 of the plan's"), "{}", trade.rationale);

    // And the model is shown its plan in the numbers that it knows.
    real.assets[0].thesis = Some(Box::new(EntryThesis {
        decided: real.as_of,
        rationale: String::new(),
        exit_plan: String::new(),
        plan: plan(Decimal::ONE, Decimal::ONE),
        candles: 4,
    }));
    let shown = engine.mask(&real).unwrap().assets.remove(0).thesis.unwrap();
    assert_eq!(shown.plan, plan(factor, reciprocal));
}

fn picture() -> DecisionRequest {
    let mut btc = flat("BTC-USDC-PERP@sim", market("BTC-USDC-PERP@sim", 3, 64_250.5, 60));
    btc.position = "0.5".parse().unwrap();
    btc.entry = Some(price(64_000.0));
    btc.stop = Some(price(63_000.0));
    let eth = flat("ETH-USDC-PERP@sim", market("ETH-USDC-PERP@sim", 4, 3_021.7, 60));
    request(vec![btc, eth])
}

#[tokio::test]
async fn names_dates_and_prices_are_gone_and_the_answer_fits_the_real_market() {
    let buyer = Arc::new(Buyer::default());
    let engine = Masked::new(Arc::clone(&buyer) as Arc<dyn DecisionEngine>, ALL);
    let real = picture();
    let decision = engine.decide(&real).await.unwrap();
    for (trade, asset) in decision.trades.iter().zip(&real.assets) {
        assert_eq!(trade.instrument, asset.instrument);
        let level = |factor: &str| {
            Price::new(asset.price.get() * factor.parse::<qtp_core::Decimal>().unwrap()).unwrap()
        };
        assert_eq!((trade.stop, trade.target), (Some(level("0.98")), Some(level("1.04"))));
        assert_eq!(trade.allocation, Some("1000".parse().unwrap()), "money is not scaled");
    }
    assert!(decision.reasoning.contains("BTC-USDC-PERP@sim with prices times"), "{}", decision.reasoning);

    let seen = buyer.0.lock().unwrap().take().unwrap();
    let text = serde_json::to_string(&seen).unwrap() + &format!("{:?}", seen.assets);
    for word in ["BTC", "ETH", "@sim", "64250.5", "2023-11"] {
        assert!(!text.contains(word), "{word} can be seen");
    }
    assert!(real.as_of.as_nanos() - seen.as_of.as_nanos() > 4 * 364 * 86_400 * 1_000_000_000);
    assert_eq!(real.as_of.time_of_day(), seen.as_of.time_of_day());
    for (masked, real) in seen.assets.iter().zip(&real.assets) {
        let worth = |asset: &qtp_core::AssetView| asset.position.get() * asset.price.get();
        assert_eq!(worth(masked).normalize(), worth(real).normalize(), "what a position is worth stays");
        assert_eq!((masked.unrealized, masked.funding), (real.unrealized, real.funding));
        let close = |asset: &qtp_core::AssetView| asset.candles[0].1.last().unwrap().ohlcv().close;
        let first = |asset: &qtp_core::AssetView| asset.candles[0].1[0].ohlcv().close;
        assert!((close(masked) / first(masked) - close(real) / first(real)).abs() < 1e-12, "returns stay");
        let moved = |asset: &qtp_core::AssetView| asset.candles[0].1[0].open_time().as_nanos();
        assert_eq!(moved(real) - moved(masked), real_shift(&picture(), &seen));
    }
    assert_eq!(seen.equity, real.equity);
}

fn real_shift(real: &DecisionRequest, seen: &DecisionRequest) -> i64 {
    real.as_of.as_nanos() - seen.as_of.as_nanos()
}

#[tokio::test]
async fn the_mask_is_the_same_in_every_decision_and_another_with_another_seed() {
    let mask = |settings: MaskSettings| {
        let engine = Masked::new(Arc::new(Buyer::default()), settings);
        engine.mask(&picture()).unwrap()
    };
    assert_eq!(mask(ALL), mask(ALL));
    assert_ne!(mask(ALL).assets[0].instrument, mask(MaskSettings { seed: 8, ..ALL }).assets[0].instrument);
    let off = MaskSettings::default();
    assert_eq!(mask(off), picture(), "nothing is masked by default");
    let only = mask(MaskSettings { dates: true, ..off });
    assert_eq!(
        (only.assets[0].price, &only.assets[0].instrument),
        (picture().assets[0].price, &picture().assets[0].instrument)
    );
    assert_ne!(only.as_of, picture().as_of);
}

#[test]
fn ids_of_every_kind_have_a_masked_form() {
    for id in
        ["BTC-USDC-PERP@hyperliquid.testnet", "AAPL@alpaca", "BTC-USDT@binance", "BTC-USDT-20261225@binance"]
    {
        let masked = name(&id.parse().unwrap(), &ALL).unwrap().to_string();
        assert!(!masked.contains("BTC") && !masked.contains("AAPL") && !masked.contains("2026"), "{masked}");
        assert!(masked.ends_with("@market"), "{masked}");
    }
}

proptest! {
    #[test]
    fn every_price_comes_back_exact(seed in any::<u64>(), digits in 1_i64..10_000_000_000, scale in 0_u32..9) {
        let settings = MaskSettings { seed, ..ALL };
        let price = Price::new(qtp_core::Decimal::new(digits, scale)).unwrap();
        let own = Scale::of(&"BTC-USDC-PERP@sim".parse().unwrap(), &settings);
        prop_assert!(own.factor() != qtp_core::Decimal::ONE);
        prop_assert_eq!(own.price_back(own.price(price).unwrap()).unwrap(), price);
    }
}

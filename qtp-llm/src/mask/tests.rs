//! What a mask hides, and that it comes off without a trace.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use proptest::prelude::*;
use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionAction, DecisionError, DecisionRequest, Price, TradeDecision};

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

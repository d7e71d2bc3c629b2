//! The synthetic market is a pure function of its seed, and legal in every candle.

#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use qtp_core::{
    Candle, CandleBatch, CandleQuery, Event, FundingRate, MarketTopic, PriceRule, SizeRule, Timeframe,
    Timestamp,
};
use qtp_exchange::MarketData;
use qtp_exchange::candle_file::CandleSource;
use qtp_exchange::synthetic::{SyntheticConfig, SyntheticFeed, SyntheticMarket};

fn config(minutes: u64, timeframes: &[Timeframe]) -> SyntheticConfig {
    SyntheticConfig { minutes: Some(minutes), timeframes: timeframes.to_vec(), ..SyntheticConfig::default() }
}

fn drain(feed: &mut SyntheticFeed) -> (Vec<(Timestamp, Vec<Candle>)>, Vec<FundingRate>) {
    let (mut batches, mut rates, mut batch) = (Vec::new(), Vec::new(), CandleBatch::default());
    while let Some(close) = feed.next_into(&mut batch) {
        batches.push((close, batch.candles.clone()));
        feed.funding_until(close, &mut rates);
    }
    (batches, rates)
}

fn json(seed: u64) -> String {
    let mut feed = SyntheticFeed::new(seed, config(300, &[Timeframe::M1])).unwrap();
    serde_json::to_string(&drain(&mut feed)).unwrap()
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_others() {
    assert_eq!(json(1), json(1));
    assert_ne!(json(1), json(2));
}

#[test]
fn a_saved_feed_goes_on_with_the_same_bytes_and_refuses_another_market() {
    let build = || SyntheticFeed::new(9, config(300, &[Timeframe::M1, Timeframe::H1])).unwrap();
    let (mut whole, mut batch) = (build(), CandleBatch::default());
    for _ in 0..130 {
        whole.next_into(&mut batch);
    }
    let text = whole.save().unwrap();
    let mut restored = build();
    restored.restore(&text).unwrap();
    assert_eq!(restored, whole);
    assert_eq!(drain(&mut restored), drain(&mut whole));
    let mut other = SyntheticFeed::new(9, config(299, &[Timeframe::M1])).unwrap();
    let before = other.clone();
    assert!(other.restore(&text).unwrap_err().to_string().contains("another synthetic market"));
    assert!(other.restore(&text[..90]).is_err());
    assert_eq!(other, before, "a refused state changes nothing");
}

/// A change of these numbers changes every recorded demonstration: it needs a note in the change log.
#[test]
fn the_path_of_a_seed_stays_as_it_was_released() {
    let mut feed = SyntheticFeed::new(42, config(10 * 1440, &[Timeframe::D1])).unwrap();
    let (batches, rates) = drain(&mut feed);
    let closes: Vec<_> = batches[9].1.iter().map(|candle| candle.close().to_string()).collect();
    assert_eq!(closes, RELEASED_CLOSES);
    assert_eq!(rates[700].rate.to_string(), RELEASED_RATE);
}

const RELEASED_CLOSES: [&str; 3] = ["63945", "3473.2", "167.485"];
const RELEASED_RATE: &str = "0.00004816";

#[test]
fn candles_are_legal_and_follow_each_other() {
    let market = SyntheticMarket::new(3, config(4_000, &[Timeframe::M1])).unwrap();
    let (batches, _) = drain(&mut market.feed().unwrap());
    assert_eq!(batches.len(), 4_000);
    let mut last: Vec<Option<Candle>> = vec![None; 3];
    for (close, candles) in &batches {
        assert_eq!(candles.len(), 3);
        for ((candle, definition), last) in candles.iter().zip(market.definitions()).zip(&mut last) {
            assert_eq!(candle.instrument(), &definition.id);
            assert_eq!(candle.close_time(), *close);
            assert!(candle.low() <= candle.open().min(candle.close()), "{candle:?}");
            assert!(candle.high() >= candle.open().max(candle.close()), "{candle:?}");
            for price in [candle.open(), candle.high(), candle.low(), candle.close()] {
                assert!(definition.price_rule.allows(price), "{price}");
            }
            assert!(definition.size_rule.allows(candle.volume()) && candle.volume().signum() > 0);
            if let Some(last) = last.replace(candle.clone()) {
                assert_eq!((last.close(), last.close_time()), (candle.open(), candle.open_time()));
            }
        }
    }
}

#[test]
fn definitions_have_ticks_lots_margin_and_hourly_funding() {
    let market = SyntheticMarket::new(1, SyntheticConfig::default()).unwrap();
    let leverages: Vec<_> =
        market.definitions().iter().map(|d| d.margin_tiers[0].max_leverage.to_string()).collect();
    assert_eq!(leverages, ["40", "25", "20"]);
    for definition in market.definitions() {
        assert_eq!(definition.id.venue_str(), "synthetic");
        assert!(
            matches!(definition.price_rule, PriceRule::Tick(_))
                && matches!(definition.size_rule, SizeRule::Lot(_))
        );
        assert_eq!(definition.funding_interval.unwrap().as_secs(), 3600);
        assert_eq!(definition.validate(), Vec::<String>::new());
    }
}

#[test]
fn funding_is_paid_each_hour_by_every_coin() {
    let mut feed = SyntheticFeed::new(5, config(24 * 60 * 5, &[Timeframe::H1])).unwrap();
    let (_, rates) = drain(&mut feed);
    assert_eq!(rates.len(), 24 * 5 * 3);
    assert!(rates.iter().all(|rate| rate.time.as_secs() % 3600 == 0 && rate.reference.is_some()));
    assert!(rates.is_sorted_by_key(|rate| (rate.time, rate.instrument.clone())));
    assert!(
        rates.iter().any(|rate| rate.rate.signum() < 0) && rates.iter().any(|rate| rate.rate.signum() > 0)
    );
}

#[test]
fn wider_candles_agree_with_their_minutes() {
    let frames = [Timeframe::H1, Timeframe::M1, Timeframe::M5];
    let mut feed = SyntheticFeed::new(9, config(600, &frames)).unwrap();
    let (batches, _) = drain(&mut feed);
    let (last, candles) = &batches[599];
    assert_eq!(last.as_secs() % 3600, 0);
    let keys: Vec<_> = candles.iter().map(|c| (c.timeframe(), c.instrument().base().to_owned())).collect();
    assert!(keys.is_sorted() && keys.len() == 9);
    let minutes: Vec<&Candle> = batches[540..].iter().map(|(_, candles)| &candles[0]).collect();
    let hour = &candles[6];
    assert_eq!((hour.timeframe(), hour.instrument()), (Timeframe::H1, minutes[0].instrument()));
    assert_eq!((hour.open_time(), hour.open()), (minutes[0].open_time(), minutes[0].open()));
    assert_eq!(hour.close(), minutes[59].close());
    assert_eq!(hour.high(), minutes.iter().map(|c| c.high()).max().unwrap());
    assert_eq!(hour.low(), minutes.iter().map(|c| c.low()).min().unwrap());
    assert_eq!(hour.volume(), minutes.iter().map(|c| c.volume()).sum());
}

#[test]
fn a_coin_does_not_depend_on_the_others() {
    let mut alone = config(500, &[Timeframe::M1]);
    alone.coins.remove(0);
    let (alone, _) = drain(&mut SyntheticFeed::new(4, alone).unwrap());
    let (all, _) = drain(&mut SyntheticFeed::new(4, config(500, &[Timeframe::M1])).unwrap());
    assert!(alone.iter().zip(&all).all(|((_, alone), (_, all))| alone[..] == all[1..]));
}

#[tokio::test]
async fn queries_agree_with_the_feed() {
    let market = SyntheticMarket::new(8, config(5000, &[Timeframe::M1, Timeframe::M5])).unwrap();
    let (batches, rates) = drain(&mut market.feed().unwrap());
    let eth = market.definitions()[1].id.clone();
    let start = Timestamp::from_secs(1_704_067_200 + 1000 * 60 + 7);
    let end = start + std::time::Duration::from_secs(2000 * 60);
    for timeframe in [Timeframe::M1, Timeframe::M5] {
        let mut query = CandleQuery { instrument: eth.clone(), timeframe, start, end, limit: None };
        let found = market.candles(&query).await.unwrap();
        let of_feed = batches.iter().flat_map(|(_, candles)| candles);
        let wanted = |c: &&Candle| {
            *c.instrument() == eth
                && c.timeframe() == timeframe
                && c.open_time() >= start
                && c.open_time() < end
        };
        let expected: Vec<Candle> = of_feed.filter(wanted).cloned().collect();
        assert_eq!(found, expected);
        query.limit = Some(50);
        assert_eq!(market.candles(&query).await.unwrap(), expected[expected.len() - 50..]);
    }
    let topics = [MarketTopic::Candles(eth.clone(), Timeframe::M5), MarketTopic::Mark(eth.clone())];
    let mut stream = market.subscribe(&topics).await.unwrap();
    let (mut candles, mut funding) = (0, 0);
    while let Some((_, event)) = stream.next().await {
        match event {
            Event::Candles(batch) => candles += batch.candles.len(),
            Event::FundingRate(rate) => funding += usize::from(rate.instrument == eth),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((candles, funding), (1000, rates.len() / 3));
    let forever =
        CandleQuery { instrument: eth, timeframe: Timeframe::M1, start, end: Timestamp::MAX, limit: None };
    let endless = SyntheticMarket::new(8, SyntheticConfig::default()).unwrap();
    assert!(endless.candles(&forever).await.is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn going_on_equals_never_having_stopped(seed in any::<u64>(), at in 0_u64..3000, offset in 0_i64..120) {
        let mut config = config(3200, &[Timeframe::M1, Timeframe::M5, Timeframe::H4]);
        config.start = Timestamp::from_secs(1_704_067_200 + offset * 60);
        let mut sequential = SyntheticFeed::new(seed, config.clone()).unwrap();
        let (mut batch, mut rates) = (CandleBatch::default(), Vec::new());
        while sequential.minute() < at {
            sequential.next_into(&mut batch);
            sequential.funding_until(sequential.now(), &mut rates);
        }
        let mut forwarded = SyntheticFeed::new(seed, config).unwrap();
        forwarded.fast_forward(at);
        prop_assert_eq!(&forwarded, &sequential);
        let text = serde_json::to_string(&sequential).unwrap();
        let mut restored: SyntheticFeed = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&restored, &sequential);
        let expected = drain(&mut sequential);
        prop_assert_eq!(&drain(&mut forwarded), &expected);
        prop_assert_eq!(&drain(&mut restored), &expected);
    }
}

//! Never more weight in any window than the venue allows, and always something left for exits.

use std::time::Duration;

use proptest::prelude::*;
use qtp_exchange::transport::{Budget, Charge, Limit, Priority};
use tokio::time::{Instant, advance};

const MINUTE: Duration = Duration::from_secs(60);

fn budget(capacity: u32) -> Budget {
    Budget::new([Limit { name: "weight", capacity, window: MINUTE }])
}

fn weight(weight: u32) -> [Charge; 1] {
    [Charge { limit: 0, weight }]
}

#[tokio::test(start_paused = true)]
async fn a_fifth_is_kept_for_exits() {
    let budget = budget(1200);
    budget.acquire(&weight(960), Priority::Normal, Duration::ZERO).await.unwrap();
    let refused = budget.acquire(&weight(1), Priority::Normal, Duration::ZERO).await.unwrap_err();
    assert_eq!((refused.limit, refused.retry_after), ("weight", Some(MINUTE)));
    budget.acquire(&weight(240), Priority::Exit, Duration::ZERO).await.unwrap();
    assert!(budget.acquire(&weight(1), Priority::Exit, Duration::ZERO).await.is_err());
    assert_eq!(budget.used(0), 1200);
}

#[tokio::test(start_paused = true)]
async fn who_has_patience_gets_room_as_soon_as_it_is_free() {
    let budget = budget(100);
    let start = Instant::now();
    budget.acquire(&weight(50), Priority::Normal, Duration::ZERO).await.unwrap();
    advance(Duration::from_secs(20)).await;
    budget.acquire(&weight(30), Priority::Normal, Duration::ZERO).await.unwrap();
    budget.acquire(&weight(40), Priority::Normal, MINUTE).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 60);
    budget.acquire(&weight(40), Priority::Normal, MINUTE).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 80);
}

#[tokio::test(start_paused = true)]
async fn a_request_over_the_limit_is_refused_for_good() {
    let refused = budget(100).acquire(&weight(81), Priority::Normal, MINUTE * 9).await.unwrap_err();
    assert_eq!(refused.retry_after, None);
}

#[tokio::test(start_paused = true)]
async fn all_limits_are_taken_or_none() {
    let second = Limit { name: "orders", capacity: 5, window: Duration::from_secs(1) };
    let minute = Limit { name: "weight", capacity: 100, window: MINUTE };
    let budget = Budget::new([minute, second]);
    let charges = [Charge { limit: 0, weight: 10 }, Charge { limit: 1, weight: 3 }];
    budget.acquire(&charges, Priority::Normal, Duration::ZERO).await.unwrap();
    let refused = budget.acquire(&charges, Priority::Normal, Duration::ZERO).await.unwrap_err();
    assert_eq!((refused.limit, budget.used(0), budget.used(1)), ("orders", 10, 3));
    budget.acquire(&charges, Priority::Normal, Duration::from_secs(1)).await.unwrap();
    assert_eq!((budget.used(0), budget.used(1)), (20, 3));
}

#[tokio::test(start_paused = true)]
async fn a_pause_stops_exits_too_and_ends() {
    let budget = budget(100);
    budget.pause(Duration::from_secs(7));
    budget.pause(Duration::from_secs(2));
    let refused = budget.acquire(&weight(1), Priority::Exit, Duration::ZERO).await.unwrap_err();
    assert_eq!((refused.limit, refused.retry_after), ("pause", Some(Duration::from_secs(7))));
    let start = Instant::now();
    budget.acquire(&[], Priority::Normal, MINUTE).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn the_venues_count_only_raises_ours() {
    let budget = budget(100);
    budget.charge(Charge { limit: 0, weight: 30 });
    budget.observe(0, 20);
    assert_eq!(budget.used(0), 30);
    budget.observe(0, 70);
    assert_eq!(budget.used(0), 70);
    budget.observe(9, 70);
    advance(MINUTE).await;
    assert_eq!(budget.used(0), 0);
}

proptest! {
    /// Whatever the times and weights, no stretch of a window's length holds more than the limit, and normal requests
    /// alone never more than four fifths of it.
    #[test]
    fn no_window_holds_more_than_the_limit(
        requests in prop::collection::vec((0u64..20_000, 1u32..40, any::<bool>()), 1..200)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let budget = budget(100);
            let mut taken: Vec<(Instant, u32, bool)> = Vec::new();
            for (pause, amount, exit) in requests {
                advance(Duration::from_millis(pause)).await;
                let priority = if exit { Priority::Exit } else { Priority::Normal };
                if budget.acquire(&weight(amount), priority, Duration::from_secs(5)).await.is_ok() {
                    taken.push((Instant::now(), amount, exit));
                }
            }
            for (end, ..) in &taken {
                let window = || taken.iter().filter(|(at, ..)| at <= end && *at + MINUTE > *end);
                let all: u32 = window().map(|(_, amount, _)| amount).sum();
                assert!(all <= 100, "{all}");
                let normal: u32 = window().filter(|(.., exit)| !exit).map(|(_, amount, _)| amount).sum();
                assert!(normal <= 80, "{normal}");
            }
        });
    }
}

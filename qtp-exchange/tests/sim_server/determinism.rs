//! The same requests at the same simulated times give the same answers.

use serde_json::json;

use super::client::{SECOND, USER, Venue, limit, signed};

/// One run: everything that a client reads on its way.
async fn run() -> Vec<String> {
    let venue = Venue::with(|config| config.opens = Some("2024-01-08T00:57:00Z".parse().unwrap())).await;
    let mut read = Vec::new();
    let mut nonce = 1_704_672_500_000;
    for round in 0..6_u32 {
        let mark = venue.mark().await;
        let order = limit(round % 2 == 0, if round % 3 == 0 { mark } else { mark * 1.01 }, "Gtc");
        let action = json!({"type": "order", "orders": [order], "grouping": "na"}).to_string();
        nonce += 1;
        read.push(venue.post("/exchange", &signed(&action, nonce)).await.unwrap().1);
        venue.server.step(SECOND * 60);
        for body in [
            json!({"type": "clearinghouseState", "user": USER}),
            json!({"type": "historicalOrders", "user": USER}),
            json!({"type": "userFills", "user": USER}),
            json!({"type": "userFunding", "user": USER, "startTime": 0}),
            json!({"type": "l2Book", "coin": "BTC"}),
            json!({"type": "recentTrades", "coin": "ETH"}),
            json!({"type": "metaAndAssetCtxs"}),
        ] {
            read.push(venue.post("/info", &body.to_string()).await.unwrap().1);
        }
    }
    read
}

#[tokio::test]
async fn same_seed_same_requests_same_bytes() {
    let (one, other) = (run().await, run().await);
    assert_eq!(one.len(), 48);
    assert_eq!(one, other);
    assert!(one.iter().any(|text| text.contains("closedPnl")), "something was traded");
}

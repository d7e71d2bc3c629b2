//! Executions and the protection of what they open.

use qtp_core::{OrderKind, OrderRequest, OrderStatus, Quantity, Side};

use super::account::Session;
use super::{Stage, against, level, moves};

/// A market order fills once and whole; stream, history and account say the same.
pub async fn fills(stage: &dyn Stage) {
    for (suite, side) in [(2, Side::Buy), (3, Side::Sell)] {
        let mut session = Session::open(stage, suite).await;
        let Some(entry) = session.enter(side, "fills").await else { return };
        let told = session.filled(&entry, "a market order fills").await;
        let position = session.position().await;
        assert_eq!(position, side.signed(entry.quantity), "the account holds what was filled");
        let report = session.look_up(&entry).await.expect("a filled order can be looked up");
        assert_eq!(
            (report.status, report.filled),
            (OrderStatus::Filled, entry.quantity),
            "it is filled whole"
        );

        let since = told.iter().map(|fill| fill.time).min().expect("there is a fill");
        let history = stage.exchange().fills_since(since).await.expect("fills can be read");
        assert!(history.windows(2).all(|pair| pair[0].time <= pair[1].time), "fills ascend");
        for fill in &told {
            assert_eq!(
                (fill.side, fill.external),
                (side, None),
                "a fill of ours has our side and no other cause"
            );
            let same = history.iter().filter(|other| other.trade_id == fill.trade_id);
            assert_eq!(
                same.count(),
                1,
                "a fill of the stream is in the history once, `fills_since` is inclusive"
            );
        }

        let limit = level(stage, against(side, 3));
        let resting = session.order(side, OrderKind::Limit { price: limit });
        session.submit(&resting).await.expect("a limit order is taken");
        if moves(stage, "a limit is traded through", against(side, 6)).await {
            let fills = session.filled(&resting, "a limit that is traded through fills").await;
            let worse = fills.iter().any(|fill| match side {
                Side::Buy => fill.price > limit,
                Side::Sell => fill.price < limit,
            });
            assert!(!worse, "a limit fills at its price or better");
        }
        session.close("fills").await;
    }
}

/// A stop rests until its price is reached, closes the position then, and never opens another.
pub async fn protection(stage: &dyn Stage) {
    for (suite, side) in [(4, Side::Buy), (5, Side::Sell)] {
        let mut session = Session::open(stage, suite).await;
        let Some(entry) = session.enter(side, "protection").await else { return };
        let stop = session.stop(side.opposite(), level(stage, against(side, 4)));
        session.submit(&stop).await.expect("a protective stop is taken");
        session.told(&stop, OrderStatus::Open, "a stop that rests is reported open").await;
        moves(stage, "protection", against(side, 2)).await;
        assert!(session.rests(&stop).await, "a stop rests until its price is reached");
        assert_eq!(session.position().await, side.signed(entry.quantity), "and the position with it");

        moves(stage, "protection", against(side, 5)).await;
        moves(stage, "protection", against(side, 5)).await;
        session.filled(&stop, "a stop fires when its price is reached").await;
        assert_eq!(session.position().await, Quantity::ZERO, "a stop closes the position");

        // A stop that outlived its position must not open one.
        moves(stage, "protection", 0).await;
        let orphan: OrderRequest = session.stop(side.opposite(), level(stage, against(side, 4)));
        if session.submit(&orphan).await.is_ok() {
            moves(stage, "protection", against(side, 5)).await;
            moves(stage, "protection", against(side, 5)).await;
            assert!(session.position().await.is_zero(), "a stop without a position opens nothing");
        }
        moves(stage, "protection", 0).await;
        session.close("protection").await;
    }
}

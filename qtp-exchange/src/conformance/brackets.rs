//! An entry with its protection: the bracket rule as the order manager works it, with single orders.

use qtp_core::{OrderKind, OrderRequest, OrderRole, OrderStatus, Quantity, Side};

use super::account::Session;
use super::{Stage, against, level, moves};

/// Protection follows the position: a larger stop may rest before the smaller one leaves, the second one fires for what
/// is left, and where the venue takes both, stop and target rest together and only one of them trades.
pub async fn brackets(stage: &dyn Stage) {
    for (suite, side) in [(6, Side::Buy), (7, Side::Sell)] {
        let mut session = Session::open(stage, suite).await;
        let Some(entry) = session.enter(side, "brackets").await else { return };
        let first = session.stop(side.opposite(), level(stage, against(side, 4)));
        session.submit(&first).await.expect("a protective stop is taken");
        session.told(&first, OrderStatus::Open, "a stop that rests is reported open").await;

        let more = session.enter(side, "brackets").await.map_or(Quantity::ZERO, |order| order.quantity);
        let whole = entry.quantity + more;
        // New before old: a resize leaves no gap.
        let resized =
            OrderRequest { quantity: whole, ..session.stop(side.opposite(), level(stage, against(side, 4))) };
        session.submit(&resized).await.expect("a stop for more rests beside the one for less");
        session.told(&resized, OrderStatus::Open, "the resized stop is reported open").await;
        session.withdraw(&first).await;
        session.told(&first, OrderStatus::Canceled, "the old stop is reported cancelled").await;
        assert!(session.rests(&resized).await, "cancelling the old stop leaves the new one");

        let both = stage.exchange().capabilities().stop_and_target;
        if both {
            let price = level(stage, against(side, -4));
            let target = session.order(side.opposite(), OrderKind::Limit { price });
            let target =
                OrderRequest { quantity: whole, reduce_only: true, role: OrderRole::Target, ..target };
            session.submit(&target).await.expect("a target rests beside the stop");
            moves(stage, "brackets", against(side, -6)).await;
            session.filled(&target, "a target that is traded through fills").await;
            assert!(session.position().await.is_zero(), "the target closes the position");
            session.withdraw(&resized).await;
            moves(stage, "brackets", against(side, 6)).await;
            moves(stage, "brackets", against(side, 6)).await;
            assert!(session.position().await.is_zero(), "stop and target do not both trade");
        } else {
            moves(stage, "brackets", against(side, 6)).await;
            moves(stage, "brackets", against(side, 6)).await;
            session.filled(&resized, "the resized stop closes the whole position").await;
        }
        moves(stage, "brackets", 0).await;
        session.close("brackets").await;
    }
}

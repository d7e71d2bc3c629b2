//! Orders that rest, leave and are refused.

use qtp_core::{ExchangeError, OrderKind, OrderRequest, OrderStatus, Side};

use super::account::Session;
use super::{Stage, level};

/// Orders rest until they are cancelled; a cancel may be repeated; an id works once; what is impossible is refused.
pub async fn orders(stage: &dyn Stage) {
    let mut session = Session::open(stage, 1).await;
    stage.trade(stage.price()).await;

    let never_sent = session.order(Side::Buy, OrderKind::Limit { price: level(stage, -8) });
    assert_eq!(session.look_up(&never_sent).await, None, "an order that was never sent is not known");

    let resting = session.order(Side::Buy, OrderKind::Limit { price: level(stage, -8) });
    session.submit(&resting).await.expect("a limit order is taken");
    session.told(&resting, OrderStatus::Open, "an order that rests is reported open").await;
    assert!(session.rests(&resting).await, "an order that rests is among the open ones");
    let report = session.look_up(&resting).await.expect("an order that rests can be looked up");
    assert_eq!(
        (report.side, report.quantity, report.price),
        (resting.side, resting.quantity, resting.kind.limit()),
        "a report says what was asked"
    );

    // Refused or unknown: either keeps a mistake from doubling a position.
    let twice = session.submit(&resting).await;
    assert!(twice.is_err(), "a client order id is taken once");
    let open = stage.exchange().open_orders().await.expect("open orders can be read");
    let same = open.iter().filter(|report| report.client_order_id == Some(resting.client_order_id));
    assert_eq!(same.count(), 1, "an order that was sent twice rests once");

    session.withdraw(&resting).await;
    session.told(&resting, OrderStatus::Canceled, "a cancelled order is reported so").await;
    assert!(!session.rests(&resting).await, "a cancelled order is not open");
    session.cancel(&resting).await.expect("a cancel of what is gone is no error");
    session.cancel(&never_sent).await.expect("a cancel of what never was is no error");

    refusals(&mut session).await;
    session.close("orders").await;
}

async fn refusals(session: &mut Session<'_>) {
    let stage = session.stage;
    let capabilities = stage.exchange().capabilities();
    if capabilities.reduce_only {
        let exit = OrderRequest { reduce_only: true, ..session.market(Side::Sell) };
        // Some venues refuse it, some take it and let it end without a fill.
        let refused = session.submit(&exit).await;
        assert!(
            matches!(refused, Ok(()) | Err(ExchangeError::Rejected { .. })),
            "an exit without a position is refused or ends unfilled: {refused:?}"
        );
        stage.trade(stage.price()).await;
        assert!(session.position().await.is_zero(), "an order that only reduces opens nothing");
        assert!(!session.rests(&exit).await, "an exit at the market does not wait for a position");
    }
    if capabilities.post_only && stage.trade(stage.price()).await {
        let price = level(stage, 5);
        let crossing =
            OrderRequest { post_only: true, ..session.order(Side::Buy, OrderKind::Limit { price }) };
        // Refused at once, or taken and cancelled by the venue.
        if session.submit(&crossing).await.is_ok() {
            session
                .told(&crossing, OrderStatus::Canceled, "a post-only order that crosses is cancelled")
                .await;
        }
        stage.trade(stage.price()).await;
        assert!(session.position().await.is_zero(), "a post-only order takes nothing");
    }
}

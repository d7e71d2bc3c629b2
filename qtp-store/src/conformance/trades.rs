//! Rules of the trade store.

use qtp_core::port::TradeStore;
use qtp_core::{
    AccountId, Amount, ClientOrderId, Currency, Decimal, ExternalCause, Fill, Liquidity, Order, OrderKind,
    OrderRequest, OrderRole, OrderSizing, OrderStatus, OrderTimes, Position, Reason, RunId, Side,
    TimeInForce, Timestamp, Trigger, TriggerSource,
};

use super::candles::instrument;

/// Checks a [`TradeStore`] that is empty.
pub async fn trades(store: &dyn TradeStore) {
    keeps_the_present_state_of_orders(store).await;
    keeps_a_fill_once(store).await;
    keeps_the_present_positions(store).await;
}

async fn keeps_the_present_state_of_orders(store: &dyn TradeStore) {
    assert_eq!(store.orders().await.expect("orders of an empty store"), []);
    let (mut first, second) = (order(1), order(2));
    store.put_orders(&[second.clone(), first.clone()]).await.expect("put orders");
    assert_eq!(store.orders().await.expect("orders"), [first.clone(), second.clone()], "by client order id");
    first.end(OrderStatus::Rejected, Reason::new("venue", "no \"margin\"")).expect("a legal end");
    store.put_orders(std::slice::from_ref(&first)).await.expect("put the same order again");
    assert_eq!(store.orders().await.expect("orders"), [first, second], "the present state stands");
}

async fn keeps_a_fill_once(store: &dyn TradeStore) {
    assert_eq!(store.fills().await.expect("fills of an empty store"), []);
    let mut bare = fill("t-2", 2);
    bare.client_order_id = None;
    bare.venue_order_id = None;
    bare.builder_fee = None;
    bare.external = None;
    let mut other_order = fill("t-1", 3);
    other_order.venue_order_id = Some("v-9".parse().expect("an id"));
    let all = [(5, fill("t-1", 1)), (6, other_order), (9, bare)];
    let [first, second, third] = all.clone();
    store.put_fills(&[third.clone(), first]).await.expect("put fills");
    store.put_fills(&[second, third]).await.expect("put more, one of them again");
    assert_eq!(
        store.fills().await.expect("fills"),
        all,
        "by sequence, each (account, instrument, trade, order) once"
    );
}

async fn keeps_the_present_positions(store: &dyn TradeStore) {
    let other: AccountId = "other".parse().expect("an account");
    assert_eq!(store.positions(&account()).await.expect("positions of an empty store"), []);
    let mut long = Position::flat(instrument(), Decimal::new(1, 1));
    long.apply("0.3".parse().expect("a quantity"), "64250.123456789".parse().expect("a price"));
    let short_id = "ETH-USDC@conformance".parse().expect("an instrument");
    let mut short = Position::flat(short_id, Decimal::ONE);
    short.apply("-2".parse().expect("a quantity"), "3000".parse().expect("a price"));
    store.put_positions(&account(), &[short.clone(), long.clone()]).await.expect("put positions");
    store.put_positions(&other, std::slice::from_ref(&short)).await.expect("put positions");
    let both = store.positions(&account()).await.expect("positions");
    assert_eq!(both, [long.clone(), short.clone()], "by instrument");
    store.put_positions(&account(), std::slice::from_ref(&long)).await.expect("put fewer positions");
    assert_eq!(store.positions(&account()).await.expect("positions"), [long], "a put is the whole account");
    assert_eq!(store.positions(&other).await.expect("positions"), [short], "accounts are apart");
}

fn account() -> AccountId {
    "main".parse().expect("an account")
}

fn order_id(sequence: u64) -> ClientOrderId {
    ClientOrderId::new(RunId(u64::MAX), 1, sequence)
}

fn order(sequence: u64) -> Order {
    let trigger = Trigger { price: "60000.5".parse().expect("a price"), source: TriggerSource::Mark };
    let request = OrderRequest {
        client_order_id: order_id(sequence),
        account: account(),
        instrument: instrument(),
        side: Side::Sell,
        quantity: "0.25".parse().expect("a quantity"),
        kind: OrderKind::StopMarket { trigger },
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        reduce_only: true,
        sizing: OrderSizing::Fixed,
        role: OrderRole::Stop,
        valid_until: Some(Timestamp::from_secs(30)),
        protective_stop: None,
        decision_price: Some("61000".parse().expect("a price")),
    };
    let sent = Timestamp::from_secs(7);
    let times =
        OrderTimes { decided: sent, approved: sent, submitted: sent, acknowledged: None, filled: None };
    Order::new(request, times)
}

fn fill(trade: &str, sequence: u64) -> Fill {
    Fill {
        trade_id: trade.parse().expect("an id"),
        client_order_id: Some(order_id(sequence)),
        venue_order_id: Some("v-1".parse().expect("an id")),
        account: account(),
        instrument: instrument(),
        time: Timestamp::from_nanos(-1),
        side: Side::Buy,
        price: "64250.123456789".parse().expect("a price"),
        quantity: "0.00000001".parse().expect("a quantity"),
        fee: Amount::new(Decimal::new(-12_345, 8), Currency::USDC),
        builder_fee: Some(Amount::new(Decimal::new(5, 1), Currency::USD)),
        liquidity: Liquidity::Maker,
        external: Some(ExternalCause::Adl),
    }
}

//! Prints, quotes, books and marks.

use qtp_core::{
    BookLevel, Event, Liquidity, MarkPrice, OrderBook, OrderKind, OrderStatus, Quote, TimeInForce, Timestamp,
    Trade, Trigger, TriggerSource,
};
use qtp_exchange::sim::SimVenueConfig;

use crate::rig::{Buy, Rig, Sell, price, quantity, stop_at};

fn show(rig: &mut Rig, event: &Event) {
    rig.hour += 1;
    let now = rig.now();
    rig.venue.on_market(event, now, &mut rig.out);
}

fn print(rig: &mut Rig, at: &str, size: &str) {
    let (instrument, time) = (rig.instrument.id.clone(), Timestamp::EPOCH);
    let trade = Trade { instrument, time, price: price(at), quantity: quantity(size), taker: None };
    show(rig, &Event::Trade(trade));
}

fn quote(rig: &mut Rig, bid: &str, ask: &str) {
    let quote = Quote {
        instrument: rig.instrument.id.clone(),
        time: Timestamp::EPOCH,
        bid: price(bid),
        bid_quantity: quantity("1"),
        ask: price(ask),
        ask_quantity: quantity("1"),
    };
    show(rig, &Event::Quote(quote));
}

fn book(rig: &mut Rig, bids: &[(&str, &str)], asks: &[(&str, &str)]) {
    let side = |levels: &[(&str, &str)]| {
        levels.iter().map(|(at, size)| BookLevel { price: price(at), quantity: quantity(size) }).collect()
    };
    let (instrument, time) = (rig.instrument.id.clone(), Timestamp::EPOCH);
    show(rig, &Event::Book(OrderBook { instrument, time, bids: side(bids), asks: side(asks) }));
}

#[test]
fn orders_fill_at_the_next_print() {
    let mut rig = Rig::new(SimVenueConfig::default());
    print(&mut rig, "100", "1");
    rig.market(Buy, "2");
    assert!(rig.fills().is_empty());
    print(&mut rig, "101", "1");
    assert_eq!(rig.tape(), ["buy 2 @ 101"]);
    rig.stop(Sell, "2", "99");
    print(&mut rig, "99.5", "1");
    print(&mut rig, "98", "1");
    assert_eq!(rig.tape()[1], "sell 2 @ 98");
    rig.limit(Sell, "1", "105");
    print(&mut rig, "106", "1");
    assert_eq!(rig.tape()[2], "sell 1 @ 105", "a resting limit gets its own price");
}

#[test]
fn quotes_give_the_far_side() {
    let mut rig = Rig::new(SimVenueConfig::default());
    quote(&mut rig, "99", "101");
    rig.market(Buy, "1");
    rig.market(Sell, "1");
    rig.limit(Buy, "1", "100");
    quote(&mut rig, "98", "102");
    assert_eq!(rig.tape(), ["buy 1 @ 102", "sell 1 @ 98"]);
    quote(&mut rig, "99", "99.5");
    assert_eq!(rig.tape()[2], "buy 1 @ 100");
    assert_eq!(rig.fills()[2].liquidity, Liquidity::Maker);
}

#[test]
fn an_order_takes_the_book_level_by_level() {
    let mut rig = Rig::new(SimVenueConfig::default());
    let asks = [("101", "1"), ("102", "2"), ("103", "5")];
    book(&mut rig, &[("99", "1")], &asks);
    rig.market(Buy, "2");
    rig.limit(Buy, "3", "102");
    let mut order = rig.request(Buy, "9", OrderKind::Market);
    order.time_in_force = TimeInForce::Ioc;
    let rest = rig.send(order);
    let mut order = rig.request(Buy, "9", OrderKind::Limit { price: price("103") });
    order.time_in_force = TimeInForce::Fok;
    let whole = rig.send(order);
    book(&mut rig, &[("99", "1")], &asks);
    assert_eq!(rig.tape(), ["buy 1 @ 101", "buy 1 @ 102", "buy 1 @ 102", "buy 5 @ 103"]);
    assert_eq!(rig.last(rest), (OrderStatus::Canceled, "ioc_canceled".into()));
    assert_eq!(rig.last(whole), (OrderStatus::Canceled, "fok_canceled".into()));
}

#[test]
fn a_resting_limit_waits_behind_the_queue() {
    let mut rig = Rig::new(SimVenueConfig { queue: true, ..SimVenueConfig::default() });
    let levels = ([("99", "10")], [("101", "10")]);
    book(&mut rig, &levels.0, &levels.1);
    rig.limit(Buy, "5", "99");
    print(&mut rig, "99", "8");
    assert!(rig.fills().is_empty());
    print(&mut rig, "99", "5");
    assert_eq!(rig.tape(), ["buy 3 @ 99"]);
    print(&mut rig, "98", "1");
    assert_eq!(rig.tape(), ["buy 3 @ 99", "buy 2 @ 99"], "a print through the price fills the rest");

    rig.out.clear();
    book(&mut rig, &levels.0, &levels.1);
    rig.limit(Buy, "5", "99");
    book(&mut rig, &[("99", "2")], &levels.1);
    print(&mut rig, "99", "3");
    assert_eq!(rig.tape(), ["buy 1 @ 99"], "those who left no longer stand before us");
}

#[test]
fn a_mark_fires_and_the_next_print_fills() {
    let mut rig = Rig::new(SimVenueConfig::default());
    rig.market(Buy, "1");
    print(&mut rig, "100", "1");
    let mark = |rig: &mut Rig, at: &str| {
        let (instrument, time) = (rig.instrument.id.clone(), Timestamp::EPOCH);
        show(rig, &Event::Mark(MarkPrice { instrument, time, mark: price(at), index: None }));
    };
    mark(&mut rig, "100");
    let trigger = Trigger { price: price("95"), source: TriggerSource::Mark };
    let mut order = rig.request(Sell, "1", OrderKind::StopMarket { trigger });
    order.reduce_only = true;
    rig.send(order);
    print(&mut rig, "90", "1");
    assert_eq!(rig.fills().len(), 1, "the last price does not fire it");
    mark(&mut rig, "94");
    assert_eq!(rig.fills().len(), 1);
    print(&mut rig, "93", "1");
    assert_eq!(rig.tape()[1], "sell 1 @ 93");
}

#[test]
fn a_stop_entry_fires_on_a_print() {
    let mut rig = Rig::new(SimVenueConfig::default());
    print(&mut rig, "100", "1");
    let order = rig.request(Buy, "1", stop_at("105"));
    rig.send(order);
    print(&mut rig, "104", "1");
    print(&mut rig, "105", "1");
    assert_eq!(rig.tape(), ["buy 1 @ 105"]);
}

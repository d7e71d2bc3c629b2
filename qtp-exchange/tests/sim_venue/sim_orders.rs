//! Refusals, lifetimes, changes, volume, delays.

use qtp_core::{
    AccountKind, InstrumentStatus, LeverageRequest, ModifyRequest, OrderGroup, OrderKind, OrderStatus,
    PriceRule, SizeRule, TimeInForce, Timestamp,
};
use qtp_exchange::sim::{Delay, Latency, SimVenueConfig, Slippage};

use crate::rig::{Buy, HOUR, Rig, Sell, price, quantity, ratio, stop_at, trigger};

fn ready(config: SimVenueConfig) -> Rig {
    let mut rig = Rig::new(config);
    rig.candle(["100", "100", "100", "100"]);
    rig
}

#[test]
fn an_order_that_breaks_a_rule_is_rejected_with_its_code() {
    let mut rig =
        Rig::with(SimVenueConfig::default(), AccountKind::Unconstrained, "BTC-USD@sim", |instrument| {
            instrument.price_rule = PriceRule::Tick(price("0.5"));
            instrument.size_rule = SizeRule::Lot(quantity("0.1"));
            instrument.min_quantity = Some(quantity("0.2"));
            instrument.max_quantity = Some(quantity("50"));
            instrument.min_notional = Some(qtp_core::Notional::from_decimal(25.into()));
        });
    rig.candle(["100", "100", "100", "100"]);
    let id = rig.limit(Buy, "1", "99.7");
    assert_eq!(rig.refused(id), "tick_rejected");
    for (size, code) in [
        ("0.25", "lot_rejected"),
        ("0.1", "min_quantity_rejected"),
        ("51", "max_quantity_rejected"),
        ("0.2", "min_trade_ntl_rejected"),
    ] {
        let id = rig.market(Buy, size);
        assert_eq!(rig.refused(id), code);
    }
    let stop = rig.stop(Sell, "1", "95");
    assert_eq!(rig.refused(stop), "reduce_only_rejected");
    for (side, kind) in [(Sell, stop_at("105")), (Buy, stop_at("95"))] {
        let order = rig.request(side, "1", kind);
        let id = rig.send(order);
        assert_eq!(rig.refused(id), "bad_trigger_px_rejected");
    }
    let kind = OrderKind::TakeProfitMarket { trigger: trigger("95") };
    let order = rig.request(Sell, "1", kind);
    let id = rig.send(order);
    assert_eq!(rig.refused(id), "bad_trigger_px_rejected");
    assert!(rig.venue.open_orders().is_empty());
}

#[test]
fn post_only_duplicates_validity_and_unknown_instruments_are_refused() {
    let mut rig = ready(SimVenueConfig::default());
    let mut order = rig.request(Buy, "1", OrderKind::Limit { price: price("101") });
    order.post_only = true;
    let id = rig.send(order);
    assert_eq!(rig.refused(id), "bad_alo_px_rejected");

    let order = rig.request(Buy, "1", OrderKind::Limit { price: price("90") });
    let id = rig.send(order.clone());
    assert_eq!(rig.last(id).0, OrderStatus::Open);
    rig.send(order.clone());
    assert_eq!(rig.reports(id).last().unwrap().reason.as_ref().unwrap().code, "duplicate_client_order_id");
    rig.cancel(id);
    rig.send(order);
    assert_eq!(rig.reports(id).last().unwrap().reason.as_ref().unwrap().code, "duplicate_client_order_id");

    let mut order = rig.request(Buy, "1", OrderKind::Market);
    order.valid_until = Some(Timestamp::from_secs(HOUR - 1));
    let id = rig.send(order);
    assert_eq!(rig.refused(id), "valid_until_passed");

    let mut order = rig.request(Buy, "1", OrderKind::Market);
    order.instrument = "ETH-USD@sim".parse().unwrap();
    let id = rig.send(order);
    assert_eq!(rig.refused(id), "unknown_instrument");

    let mut order = rig.request(Buy, "1", OrderKind::Market);
    order.account = "other".parse().unwrap();
    let id = rig.send(order);
    assert_eq!(rig.refused(id), "unknown_account");
}

#[test]
fn a_status_stops_orders() {
    let mut rig = ready(SimVenueConfig::default());
    rig.market(Buy, "1");
    rig.candle(["100", "100", "100", "100"]);
    let now = rig.now();
    let set = |rig: &mut Rig, status| {
        let event = qtp_core::Event::InstrumentStatus { instrument: rig.instrument.id.clone(), status };
        rig.venue.on_market(&event, now, &mut rig.out);
    };
    set(&mut rig, InstrumentStatus::ReduceOnly);
    let id = rig.market(Buy, "1");
    assert_eq!(rig.refused(id), "instrument_status_rejected");
    let id = rig.market(Sell, "2");
    assert_eq!(rig.refused(id), "instrument_status_rejected");
    rig.market(Sell, "1");
    set(&mut rig, InstrumentStatus::Halted);
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.fills().len(), 1);
    let id = rig.market(Sell, "1");
    assert_eq!(rig.refused(id), "instrument_status_rejected");
    set(&mut rig, InstrumentStatus::Trading);
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.fills().len(), 2);
}

#[test]
fn immediate_orders_and_lifetimes_end() {
    let config = SimVenueConfig { volume_share: Some(ratio("0.1")), ..SimVenueConfig::default() };
    let mut rig = ready(config);
    let send = |rig: &mut Rig, size: &str, kind, time_in_force| {
        let mut order = rig.request(Buy, size, kind);
        order.time_in_force = time_in_force;
        rig.send(order)
    };
    let limit = |at: &str| OrderKind::Limit { price: price(at) };
    let missed = send(&mut rig, "1", limit("99"), TimeInForce::Ioc);
    let part = send(&mut rig, "150", OrderKind::Market, TimeInForce::Ioc);
    let whole = send(&mut rig, "150", limit("101"), TimeInForce::Fok);
    let small = send(&mut rig, "50", limit("101"), TimeInForce::Fok);
    let late = send(&mut rig, "1", limit("95"), TimeInForce::Gtd(Timestamp::from_secs(2 * HOUR)));
    let inside = send(&mut rig, "1", limit("98"), TimeInForce::Gtd(Timestamp::from_secs(HOUR + 60)));
    rig.candle(["100", "100", "96", "97"]);
    assert_eq!(rig.tape(), ["buy 100 @ 100", "buy 50 @ 100"]);
    assert_eq!(rig.last(missed), (OrderStatus::Canceled, "ioc_canceled".into()));
    assert_eq!(rig.last(part), (OrderStatus::Canceled, "ioc_canceled".into()));
    assert_eq!(rig.last(whole), (OrderStatus::Canceled, "fok_canceled".into()));
    assert_eq!(rig.last(small).0, OrderStatus::Filled);
    assert_eq!(rig.last(late), (OrderStatus::Expired, "expired".into()));
    let report = rig.venue.order(&inside).unwrap();
    assert_eq!((report.status, report.time), (OrderStatus::Expired, Timestamp::from_secs(HOUR + 60)));
}

#[test]
fn a_volume_share_spreads_an_order_over_candles() {
    let config = SimVenueConfig { volume_share: Some(ratio("0.1")), ..SimVenueConfig::default() };
    let mut rig = ready(config);
    let id = rig.market(Buy, "250");
    for _ in 0..3 {
        rig.candle(["100", "101", "99", "100"]);
    }
    assert_eq!(rig.tape(), ["buy 100 @ 100", "buy 100 @ 100", "buy 50 @ 100"]);
    assert_eq!(rig.last(id).0, OrderStatus::Filled);
    rig.out.clear();
    rig.limit(Sell, "150", "105");
    rig.candle(["104", "106", "103", "104"]);
    rig.candle(["104", "106", "103", "104"]);
    assert_eq!(rig.tape(), ["sell 100 @ 105", "sell 50 @ 105"]);
}

#[test]
fn slippage_is_against_us_and_never_past_a_limit() {
    let fixed = Slippage::Fixed(ratio("0.01"));
    let mut rig = ready(SimVenueConfig { slippage: fixed, ..SimVenueConfig::default() });
    rig.market(Buy, "1");
    rig.limit(Buy, "1", "100.5");
    rig.candle(["100", "100", "100", "100"]);
    rig.stop(Sell, "2", "90");
    rig.candle(["100", "100", "80", "85"]);
    assert_eq!(rig.tape(), ["buy 1 @ 101", "buy 1 @ 100.5", "sell 2 @ 89.1"]);

    let volume = Slippage::VolumeShare { impact: ratio("0.1") };
    let mut rig = ready(SimVenueConfig { slippage: volume, ..SimVenueConfig::default() });
    rig.market(Sell, "100");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.tape(), ["sell 100 @ 99"]);

    let spread = Slippage::Spread(ratio("0.002"));
    let mut rig = ready(SimVenueConfig { slippage: spread, ..SimVenueConfig::default() });
    rig.market(Buy, "1");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.tape(), ["buy 1 @ 100.2"]);
}

#[test]
fn slipped_prices_are_legal() {
    let config = SimVenueConfig { slippage: Slippage::Fixed(ratio("0.0011")), ..SimVenueConfig::default() };
    let mut rig = Rig::with(config, AccountKind::Unconstrained, "BTC-USD@sim", |instrument| {
        instrument.price_rule = PriceRule::Tick(price("0.5"));
    });
    rig.market(Buy, "1");
    rig.market(Sell, "1");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.tape(), ["buy 1 @ 100.5", "sell 1 @ 99.5"]);
}

#[test]
fn order_latency_delays_fills_and_cancels() {
    let order = Delay::Fixed { micros: 1_000_000 };
    let latency = Latency { order, data: Delay::None };
    let mut rig = ready(SimVenueConfig { latency, ..SimVenueConfig::default() });
    let id = rig.market(Buy, "1");
    assert_eq!(rig.reports(id)[0].time, Timestamp::from_secs(HOUR + 1));
    rig.candle(["100", "100", "100", "100"]);
    assert!(rig.fills().is_empty());
    rig.candle(["101", "101", "101", "101"]);
    assert_eq!(rig.tape(), ["buy 1 @ 101"]);

    let resting = rig.limit(Buy, "1", "95");
    rig.candle(["101", "101", "96", "100"]);
    rig.cancel(resting);
    assert_eq!(rig.last(resting).0, OrderStatus::Open);
    rig.candle(["94", "101", "90", "100"]);
    assert_eq!(rig.last(resting).0, OrderStatus::Filled, "the fill crossed the cancel");
    let resting = rig.limit(Buy, "1", "90");
    rig.cancel(resting);
    rig.candle(["100", "100", "95", "95"]);
    assert_eq!(rig.last(resting), (OrderStatus::Canceled, "canceled".into()));
}

#[test]
fn random_latency_is_the_same_for_the_same_seed() {
    let order = Delay::Uniform { min_micros: 5, max_micros: 500_000 };
    let latency = Latency { order, data: order };
    let times = |seed| {
        let mut rig = ready(SimVenueConfig { latency, seed, ..SimVenueConfig::default() });
        let ids: Vec<_> = (0..20).map(|_| rig.limit(Buy, "1", "50")).collect();
        ids.iter().map(|id| rig.reports(*id)[0].time.as_nanos() - HOUR * 1_000_000_000).collect::<Vec<_>>()
    };
    assert_eq!(times(7), times(7));
    assert_ne!(times(7), times(8));
    assert!(times(7).iter().all(|nanos| (5_000..=500_000_000).contains(nanos)));
}

#[test]
fn cancel_is_idempotent() {
    let mut rig = ready(SimVenueConfig::default());
    let id = rig.limit(Buy, "1", "95");
    rig.cancel(id);
    rig.cancel(id);
    assert_eq!(rig.reports(id).len(), 2);
    assert_eq!(rig.last(id), (OrderStatus::Canceled, "canceled".into()));
}

#[test]
fn a_change_keeps_the_kind_and_never_goes_below_what_is_filled() {
    let mut rig = ready(SimVenueConfig::default());
    let id = rig.limit(Buy, "2", "95");
    let (account, instrument) = ("main".parse().unwrap(), rig.instrument.id.clone());
    let change = |size: &str, kind| ModifyRequest {
        client_order_id: id,
        account: "main".parse().unwrap(),
        instrument: instrument.clone(),
        quantity: quantity(size),
        kind,
    };
    let _: qtp_core::AccountId = account;
    let now = rig.now();
    let limit = |at: &str| OrderKind::Limit { price: price(at) };
    rig.venue.try_modify(&change("1", limit("96")), now, &mut rig.out).unwrap();
    let code = |result: Result<(), qtp_core::Reason>| result.unwrap_err().code;
    assert_eq!(code(rig.venue.try_modify(&change("2", limit("96")), now, &mut rig.out)), "modify_enlarges");
    assert_eq!(
        code(rig.venue.try_modify(&change("1", OrderKind::Market), now, &mut rig.out)),
        "kind_rejected"
    );
    rig.venue.modify(&change("0", limit("96")), now, &mut rig.out);
    assert_eq!(rig.reports(id).last().unwrap().reason.as_ref().unwrap().code, "min_quantity_rejected");
    rig.candle(["100", "100", "95.5", "96"]);
    assert_eq!(rig.tape(), ["buy 1 @ 96"]);
}

#[test]
fn leverage_stays_within_the_tiers() {
    let mut rig =
        Rig::with(SimVenueConfig::default(), AccountKind::CrossMargin, "BTC-USD-PERP@sim", |instrument| {
            let maintenance = ratio("0.01");
            instrument.margin_tiers =
                vec![qtp_core::MarginTier { up_to: None, max_leverage: ratio("20"), maintenance }];
        });
    let request = |leverage: &str| LeverageRequest {
        account: "main".parse().unwrap(),
        instrument: "BTC-USD-PERP@sim".parse().unwrap(),
        leverage: ratio(leverage),
        isolated: false,
    };
    assert_eq!(rig.venue.try_set_leverage(&request("21")).unwrap_err().code, "leverage_rejected");
    let now = rig.now();
    rig.venue.set_leverage(&request("20"), now, &mut rig.out);
    assert_eq!(rig.venue.leverage(&rig.instrument.id), Some(ratio("20")));
}

#[test]
fn of_two_linked_orders_one_fills() {
    let mut rig = ready(SimVenueConfig::default());
    let up = rig.request(Buy, "1", stop_at("105"));
    let down = rig.request(Buy, "1", OrderKind::Limit { price: price("95") });
    let (up_id, down_id) = (up.client_order_id, down.client_order_id);
    rig.send_group(OrderGroup::Oco(up, Box::new(down)));
    rig.candle(["100", "106", "94", "100"]);
    assert_eq!(rig.fills().len(), 1);
    assert_eq!(rig.last(up_id).0, OrderStatus::Filled);
    assert_eq!(rig.last(down_id), (OrderStatus::Canceled, "sibling_filled_canceled".into()));
}

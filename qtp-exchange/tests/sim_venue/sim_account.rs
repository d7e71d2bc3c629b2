//! Money: fees, funds, margin, liquidation, funding, sizes that are shares of equity.

use qtp_core::{
    AccountKind, Event, ExternalCause, FundingRate, MarginTier, MarkPrice, OrderKind, OrderSizing,
    OrderStatus, Side,
};
use qtp_exchange::sim::{FeeCurrency, FeeModel, SimVenueConfig};

use crate::rig::{Buy, Rig, Sell, number, price, quantity, ratio};

fn fees(fees: FeeModel) -> SimVenueConfig {
    SimVenueConfig { fees, ..SimVenueConfig::default() }
}

fn share(rig: &mut Rig, side: Side, share: &str, whole_units: bool) -> qtp_core::ClientOrderId {
    let mut order = rig.request(side, "1", OrderKind::Market);
    order.sizing = OrderSizing::EquityShare { share: ratio(share), whole_units };
    rig.send(order)
}

#[test]
fn makers_and_takers_pay_their_rates_and_builders_get_their_line() {
    let model = FeeModel { maker: ratio("-0.0001"), taker: ratio("0.0005"), ..FeeModel::default() };
    let mut rig = Rig::new(fees(FeeModel { builder: Some(ratio("0.0002")), ..model }));
    rig.candle(["100", "100", "100", "100"]);
    rig.market(Buy, "2");
    rig.limit(Sell, "2", "110");
    rig.candle(["100", "111", "100", "105"]);
    let paid: Vec<_> = rig
        .fills()
        .iter()
        .map(|f| (f.fee.value.normalize(), f.builder_fee.unwrap().value.normalize()))
        .collect();
    assert_eq!(paid, [(number("0.1"), number("0.04")), (number("-0.022"), number("0.044"))]);
    assert_eq!(rig.cash().normalize(), number("10019.838"));
}

#[test]
fn fees_are_paid_in_the_currency_that_is_set() {
    let model = FeeModel { currency: FeeCurrency::BaseOnSpotBuys, ..FeeModel::flat(ratio("0.01")) };
    let mut rig = Rig::of(AccountKind::Spot, fees(model));
    rig.market(Buy, "10");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.fills()[0].fee.to_string(), "0.1 BTC");
    assert_eq!(rig.position(), quantity("9.9"));
    rig.market(Sell, "9.9");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.fills()[1].fee.to_string(), "9.9 USD");

    let bnb = FeeCurrency::Other { currency: "BNB".parse().unwrap(), rate: number("500") };
    let mut rig = Rig::new(fees(FeeModel { currency: bnb, ..FeeModel::flat(ratio("0.01")) }));
    rig.market(Buy, "10");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.fills()[0].fee.to_string(), "0.02 BNB");
}

#[test]
fn a_share_of_equity_flips_in_one_fill_sized_after_the_close() {
    let mut rig = Rig::new(fees(FeeModel::flat(ratio("0.001"))));
    let first = share(&mut rig, Buy, "1", false);
    rig.candle(["100", "110", "100", "110"]);
    // 10000 / (100 * 1.001), cut to 12 places.
    assert_eq!(rig.position(), quantity("99.900099900099"));
    let sizes: Vec<_> = rig.reports(first).iter().map(|report| report.quantity).collect();
    assert_eq!(sizes, [quantity("1"), quantity("99.900099900099")]);
    let equity = number("10000") - rig.fills()[0].fee.value;
    rig.out.clear();

    share(&mut rig, Sell, "0.5", true);
    rig.candle(["110", "110", "100", "100"]);
    let closed = number("99.900099900099");
    let after = equity + closed * number("10") - closed * number("110") * number("0.001");
    let opened = (after * number("0.5") / (number("110") * number("1.001"))).floor();
    assert_eq!(rig.fills().len(), 1);
    assert_eq!(rig.fills()[0].quantity.get(), closed + opened);
    assert_eq!(rig.position().get(), -opened);
}

#[test]
fn a_share_of_equity_uses_the_leverage_and_may_come_to_nothing() {
    let mut rig = Rig::new(SimVenueConfig { leverage: ratio("3"), ..SimVenueConfig::default() });
    share(&mut rig, Buy, "1", true);
    rig.candle(["7", "7", "7", "7"]);
    assert_eq!(rig.position(), quantity("4285"));

    let mut rig = Rig::new(SimVenueConfig::default());
    let id = share(&mut rig, Buy, "1", true);
    rig.candle(["20000", "20000", "20000", "20000"]);
    assert_eq!(rig.last(id), (OrderStatus::Canceled, "insufficient_margin".into()));

    let mut rig = Rig::new(SimVenueConfig::default());
    rig.market(Buy, "1");
    rig.candle(["9000", "9000", "9000", "9000"]);
    let id = share(&mut rig, Sell, "0.1", true);
    rig.candle(["9000", "9000", "9000", "9000"]);
    assert_eq!(rig.tape(), ["buy 1 @ 9000", "sell 1 @ 9000"], "the closing part still fills");
    assert_eq!(rig.last(id).0, OrderStatus::Filled);
}

#[test]
fn required_funds_drop_what_cannot_be_afforded() {
    let config = SimVenueConfig { require_funds: true, ..fees(FeeModel::flat(ratio("0.001"))) };
    let mut rig = Rig::new(config);
    let id = rig.market(Buy, "100");
    let affordable = rig.market(Buy, "99");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.last(id), (OrderStatus::Canceled, "insufficient_margin".into()));
    assert_eq!(rig.last(affordable).0, OrderStatus::Filled);
    let flip = rig.market(Sell, "300");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.last(flip), (OrderStatus::Canceled, "insufficient_margin".into()));
    assert!(rig.position().is_zero(), "what it closes is closed");
}

#[test]
fn a_spot_account_pays_in_full_and_sells_what_it_has() {
    let mut rig = Rig::of(AccountKind::Spot, fees(FeeModel::flat(ratio("0.001"))));
    rig.candle(["100", "100", "100", "100"]);
    let id = rig.market(Buy, "100");
    assert_eq!(rig.refused(id), "insufficient_spot_balance_rejected");
    let id = rig.market(Sell, "1");
    assert_eq!(rig.refused(id), "insufficient_spot_balance_rejected");
    rig.limit(Buy, "60", "90");
    let id = rig.limit(Buy, "60", "90");
    assert_eq!(rig.refused(id), "insufficient_spot_balance_rejected", "resting orders lock cash");
    rig.candle(["90", "90", "90", "90"]);
    assert_eq!(rig.position(), quantity("60"));
    rig.stop(Sell, "60", "80");
    rig.target(Sell, "60", "110");
    assert_eq!(rig.venue.open_orders().len(), 2);
    let gap = rig.market(Buy, "48");
    rig.candle(["99", "99", "99", "99"]);
    assert_eq!(rig.last(gap), (OrderStatus::Canceled, "insufficient_spot_balance_rejected".into()));
}

fn margin(kind: AccountKind, leverage: &str) -> Rig {
    let config = SimVenueConfig { leverage: ratio(leverage), ..SimVenueConfig::default() };
    Rig::with(config, kind, "BTC-USD-PERP@sim", |instrument| {
        let maintenance = ratio("0.05");
        instrument.margin_tiers = vec![MarginTier { up_to: None, max_leverage: ratio("20"), maintenance }];
    })
}

#[test]
fn margin_bounds_what_can_be_opened() {
    let mut rig = margin(AccountKind::CrossMargin, "5");
    rig.candle(["100", "100", "100", "100"]);
    let id = rig.market(Buy, "501");
    assert_eq!(rig.refused(id), "perp_margin_rejected");
    rig.market(Buy, "500");
    let id = rig.market(Buy, "1");
    assert_eq!(rig.refused(id), "perp_margin_rejected", "working orders reserve margin");
    rig.candle(["100", "100", "100", "100"]);
    rig.market(Sell, "1000");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.position(), quantity("-500"), "a flip needs margin for what it opens");
}

#[test]
fn cross_liquidation_happens_where_equity_meets_maintenance() {
    let mut rig = margin(AccountKind::CrossMargin, "5");
    rig.market(Buy, "500");
    rig.candle(["100", "100", "100", "100"]);
    // 10000 + 500 (p - 100) = 500 p 0.05
    let level = number("40000") / number("475");
    let liquidation = rig.venue.liquidation_price(&rig.instrument.id).unwrap();
    assert_eq!(liquidation.get(), level);
    rig.target(Sell, "1", "150");
    rig.candle(["100", "100", "85", "90"]);
    assert_eq!(rig.fills().len(), 1);
    rig.candle(["90", "90", "84", "88"]);
    let fills = rig.fills();
    let fill = fills[1];
    assert_eq!((fill.client_order_id, fill.external), (None, Some(ExternalCause::Liquidation)));
    assert_eq!(fill.price.get(), level);
    assert!(rig.position().is_zero());
    assert!(rig.venue.open_orders().is_empty());
    assert!(rig.out.iter().any(|(_, event)| matches!(event, Event::OrderReport(report)
        if report.reason.as_ref().is_some_and(|reason| reason.code == "liquidated_canceled"))));
}

#[test]
fn between_stop_and_liquidation_the_nearer_wins_and_on_a_gap_liquidation() {
    for (stop, liquidated) in [("90", false), ("84.1", true)] {
        let mut rig = margin(AccountKind::CrossMargin, "5");
        rig.market(Buy, "500");
        rig.candle(["100", "100", "100", "100"]);
        rig.stop(Sell, "500", stop);
        rig.candle(["100", "100", "80", "88"]);
        assert_eq!(rig.fills()[1].external.is_some(), liquidated);
    }
    let mut rig = margin(AccountKind::CrossMargin, "5");
    rig.market(Buy, "500");
    rig.candle(["100", "100", "100", "100"]);
    rig.stop(Sell, "500", "90");
    rig.candle(["80", "81", "79", "80"]);
    assert!(rig.fills()[1].external.is_some());
    assert_eq!(rig.fills()[1].price, price("80"));
}

#[test]
fn an_isolated_short_is_liquidated_by_its_own_margin_and_a_penalty() {
    let mut rig = margin(AccountKind::IsolatedMargin, "10");
    rig.market(Sell, "10");
    rig.candle(["100", "100", "100", "100"]);
    // margin 100: 100 - 10 (p - 100) = 10 p 0.05
    let level = number("1100") / number("10.5");
    assert_eq!(rig.venue.liquidation_price(&rig.instrument.id).unwrap().get(), level);
    rig.candle(["100", "105", "99", "100"]);
    assert_eq!(rig.fills()[1].price.get(), level);
    assert!(rig.cash() > number("9900"));
}

#[test]
fn with_mark_events_liquidation_tests_the_mark() {
    let mut rig = margin(AccountKind::CrossMargin, "5");
    rig.market(Buy, "500");
    rig.candle(["100", "100", "100", "100"]);
    let now = rig.now();
    let mark = |at: &str, rig: &Rig| {
        Event::Mark(MarkPrice {
            instrument: rig.instrument.id.clone(),
            time: now,
            mark: price(at),
            index: None,
        })
    };
    let event = mark("99", &rig);
    rig.venue.on_market(&event, now, &mut rig.out);
    rig.candle(["100", "100", "70", "95"]);
    assert_eq!(rig.fills().len(), 1, "a wick of the tape does not count");
    let event = mark("84", &rig);
    rig.venue.on_market(&event, now, &mut rig.out);
    assert_eq!(rig.tape()[1], "sell 500 @ 95");
}

#[test]
fn longs_pay_a_positive_rate_on_the_reference() {
    let mut rig = Rig::new(SimVenueConfig::default());
    rig.market(Buy, "2");
    rig.candle(["100", "100", "100", "100"]);
    for (rate, reference, paid) in [("0.01", Some("110"), "-2.2"), ("-0.01", None, "2")] {
        let time = rig.now();
        let instrument = rig.instrument.id.clone();
        let event = FundingRate { instrument, time, rate: ratio(rate), reference: reference.map(price) };
        rig.venue.on_market(&Event::FundingRate(event), time, &mut rig.out);
        let Some((_, Event::Funding(payment))) = rig.out.last() else { panic!("no payment") };
        assert_eq!(payment.amount.value.normalize(), number(paid));
    }
    assert_eq!(rig.cash().normalize(), number("9999.8"));
}

/// A long of 100 at 100 with 2000 of its own, out of 10000.
fn isolated_long() -> Rig {
    let mut rig = margin(AccountKind::IsolatedMargin, "5");
    rig.market(Buy, "100");
    rig.candle(["100", "100", "100", "100"]);
    rig
}

#[test]
fn margin_that_is_added_moves_the_liquidation_away_and_goes_with_the_position() {
    let mut rig = isolated_long();
    let id = rig.instrument.id.clone();
    let before = rig.venue.liquidation_price(&id).unwrap();
    assert_eq!(rig.venue.isolated_margin(&id), Some(number("2000")));
    rig.venue.try_add_margin(&id, number("500")).unwrap();
    assert_eq!(rig.venue.isolated_margin(&id), Some(number("2500")));
    assert!(rig.venue.liquidation_price(&id).unwrap() < before);
    assert!(rig.venue.try_add_margin(&id, number("-501")).is_err(), "what the opening took stays");
    assert!(rig.venue.try_add_margin(&id, number("100000")).is_err(), "nobody has that much");
    rig.market(Sell, "50");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.venue.isolated_margin(&id), Some(number("1250")), "half of both");
    rig.market(Sell, "50");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.venue.isolated_margin(&id), None);
    rig.market(Buy, "100");
    rig.candle(["100", "100", "100", "100"]);
    assert_eq!(rig.venue.isolated_margin(&id), Some(number("2000")), "the next position begins anew");
}

#[test]
fn a_position_closed_by_force_is_an_external_fill_without_a_fee() {
    let mut rig = isolated_long();
    let id = rig.instrument.id.clone();
    let stop = rig.stop(Sell, "100", "50");
    let (now, part) = (rig.now(), (price("90"), quantity("40")));
    let mut out = Vec::new();
    rig.venue.close_by_force(&id, part, ExternalCause::Adl, now, &mut out);
    assert_eq!(rig.position(), quantity("60"));
    assert!(rig.venue.order(&stop).unwrap().reason.is_none(), "the stop still has something to protect");
    rig.venue.close_by_force(&id, (price("90"), quantity("1000")), ExternalCause::Liquidation, now, &mut out);
    assert!(rig.position().is_zero());
    let fills: Vec<_> = out
        .iter()
        .filter_map(|(_, event)| if let Event::Fill(fill) = event { Some(fill) } else { None })
        .collect();
    let said: Vec<_> =
        fills.iter().map(|fill| (fill.quantity, fill.external, fill.fee.value.is_zero())).collect();
    let liquidated = (quantity("60"), Some(ExternalCause::Liquidation), true);
    assert_eq!(said, [(quantity("40"), Some(ExternalCause::Adl), true), liquidated]);
    assert_eq!(rig.venue.order(&stop).unwrap().status, OrderStatus::Canceled);
}

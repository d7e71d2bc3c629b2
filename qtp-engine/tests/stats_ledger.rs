//! Round trips: exact sums, flips, fees in other currencies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use qtp_core::{
    AccountId, Amount, Currency, Decimal, Fill, FundingPayment, Instrument, Liquidity, Notional, Portfolio,
    Price, Quantity, Side, Timestamp,
};
use qtp_engine::stats::{Keep, TradeLedger, TripSide};

fn instrument() -> Instrument {
    Instrument::unrestricted("BTC-USDT-PERP@sim".parse().unwrap()).unwrap()
}

fn account() -> AccountId {
    "main".parse().unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn notional(text: &str) -> Notional {
    text.parse().unwrap()
}

fn fill(instrument: &Instrument, second: i64, signed: Decimal, price: Decimal, fee: Amount) -> Fill {
    let quantity = Quantity::new(signed).unwrap();
    Fill {
        trade_id: format!("t{second}").parse().unwrap(),
        client_order_id: None,
        venue_order_id: None,
        account: account(),
        instrument: instrument.id.clone(),
        time: Timestamp::from_secs(second),
        side: Side::of(quantity).unwrap(),
        price: Price::new(price).unwrap(),
        quantity: quantity.abs(),
        fee,
        builder_fee: None,
        liquidity: Liquidity::Taker,
        external: None,
    }
}

fn book(ledger: &mut TradeLedger, second: i64, signed: &str, price: &str, fee: &str) {
    let instrument = instrument();
    let fee = Amount::new(decimal(fee), Currency::USDT);
    let fill = fill(&instrument, second, decimal(signed), decimal(price), fee);
    ledger.on_fill(&fill, &instrument, Notional::from_decimal(fill.fee.value));
}

fn pay(ledger: &mut TradeLedger, second: i64, value: &str) {
    let payment = FundingPayment {
        account: account(),
        instrument: instrument().id,
        time: Timestamp::from_secs(second),
        amount: Amount::new(decimal(value), Currency::USDT),
    };
    ledger.on_funding(&payment, notional(value));
}

#[test]
fn flat_to_flat_is_one_trip_net_of_fees_and_funding() {
    let mut ledger = TradeLedger::new(Keep::All);
    book(&mut ledger, 10, "2", "100", "0.2");
    book(&mut ledger, 20, "1", "103", "0.1");
    pay(&mut ledger, 25, "-0.5");
    book(&mut ledger, 30, "-3", "110", "0.33");
    let trip = ledger.trips().next().unwrap();
    assert_eq!((trip.side, trip.fills, trip.quantity), (TripSide::Long, 3, "3".parse().unwrap()));
    assert_eq!((trip.entry_price, trip.exit_price), ("101".parse().unwrap(), "110".parse().unwrap()));
    assert_eq!((trip.gross, trip.fees, trip.funding), (notional("27"), notional("0.63"), notional("-0.5")));
    assert_eq!(trip.net, notional("25.87"));
    assert_eq!((trip.entry_time, trip.exit_time), (Timestamp::from_secs(10), Timestamp::from_secs(30)));
    assert_eq!(ledger.exposed(Timestamp::from_secs(99)).as_secs(), 20);
    assert_eq!(ledger.open_trips().count(), 0);
}

#[test]
fn a_flip_closes_one_trip_and_opens_the_next_with_its_share_of_the_fee() {
    let mut ledger = TradeLedger::new(Keep::All);
    book(&mut ledger, 10, "1", "100", "0.1");
    book(&mut ledger, 20, "-3", "90", "1");
    let trip = ledger.trips().next().unwrap().clone();
    let open = ledger.open_trips().next().unwrap();
    assert_eq!((trip.gross, trip.exit_time), (notional("-10"), Timestamp::from_secs(20)));
    assert_eq!((open.side, open.quantity), (TripSide::Short, "2".parse().unwrap()));
    assert_eq!(trip.fees + open.fees, notional("1.1"));
    assert_eq!(trip.fees, notional("0.43333333"));
    assert_eq!(ledger.totals().round_trips, 1);
    assert_eq!(ledger.totals().wins, 0);
}

#[test]
fn a_win_is_above_zero_after_costs() {
    let mut ledger = TradeLedger::new(Keep::All);
    for (second, price, fee) in [(1, "100", "0"), (2, "101", "1"), (3, "100", "0"), (4, "102", "1")] {
        book(&mut ledger, second, if second % 2 == 1 { "1" } else { "-1" }, price, fee);
    }
    let totals = ledger.totals();
    assert_eq!((totals.round_trips, totals.wins), (2, 1));
    assert_eq!((totals.won(), totals.lost), (notional("1"), Notional::ZERO));
    assert_eq!((totals.profit_factor(), totals.win_rate()), (None, Some(0.5)));
    assert_eq!((totals.best, totals.worst), (Some(notional("1")), Some(Notional::ZERO)));
}

#[test]
fn a_fee_in_coins_leaves_the_position_so_that_the_trip_ends_flat() {
    let instrument = Instrument::unrestricted("BTC-USDT@sim".parse().unwrap()).unwrap();
    let mut ledger = TradeLedger::new(Keep::All);
    let coins = Amount::new(decimal("0.001"), "BTC".parse().unwrap());
    let buy = fill(&instrument, 1, decimal("1"), decimal("100"), coins);
    ledger.on_fill(&buy, &instrument, notional("0.1"));
    assert_eq!(ledger.open_trips().next().unwrap().quantity, "0.999".parse().unwrap());
    let cash = Amount::new(decimal("0.11"), Currency::USDT);
    let sell = fill(&instrument, 2, decimal("-0.999"), decimal("110"), cash);
    ledger.on_fill(&sell, &instrument, notional("0.11"));
    let trip = ledger.trips().next().unwrap();
    // 0.999 coins earn 10 each; the fee in coins was worth 0.1 when it was kept.
    assert_eq!((trip.gross, trip.net), (notional("9.99"), notional("9.78")));
}

#[test]
fn stops_belong_to_the_trip_that_they_protect() {
    let mut ledger = TradeLedger::new(Keep::All);
    ledger.note_stop(&account(), &instrument(), "95".parse().unwrap());
    book(&mut ledger, 1, "1", "100", "0");
    ledger.note_stop(&account(), &instrument(), "99".parse().unwrap());
    ledger.on_range(&account(), &instrument().id, 120.0, 98.0);
    book(&mut ledger, 2, "-2", "110", "0");
    let trip = ledger.trips().next().unwrap();
    assert_eq!((trip.stop, trip.last_stop), ("95".parse().ok(), "99".parse().ok()));
    assert_eq!((trip.adverse, trip.favourable), (Some(0.02), Some(0.2)));
    assert_eq!(ledger.open_trips().next().unwrap().stop, None);
}

#[test]
fn memory_is_bounded_and_the_totals_count_all() {
    for (keep, expected) in [(Keep::Nothing, 0), (Keep::Ends { first: 2, latest: 3 }, 5), (Keep::All, 40)] {
        let mut ledger = TradeLedger::new(keep);
        for second in 0..80 {
            book(&mut ledger, second, if second % 2 == 0 { "1" } else { "-1" }, "100", "0.01");
        }
        assert_eq!((ledger.trips().count(), ledger.totals().round_trips), (expected, 40));
        if expected == 5 {
            let entries: Vec<i64> = ledger.trips().map(|trip| trip.entry_time.as_secs()).collect();
            assert_eq!(entries, [0, 2, 74, 76, 78]);
        }
    }
}

#[test]
fn funding_while_flat_is_told_apart() {
    let mut ledger = TradeLedger::new(Keep::All);
    pay(&mut ledger, 1, "0.25");
    assert_eq!((ledger.unattributed(), ledger.funding()), (notional("0.25"), notional("0.25")));
}

#[derive(Debug, Clone)]
enum Step {
    Fill { signed: i64, price: i64, fee: i64 },
    Funding(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let quantity = (1_i64..5000, any::<bool>()).prop_map(|(q, buy)| if buy { q } else { -q });
    let step = prop_oneof![
        5 => (quantity, 1_i64..10_000_000, -500_i64..5000)
            .prop_map(|(signed, price, fee)| Step::Fill { signed, price, fee }),
        1 => (-1000_i64..1000).prop_map(Step::Funding),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    /// Closed nets, open trips and what belongs to no trip explain the equity to the last digit.
    #[test]
    fn trips_explain_the_change_of_equity(steps in steps(), last in 1_i64..10_000_000) {
        let instrument = instrument();
        let mut ledger = TradeLedger::new(Keep::All);
        let opening = Amount::new(Decimal::ZERO, Currency::USDT);
        let mut portfolio = Portfolio::new(account(), qtp_core::AccountKind::Unconstrained, opening);
        let (mut cash, mut held) = (Decimal::ZERO, Decimal::ZERO);
        for (second, step) in steps.iter().enumerate() {
            match *step {
                Step::Fill { signed, price, fee } => {
                    let (signed, price) = (Decimal::new(signed, 3), Decimal::new(price, 2));
                    let fee = Amount::new(Decimal::new(fee, 4), Currency::USDT);
                    let fill = fill(&instrument, second as i64, signed, price, fee);
                    ledger.on_fill(&fill, &instrument, Notional::from_decimal(fee.value));
                    portfolio.apply_fill(&fill, &instrument);
                    cash -= signed * price + fee.value;
                    held += signed;
                }
                Step::Funding(value) => {
                    let value = Decimal::new(value, 4);
                    let (account, id) = (account(), instrument.id.clone());
                    let amount = Amount::new(value, Currency::USDT);
                    let time = Timestamp::from_secs(second as i64);
                    let payment = FundingPayment { account, instrument: id, time, amount };
                    ledger.on_funding(&payment, Notional::from_decimal(value));
                    cash += value;
                }
            }
        }
        let last = Price::new(Decimal::new(last, 2)).unwrap();
        let equity = Notional::from_decimal(cash + held * last.get());
        let closed: Notional = ledger.trips().map(|trip| trip.net).sum();
        let open: Notional = ledger.open_trips().map(|trip| trip.net(last)).sum();
        let told = closed + open + ledger.unattributed();
        prop_assert_eq!(told, equity);
        prop_assert_eq!(ledger.totals().net, closed);
        let fees: Notional = ledger.trips().map(|trip| trip.fees).sum();
        let open_fees: Notional = ledger.open_trips().map(|trip| trip.fees).sum();
        prop_assert_eq!(fees + open_fees, ledger.fees());
        if let Some(open) = ledger.open_trips().next() {
            let position = portfolio.position(&instrument.id).unwrap();
            prop_assert_eq!(open.unrealized(last), position.unrealized(last));
        }
    }
}

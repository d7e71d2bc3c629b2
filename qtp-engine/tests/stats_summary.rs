//! The summary: JSON, text, evidence.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use qtp_core::{
    AccountId, Amount, Currency, Fill, Instrument, Liquidity, Notional, Price, RunId, Side, Timestamp,
};
use qtp_engine::stats::{Assumption, DayCount, EquityStats, Keep, RunFacts, Summary, TradeLedger};

fn trade(ledger: &mut TradeLedger, second: i64, side: Side, price: &str, fee: &str) {
    let instrument = Instrument::unrestricted("BTC-USDT-PERP@sim".parse().unwrap()).unwrap();
    let fee = Amount::new(fee.parse().unwrap(), Currency::USDT);
    let account: AccountId = "main".parse().unwrap();
    let fill = Fill {
        trade_id: format!("t{second}").parse().unwrap(),
        client_order_id: None,
        venue_order_id: None,
        account,
        instrument: instrument.id.clone(),
        time: Timestamp::from_secs(second),
        side,
        price: price.parse::<Price>().unwrap(),
        quantity: "1".parse().unwrap(),
        fee,
        builder_fee: None,
        liquidity: Liquidity::Taker,
        external: None,
    };
    ledger.on_fill(&fill, &instrument, Notional::from_decimal(fee.value));
}

fn facts() -> RunFacts {
    RunFacts {
        strategy: "ema_cross(10,30)".to_owned(),
        instruments: vec!["BTC-USDT-PERP@sim".to_owned()],
        timeframe: Some("1h".to_owned()),
        currency: "USDT".to_owned(),
        candles: 100,
        gaps: 2,
        orders: 7,
        funding_modelled: Some(false),
        max_participation: Some(0.25),
        assumptions: vec![Assumption::new("fees", "4.5 bps taker"), Assumption::new("slippage", "none")],
        elapsed_seconds: Some(0.5),
        run_id: Some(RunId(7)),
        commands_hash: Some("ab".repeat(32)),
        ..RunFacts::default()
    }
}

/// Nets of 4, 6, 8 and -2; one trip open with 10 of profit.
fn run() -> (TradeLedger, EquityStats) {
    let mut ledger = TradeLedger::new(Keep::All);
    let exits = ["105", "107", "109", "99"];
    for (index, exit) in exits.into_iter().enumerate() {
        trade(&mut ledger, 10 * index as i64 + 10, Side::Buy, "100", "0.5");
        trade(&mut ledger, 10 * index as i64 + 15, Side::Sell, exit, "0.5");
    }
    trade(&mut ledger, 90, Side::Buy, "100", "0.5");
    let mut equity = EquityStats::new(Timestamp::from_secs(0), 1000.0, DayCount::Every);
    for (second, value, price) in
        [(20, 1004.0, 100.0), (30, 1018.0, 110.0), (50, 990.0, 90.0), (100, 1025.5, 95.0)]
    {
        equity.on_equity(Timestamp::from_secs(second), value);
        equity.on_close(Timestamp::from_secs(second), price);
    }
    (ledger, equity)
}

#[test]
fn json_holds_numbers_and_null_for_what_is_not_known() {
    let (ledger, equity) = run();
    let json = serde_json::to_value(Summary::new(&ledger, &equity, facts())).unwrap();
    assert_eq!(json["initial_equity"], 1000.0);
    assert_eq!((&json["final_equity"], &json["net_profit"]), (&1025.5.into(), &25.5.into()));
    assert_eq!(
        (&json["fees"], &json["funding"], &json["price_profit"]),
        (&4.5.into(), &0.0.into(), &30.0.into())
    );
    assert_eq!(
        (&json["round_trips"], &json["wins"], &json["win_rate"]),
        (&4.into(), &3.into(), &0.75.into())
    );
    assert_eq!((&json["average_trade"], &json["profit_factor"]), (&4.0.into(), &9.0.into()));
    assert_eq!((&json["best_trade"], &json["worst_trade"]), (&8.0.into(), &(-2.0).into()));
    assert_eq!((&json["open_trips"], &json["open_profit"]), (&1.into(), &9.5.into()));
    assert!(json["sharpe"].is_null() && json["sortino"].is_null() && json["bankrupt_at"].is_null());
    assert_eq!(json["funding_modelled"], false);
    assert_eq!(
        (&json["first_time"], &json["last_time"]),
        (&"1970-01-01T00:00:00Z".into(), &"1970-01-01T00:01:40Z".into())
    );
    assert_eq!(json["exposure_time"], 0.3);
    assert_eq!(json["candles_per_second"], 200.0);
    assert_eq!(json["run_id"], "0000000000000007");
    // 4.5 of costs out of 5 + 7 + 9 of gross profit.
    assert!((json["costs_share"].as_f64().unwrap() - 4.5 / 21.0).abs() < 1e-12);
    assert!((json["buy_and_hold_return"].as_f64().unwrap() + 0.05).abs() < 1e-12);
}

#[test]
fn evidence_is_a_student_interval_of_the_mean_trade() {
    let (ledger, equity) = run();
    let evidence = Summary::new(&ledger, &equity, facts()).evidence;
    // scipy.stats.t.interval(0.95, 3, loc=4, scale=scipy.stats.sem([4, 6, 8, -2]))
    assert!((evidence.ci_low.unwrap() + 2.874_869_763_716_617_4).abs() < 1e-8, "{evidence:?}");
    assert!((evidence.ci_high.unwrap() - 10.874_869_763_716_617).abs() < 1e-8);
    assert!(!evidence.distinguishable_from_zero);
    assert_eq!(
        evidence.sentence,
        "4 round trips with a mean of 4.00 USDT (95 % confidence interval -2.87 to 10.87, Student's t): \
         the mean trade cannot be told from zero."
    );
}

#[test]
fn text_fits_a_hundred_columns_and_names_what_was_not_modelled() {
    let (ledger, mut equity) = run();
    equity.on_equity("2024-04-16T01:00:00Z".parse().unwrap(), -5.0);
    let mut facts = facts();
    facts.assumptions.push(Assumption::new("fills", "at the next open ".repeat(12)));
    let summary = Summary::new(&ledger, &equity, facts);
    let text = summary.to_text();
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    for wanted in
        ["BANKRUPT on 2024-04-16T01:00:00Z", "funding: NOT MODELLED", "Buy and hold", "above 10 %", "gaps: 2"]
    {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
}

#[test]
fn a_run_without_trades_says_that_nothing_can_be_said() {
    let equity = EquityStats::new(Timestamp::from_secs(0), 1000.0, DayCount::Every);
    let summary = Summary::new(&TradeLedger::new(Keep::All), &equity, RunFacts::default());
    assert_eq!((summary.win_rate, summary.costs_share, summary.evidence.mean_trade), (None, None, None));
    assert!(summary.evidence.sentence.starts_with("No round trip closed"));
    assert!(summary.to_text().contains("n/a"));
}

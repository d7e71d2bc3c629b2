//! Statistics against the runs of backtesting.py in the shared data.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::PathBuf;

use qtp_core::{
    AccountId, Amount, Currency, Decimal, Fill, Instrument, Liquidity, Notional, Price, Quantity, Side,
    Timestamp,
};
use qtp_engine::stats::{DayCount, EquityStats, Keep, RunFacts, Summary, TradeLedger};
use serde_json::Value;

const RUNS: [&str; 6] =
    ["fraction_fee", "lever3_fee", "long_only_fee", "long_short_fee", "long_short_no_fee", "sl_tp_fee"];

fn read(name: &str) -> Option<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/backtest-golden");
    let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.json"))) else {
        println!("skipped: {name} is not there");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn exact(value: f64) -> Decimal {
    value.to_string().parse().unwrap()
}

fn fill(instrument: &Instrument, bar: i64, signed: Decimal, price: Decimal, rate: Decimal) -> Fill {
    let account: AccountId = "main".parse().unwrap();
    let quantity = Quantity::new(signed).unwrap();
    Fill {
        trade_id: format!("t{bar}").parse().unwrap(),
        client_order_id: None,
        venue_order_id: None,
        account,
        instrument: instrument.id.clone(),
        time: Timestamp::from_secs(bar * 3600),
        side: Side::of(quantity).unwrap(),
        price: Price::new(price).unwrap(),
        quantity: quantity.abs(),
        fee: Amount::new((signed.abs() * price * rate).round_dp(15), Currency::USDT),
        builder_fee: None,
        liquidity: Liquidity::Taker,
        external: None,
    }
}

/// The golden trades as fills. With `flips`, an exit and the entry at the same bar and price are one fill.
fn fills(run: &Value, instrument: &Instrument, flips: bool) -> Vec<Fill> {
    let rate = exact(number(&run["spec"], "commission"));
    let mut orders: Vec<(i64, i64, Decimal, Decimal)> = Vec::new();
    for trade in run["trades"].as_array().unwrap() {
        let size = exact(number(trade, "Size"));
        let bars = (trade["EntryBar"].as_i64().unwrap(), trade["ExitBar"].as_i64().unwrap());
        // An exit inside the entry's bar comes behind it, any other exit before that bar's entry.
        let late = i64::from(bars.0 == bars.1) * 2;
        orders.push((bars.0, 1, size, exact(number(trade, "EntryPrice"))));
        orders.push((bars.1, late, -size, exact(number(trade, "ExitPrice"))));
    }
    orders.sort_by_key(|(bar, rank, ..)| (*bar, *rank));
    let mut merged: Vec<(i64, Decimal, Decimal)> = Vec::new();
    for (bar, _, signed, price) in orders {
        match merged.last_mut() {
            Some((last, sum, at))
                if flips
                    && *last == bar
                    && *at == price
                    && (*sum > Decimal::ZERO) == (signed > Decimal::ZERO) =>
            {
                *sum += signed;
            }
            _ => merged.push((bar, signed, price)),
        }
    }
    merged.into_iter().map(|(bar, signed, price)| fill(instrument, bar, signed, price, rate)).collect()
}

fn ledger(run: &Value, flips: bool) -> TradeLedger {
    let instrument = Instrument::unrestricted("BTC-USDT@sim".parse().unwrap()).unwrap();
    let mut ledger = TradeLedger::new(Keep::All);
    for fill in fills(run, &instrument, flips) {
        ledger.on_fill(&fill, &instrument, Notional::from_decimal(fill.fee.value));
    }
    ledger
}

fn equity(run: &Value) -> EquityStats {
    let mut stats = EquityStats::new(Timestamp::from_secs(0), number(&run["spec"], "cash"), DayCount::Every);
    for (bar, value) in run["equity"].as_array().unwrap().iter().enumerate() {
        stats.on_equity(Timestamp::from_secs((bar as i64 + 1) * 3600), value.as_f64().unwrap());
    }
    stats
}

fn near(value: f64, expected: f64) -> bool {
    (value - expected).abs() <= 1e-9 * expected.abs().max(1.0)
}

#[test]
fn every_trade_has_the_profit_of_the_golden_run() {
    for (name, flips) in RUNS.into_iter().flat_map(|name| [(name, false), (name, true)]) {
        let Some(run) = read(name) else { continue };
        let ledger = ledger(&run, flips);
        let mut golden: Vec<&Value> = run["trades"].as_array().unwrap().iter().collect();
        golden.sort_by_key(|trade| trade["EntryBar"].as_i64());
        assert_eq!(ledger.totals().round_trips, golden.len() as u64, "{name}");
        for (trip, trade) in ledger.trips().zip(&golden) {
            assert!(near(trip.net.to_f64(), number(trade, "PnL")), "{name} {trip:?} {trade}");
            assert!(near(trip.fees.to_f64(), number(trade, "Commission")), "{name} {trip:?} {trade}");
            assert_eq!(trip.entry_time.as_secs() / 3600, trade["EntryBar"].as_i64().unwrap());
        }
    }
}

#[test]
fn the_summary_has_the_statistics_of_the_golden_run() {
    for name in RUNS {
        let Some(run) = read(name) else { continue };
        let (ledger, equity, stats) = (ledger(&run, true), equity(&run), &run["stats"]);
        let facts = RunFacts { currency: "USDT".to_owned(), candles: 4000, ..RunFacts::default() };
        let summary = Summary::new(&ledger, &equity, facts);
        assert!(near(summary.final_equity, number(stats, "Equity Final [$]")), "{name}");
        assert!(near(summary.total_return * 100.0, number(stats, "Return [%]")), "{name}");
        assert!(near(summary.max_drawdown * -100.0, number(stats, "Max. Drawdown [%]")), "{name}");
        assert!(near(summary.win_rate.unwrap() * 100.0, number(stats, "Win Rate [%]")), "{name}");
        // A run without commission has no such line.
        let commissions = stats["Commissions [$]"].as_f64().unwrap_or(0.0);
        assert!(near(summary.fees, commissions), "{name}");
        assert_eq!(summary.round_trips, stats["# Trades"].as_u64().unwrap());
        // backtesting.py counts both edge bars of a trade as exposed, we the time between its fills.
        let exposed = summary.exposure_time.unwrap() * 100.0;
        let bars = 100.0 * summary.round_trips as f64 / 4000.0;
        assert!((exposed - number(stats, "Exposure Time [%]")).abs() < bars + 1.0, "{name} {exposed}");
        // Its profit factor is one of returns; ours is one of money, taken here from its own trades.
        let nets = run["trades"].as_array().unwrap().iter().map(|trade| number(trade, "PnL"));
        let (won, lost) = nets.fold((0.0, 0.0), |(w, l), net| (w + net.max(0.0), l - net.min(0.0)));
        assert!(near(summary.profit_factor.unwrap(), won / lost), "{name}");
        let price_profit = summary.net_profit + summary.fees;
        assert!(near(summary.price_profit, price_profit), "{name}");
    }
}

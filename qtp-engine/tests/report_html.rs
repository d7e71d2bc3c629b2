//! The page: complete, self-contained, safe against what it shows.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use qtp_core::{Ohlcv, Timestamp};
use qtp_engine::report::{DecisionRow, NoticeRow, PriceSeries, ReportData, render};
use qtp_engine::stats::format::{money, percent, signed_money, signed_percent};
use qtp_engine::stats::{
    CandleCurve, DayCount, EquityStats, Keep, RoundTrip, RunFacts, Summary, TradeLedger, TripSide,
};

const HOSTILE: &str = "</script><script>alert(1)</script>\"'&";

fn trip(index: i64) -> RoundTrip {
    let net = if index % 3 == 0 { "-7.25" } else { "4.5" };
    RoundTrip {
        account: "main".parse().unwrap(),
        instrument: "BTC-USDT-PERP@sim".parse().unwrap(),
        side: if index % 2 == 0 { TripSide::Long } else { TripSide::Short },
        quantity: "0.5".parse().unwrap(),
        entry_time: Timestamp::from_secs(3600 * index),
        exit_time: Timestamp::from_secs(3600 * index + 1800),
        entry_price: "100".parse().unwrap(),
        exit_price: "110".parse().unwrap(),
        gross: "5".parse().unwrap(),
        fees: "0.5".parse().unwrap(),
        funding: "0".parse().unwrap(),
        net: net.parse().unwrap(),
        fills: 2,
        stop: "95".parse().ok(),
        last_stop: "95".parse().ok(),
        adverse: None,
        favourable: None,
    }
}

fn data(candles: i64, trips: i64) -> ReportData {
    let mut equity = EquityStats::new(Timestamp::from_secs(0), 12_345.67, DayCount::Every);
    let mut curve = CandleCurve::default();
    for index in 0..candles {
        let price = 100.0 + (index % 17) as f64;
        let candle =
            Ohlcv { open: price, high: price + 2.0, low: price - 2.0, close: price + 1.0, volume: 1.0 };
        curve.push(Timestamp::from_secs(3600 * index), &candle);
        let time = Timestamp::from_secs(3600 * (index + 1));
        equity.on_close(time, price + 1.0);
        equity.on_equity(time, 12_345.67 + (index % 23) as f64 * 10.33);
    }
    let facts = RunFacts {
        strategy: HOSTILE.to_owned(),
        currency: "USDT".to_owned(),
        synthetic: true,
        funding_modelled: Some(false),
        ..RunFacts::default()
    };
    let mut summary = Summary::new(&TradeLedger::new(Keep::All), &equity, facts);
    summary.round_trips = u64::try_from(trips).unwrap();
    summary.average_trade = Some(1.0);
    let mut data = ReportData::new(summary, &equity, &TradeLedger::new(Keep::All));
    data.trips = (0..trips).map(trip).collect();
    data.prices.push(PriceSeries::new("BTC-USDT-PERP@sim", &curve));
    data
}

#[test]
fn the_page_asks_for_nothing_from_outside() {
    let page = render(&data(300, 40));
    for forbidden in ["http://", "https://", "src=", "@import", "url(", "<link"] {
        // The name of the SVG namespace is the one address on the page, and nothing is fetched from it.
        let found = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!found.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn text_from_outside_is_escaped() {
    let mut data = data(300, 4);
    let time = Timestamp::from_secs(0);
    let text = || HOSTILE.to_owned();
    let (asset, action, reason, outcome) = (text(), text(), text(), text());
    data.decisions.push(DecisionRow { time, asset, action, reason, stop: None, target: None, outcome });
    data.notices.push(NoticeRow { time, kind: text(), text: text() });
    data.prices[0].instrument = text();
    data.summary.instruments = vec![text()];
    data.summary.currency = text();
    let page = render(&data);
    assert!(!page.contains("<script>alert"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
    let opened = page.matches("<script").count();
    assert_eq!(opened, page.matches("</script>").count());
}

#[test]
fn figures_are_those_of_the_summary() {
    let data = data(2000, 40);
    let (page, summary) = (render(&data), &data.summary);
    for figure in [
        money(summary.initial_equity),
        money(summary.final_equity),
        signed_money(summary.net_profit),
        signed_percent(summary.total_return),
        percent(summary.max_drawdown),
        signed_percent(summary.buy_and_hold_return.unwrap()),
        "Synthetic data".to_owned(),
        "NOT MODELLED".to_owned(),
        summary.evidence.sentence.clone(),
    ] {
        assert!(page.contains(&figure), "{figure}");
    }
}

#[test]
fn long_tables_show_both_ends_and_how_many_lie_between() {
    let mut data = data(300, 250);
    data.rows = 10;
    let page = render(&data);
    assert!(page.contains("230 more"));
    assert!(
        page.contains("<tr><td>10<td") && page.contains("<tr><td>241<td") && page.contains("<tr><td>250<td")
    );
    assert!(!page.contains("<tr><td>11<td"));
}

#[test]
fn an_empty_run_still_has_a_page() {
    let page = render(&ReportData::default());
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(!page.contains("NaN") && !page.contains("inf"));
}

#[test]
fn the_page_is_the_same_every_time_and_of_bounded_size() {
    let data = data(60_000, 3000);
    let page = render(&data);
    assert_eq!(page, render(&data));
    assert!(page.len() < 1_500_000, "{}", page.len());
}

//! Recorded answers over REST.

use qtp_core::{InstrumentKind, Timeframe, Timestamp};
use qtp_exchange::binance::Product;
use qtp_exchange::binance::wire::{self, Listed};

use crate::fixtures::{FUTURES, HTTP, SPOT, account, names, present, symbols, text};
use crate::summary::{fill, report};

fn spot(name: &str) -> String {
    text(&format!("{SPOT}/http_json/{name}.json"))
}

fn futures(name: &str) -> String {
    text(&format!("{FUTURES}/http_json/{name}.json"))
}

fn http(name: &str) -> String {
    text(&format!("{HTTP}/http_{name}.json"))
}

#[test]
fn orders_of_both_products() {
    if !present() {
        return;
    }
    let read = |text: String| -> Vec<String> {
        let orders = wire::orders("orders", &text, &symbols("b"), &account()).unwrap();
        orders.iter().map(report).collect()
    };
    let resting = ["1499827319559 LTC-BTC buy Open 0/1 at 0.1 #1"];
    for name in ["order_response", "all_orders_response", "open_orders_response"] {
        assert_eq!(read(spot(name)), resting, "{name}");
    }
    assert_eq!(read(spot("new_order_full_response")), ["1507725176595 BTC-USDT sell Filled 10/10 #28"]);
    assert_eq!(read(spot("cancel_order_response")), ["1684804350068 LTC-BTC buy Canceled 0/1 at 2 #4"]);
    assert_eq!(
        read(futures("order_response")),
        ["1625474304765 BTC-USDT buy Open 0/0.001 at 50000 #12345678"]
    );
    assert_eq!(
        read(http("futures_account_orders")),
        ["1579276756075 BTC-USDT buy Open 0/0.4 at 9300 #1917641"]
    );
    let waiting =
        wire::algo_orders("orders", &futures("open_algo_orders"), &symbols("b"), &account()).unwrap();
    assert_eq!(report(&waiting[0]), "1625474304765 BTC-USDT buy Open 0/0.001 at 45000 #123456789");
}

#[test]
fn executions_of_both_products() {
    if !present() {
        return;
    }
    let read = |text: String| -> Vec<String> {
        wire::fills(&text, &symbols("b"), &account()).unwrap().iter().map(fill).collect()
    };
    let spot = read(spot("account_trades_response"));
    assert_eq!(
        spot,
        ["1499865549590 BNB-BTC buy 12 at 4.000001 fee 10.1 BNB Taker trade 28457 #100234 None"]
    );
    let futures = read(http("futures_account_trades"));
    let first = "1645930322371 ETH-USDT sell 0.005 at 2778.35 fee 0.0055567 USDT Taker trade 82357626 #831238666 None";
    assert_eq!(futures[0], first);
}

#[test]
fn balances_and_positions() {
    if !present() {
        return;
    }
    let now = Timestamp::from_millis(7);
    let snapshot = wire::balances(&spot("account_response"), &account(), now).unwrap();
    let held: Vec<String> = snapshot.balances.iter().map(|(coin, total)| format!("{coin} {total}")).collect();
    assert_eq!(held, ["BTC 4723846.89208129", "LTC 4763368.68006011"]);
    assert_eq!(wire::balances(&http("spot_wallet_account"), &account(), now).unwrap(), snapshot);

    let snapshot =
        wire::futures_account(&futures("account_info_v2"), &symbols("b"), &account(), now).unwrap();
    let held: Vec<String> = snapshot.balances.iter().map(|(coin, total)| format!("{coin} {total}")).collect();
    assert_eq!((held, snapshot.positions.len()), (vec!["USDT 23.72469206".to_owned()], 0));

    let risk = wire::positions(&futures("position_risk"), &symbols("b")).unwrap();
    let net: Vec<String> = risk.iter().map(|(id, size)| format!("{} {size}", id.symbol())).collect();
    assert_eq!(net, ["BTC-USDT 0.001"]);
    assert!(wire::positions(&http("futures_account_positions_one_way"), &symbols("b")).unwrap().is_empty());
    let hedged = wire::positions(&http("futures_account_positions_hedge"), &symbols("b")).unwrap_err();
    assert!(hedged.to_string().contains("hedge mode"), "{hedged}");
    assert!(wire::is_hedge_mode(&http("futures_account_position_side_dual")).unwrap());
}

#[test]
fn candles_only_after_they_closed() {
    if !present() {
        return;
    }
    let id = "BTC-USDT@b".parse().unwrap();
    let week: Timeframe = "1w".parse().unwrap();
    let close = Timestamp::from_millis(1_499_644_800_000);
    for text in [spot("klines_response"), http("futures_market_klines")] {
        let candles = wire::candles(&text, &id, week, close).unwrap();
        let candle = &candles[0];
        assert_eq!(candle.close_time(), close);
        let prices =
            [candle.open(), candle.high(), candle.low(), candle.close()].map(|price| price.to_string());
        assert_eq!(prices, ["0.0163479", "0.8", "0.015758", "0.015771"]);
        assert_eq!(candle.volume().to_string(), "148976.11427815");
        let before = Timestamp::from_millis(1_499_644_799_999);
        assert!(wire::candles(&text, &id, week, before).unwrap().is_empty());
    }
    for name in [
        "futures_market_continuous_klines",
        "futures_market_index_price_klines",
        "futures_market_mark_price_klines",
        "spot_market_klines",
    ] {
        let candles = wire::candles(&http(name), &id, Timeframe::M1, Timestamp::MAX).unwrap();
        assert!(!candles.is_empty() && candles[0].volume().signum() >= 0, "{name}");
    }
}

#[test]
fn books_and_prints() {
    if !present() {
        return;
    }
    for (text, time) in
        [(spot("depth_response"), None), (http("futures_market_depth"), Some(1_589_436_922_959))]
    {
        let depth = wire::depth(&text).unwrap();
        assert_eq!((depth.last, depth.time), (1_027_024, time.map(Timestamp::from_millis)));
        assert_eq!(
            format!("{:?} {:?}", depth.bids, depth.asks),
            "[(Price(4), Quantity(431))] [(Price(4.000002), Quantity(12))]"
        );
    }
    assert_eq!(wire::depth(&http("spot_market_depth")).unwrap().last, 14_527_958_487);
    let id = "BTC-USDT@b".parse().unwrap();
    let files = ["futures_market_trades", "futures_market_historical_trades"].map(http);
    for text in files.into_iter().chain([spot("trades_response")]) {
        let trade = &wire::trades(&text, &id).unwrap()[0];
        let shown =
            format!("{} {} {} {:?}", trade.time.as_millis(), trade.quantity, trade.price, trade.taker);
        assert_eq!(shown, "1499865549590 12 4.000001 Some(Sell)");
    }
    for name in [
        "spot_market_agg_trades",
        "futures_market_agg_trades",
        "spot_market_trades",
        "spot_market_historical_trades",
    ] {
        let trades = wire::trades(&http(name), &id).unwrap();
        assert!(!trades.is_empty() && trades.iter().all(|trade| trade.quantity.signum() > 0), "{name}");
    }
    let first = &wire::trades(&http("spot_market_agg_trades"), &id).unwrap()[0];
    assert_eq!((first.price.to_string().as_str(), first.taker), ("60759.6", Some(qtp_core::Side::Buy)));
}

#[test]
fn funding_mark_and_open_interest() {
    if !present() {
        return;
    }
    let (mark, rate) = wire::premium(&http("futures_market_premium_index"), &symbols("b")).unwrap();
    assert_eq!(
        (mark.mark.to_string(), mark.index.unwrap().to_string()),
        ("11793.63104562".into(), "11781.8049597".into())
    );
    assert_eq!((rate.rate.to_string().as_str(), rate.time.as_millis()), ("0.00038246", 1_597_392_000_000));
    let paid = wire::funding_rates(&http("futures_market_funding_rate"), &symbols("b")).unwrap();
    let paid: Vec<String> =
        paid.iter().map(|rate| format!("{} {}", rate.time.as_millis(), rate.rate)).collect();
    assert_eq!(paid, ["1570608000000 -0.0375", "1570636800000 0.0001"]);
    let interest = wire::open_interest(&http("futures_market_open_interest"), &symbols("b")).unwrap();
    assert_eq!(
        (interest.quantity.to_string().as_str(), interest.time.as_millis()),
        ("10659.509", 1_589_437_530_011)
    );
    assert_eq!(wire::server_time(&spot("server_time_response")).unwrap().as_millis(), 1_499_827_319_559);
    assert_eq!(wire::server_time(&http("spot_market_time")).unwrap().as_millis(), 1_633_835_466_289);
}

fn listed(listed: &[Listed], native: &str) -> qtp_core::Instrument {
    listed.iter().find(|listed| listed.native == native).unwrap().instrument.clone()
}

#[test]
fn filters_become_the_rules_of_an_instrument() {
    if !present() {
        return;
    }
    let venue = "binance".parse().unwrap();
    let all = wire::instruments(&http("spot_market_exchange_info"), Product::Spot, &venue).unwrap();
    let bitcoin = listed(&all, "BTCUSDT");
    assert_eq!(bitcoin.id.to_string(), "BTC-USDT@binance");
    assert_eq!(
        format!("{:?} {:?}", bitcoin.price_rule, bitcoin.size_rule),
        "Tick(Price(0.01)) Lot(Quantity(0.00001))"
    );
    let bounds = [bitcoin.min_quantity, bitcoin.max_quantity, bitcoin.max_market_quantity]
        .map(|q| q.unwrap().to_string());
    assert_eq!(bounds, ["0.00001", "9000", "112.2110882"]);
    assert_eq!(
        (bitcoin.min_notional.unwrap().to_string().as_str(), bitcoin.min_notional_exempts_close),
        ("10", false)
    );
    let plain = wire::instruments(&spot("exchange_info_response"), Product::Spot, &venue).unwrap();
    assert_eq!(listed(&plain, "ETHBTC").settle.as_str(), "BTC");

    let venue = "binance-usdm".parse().unwrap();
    let all = wire::instruments(&http("futures_market_exchange_info"), Product::UsdMargin, &venue).unwrap();
    let ids: Vec<String> = all.iter().map(|listed| listed.instrument.id.to_string()).collect();
    let expected =
        ["BTC-USDT-PERP@binance-usdm", "ETH-USDT-PERP@binance-usdm", "BTC-USDT-20220325@binance-usdm"];
    assert_eq!(ids, expected);
    let perpetual = listed(&all, "BTCUSDT");
    assert_eq!((perpetual.kind, perpetual.settle.as_str()), (InstrumentKind::Perpetual, "USDT"));
    // Not its price and quantity precision, which are finer.
    assert_eq!(
        format!("{:?} {:?}", perpetual.price_rule, perpetual.size_rule),
        "Tick(Price(0.1)) Lot(Quantity(0.001))"
    );
    assert_eq!(
        (perpetual.min_notional.unwrap().to_string().as_str(), perpetual.min_notional_exempts_close),
        ("10", true)
    );
}

/// Statistics and settings that no domain value stands for.
const NOT_READ: &[&str] = &[
    "http_futures_account_symbol_config",
    "http_futures_market_asset_index",
    "http_futures_market_blvt_nav_kline",
    "http_futures_market_book_ticker",
    "http_futures_market_global_long_short_account_ratio",
    "http_futures_market_index_info",
    "http_futures_market_open_interest_historical",
    "http_futures_market_taker_long_short_ratio",
    "http_futures_market_ticker_24hr",
    "http_futures_market_ticker_price",
    "http_futures_market_top_long_short_account_ratio",
    "http_futures_market_top_long_short_position_ratio",
    "http_futures_wallet_commission_rate_btcusdt",
    "http_futures_wallet_commission_rate_btcusdt_quarterly",
    "http_futures_wallet_commission_rate_ethusdt",
    "http_spot_market_avg_price",
    "http_spot_market_book_ticker",
    "http_spot_market_ping",
    "http_spot_market_ticker_price",
    "http_wallet_trading_fee",
    "http_wallet_trading_fees",
];

#[test]
fn every_recorded_answer_is_read_here_or_named_as_not_read() {
    if !present() {
        return;
    }
    let source = include_str!("rest.rs");
    for name in names(HTTP) {
        let short = name.trim_start_matches("http_");
        let read = source.contains(&format!("\"{short}\""));
        assert!(read != NOT_READ.contains(&name.as_str()), "{name}");
    }
}

//! Every recorded message of the streams.

use qtp_core::Timestamp;
use qtp_exchange::binance::wire::{AccountUpdate, MarketUpdate, account_updates, market_update};

use crate::fixtures::{FUTURES, SOCKET, SPOT, account, names, present, symbols, text};
use crate::summary::{assert_all, event};

const NOW: Timestamp = Timestamp::from_millis(9);

fn market(name: &str) -> String {
    match market_update(&text(name), &symbols("b"), NOW).unwrap_or_else(|error| panic!("{name}: {error:?}")) {
        MarketUpdate::Events(events) => {
            events.iter().map(|(time, e)| event(*time, e)).collect::<Vec<_>>().join("; ")
        }
        MarketUpdate::Depth { symbol, update } => {
            format!(
                "depth {symbol} {} {} {:?} {} bids {} asks",
                update.first,
                update.last,
                update.previous,
                update.bids.len(),
                update.asks.len()
            )
        }
        other => format!("{other:?}"),
    }
}

fn user(name: &str) -> String {
    match account_updates(&text(name), &symbols("b"), &account())
        .unwrap_or_else(|error| panic!("{name}: {error:?} {:?}", std::error::Error::source(&error)))
    {
        AccountUpdate::Events(events) => {
            events.iter().map(|(time, e)| event(*time, e)).collect::<Vec<_>>().join("; ")
        }
        other => format!("{other:?}"),
    }
}

fn of(folder: &str, read: fn(&str) -> String) -> Vec<(String, String)> {
    names(folder).into_iter().map(|name| (name.clone(), read(&format!("{folder}/{name}.json")))).collect()
}

#[test]
fn every_recorded_market_message_has_its_values() {
    if !present() {
        return;
    }
    let folder = format!("{FUTURES}/market_data_json");
    assert_all(&folder, &of(&folder, market), MARKET);
}

#[test]
fn every_recorded_user_message_has_its_values() {
    if !present() {
        return;
    }
    for (folder, expected) in
        [(format!("{SPOT}/user_data_json"), SPOT_USER), (format!("{FUTURES}/user_data_json"), FUTURES_USER)]
    {
        assert_all(&folder, &of(&folder, user), expected);
    }
}

#[test]
fn every_message_of_the_other_collection_has_its_values() {
    if !present() {
        return;
    }
    let read = |name: &str| {
        let users = ["algo_update", "order_update", "trade_lite", "execution_report"];
        let path = format!("{SOCKET}/{name}.json");
        if users.iter().any(|part| name.contains(part)) { user(&path) } else { market(&path) }
    };
    let actual: Vec<(String, String)> =
        names(SOCKET).into_iter().map(|name| (name.clone(), read(&name))).collect();
    assert_all(SOCKET, &actual, BOTH);
}

const MARKET: &[(&str, &str)] = &[
    ("agg_trade_stream", "123456785: trade BTC-USDT 100 at 0.001 Some(Sell)"),
    ("book_ticker_stream", "1568014460891: quote BNB-USDT 31.21 25.3519 25.3652 40.66"),
    ("depth_update_stream", "depth BTCUSDT 157 160 Some(149) 1 bids 1 asks"),
    ("kline_stream_closed", "1638747720000: candle 1638747660000 1m 0.001 0.0025 0.001 0.002 1000"),
    ("kline_stream_open", "Unused"),
    ("liquidation_stream", "Unused"),
    (
        "mark_price_stream",
        "1562305380000: mark BTC-USDT 11794.15 index 11784.62659091; 1562305380000: funding BTC-USDT 0.00038167 paid 1562306400000",
    ),
    ("ticker_stream", "Unused"),
    ("trade_stream", "123456785: trade BTC-USDT 100 at 0.001 Some(Sell)"),
];
const SPOT_USER: &[(&str, &str)] = &[
    ("account_position", "Balances"),
    ("account_position_wrapped", "Balances"),
    ("balance_update", "1709654400000: flow 0.001 BTC"),
    ("balance_update_wrapped", "1573200697068: flow 100 BTC"),
    (
        "execution_report_canceled",
        "1709654402000: report 1709654402000 ETH-USDT buy Canceled 0/1 at 2500 #12345678",
    ),
    (
        "execution_report_expired",
        "1709654403000: report 1709654403000 ETH-USDT buy Expired 0/1 at 2500 #12345678 because insufficient_liquidity",
    ),
    ("execution_report_new", "1709654400000: report 1709654400000 ETH-USDT buy Open 0/1 at 2500 #12345678"),
    (
        "execution_report_stop_loss",
        "1709654400000: report 1709654400000 ETH-USDT sell Open 0/1 at 2400 #12345679",
    ),
    (
        "execution_report_trade",
        "1709654401000: fill 1709654401000 ETH-USDT buy 1 at 2500 fee 0.001 ETH Maker trade 98765432 #12345678 Some(Manual); 1709654401000: report 1709654401000 ETH-USDT buy Filled 1/1 at 2500 #12345678",
    ),
    (
        "execution_report_wrapped",
        "1499405658657: report 1499405658657 ETH-BTC buy Open 0/1 at 0.1026441 #4293153",
    ),
    ("list_status_wrapped", "Unused"),
];
const FUTURES_USER: &[(&str, &str)] = &[
    ("account_update", "Unused"),
    ("account_update_bnfcr", "Unused"),
    (
        "algo_update_canceled",
        "1750515742297: report 1750515742297 BNB-USDT sell Canceled 0/0.01 at 750 #2148719 because reduce_only_reject",
    ),
    ("algo_update_new", "1750515742297: report 1750515742297 BNB-USDT sell Open 0/0.01 at 750 #2148719"),
    (
        "order_update_adl",
        "1568879465651: fill 1568879465651 BTC-USDT buy 0.005 at 42000 fee 0.105 USDT Taker trade 12346001 #8887001 Some(Adl); 1568879465651: report 1568879465651 BTC-USDT buy Filled 0.005/0.005 at 42000 #8887001",
    ),
    (
        "order_update_calculated",
        "1568879465651: fill 1568879465651 BTC-USDT sell 0.014 at 9910.12 fee 0.06937084 USDT Taker trade 12345999 #8886999 Some(Liquidation); 1568879465651: report 1568879465651 BTC-USDT sell Filled 0.014/0.014 at 9910 #8886999",
    ),
    (
        "order_update_calculated_pending",
        "1568879465651: report 1568879465651 BTC-USDT sell Open 0/0.014 at 9910 #8887004",
    ),
    (
        "order_update_delivery",
        "1711929600000: fill 1711929600000 BTC-USD-20240329 sell 1 at 70000 fee 0 USD Taker trade 12346003 #8887003 Some(Settlement); 1711929600000: report 1711929600000 BTC-USD-20240329 sell Filled 1/1 at 70000 #8887003",
    ),
    (
        "order_update_insurance",
        "1568879465651: fill 1568879465651 BTC-USDT sell 0.02 at 45000 fee 0.45 USDT Taker trade 12346003 #8887003 Some(Liquidation); 1568879465651: report 1568879465651 BTC-USDT sell Filled 0.02/0.02 at 45000 #8887003",
    ),
    ("order_update_new", "1568879465651: report 1568879465651 BTC-USDT buy Open 0/0.001 at 7103.04 #8886774"),
    (
        "order_update_settlement",
        "1568879465651: fill 1568879465651 BTC-USDT sell 0.01 at 50000 fee 0.25 USDT Taker trade 12346002 #8887002 Some(Settlement); 1568879465651: report 1568879465651 BTC-USDT sell Filled 0.01/0.01 at 50000 #8887002",
    ),
    (
        "order_update_trade",
        "1568879465651: fill 1568879465651 BTC-USDT buy 0.001 at 7100.5 fee 0.01 USDT Maker trade 12345678 #8886774 Some(Manual); 1568879465651: report 1568879465651 BTC-USDT buy PartiallyFilled 0.001/0.001 at 7100.5 #8886774",
    ),
    (
        "order_update_trade_partial",
        "1568879465651: fill 1568879465651 BTC-USDT buy 0.001 at 7100.5 fee 0.01 USDT Maker trade 12345678 #8886774 Some(Manual); 1568879465651: report 1568879465651 BTC-USDT buy PartiallyFilled 0.001/0.002 at 7100.5 #8886774",
    ),
    ("trade_lite", "Unused"),
];
const BOTH: &[(&str, &str)] = &[
    (
        "ws_futures_algo_update_finished",
        "1765431097031: report 1765431097031 DOGE-USDT buy Filled 38/38 at 0.13855 #1000000033225453",
    ),
    (
        "ws_futures_algo_update_finished_canceled",
        "1765431097031: report 1765431097031 DOGE-USDT buy Canceled 0/38 at 0.13855 #1000000033225454",
    ),
    (
        "ws_futures_algo_update_triggered",
        "1765431097030: report 1765431097030 DOGE-USDT buy Open 0/38 at 0.13855 #1000000033225453",
    ),
    (
        "ws_futures_algo_update_triggering",
        "1765431097019: report 1765431097019 DOGE-USDT buy Open 0/38 at 0.13855 #1000000033225453",
    ),
    ("ws_futures_book_ticker", "1568014460891: quote BNB-USDT 31.21 25.3519 25.3652 40.66"),
    ("ws_futures_depth_diff_update", "depth BTCUSDT 157 160 Some(149) 1 bids 1 asks"),
    ("ws_futures_depth_update", "depth BTCUSDT 390497796 390497878 Some(390497794) 5 bids 5 asks"),
    (
        "ws_futures_order_update_adl",
        "1759347763200: fill 1759347763200 ETH-USDT buy 1 at 2500 fee 2.5 USDT Taker trade 2233445566 #8765432109 Some(Adl); 1759347763200: report 1759347763200 ETH-USDT buy Filled 1/1 #8765432109",
    ),
    (
        "ws_futures_order_update_adl_filled",
        "1759347763200: fill 1759347763200 ETH-USDT buy 1 at 2500 fee 2.5 USDT Taker trade 2233445566 #8765432109 Some(Adl); 1759347763200: report 1759347763200 ETH-USDT buy Filled 1/1 #8765432109",
    ),
    (
        "ws_futures_order_update_liquidation",
        "1759347763167: fill 1759347763167 BTC-USDT sell 0.1 at 50000 fee 5 USDT Taker trade 1122334455 #9876543210 Some(Liquidation); 1759347763167: report 1759347763167 BTC-USDT sell Filled 0.1/0.1 #9876543210",
    ),
    (
        "ws_futures_order_update_liquidation_zero_qty",
        "1759347763250: report 1759347763250 BTC-USDT sell Filled 0/0 #7654321098",
    ),
    (
        "ws_futures_order_update_new_limit_if_touched_price_match",
        "1759347763200: report 1759347763200 ETH-USDT buy Open 0/1 at 2505.25 #8765432102",
    ),
    (
        "ws_futures_order_update_new_price_match",
        "1759347763200: report 1759347763200 ETH-USDT buy Open 0/1 at 2495.5 #8765432100",
    ),
    (
        "ws_futures_order_update_new_reduce_only_qty",
        "1759347763200: report 1759347763200 ETH-USDT sell Open 0/1 at 2500 #8765432200",
    ),
    (
        "ws_futures_order_update_new_stop_limit_price_match",
        "1759347763200: report 1759347763200 ETH-USDT sell Open 0/1 at 2405.75 #8765432101",
    ),
    (
        "ws_futures_order_update_settlement",
        "1759347763300: fill 1759347763300 BTC-USDT buy 0.05 at 51000 fee 2.55 USDT Taker trade 4455667788 #6543210987 Some(Settlement); 1759347763300: report 1759347763300 BTC-USDT buy Filled 0.05/0.05 #6543210987",
    ),
    (
        "ws_futures_order_update_trade_reduce_only_qty",
        "1759347763200: fill 1759347763200 ETH-USDT sell 1 at 2500 fee 0.5 USDT Taker trade 9988776655 #8765432300 Some(Manual); 1759347763200: report 1759347763200 ETH-USDT sell Filled 1/1 at 2500 #8765432300",
    ),
    ("ws_futures_ticker_24hr", "Unused"),
    ("ws_futures_trade_lite", "Unused"),
    ("ws_spot_agg_trade", "1675759520847: trade ETH-USDT 0.34305 at 1632.46 Some(Buy)"),
    (
        "ws_spot_execution_report_binance_us",
        "1759347763167: fill 1759347763167 BTC-USD sell 0.00042 at 117290.77 fee 0.00492621 USD Taker trade 88685053 #2281896601 Some(Manual); 1759347763167: report 1759347763167 BTC-USD sell Filled 0.00042/0.00042 at 117290.77 #2281896601",
    ),
    (
        "ws_spot_execution_report_calculated",
        "1759347763167: fill 1759347763167 BTC-USDT sell 0.01 at 49500 fee 2.475 USDT Taker trade 98765432 #1234567890 Some(Liquidation); 1759347763167: report 1759347763167 BTC-USDT sell Filled 0.01/0.01 at 50000 #1234567890",
    ),
    (
        "ws_spot_execution_report_canceled",
        "1759347763167: report 1759347763167 ETH-USDT sell Canceled 0.1/0.5 at 2500 #9876543210",
    ),
    (
        "ws_spot_execution_report_custom_client_id",
        "1759347763167: fill 1759347763167 ETH-USDT buy 0.5 at 2499.5 fee 0.0005 ETH Maker trade 98765432 #1234567890 Some(Manual); 1759347763167: report 1759347763167 ETH-USDT buy PartiallyFilled 0.5/1 at 2500 #1234567890",
    ),
    (
        "ws_spot_execution_report_empty_client_id",
        "1759347763167: fill 1759347763167 ETH-USDT buy 0.5 at 2499.5 fee 0.0005 ETH Maker trade 98765432 #1234567890 Some(Manual); 1759347763167: report 1759347763167 ETH-USDT buy PartiallyFilled 0.5/1 at 2500 #1234567890",
    ),
    (
        "ws_spot_execution_report_expired",
        "1759347763167: report 1759347763167 BTC-USDT buy Expired 0/0.01 at 50000 #1234567891",
    ),
    (
        "ws_spot_execution_report_new",
        "1759347763167: report 1759347763167 ETH-USDT buy Open 0/1 at 2500 #1234567890",
    ),
    (
        "ws_spot_execution_report_new_limit_if_touched_price_match",
        "1759347763167: report 1759347763167 ETH-USDT buy Open 0/1 at 2505.25 #1234567892",
    ),
    (
        "ws_spot_execution_report_new_price_match",
        "1759347763167: report 1759347763167 ETH-USDT buy Open 0/1 at 2495.5 #1234567890",
    ),
    (
        "ws_spot_execution_report_new_stop_limit_price_match",
        "1759347763167: report 1759347763167 ETH-USDT sell Open 0/1 at 2405.75 #1234567891",
    ),
    (
        "ws_spot_execution_report_pending_cancel",
        "1759347763167: report 1759347763167 ETH-USDT sell PartiallyFilled 0.1/0.5 at 2500 #9876543210",
    ),
    (
        "ws_spot_execution_report_rejected",
        "1759347763167: report 1759347763167 BTC-USDT buy Rejected 0/0.001 at 50000 #1234567890 because gtx_order_reject",
    ),
    (
        "ws_spot_execution_report_trade",
        "1759347763167: fill 1759347763167 ETH-USDT buy 0.5 at 2499.5 fee 0.0005 ETH Maker trade 98765432 #1234567890 Some(Manual); 1759347763167: report 1759347763167 ETH-USDT buy PartiallyFilled 0.5/1 at 2500 #1234567890",
    ),
    (
        "ws_spot_execution_report_trade_l_zero",
        "1759347763167: report 1759347763167 ETH-USDT buy Filled 0.001/0.001 at 2500 #1234567890",
    ),
    (
        "ws_spot_execution_report_trade_l_zero_canceled",
        "1759347763167: report 1759347763167 ETH-USDT buy Canceled 0/0.001 at 2500 #1234567890",
    ),
    (
        "ws_spot_execution_report_trade_l_zero_expired",
        "1759347763167: report 1759347763167 BTC-USDT buy Expired 0/0.01 at 50000 #1234567891",
    ),
    (
        "ws_spot_execution_report_trade_l_zero_new",
        "1759347763167: report 1759347763167 ETH-USDT buy Open 0/1 at 2500 #1234567890",
    ),
    (
        "ws_spot_execution_report_trade_l_zero_partial",
        "1759347763167: report 1759347763167 ETH-USDT buy PartiallyFilled 0.5/1 at 2500 #1234567890",
    ),
    (
        "ws_spot_execution_report_trade_prevention",
        "1759347763167: report 1759347763167 ETH-USDT buy Expired 0/1 at 2500 #1234567890 because self_trade_prevention",
    ),
    ("ws_spot_ticker_24hr", "Unused"),
    ("ws_spot_ticker_book", "1646199228121: quote ETH-USDT 2.3595 4507.24 4507.25 2.8457"),
    ("ws_spot_trade", "1639351062243: trade ETH-USDT 0.4387 at 4149.74 Some(Sell)"),
];

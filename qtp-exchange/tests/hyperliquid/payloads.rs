//! Every recorded payload as the values that it means.

use std::collections::BTreeMap;

use qtp_core::{
    AccountId, Amount, Currency, Decimal, Event, ExternalCause, Fill, InstrumentId, InstrumentStatus,
    Liquidity, OrderStatus, PriceRule, Side, SizeRule, Timeframe, Timestamp,
};
use qtp_exchange::hyperliquid::payload::{self, AssetContext, Role, Wallet};
use qtp_exchange::hyperliquid::wire::AssetId;
use qtp_exchange::hyperliquid::{Catalogue, Owner};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::data;

const FIXTURES: &str = "exchange-fixtures/hyperliquid";
const SPOT: &str = r#"{"tokens":[
    {"name":"USDC","szDecimals":8,"weiDecimals":8,"index":0,"tokenId":"0x1","isCanonical":true},
    {"name":"PURR","szDecimals":0,"weiDecimals":5,"index":1,"tokenId":"0x2","isCanonical":true},
    {"name":"HYPE","szDecimals":2,"weiDecimals":8,"index":150,"tokenId":"0x3","isCanonical":false},
    {"name":"a name, too long","szDecimals":2,"weiDecimals":8,"index":151,"tokenId":"0x4","isCanonical":false},
    {"name":"USDT0","szDecimals":2,"weiDecimals":8,"index":268,"tokenId":"0x5","isCanonical":false}],
  "universe":[
    {"name":"PURR/USDC","tokens":[1,0],"index":0,"isCanonical":true},
    {"name":"@166","tokens":[150,268],"index":166,"isCanonical":false},
    {"name":"@107","tokens":[150,0],"index":107,"isCanonical":false},
    {"name":"@108","tokens":[150,0],"index":108,"isCanonical":false},
    {"name":"@109","tokens":[151,0],"index":109,"isCanonical":false},
    {"name":"@110","tokens":[999,0],"index":110,"isCanonical":false}]}"#;

#[derive(Deserialize)]
struct Exchange<'a> {
    #[serde(borrow)]
    response: &'a RawValue,
}

/// The answers in a file of recorded exchanges.
fn recorded(file: &str) -> Option<Vec<String>> {
    let text = data(&format!("hyperliquid-recorded/{file}.json"))?;
    let exchanges: Vec<Exchange<'_>> = serde_json::from_str(&text).unwrap();
    Some(exchanges.iter().map(|exchange| exchange.response.get().to_owned()).collect())
}

fn fixture(file: &str) -> Option<String> {
    data(&format!("{FIXTURES}/{file}.json"))
}

fn id(text: &str) -> InstrumentId {
    format!("{text}@hyperliquid").parse().unwrap()
}

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

fn ms(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// The venue as it was in 2023, and today's spot pairs.
fn catalogue() -> Option<Catalogue> {
    let mut catalogue = Catalogue::new("hyperliquid".parse().unwrap());
    payload::perpetuals(&mut catalogue, 0, &recorded("test_get_info")?[0], SPOT).unwrap();
    payload::spot(&mut catalogue, SPOT).unwrap();
    Some(catalogue)
}

fn account() -> AccountId {
    "main".parse().unwrap()
}

fn with_owner(address: &str, wallet: Wallet, test: impl FnOnce(&Owner<'_>)) {
    let Some(catalogue) = catalogue() else { return };
    let account = account();
    test(&Owner { catalogue: &catalogue, account: &account, address: address.parse().unwrap(), wallet });
}

const NOBODY: &str = "0x0000000000000000000000000000000000000001";

#[test]
fn perpetuals_have_the_rules_of_the_venue() {
    let Some(catalogue) = catalogue() else { return };
    let btc = catalogue.instrument("test", &id("BTC-USDC-PERP")).unwrap();
    assert_eq!((btc.coin.as_str(), btc.asset), ("BTC", AssetId(0)));
    assert_eq!(btc.instrument.price_rule, PriceRule::SignificantFigures { digits: 5, decimals: 1 });
    assert_eq!(btc.instrument.size_rule, SizeRule::Lot("0.00001".parse().unwrap()));
    assert_eq!(btc.instrument.min_notional.unwrap().get(), Decimal::TEN);
    assert!(btc.instrument.min_notional_exempts_close && btc.instrument.validate().is_empty());
    assert_eq!(btc.instrument.funding_interval.unwrap().as_secs(), 3600);
    let tiers = &btc.instrument.margin_tiers;
    assert_eq!((tiers.len(), tiers[0].up_to, tiers[0].maintenance.get()), (1, None, decimal("0.01")));
    // An alias, and a coin of small units.
    assert_eq!(catalogue.instrument("test", &id("BTC-PERP")).unwrap(), btc);
    let pepe = catalogue.coin("kPEPE").unwrap();
    assert_eq!((pepe.asset, pepe.instrument.id.clone()), (AssetId(15), id("kPEPE-USDC-PERP")));
    assert_eq!(pepe.instrument.price_rule, PriceRule::SignificantFigures { digits: 5, decimals: 6 });
    assert!(catalogue.instrument("test", &id("NO-SUCH")).is_err());
    assert_eq!(catalogue.listings().iter().filter(|listing| listing.token.is_none()).count(), 28);
}

#[test]
fn margin_tables_become_tiers_and_a_delisted_coin_is_halted() {
    let meta = r#"{"universe":[
        {"name":"BTC","szDecimals":5,"maxLeverage":40,"marginTableId":56},
        {"name":"OLD","szDecimals":1,"maxLeverage":3,"marginTableId":3,"isDelisted":true,"onlyIsolated":true},
        {"name":"NEW","szDecimals":0,"maxLeverage":3,"marginTableId":3,"marginMode":"strictIsolated"}],
      "marginTables":[[56,{"description":"tiered 40x","marginTiers":[
        {"lowerBound":"0.0","maxLeverage":40},{"lowerBound":"150000000.0","maxLeverage":20}]}]],
      "collateralToken":0}"#;
    let mut catalogue = Catalogue::new("hyperliquid".parse().unwrap());
    payload::perpetuals(&mut catalogue, 0, meta, SPOT).unwrap();
    let tiers = &catalogue.coin("BTC").unwrap().instrument.margin_tiers;
    assert_eq!(tiers[0].up_to.unwrap().get(), decimal("150000000"));
    assert_eq!(
        (tiers[0].maintenance.get(), tiers[1].maintenance.get()),
        (decimal("0.0125"), decimal("0.025"))
    );
    assert_eq!(tiers[1].up_to, None);
    let old = catalogue.coin("OLD").unwrap();
    assert_eq!((old.instrument.status, old.isolated_only), (InstrumentStatus::Halted, true));
    assert!(catalogue.coin("NEW").unwrap().isolated_only);
}

#[test]
fn spot_pairs_are_named_by_their_tokens() {
    let Some(catalogue) = catalogue() else { return };
    let hype = catalogue.instrument("test", &id("HYPE-USDC")).unwrap();
    assert_eq!((hype.coin.as_str(), hype.asset), ("@107", AssetId(10_107)));
    assert_eq!(hype.instrument.price_rule, PriceRule::SignificantFigures { digits: 5, decimals: 6 });
    assert_eq!(catalogue.coin("PURR/USDC").unwrap().instrument.id, id("PURR-USDC"));
    // A second pair of the same tokens, a token that is no currency, a token that is missing.
    let coins: Vec<&str> = catalogue.left_out().iter().map(|(coin, _)| coin.as_str()).collect();
    assert_eq!(coins, ["@108", "@109", "@110"]);
    // What is not listed keeps the venue's name.
    assert_eq!(catalogue.id_of("test", "@142").unwrap(), id("@142"));
    assert!(catalogue.id_of("test", "+10 x").is_err());
}

#[test]
fn a_builders_perpetuals_are_settled_in_its_own_token() {
    let (Some(metas), Some(spot)) =
        (fixture("http_all_perp_metas_non_usdc_collateral"), fixture("http_spot_meta_non_usdc_collateral"))
    else {
        return;
    };
    let metas: Vec<&RawValue> = serde_json::from_str(&metas).unwrap();
    let mut catalogue = Catalogue::new("hyperliquid".parse().unwrap());
    for (dex, meta) in (0..).zip(metas) {
        payload::perpetuals(&mut catalogue, dex, meta.get(), &spot).unwrap();
    }
    let found: Vec<(String, AssetId, Currency)> = catalogue
        .listings()
        .iter()
        .map(|listing| (listing.instrument.id.to_string(), listing.asset, listing.instrument.settle))
        .collect();
    let currency = |code: &str| code.parse::<Currency>().unwrap();
    assert_eq!(
        found,
        [
            ("BTC-USDC-PERP@hyperliquid".to_owned(), AssetId(0), Currency::USDC),
            ("km:US500-USDH-PERP@hyperliquid".to_owned(), AssetId(110_000), currency("USDH")),
            ("hyna:BTC-USDE-PERP@hyperliquid".to_owned(), AssetId(120_000), currency("USDE")),
        ]
    );
    assert_eq!(catalogue.coin("km:US500").unwrap().instrument.base, currency("US500"));
    let dexes = payload::dexes(r#"[null,{"name":"km","fullName":"x"},{"name":"hyna"}]"#).unwrap();
    assert_eq!(dexes, [(1, "km".to_owned()), (2, "hyna".to_owned())]);
    let Some(sample) = fixture("http_meta_perp_sample") else { return };
    let mut other = Catalogue::new("hyperliquid".parse().unwrap());
    payload::perpetuals(&mut other, 0, &sample, &spot).unwrap();
    assert_eq!(other.coin("ATOM").unwrap().asset, AssetId(2));
}

#[test]
fn books_and_quotes() {
    let Some(text) = fixture("http_l2_book_btc") else { return };
    let btc = id("BTC-USDC-PERP");
    let book = payload::book(&text, &btc, 3).unwrap();
    assert_eq!((book.bids.len(), book.asks.len(), book.time), (3, 3, ms(1_761_786_491_067)));
    assert_eq!(
        (book.bids[0].price.get(), book.bids[0].quantity.get()),
        (decimal("110427"), decimal("4.11882"))
    );
    assert_eq!(
        (book.asks[2].price.get(), book.asks[2].quantity.get()),
        (decimal("110431"), decimal("1.35809"))
    );
    for file in ["http_l2_book_snapshot", "ws_book_data"] {
        let book = payload::book(&fixture(file).unwrap(), &btc, 20).unwrap();
        assert_eq!((book.bids.len(), book.asks.len(), book.time), (5, 5, ms(1_703_875_200_000)), "{file}");
        assert_eq!(book.asks[4].price.get(), decimal("98454"), "{file}");
    }
    let recorded = recorded("test_get_l2_snapshot").unwrap();
    let book = payload::book(&recorded[1], &id("DYDX-USDC-PERP"), 20).unwrap();
    assert_eq!((book.bids[0].price.get(), book.bids[0].quantity.get()), (decimal("2.111"), decimal("134.4")));
    assert!(book.bids.windows(2).all(|pair| pair[0].price > pair[1].price));

    let quote =
        r#"{"coin":"BTC","time":5,"bbo":[{"px":"99.5","sz":"1","n":1},{"px":"100.0","sz":"2.5","n":2}]}"#;
    let quote = payload::quote(quote, &btc).unwrap().unwrap();
    assert_eq!((quote.bid.get(), quote.ask_quantity.get()), (decimal("99.5"), decimal("2.5")));
    assert_eq!(
        payload::quote(r#"{"coin":"BTC","time":5,"bbo":[null,{"px":"1","sz":"2","n":2}]}"#, &btc).unwrap(),
        None
    );
}

#[test]
fn prints_candles_and_mids() {
    let Some(text) = fixture("http_recent_trades_btc") else { return };
    let trades = payload::trades(&text, &id("BTC-USDC-PERP")).unwrap();
    let times: Vec<i64> = trades.iter().map(|trade| trade.time.as_millis()).collect();
    assert_eq!(times, [1_769_916_000_000, 1_769_916_001_000, 1_769_916_002_000], "oldest first");
    assert_eq!((trades[0].price.get(), trades[0].taker), (decimal("104300"), Some(Side::Sell)));
    assert_eq!((trades[1].quantity.get(), trades[1].taker), (decimal("0.02"), Some(Side::Buy)));

    let candles =
        payload::candles(&recorded("test_get_candles_snapshot").unwrap()[1], &id("X"), Timeframe::H1)
            .unwrap();
    assert_eq!(candles.len(), 24);
    assert!(candles.windows(2).all(|pair| pair[0].close_time() == pair[1].open_time()));
    let raw: Vec<serde_json::Value> =
        serde_json::from_str(&recorded("test_get_candles_snapshot").unwrap()[1]).unwrap();
    for (candle, raw) in candles.iter().zip(&raw) {
        assert_eq!(candle.open_time().as_millis(), raw["t"].as_i64().unwrap());
        assert_eq!(candle.close_time().as_millis(), raw["T"].as_i64().unwrap() + 1);
        assert_eq!(candle.close().get(), decimal(raw["c"].as_str().unwrap()));
        assert_eq!(candle.volume().get(), decimal(raw["v"].as_str().unwrap()));
    }

    let mids = payload::mids(&recorded("test_get_all_mids").unwrap()[0]).unwrap();
    assert_eq!((mids.len(), mids["kPEPE"].get()), (28, decimal("0.001565")));
    let message: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&fixture("ws_allmids").unwrap()).unwrap();
    let mids = payload::mids(&message["data"].to_string()).unwrap();
    assert_eq!((mids["@142"].get(), mids["PURR/USDC"].get()), (decimal("80907.5"), decimal("0.067131")));
}

#[test]
fn funding_marks_and_open_interest() {
    let Some(text) = fixture("http_funding_history") else { return };
    let btc = id("BTC-USDC-PERP");
    let rates = payload::funding_history(&text, &btc).unwrap();
    assert_eq!(
        (rates.len(), rates[1].rate.get(), rates[1].time),
        (3, decimal("-0.0000081"), ms(1_769_912_400_000))
    );
    let recorded = recorded("test_get_funding_history_None").unwrap();
    let rates = payload::funding_history(&recorded[1], &btc).unwrap();
    assert_eq!(rates[0].rate.get(), decimal("-0.00061334"));
    assert!(rates.windows(2).all(|pair| pair[0].time < pair[1].time));

    let now = ms(1_769_913_000_000);
    let context =
        r#"{"funding":"-0.0000015186","openInterest":"27353.17682","oraclePx":"77605.0","markPx":"77562.0"}"#;
    let context = AssetContext::read(context, &btc, now).unwrap();
    let (mark, funding) = (context.mark.unwrap(), context.funding.unwrap());
    assert_eq!((mark.mark.get(), mark.index.unwrap().get()), (decimal("77562"), decimal("77605")));
    assert_eq!((funding.rate.get(), funding.reference), (decimal("-0.0000015186"), mark.index));
    assert_eq!(funding.time, ms(1_769_914_800_000), "paid at the next full hour");
    let interest = context.open_interest.unwrap();
    assert_eq!(interest.value.unwrap().get(), decimal("77562") * decimal("27353.17682"));
}

#[test]
fn contexts_of_all_exchanges() {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        data: Data<'a>,
    }
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        ctxs: Vec<(String, Vec<&'a RawValue>)>,
    }
    let Some(text) = fixture("ws_all_dexs_asset_ctxs") else { return };
    let message: Message<'_> = serde_json::from_str(&text).unwrap();
    let mut read = 0;
    for (dex, contexts) in &message.data.ctxs {
        for context in contexts {
            let found = AssetContext::read(context.get(), &id("X"), ms(0)).unwrap();
            let raw: serde_json::Value = serde_json::from_str(context.get()).unwrap();
            let mark = found.mark.as_ref().map_or(Decimal::ZERO, |mark| mark.mark.get());
            assert_eq!(mark, decimal(raw["markPx"].as_str().unwrap()), "{dex}");
            let funding = raw["funding"].as_str().unwrap();
            assert_eq!(found.funding.unwrap().rate.get(), decimal(funding), "{dex}");
            let interest = raw["openInterest"].as_str().unwrap();
            assert_eq!(found.open_interest.unwrap().quantity.get(), decimal(interest), "{dex}");
            read += 1;
        }
    }
    assert!(read > 200, "{read}");
}

#[test]
fn a_balance_is_the_value_without_open_profit() {
    let Some(catalogue) = catalogue() else { return };
    let text = &recorded("test_get_user_state").unwrap()[0];
    let now = ms(7);
    let snapshot = payload::perpetual_account(text, &catalogue, &account(), Currency::USDC, now).unwrap();
    assert_eq!(snapshot.time, now);
    assert_eq!(snapshot.positions[&id("BTC-USDC-PERP")].get(), decimal("-0.00785"));
    assert_eq!(snapshot.positions[&id("ETH-USDC-PERP")].get(), decimal("0.1334"));
    let raw: serde_json::Value = serde_json::from_str(text).unwrap();
    let positions = raw["assetPositions"].as_array().unwrap();
    let open: Decimal = positions
        .iter()
        .map(|position| decimal(position["position"]["unrealizedPnl"].as_str().unwrap()))
        .sum();
    assert_eq!(snapshot.balances[&Currency::USDC] + open, decimal("1182.312496"));
    assert_eq!(snapshot.positions.len(), positions.len());

    let text = fixture("http_clearinghouse_state_negative_total_raw_usd").unwrap();
    let snapshot = payload::perpetual_account(&text, &catalogue, &account(), Currency::USDC, now).unwrap();
    assert_eq!(snapshot.balances[&Currency::USDC], decimal("1736.030875"));
    assert_eq!((snapshot.positions.len(), snapshot.time), (0, ms(1_700_000_000_000)));

    let text = fixture("http_spot_clearinghouse_state").unwrap();
    let snapshot = payload::spot_account(&text, &catalogue, &account(), now).unwrap();
    assert_eq!(snapshot.balances[&Currency::USDC], decimal("14.625485"));
    assert_eq!(snapshot.balances[&"_10".parse().unwrap()], decimal("25"), "a share of an outcome, `+10`");
    let positions: Vec<(String, Decimal)> =
        snapshot.positions.iter().map(|(id, size)| (id.to_string(), size.get())).collect();
    assert_eq!(
        positions,
        [
            ("HYPE-USDC@hyperliquid".to_owned(), decimal("5.2")),
            ("PURR-USDC@hyperliquid".to_owned(), decimal("2000")),
        ]
    );
}

#[test]
fn recorded_fills_move_the_position_as_they_say() {
    let Some(text) = recorded("test_get_user_fills") else { return };
    with_owner(NOBODY, Wallet::Perpetual, |owner| {
        let fills = payload::fill_page(&text[0], owner).unwrap().fills;
        assert_eq!(fills.len(), 500);
        assert!(fills.windows(2).all(|pair| pair[0].time <= pair[1].time));
        let last = fills.last().unwrap();
        assert_eq!((last.price.get(), last.quantity.get()), (decimal("1.3189"), decimal("142.7")));
        assert_eq!((last.side, last.liquidity), (Side::Sell, Liquidity::Taker));
        assert_eq!(last.external, Some(ExternalCause::Manual), "nobody's id stands on it");
        let names: std::collections::BTreeSet<_> = fills.iter().map(|fill| &fill.trade_id).collect();
        assert_eq!(names.len(), 500, "each has a name of its own");
    });
}

#[test]
fn fills_of_many_kinds() {
    let Some(text) = fixture("http_user_fills_dust_conversion") else { return };
    let order = |fill: &Fill| fill.venue_order_id.as_ref().unwrap().to_string();
    with_owner(NOBODY, Wallet::Spot, |owner| {
        let page = payload::fill_page(&text, owner).unwrap();
        assert_eq!((page.entries, page.last), (5, Some(ms(1_782_526_679_879))), "of both books");
        let [spot, dust] = &page.fills[..] else { panic!("{page:?}") };
        assert_eq!(
            (order(spot), &spot.instrument),
            ("228721726126".to_owned(), &id("@156")),
            "not listed here"
        );
        assert_eq!(spot.fee, Amount::new(decimal("0.00088689"), "USOL".parse().unwrap()));
        assert_eq!((spot.trade_id.as_str(), spot.liquidity), ("567745090281031", Liquidity::Taker));
        assert_eq!(dust.external, Some(ExternalCause::Unknown));
        assert_eq!(dust.quantity.get(), decimal("0.0000086141"));
        assert_eq!(dust.trade_id.as_str().len(), 34, "a name made from what is said");
    });
    with_owner(NOBODY, Wallet::Perpetual, |owner| {
        let fills = payload::fill_page(&text, owner).unwrap().fills;
        let orders: Vec<String> = fills.iter().map(order).collect();
        assert_eq!(orders, ["481029437374", "481029451261", "481029459465"], "ascending");
        assert_eq!(fills[0].external, Some(ExternalCause::Unknown), "a vault's children were netted");
        assert_eq!((fills[1].side, fills[1].liquidity), (Side::Buy, Liquidity::Maker));
    });
    let text = fixture("ws_user_fill_liquidation").unwrap();
    let message: serde_json::Value = serde_json::from_str(&text).unwrap();
    let liquidated = "0x360878d351f05975e25f1807a27895e1e5e004fb";
    for (address, cause) in [(NOBODY, None), (liquidated, Some(ExternalCause::Liquidation))] {
        with_owner(address, Wallet::Perpetual, |owner| {
            let fills = payload::fills(&message["data"].to_string(), owner).unwrap();
            assert!(!fills.snapshot);
            let fill = &fills.fills[0];
            assert_eq!(fill.external, cause, "who was liquidated, and who took it over");
            assert_eq!(fill.client_order_id.unwrap().to_string(), "e8d5fd7ebbb4c3cff4d1803472a11463");
            assert_eq!(fill.fee, Amount::new(decimal("0.009997"), Currency::USDC));
        });
    }
}

#[test]
fn a_builders_fee_has_its_own_line() {
    with_owner(NOBODY, Wallet::Perpetual, |owner| {
        let fill = r#"[{"coin":"BTC","px":"100","sz":"1","side":"B","time":1,"startPosition":"0.0","dir":"Open Long",
            "closedPnl":"0.0","hash":"0x0","oid":1,"crossed":true,"fee":"0.05","builderFee":"0.01","tid":9,
            "feeToken":"USDC","cloid":"0x00000000000000000000000000000001"}]"#;
        let fills = payload::fill_page(fill, owner).unwrap().fills;
        assert_eq!(fills[0].fee.value, decimal("0.04"));
        assert_eq!(fills[0].builder_fee, Some(Amount::new(decimal("0.01"), Currency::USDC)));
        assert_eq!(fills[0].external, None);
    });
}

#[test]
fn orders_and_their_ends() {
    let Some(text) = recorded("test_get_open_orders") else { return };
    with_owner(NOBODY, Wallet::Perpetual, |owner| {
        let orders = payload::open_orders(&text[0], owner).unwrap();
        assert_eq!((orders[0].instrument.clone(), orders[0].side), (id("MATIC-USDC-PERP"), Side::Buy));
        assert_eq!(
            (orders[0].price.unwrap().get(), orders[0].status),
            (decimal("1.0357"), OrderStatus::Open)
        );
        assert_eq!(orders[0].time, ms(1_679_940_217_356));
        let orders =
            payload::open_orders(&recorded("test_get_frontend_open_orders").unwrap()[0], owner).unwrap();
        assert_eq!(orders.len(), 3);
        let (target, entry) = (&orders[0], &orders[2]);
        assert_eq!(
            (target.price.unwrap().get(), target.side),
            (decimal("10.004"), Side::Sell),
            "a trigger's price"
        );
        assert_eq!((entry.price.unwrap().get(), entry.quantity.get()), (decimal("10"), decimal("12.5")));

        assert_eq!(payload::found_order(r#"{"status":"unknownOid"}"#, owner).unwrap(), None);
        for (word, left, status, code) in [
            ("open", "2", OrderStatus::Open, None),
            ("open", "1.5", OrderStatus::PartiallyFilled, None),
            ("triggered", "2", OrderStatus::Open, None),
            ("filled", "0.0", OrderStatus::Filled, None),
            ("canceled", "1.5", OrderStatus::Canceled, Some("canceled")),
            ("marginCanceled", "2", OrderStatus::Canceled, Some("margin_canceled")),
            ("siblingFilledCanceled", "2", OrderStatus::Canceled, Some("sibling_filled_canceled")),
            ("scheduledCancel", "2", OrderStatus::Canceled, Some("scheduled_cancel")),
            ("rejected", "2", OrderStatus::Rejected, Some("rejected")),
            ("badAloPxRejected", "2", OrderStatus::Rejected, Some("bad_alo_px_rejected")),
            ("iocCancelRejected", "0.5", OrderStatus::Canceled, Some("ioc_cancel_rejected")),
        ] {
            let order = format!(
                r#"{{"order":{{"coin":"BTC","side":"A","limitPx":"100.0","sz":"{left}","oid":7,"timestamp":1,
                "origSz":"2.0","cloid":"0x000000000000000000000000000000ff"}},"status":"{word}","statusTimestamp":9}}"#
            );
            let found = payload::found_order(&format!(r#"{{"status":"order","order":{order}}}"#), owner)
                .unwrap()
                .unwrap();
            assert_eq!((found.status, found.time), (status, ms(9)), "{word}");
            assert_eq!(found.reason.as_ref().map(|reason| reason.code.as_str()), code, "{word}");
            let filled = if word == "filled" { decimal("2") } else { decimal("2") - decimal(left) };
            assert_eq!((found.filled.get(), found.client_order_id.unwrap().bits()), (filled, 255), "{word}");
            assert_eq!(payload::order_updates(&format!("[{order}]"), owner).unwrap(), [found], "{word}");
            let strange = order.replace(word, "vanished");
            assert!(
                payload::order_updates(&format!("[{strange}]"), owner).is_err(),
                "a word of its own is no status"
            );
        }
    });
}

#[test]
fn funding_and_transfers_are_money_that_moved() {
    let Some(text) = recorded("test_user_funding_history_without_end_time") else { return };
    with_owner("0x2ba553d9f990a3b66b03b2dc0d030dfc1c061036", Wallet::Perpetual, |owner| {
        let (snapshot, payments) = payload::funding_payments(&text[0], owner).unwrap();
        assert_eq!((snapshot, payments.len()), (false, 218));
        assert_eq!(payments[0].instrument, id("APE-USDC-PERP"));
        assert_eq!(payments[0].amount, Amount::new(decimal("0.145796"), Currency::USDC), "received");
        let message = r#"{"isSnapshot":true,"user":"0x0","fundings":[
            {"time":5,"coin":"BTC","usdc":"-1.5","szi":"1","fundingRate":"0.0001","nSamples":1}]}"#;
        let (snapshot, payments) = payload::funding_payments(message, owner).unwrap();
        assert_eq!((snapshot, payments[0].amount.value, payments[0].time), (true, decimal("-1.5"), ms(5)));

        let text = &recorded("test_user_non_funding_ledger_updates_without_end_time").unwrap()[0];
        let flows = |wallet| -> Vec<Option<Decimal>> {
            let entries = payload::ledger_page(text, &Owner { wallet, ..*owner }).unwrap();
            assert!(entries.iter().all(|entry| entry.unknown.is_none()));
            entries.iter().map(|entry| entry.flow.map(|flow| flow.value)).collect()
        };
        let (some, d) = (|text: &str| Some(decimal(text)), decimal("2703997.4500000002"));
        // Deposit, to spot, spot transfer with a fee, to spot, deposit.
        assert_eq!(
            flows(Wallet::Perpetual),
            [Some(d), some("-12"), None, some("-2684105.0099999998"), some("1099994.98")]
        );
        assert_eq!(flows(Wallet::Spot), [None, some("12"), some("-11.5"), some("2684105.0099999998"), None]);
        let none = &recorded("test_user_non_funding_ledger_updates_with_end_time").unwrap()[0];
        assert_eq!(payload::ledger_page(none, owner).unwrap(), []);

        let message = r#"{"isSnapshot":false,"user":"0x0","nonFundingLedgerUpdates":[
            {"time":1,"hash":"0xa","delta":{"type":"withdraw","usdc":"10.0","nonce":1,"fee":"1.0"}},
            {"time":2,"hash":"0xb","delta":{"type":"cStakingTransfer","token":"HYPE"}}]}"#;
        let (snapshot, entries) = payload::ledger(message, owner).unwrap();
        assert!(!snapshot);
        let event = entries[0].event(owner).unwrap();
        assert!(matches!(event, Event::CashFlow { amount, .. } if amount.value == decimal("-11")));
        assert_eq!(entries[1].unknown.as_deref(), Some("cStakingTransfer"), "shown, not guessed");
    });
}

#[test]
fn roles_and_equity_history() {
    let Some(text) = recorded("test_user_role") else { return };
    assert_eq!(payload::role(&text[0]).unwrap(), Role::Vault);
    let agents = payload::agents(&recorded("test_extra_agents").unwrap()[0]).unwrap();
    assert_eq!((agents.len(), agents[1].name.as_str()), (2, "new"));
    assert_eq!(agents[1].valid_until, ms(1_771_174_068_515));
    let agent = format!(r#"{{"role":"agent","data":{{"user":"{NOBODY}"}}}}"#);
    assert_eq!(payload::role(&agent).unwrap(), Role::Agent { of: NOBODY.parse().unwrap() });
    let periods = payload::portfolio(&recorded("test_portfolio").unwrap()[0]).unwrap();
    assert_eq!(periods.len(), 8);
    assert_eq!(periods[0].period, "day");
    assert_eq!(periods[0].equity[0], (ms(1_755_772_320_063), decimal("160794563.9261809886")));
    assert_eq!(periods[0].profit[1].1, decimal("-103692.009923"));
    assert_eq!(periods[0].volume, decimal("55823015.6599999964"));
}

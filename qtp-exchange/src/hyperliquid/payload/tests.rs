use proptest::prelude::*;
use qtp_core::{AccountId, Timeframe, Timestamp};

use super::*;
use crate::hyperliquid::{Catalogue, Owner};

/// Shapes of every payload, to be cut and changed.
const SHAPES: [&str; 9] = [
    r#"{"coin":"BTC","time":1,"levels":[[{"px":"1.5","sz":"2","n":1}],[{"px":"2","sz":"0.1","n":1}]]}"#,
    r#"{"coin":"BTC","time":1,"bbo":[{"px":"1.5","sz":"2","n":1},null]}"#,
    r#"[{"t":0,"T":59999,"s":"BTC","i":"1m","o":"1","c":"2","h":"3","l":"0.5","v":"10","n":1}]"#,
    r#"{"user":"0x0000000000000000000000000000000000000001","isSnapshot":true,"fills":[{"coin":"BTC","px":"1","sz":"1",
      "side":"B","time":1,"startPosition":"0","dir":"Buy","oid":1,"crossed":true,"fee":"-0.1","tid":0,"feeToken":""}]}"#,
    r#"[{"order":{"coin":"BTC","side":"A","limitPx":"1","sz":"2","oid":1,"timestamp":1,"origSz":"1"},"status":"open",
      "statusTimestamp":1}]"#,
    r#"{"assetPositions":[{"position":{"coin":"BTC","szi":"-1","unrealizedPnl":"1"}}],"marginSummary":{"accountValue":"1"}}"#,
    r#"[{"time":1,"hash":"0x","delta":{"type":"vaultWithdraw","netWithdrawnUsd":"1","usdc":"79228162514264337593543950335"}}]"#,
    r#"{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":0,"marginTableId":1}],"tokens":[],"marginTables":[]}"#,
    r#"{"status":"ok","response":{"type":"order","data":{"statuses":[{"resting":{"oid":1}},"success",{"error":"x"}]}}}"#,
];

fn read_all(text: &str) {
    let catalogue = Catalogue::new("hyperliquid".parse().unwrap());
    let account: AccountId = "main".parse().unwrap();
    let address = "0x0000000000000000000000000000000000000001".parse().unwrap();
    for wallet in [Wallet::Perpetual, Wallet::Spot] {
        let owner = Owner { catalogue: &catalogue, account: &account, address, wallet };
        let _ = (
            fills(text, &owner),
            fill_page(text, &owner),
            open_orders(text, &owner),
            found_order(text, &owner),
        );
        let _ = (order_updates(text, &owner), funding_payments(text, &owner));
        let _ = (ledger(text, &owner), ledger_page(text, &owner));
    }
    let (id, now) = ("BTC@hyperliquid".parse().unwrap(), Timestamp::EPOCH);
    let _ = (book(text, &id, 5), quote(text, &id), trades(text, &id), mids(text), dexes(text));
    let _ = (candles(text, &id, Timeframe::M1), streamed_candle(text, &id, Timeframe::M1));
    let _ = (AssetContext::read(text, &id, now), asset_contexts(text), funding_history(text, &id));
    let _ = (role(text), portfolio(text), order_details(text));
    let _ = perpetual_account(text, &catalogue, &account, Currency::USDC, now);
    let _ = (spot_account(text, &catalogue, &account, now), answer("test", text));
    let mut filled = Catalogue::new("hyperliquid".parse().unwrap());
    let _ = (
        perpetuals(&mut filled, 0, text, text),
        perpetuals(&mut filled, u32::MAX, text, text),
        spot(&mut filled, text),
    );
}

proptest! {
    #[test]
    fn changed_payloads_never_panic(
        shape in 0..SHAPES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            Just(""), Just("9"), Just("-"), Just("0"), Just("."), Just("e99"), Just("null"), Just("\""), Just("{}"),
            Just("[]"), Just("99999999999999999999999999999"), Just("\\u0000"),
        ]), 0..4),
    ) {
        let mut text = SHAPES[shape].to_owned();
        for (place, change) in changes {
            let at = place.index(text.len().max(1));
            text.replace_range(at..(at + 1).min(text.len()), change);
        }
        read_all(&text);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,200}") {
        read_all(&text);
    }
}

#[test]
fn refusals_have_codes() {
    for (words, code) in [
        ("Order must have minimum value of $10.", "min_trade_ntl_rejected"),
        ("Insufficient margin to place order. asset=0", "perp_margin_rejected"),
        ("Post only order would have immediately matched, bbo was 1@2.", "bad_alo_px_rejected"),
        ("User or API Wallet 0x01 does not exist.", "not_authorised"),
        ("Something new", "rejected"),
    ] {
        let text = format!(
            r#"{{"status":"ok","response":{{"type":"order","data":{{"statuses":[{{"error":"{words}"}}]}}}}}}"#
        );
        let Answer::Taken(placed) = answer("submit", &text).unwrap() else { panic!("{words}") };
        assert!(
            matches!(&placed[0], Placed::Refused(reason) if reason.code == code && reason.message == words)
        );
        let whole = answer("submit", &format!(r#"{{"status":"err","response":"{words}"}}"#)).unwrap();
        assert!(matches!(whole, Answer::Refused(reason) if reason.code == code));
    }
    let default = answer("modify", r#"{"status":"ok","response":{"type":"default"}}"#).unwrap();
    assert_eq!(default, Answer::Taken(Vec::new()));
    let waiting = r#"{"status":"ok","response":{"type":"order","data":{"statuses":["waitingForFill",
        {"filled":{"totalSz":"0.02","avgPx":"1891.4","oid":77738308,"cloid":"0x01"}}]}}}"#;
    assert_eq!(
        answer("submit", waiting).unwrap(),
        Answer::Taken(vec![Placed::Done, Placed::Filled { oid: 77_738_308 }])
    );
}

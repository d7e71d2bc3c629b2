//! TAAPI.io.

use std::sync::Arc;

use qtp_core::port::{MarketData, SimClock};
use qtp_core::{ExchangeError, InstrumentId, Timeframe, Timestamp};
use qtp_exchange::sources::{Calculation, Listing, Taapi, TaapiPlan, TaapiSettings};
use serde_json::{Value, json};

use crate::query;
use crate::stub::{Asked, Does, SECRET, Stub, ok, status};

const MINUTE: i64 = 60;

fn id() -> InstrumentId {
    "BTC-USDT@taapi".parse().unwrap()
}

fn source(stub: &Stub, clock: &Arc<SimClock>) -> Taapi {
    let listings = vec![Listing::named(id(), "BTC/USDT")];
    let mut settings =
        TaapiSettings::new("taapi".parse().unwrap(), listings, "binance", SECRET, TaapiPlan::Expert);
    stub.http(&mut settings.http);
    settings.clock = Arc::<SimClock>::clone(clock);
    Taapi::new(settings).unwrap()
}

fn clock() -> Arc<SimClock> {
    Arc::new(SimClock::new(Timestamp::from_secs(100 * MINUTE + 10)))
}

#[tokio::test]
async fn an_indicator_is_asked_for_once_a_candle() {
    let stub = Stub::new(|_| ok(r#"{"valueMACD":67.125,"valueMACDSignal":-1,"timestampHuman":"x"}"#)).await;
    let clock = clock();
    let source = source(&stub, &clock);
    let macd = Calculation::new("macd").with("optInFastPeriod", "12");
    for second in [10, 59] {
        clock.advance_to(Timestamp::from_secs(100 * MINUTE + second));
        let outputs = source.indicator(&id(), Timeframe::M1, &macd).await.unwrap();
        assert_eq!((outputs["valueMACD"], outputs["valueMACDSignal"], outputs.len()), (67.125, -1.0, 2));
    }
    let asked = stub.asked("GET /macd");
    assert_eq!(asked.len(), 1);
    let expected = format!(
        "secret={SECRET}&exchange=binance&symbol=BTC%2FUSDT&interval=1m&backtrack=1&optInFastPeriod=12"
    );
    assert_eq!(asked[0].query, expected);
    clock.advance_to(Timestamp::from_secs(101 * MINUTE));
    source.indicator(&id(), Timeframe::M1, &macd).await.unwrap();
    assert_eq!(stub.asked("GET /macd").len(), 2, "another candle has closed");
}

/// Answers each calculation with its place in the request.
fn computes(asked: &Asked) -> Does {
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!((&body["secret"], &body["construct"]["symbol"]), (&json!(SECRET), &json!("BTC/USDT")));
    let indicators = body["construct"]["indicators"].as_array().unwrap();
    assert!(indicators.len() <= 20);
    let entry = |indicator: &Value| {
        json!({"id": indicator["id"], "indicator": indicator["indicator"],
        "result": {"value": indicator["period"]}, "errors": []})
    };
    let data: Vec<Value> = indicators.iter().map(entry).collect();
    ok(json!({"data": data}).to_string())
}

#[tokio::test]
async fn many_go_in_requests_of_twenty_and_what_is_known_is_not_asked() {
    let stub = Stub::new(computes).await;
    let source = source(&stub, &clock());
    let calculation = |period: i64| Calculation::new("rsi").with("period", period.to_string());
    let all: Vec<Calculation> = (0..25).map(calculation).collect();
    let outputs = source.bulk(&id(), Timeframe::H1, &all).await.unwrap();
    let values: Vec<f64> = outputs.iter().map(|outputs| outputs["value"]).collect();
    assert_eq!(values, (0..25u32).map(f64::from).collect::<Vec<_>>(), "in the order of the question");
    assert_eq!(stub.asked("POST /bulk").len(), 2);
    source.bulk(&id(), Timeframe::H1, &[calculation(3), calculation(99)]).await.unwrap();
    let last: Value = serde_json::from_str(&stub.asked("POST /bulk")[2].body).unwrap();
    assert_eq!(last["construct"]["indicators"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn refusals_name_what_was_asked_and_not_the_key() {
    let answers: [(u16, String); 3] = [
        (
            200,
            r#"{"data":[{"id":"x","result":null,"errors":["No period for SECRET"]}]}"#
                .replace("SECRET", SECRET),
        ),
        (401, format!(r#"{{"error":"bad secret {SECRET}"}}"#)),
        (400, r#"{"errors":["unknown indicator"]}"#.to_owned()),
    ];
    for (code, body) in answers {
        let stub = Stub::new(move |_| status(code, &body)).await;
        let source = source(&stub, &clock());
        let error = source.bulk(&id(), Timeframe::H1, &[Calculation::new("rsi")]).await.unwrap_err();
        let shown = format!("{error} {error:?} {source:?}");
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(matches!(error, ExchangeError::Rejected { .. } | ExchangeError::Auth { .. }), "{error:?}");
    }
    let stub = Stub::new(|_| Does::Answer(429, "retry-after: 120\r\n", "{}".into())).await;
    let error =
        source(&stub, &clock()).indicator(&id(), Timeframe::H1, &Calculation::new("rsi")).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn candles_are_counted_back_from_now() {
    let stub = Stub::new(|_| {
        ok(r#"[{"timestamp":5880,"open":1,"high":2.5,"low":1,"close":2,"volume":3},
            {"timestamp":5940,"open":2,"high":2,"low":2,"close":2.25,"volume":1}]"#)
    })
    .await;
    let source = source(&stub, &clock());
    let mut wanted = query("BTC-USDT@taapi", Timeframe::M1, "1970-01-01T01:38:00Z", None);
    wanted.end = Timestamp::from_secs(100 * MINUTE + 10);
    let candles = source.candles(&wanted).await.unwrap();
    assert_eq!(crate::told(&candles)[1], crate::pair("1970-01-01T01:39:00Z", "2.25"));
    assert!(stub.asked("GET /candles")[0].query.ends_with("&period=4"), "{:?}", stub.asked("GET /candles"));
    let far = query("BTC-USDT@taapi", Timeframe::M1, "1970-01-01T00:00:00Z", None);
    assert!(
        matches!(source.candles(&far).await, Err(ExchangeError::Unsupported { .. })),
        "no more than 2,000 back"
    );
}

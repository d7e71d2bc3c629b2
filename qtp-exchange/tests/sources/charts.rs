//! Yahoo, Alpha Vantage and Finazon.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::{Clock as _, MarketData, SimClock, SystemClock};
use qtp_core::{CandleQuery, Decimal, Event, ExchangeError, MarketTopic, Timeframe, Timestamp};
use qtp_exchange::clean::CorporateAction;
use qtp_exchange::polled::{PollSettings, Polled};
use qtp_exchange::sources::{
    AlphaVantage, AlphaVantageSettings, Finazon, FinazonSettings, Listing, Yahoo, YahooSettings,
};

use crate::stub::{Asked, Does, SECRET, Stub, next, ok, status};
use crate::{pair, query, told};

fn listing(id: &str) -> Listing {
    Listing::new(id.parse().unwrap())
}

fn yahoo(stub: &Stub) -> Yahoo {
    let index = Listing::named("SPX@yahoo".parse().unwrap(), "^GSPC");
    let listings = vec![listing("AAPL@yahoo"), index, listing("BTC-USD@yahoo")];
    let mut settings = YahooSettings::new("yahoo".parse().unwrap(), listings);
    stub.http(&mut settings.http);
    Yahoo::new(settings).unwrap()
}

const CHART: &str = r#"{"chart":{"result":[{"meta":{"currency":"USD","symbol":"AAPL"},
    "timestamp":[1704205800,1704292200,1704378600],
    "events":{"dividends":{"1704292200":{"amount":0.24,"date":1704292200}},
        "splits":{"1704378600":{"date":1704378600,"numerator":4,"denominator":1,"splitRatio":"4:1"}}},
    "indicators":{"quote":[{"open":[187.15,null,182.1],"high":[188.44,null,183.0],"low":[183.89,null,180.9],
        "close":[185.63999938964844,null,181.9],"volume":[82488700,null,71983600]}]}}],"error":null}}"#;

#[tokio::test]
async fn yahoos_rows_without_prices_are_gaps_and_days_open_at_midnight() {
    let stub = Stub::new(|_| ok(CHART)).await;
    let candles = yahoo(&stub)
        .candles(&query("AAPL@yahoo", Timeframe::D1, "2024-01-01T00:00:00Z", None))
        .await
        .unwrap();
    let expected =
        [pair("2024-01-02T00:00:00Z", "185.63999938964844"), pair("2024-01-04T00:00:00Z", "181.9")];
    assert_eq!(told(&candles), expected, "every digit is the source's");
    let asked = &stub.asked("GET /v8/finance/chart/AAPL")[0];
    assert!(asked.headers["user-agent"].starts_with("Mozilla/5.0"), "{asked:?}");
    assert!(asked.query.starts_with("interval=1d&period1=1704067200&period2="), "{asked:?}");

    yahoo(&stub).candles(&query("SPX@yahoo", Timeframe::D1, "2024-01-01T00:00:00Z", Some(1))).await.unwrap();
    assert_eq!(stub.asked("GET /v8/finance/chart/%5EGSPC").len(), 1);
    let (from, to) = (Timestamp::EPOCH, SystemClock.now());
    let actions = yahoo(&stub).actions(&"AAPL@yahoo".parse().unwrap(), from, to).await.unwrap();
    let expected = [
        CorporateAction::Dividend { time: Timestamp::from_secs(1_704_292_200), amount: Decimal::new(24, 2) },
        CorporateAction::Split { time: Timestamp::from_secs(1_704_378_600), ratio: Decimal::from(4) },
    ];
    assert_eq!(actions, expected);
}

#[tokio::test]
async fn yahoos_refusals_have_its_words_and_minutes_are_read_by_weeks() {
    let body = r#"{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}"#;
    let stub = Stub::new(move |_| status(404, body)).await;
    let error = yahoo(&stub)
        .candles(&query("AAPL@yahoo", Timeframe::D1, "2024-01-01T00:00:00Z", None))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ExchangeError::Rejected { reason, .. } if reason.message.contains("delisted")),
        "{error:?}"
    );
    let stub =
        Stub::new(|_| ok(r#"{"chart":{"result":[{"meta":{},"indicators":{"quote":[{}]}}],"error":null}}"#))
            .await;
    let candles = yahoo(&stub)
        .candles(&query("AAPL@yahoo", Timeframe::M1, "1970-01-01T00:00:00Z", None))
        .await
        .unwrap();
    assert_eq!((candles.len(), stub.asked("GET /v8/finance/chart/AAPL").len()), (0, 5), "29 days in weeks");
    let odd = query("AAPL@yahoo", "3m".parse().unwrap(), "2024-01-01T00:00:00Z", None);
    assert!(matches!(yahoo(&stub).candles(&odd).await, Err(ExchangeError::Unsupported { .. })));
    let unknown = query("MSFT@yahoo", Timeframe::D1, "2024-01-01T00:00:00Z", None);
    assert!(matches!(yahoo(&stub).candles(&unknown).await, Err(ExchangeError::UnknownInstrument { .. })));
    let stream = yahoo(&stub).subscribe(&[MarketTopic::Trades("AAPL@yahoo".parse().unwrap())]).await;
    assert!(matches!(stream, Err(ExchangeError::Unsupported { .. })));
}

/// A chart of minutes that open at these seconds.
fn minutes(opens: &[i64]) -> String {
    let (column, opens) = (vec![1; opens.len()], serde_json::json!(opens));
    serde_json::json!({"chart": {"result": [{"meta": {"currency": "USD"}, "timestamp": opens, "indicators": {"quote": [
        {"open": column, "high": column, "low": column, "close": column, "volume": column}]}}], "error": null}})
    .to_string()
}

#[tokio::test]
async fn what_a_chart_has_of_a_forming_minute_is_not_streamed() {
    // Yesterday: further back the source has no minutes.
    let begin = Timeframe::H1.floor(SystemClock.now() - Duration::from_secs(86_400));
    let after = |seconds: u64| begin + Duration::from_secs(seconds);
    // The third minute forms; the last row is the source's own word for it, at the time of the last trade.
    let rows = [0, 60, 120, 137].map(|seconds| after(seconds).as_secs());
    let stub = Stub::new(move |_| ok(minutes(&rows))).await;
    let clock = Arc::new(SimClock::new(after(59)));
    let settings = PollSettings {
        delay: Duration::from_millis(1_050),
        clock: Arc::clone(&clock) as _,
        ..PollSettings::default()
    };
    let polled = Polled::new(yahoo(&stub), settings);
    let topic = MarketTopic::Candles("BTC-USD@yahoo".parse().unwrap(), Timeframe::M1);
    let mut stream = polled.subscribe(&[topic]).await.unwrap();
    clock.advance_to(after(122));
    for minute in [0, 1] {
        let Event::Candles(batch) = next(&mut stream).await else { panic!("no candle") };
        assert_eq!(batch.candles[0].open_time(), after(60 * minute));
    }
    assert!(stream.try_next().is_none());
    assert_eq!(stub.asked("GET /v8/finance/chart/BTC-USD").len(), 1);
}

fn alpha_vantage(stub: &Stub) -> AlphaVantage {
    let listings = ["AAPL@alphavantage", "BTC-USD@alphavantage"].map(listing).to_vec();
    let mut settings =
        AlphaVantageSettings::new("alphavantage".parse().unwrap(), listings, SECRET, (100, 100));
    stub.http(&mut settings.http);
    AlphaVantage::new(settings).unwrap()
}

/// An answer that was recorded; `None`, and a word, where the recordings are not.
fn recorded(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/alphavantage").join(name);
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {} is missing", path.display());
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    Some(text)
}

#[tokio::test]
async fn alpha_vantages_recorded_hours_are_instants_in_order() {
    let Some(text) = recorded("TIME_SERIES_INTRADAY_60min_AAPL.json.gz") else { return };
    let rows = text.matches("1. open").count();
    let stub = Stub::new(move |_| ok(text.clone())).await;
    let query = CandleQuery {
        end: "2025-12-31T23:00:00Z".parse().unwrap(),
        ..query("AAPL@alphavantage", Timeframe::H1, "2025-11-01T00:00:00Z", None)
    };
    let candles = alpha_vantage(&stub).candles(&query).await.unwrap();
    assert!(candles.windows(2).all(|pair| pair[0].open_time() < pair[1].open_time()));
    // Each of the two months answers with the same recording, and nothing stands twice.
    let first =
        candles.iter().find(|candle| candle.open_time() == "2025-11-28T20:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(
        (first.close().to_string(), first.volume().to_string()),
        ("278.45".to_owned(), "37785".to_owned())
    );
    assert!(candles.len() <= rows, "{} of {rows}", candles.len());
    let months: Vec<bool> = ["2025-11", "2025-12"]
        .iter()
        .zip(stub.asked("GET /query"))
        .map(|(month, asked)| asked.query.contains(&format!("month={month}&")))
        .collect();
    assert_eq!(months, [true, true]);
}

#[tokio::test]
async fn alpha_vantages_recorded_days_of_crypto_are_all_there() {
    let Some(text) = recorded("DIGITAL_CURRENCY_DAILY_BTC.json.gz") else { return };
    let rows = text.matches("1. open").count();
    let stub = Stub::new(move |_| ok(text.clone())).await;
    let wanted = query("BTC-USD@alphavantage", Timeframe::D1, "1970-01-01T00:00:00Z", None);
    let candles = alpha_vantage(&stub).candles(&wanted).await.unwrap();
    assert_eq!(candles.len(), rows);
    let last = told(&candles[rows - 1..]);
    assert_eq!(last, [pair("2025-11-16T00:00:00Z", "95374.01")]);
    assert!(
        stub.asked("GET /query")[0].query.contains("function=DIGITAL_CURRENCY_DAILY&symbol=BTC&market=USD")
    );
}

#[tokio::test]
async fn alpha_vantages_refusals_come_as_successes_and_never_show_the_key() {
    let words = format!(
        "We have detected your API key as {SECRET} and our standard API rate limit is 25 requests per day."
    );
    let cases = [
        (format!(r#"{{"Information":"{words}"}}"#), "rate limited"),
        (r#"{"Note":"Thank you: 5 calls per minute"}"#.to_owned(), "rate limited"),
        (r#"{"Information":"This is a premium endpoint"}"#.to_owned(), "not authorised"),
        (format!(r#"{{"Error Message":"Invalid API call for {SECRET}"}}"#), "rejected"),
        (r#"{"something":1}"#.to_owned(), "cannot read"),
    ];
    for (body, expected) in cases {
        let stub = Stub::new(move |_| ok(body.clone())).await;
        let source = alpha_vantage(&stub);
        let wanted = query("AAPL@alphavantage", Timeframe::D1, "2024-01-01T00:00:00Z", None);
        let error = source.candles(&wanted).await.unwrap_err();
        let shown = format!("{error} {error:?} {source:?}");
        assert!(shown.contains(expected) && !shown.contains(SECRET), "{shown}");
    }
}

fn finazon(stub: &Stub) -> Finazon {
    let listings = vec![listing("AAPL@finazon")];
    let mut settings = FinazonSettings::new(
        "finazon".parse().unwrap(),
        listings,
        "finazon/us_stocks_essential",
        SECRET,
        100,
    );
    stub.http(&mut settings.http);
    Finazon::new(settings).unwrap()
}

fn finazon_page(asked: &Asked) -> Does {
    let row = |second: i64| format!(r#"{{"t":{second},"o":1.1,"h":1.3,"l":1.0,"c":1.2,"v":5}}"#);
    let newest = 1_704_205_800;
    let rows: Vec<String> = match asked.query.contains("page=0&") {
        true => (0..1_000).map(|back| row(newest - back * 60)).collect(),
        false => vec![row(newest - 60_000), row(newest - 60_000)],
    };
    ok(format!(r#"{{"data":[{}]}}"#, rows.join(",")))
}

#[tokio::test]
async fn finazons_pages_are_read_to_the_short_one_and_cleaned() {
    let stub = Stub::new(finazon_page).await;
    let wanted = query("AAPL@finazon", Timeframe::M1, "2024-01-01T00:00:00Z", None);
    let candles = finazon(&stub).candles(&wanted).await.unwrap();
    assert_eq!(candles.len(), 1_001, "what comes twice stands once");
    assert!(candles.windows(2).all(|pair| pair[0].close_time() == pair[1].open_time()));
    let asked = stub.asked("GET /latest/finazon/us_stocks_essential/time_series");
    assert_eq!(
        (asked.len(), asked[0].headers["authorization"].as_str()),
        (2, format!("apikey {SECRET}").as_str())
    );
    assert!(
        asked[0]
            .query
            .starts_with("ticker=AAPL&interval=1m&page=0&page_size=1000&start_at=1704067200&end_at=")
    );
    let two = CandleQuery { limit: Some(2), ..wanted };
    assert_eq!(finazon(&stub).candles(&two).await.unwrap(), candles[999..]);

    let body = format!(r#"{{"code":401,"message":"bad key {SECRET}","status":"error"}}"#);
    let stub = Stub::new(move |_| status(401, &body)).await;
    let error = finazon(&stub).candles(&two).await.unwrap_err();
    assert!(matches!(&error, ExchangeError::Auth { message, .. } if message == "bad key ***"), "{error:?}");
}

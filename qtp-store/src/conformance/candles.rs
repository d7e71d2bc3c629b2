//! Rules of the candle store.

use qtp_core::port::CandleStore;
use qtp_core::{Candle, CandleParts, CandleQuery, InstrumentId, Timeframe, Timestamp};

/// Checks a [`CandleStore`] that is empty.
pub async fn candles(store: &dyn CandleStore) {
    assert_eq!(get(store, 0, 100, None).await, [], "an empty store");
    store.put_candles(&[]).await.expect("putting nothing is no error");
    gives_ascending_candles_within_the_bounds(store).await;
    replaces(store).await;
    keeps_series_apart(store).await;
    keeps_every_decimal(store).await;
    keeps_many(store).await;
}

async fn gives_ascending_candles_within_the_bounds(store: &dyn CandleStore) {
    let all: Vec<_> = (0..5).map(|minute| candle(minute, "100.5", "7")).collect();
    let shuffled: Vec<_> = [3, 0, 4, 1, 2].into_iter().filter_map(|index| all.get(index).cloned()).collect();
    store.put_candles(&shuffled).await.expect("put in any order");
    assert_eq!(get(store, 0, 5, None).await, all, "ascending");
    assert_eq!(get(store, 1, 3, None).await, all[1..3], "start is in, end is out");
    assert_eq!(get(store, 0, 5, Some(2)).await, all[3..], "a limit keeps the latest");
    assert_eq!(get(store, 0, 4, Some(2)).await, all[2..4], "the latest before the end");
    assert_eq!(get(store, 0, 5, Some(0)).await, [], "a limit of nothing");
    assert_eq!(get(store, 3, 3, None).await, [], "an empty range");
    assert_eq!(get(store, 4, 1, None).await, [], "a backward range");
}

async fn replaces(store: &dyn CandleStore) {
    store.put_candles(&[candle(2, "90.25", "1.5"), candle(2, "91.125", "0")]).await.expect("put again");
    assert_eq!(get(store, 2, 3, None).await, [candle(2, "91.125", "0")], "the last one put stands");
    assert_eq!(get(store, 0, 5, None).await.len(), 5, "nothing was added");
}

async fn keeps_series_apart(store: &dyn CandleStore) {
    let mut parts = CandleParts::from(candle(2, "5", "5"));
    parts.timeframe = Timeframe::H1;
    let wider = Candle::new(parts.clone()).expect("a candle");
    parts.timeframe = Timeframe::M1;
    parts.instrument = "ETH-USDC@conformance".parse().expect("an instrument");
    let other = Candle::new(parts).expect("a candle");
    let first = candle(0, "100.5", "7");
    let mixed = [wider.clone(), first.clone(), other.clone()];
    store.put_candles(&mixed).await.expect("put several series at once");
    for expected in [wider, other] {
        let query = CandleQuery {
            instrument: expected.instrument().clone(),
            timeframe: expected.timeframe(),
            start: Timestamp::from_nanos(i64::MIN),
            end: Timestamp::MAX,
            limit: None,
        };
        assert_eq!(store.get_candles(&query).await.expect("get"), [expected], "one series, one candle");
    }
    assert_eq!(get(store, 0, 1, None).await, [first]);
}

/// Values that outgrow 64-bit mantissas, and scales that rise while candles are there.
async fn keeps_every_decimal(store: &dyn CandleStore) {
    let values = [
        ("1", "0"),
        ("0.1", "123456789.123456789"),
        ("0.00000001", "0.000000000001"),
        ("99999999999999.99999999999999", "1"),
        ("0.0000000000000000000000000001", "0.1234567890123456789012345678"),
        ("64250.5", "100000000000000"),
        ("12345678901234.5678", "99999999999999.123456789"),
        ("2", "2"),
    ];
    let all: Vec<_> =
        (100_i64..).zip(values).map(|(minute, (price, volume))| candle(minute, price, volume)).collect();
    for candle in &all {
        store.put_candles(std::slice::from_ref(candle)).await.expect("put one");
    }
    exact(&get(store, 100, 200, None).await, &all);
    store.put_candles(&all).await.expect("put all at once");
    exact(&get(store, 100, 200, None).await, &all);
    exact(&get(store, 100, 200, Some(3)).await, &all[5..]);
    let swapped: Vec<_> = (100_i64..)
        .zip(values.iter().rev())
        .map(|(minute, (price, volume))| candle(minute, price, volume))
        .collect();
    store.put_candles(&swapped).await.expect("replace long values by short ones and the other way round");
    exact(&get(store, 100, 200, None).await, &swapped);
    assert_eq!(
        get(store, 0, 2, None).await,
        [candle(0, "100.5", "7"), candle(1, "100.5", "7")],
        "older candles"
    );
}

async fn keeps_many(store: &dyn CandleStore) {
    let all: Vec<_> =
        (1000..21_000).map(|minute| candle(minute, &format!("{minute}.{}", minute % 97), "1.5")).collect();
    store.put_candles(&all).await.expect("put many");
    exact(&get(store, 1000, 21_000, None).await, &all);
    exact(&get(store, 1000, 21_000, Some(15_000)).await, &all[5_000..]);
}

/// The exact parts must be equal, the floats to the last digits that a conversion may differ in.
fn exact(got: &[Candle], expected: &[Candle]) {
    assert_eq!(got.len(), expected.len(), "number of candles");
    for (got, expected) in got.iter().zip(expected) {
        assert_eq!(got.parts(), expected.parts(), "exact decimals");
        let (a, b) = (got.ohlcv(), expected.ohlcv());
        for (a, b) in
            [(a.open, b.open), (a.high, b.high), (a.low, b.low), (a.close, b.close), (a.volume, b.volume)]
        {
            assert!((a - b).abs() <= b.abs() * 1e-15, "float {a} for {b}");
        }
    }
}

async fn get(store: &dyn CandleStore, start: i64, end: i64, limit: Option<usize>) -> Vec<Candle> {
    let (start, end) = (Timestamp::from_secs(start * 60), Timestamp::from_secs(end * 60));
    let query = CandleQuery { instrument: instrument(), timeframe: Timeframe::M1, start, end, limit };
    store.get_candles(&query).await.expect("get candles")
}

pub(super) fn instrument() -> InstrumentId {
    "BTC-USDC@conformance".parse().expect("an instrument")
}

fn candle(minute: i64, price: &str, volume: &str) -> Candle {
    let price = price.parse().expect("a price");
    let parts = CandleParts {
        instrument: instrument(),
        timeframe: Timeframe::M1,
        open_time: Timestamp::from_secs(minute * 60),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: volume.parse().expect("a volume"),
    };
    Candle::new(parts).expect("a candle")
}

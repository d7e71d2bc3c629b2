//! Market data.

use qtp_core::{CandleQuery, ExchangeError, InstrumentId, Timeframe, Timestamp};

use super::Stage;

/// Instruments are valid; candles are closed, ascending, aligned and bounded; what is not traded is an error.
pub async fn market_data(stage: &dyn Stage) {
    let exchange = stage.exchange();
    let instruments = exchange.instruments().await.expect("instruments can be read");
    for instrument in &instruments {
        assert!(instrument.validate().is_empty(), "{}: {:?}", instrument.id, instrument.validate());
        assert_eq!(instrument.id.venue_str(), exchange.venue().as_str(), "instruments name their venue");
    }
    let own = &stage.instrument().id;
    let found = instruments.iter().find(|instrument| instrument.id == *own);
    assert_eq!(found, Some(stage.instrument()), "the instrument is among the venue's, with the same rules");

    let query = |instrument: &InstrumentId| CandleQuery {
        instrument: instrument.clone(),
        timeframe: Timeframe::M1,
        start: Timestamp::EPOCH,
        end: Timestamp::MAX,
        limit: Some(5),
    };
    let candles = exchange.candles(&query(own)).await.expect("candles can be read");
    assert!(candles.len() <= 5, "the limit of a query is kept");
    assert!(candles.windows(2).all(|pair| pair[0].open_time() < pair[1].open_time()), "candles ascend");
    for candle in &candles {
        assert_eq!(
            (candle.instrument(), candle.timeframe()),
            (own, Timeframe::M1),
            "candles are those asked for"
        );
        let aligned = candle.timeframe().floor(candle.open_time()) == candle.open_time();
        assert!(aligned, "a candle opens on a multiple of its width");
    }
    let unknown: InstrumentId =
        format!("NO-SUCH-THING@{}", exchange.venue().as_str()).parse().expect("a legal id");
    let answer = exchange.candles(&query(&unknown)).await;
    assert!(
        matches!(answer, Err(ExchangeError::UnknownInstrument { .. })),
        "candles of what is not traded are an error: {answer:?}"
    );
}

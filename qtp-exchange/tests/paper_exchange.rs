//! The paper exchange: streams, answers, and a rebuild that comes to the same state.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{
    Clock as _, EventStream, Execution as _, JournalRecord, MarketData, MarketStream, SimClock, StreamSender,
};
use qtp_core::risk::{RiskContext, RiskState};
use qtp_core::{
    AccountKind, Amount, Approved, CancelRequest, Candle, CandleBatch, CandleParts, CandleQuery,
    ClientOrderId, CommandRecord, Currency, Decimal, Event, EventRecord, ExchangeError, FundingRate,
    Instrument, Intent, MarketTopic, OrderGroup, OrderKind, OrderRequest, OrderRole, OrderSizing,
    OrderStatus, Portfolio, Price, Quantity, Ratio, RiskGate, RunId, Side, TimeInForce, Timeframe, Timestamp,
    Trade, Trigger, TriggerSource, Venue,
};
use qtp_exchange::paper::PaperExchange;
use qtp_exchange::sim::{SimVenue, SimVenueConfig};

fn instrument() -> Instrument {
    Instrument::unrestricted("BTC-USD@test".parse().unwrap()).unwrap()
}

fn venue() -> SimVenue {
    let cash = Amount::new(Decimal::from(10_000), Currency::USD);
    let portfolio = Portfolio::new("main".parse().unwrap(), AccountKind::Unconstrained, cash);
    SimVenue::new(SimVenueConfig::default(), portfolio, vec![instrument()]).unwrap()
}

/// A clock behind every market event: their times count.
fn still() -> Arc<SimClock> {
    Arc::new(SimClock::new(Timestamp::EPOCH))
}

fn candle(hour: i64, ohlc: [i64; 4]) -> Candle {
    let [open, high, low, close] = ohlc.map(|price| Price::new(price.into()).unwrap());
    Candle::new(CandleParts {
        instrument: instrument().id,
        timeframe: Timeframe::H1,
        open_time: Timestamp::from_secs(hour * 3600),
        open,
        high,
        low,
        close,
        volume: "10".parse().unwrap(),
    })
    .unwrap()
}

fn batch(candle: &Candle) -> Event {
    Event::Candles(CandleBatch { candles: vec![candle.clone()], ..CandleBatch::default() })
}

fn order(sequence: u64, side: Side, kind: OrderKind) -> Approved<OrderGroup> {
    let instrument = instrument();
    let request = OrderRequest {
        client_order_id: ClientOrderId::new(RunId(1), 0, sequence),
        account: "main".parse().unwrap(),
        instrument: instrument.id.clone(),
        side,
        quantity: "1".parse().unwrap(),
        kind,
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        reduce_only: false,
        sizing: OrderSizing::Fixed,
        role: OrderRole::Entry,
        valid_until: None,
        protective_stop: None,
        decision_price: None,
    };
    let venue = venue();
    let context = RiskContext {
        now: Timestamp::EPOCH,
        instrument: &instrument,
        portfolio: venue.portfolio(),
        position: Quantity::ZERO,
        working: Quantity::ZERO,
        adds: Quantity::ZERO,
        price: "100".parse().unwrap(),
        equity: None,
        exposure: qtp_core::Notional::ZERO,
        rate: Decimal::ONE,
        other_open: 0,
        data_age: std::time::Duration::ZERO,
        leverage: Ratio::ONE,
        liquidation: None,
        state: &RiskState::default(),
    };
    RiskGate::without_rules().review(request, &context).unwrap().order
}

/// Market data that the test pushes by hand.
#[derive(Default)]
struct Tape {
    senders: Mutex<Vec<StreamSender>>,
}

#[async_trait]
impl MarketData for Tape {
    fn venue(&self) -> Venue {
        "test".parse().unwrap()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(vec![instrument()])
    }

    async fn candles(&self, _query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        Ok(Vec::new())
    }

    async fn subscribe(&self, _topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let (sender, stream) = EventStream::channel(64);
        self.senders.lock().unwrap().push(sender);
        Ok(stream)
    }
}

impl Tape {
    fn push(&self, stream: usize, time: Timestamp, event: Event) {
        assert!(self.senders.lock().unwrap()[stream].try_send(time, event));
    }
}

fn topics() -> Vec<MarketTopic> {
    vec![MarketTopic::Candles(instrument().id, Timeframe::H1)]
}

#[tokio::test]
async fn paper_candles_fill_and_account_events_precede_the_candle() {
    let tape = Arc::new(Tape::default());
    let paper = PaperExchange::new(Arc::clone(&tape), venue(), still());
    let mut market = paper.subscribe(&topics()).await.unwrap();
    let mut account = paper.subscribe_account().await.unwrap();
    let first = candle(0, [100, 101, 99, 100]);
    tape.push(0, first.close_time(), batch(&first));
    market.next().await.unwrap();
    let acks = paper.submit(&order(1, Side::Buy, OrderKind::Market)).await.unwrap();
    assert_eq!(acks.len(), 1);
    let second = candle(1, [103, 105, 99, 104]);
    tape.push(0, second.close_time(), batch(&second));
    market.next().await.unwrap();
    let Some((_, Event::OrderReport(report))) = account.try_next() else { panic!("no report") };
    assert_eq!(
        (report.status, report.venue_order_id.as_ref()),
        (OrderStatus::Open, acks[0].venue_order_id.as_ref())
    );
    let Some((time, Event::Fill(fill))) = account.try_next() else { panic!("no fill") };
    assert_eq!((time, fill.price), (second.open_time(), second.open()));
    let snapshot = paper.account_snapshot().await.unwrap();
    assert_eq!(snapshot.positions[&instrument().id], "1".parse().unwrap());
    assert_eq!(paper.fills_since(Timestamp::EPOCH).await.unwrap(), [fill]);
}

/// Nothing was heard since the candle closed, so that the market's own time is still that of the close.
#[tokio::test]
async fn paper_fills_no_order_at_a_price_from_before_it_was_sent() {
    let (tape, clock) = (Arc::new(Tape::default()), still());
    let paper = PaperExchange::new(Arc::clone(&tape), venue(), Arc::<SimClock>::clone(&clock));
    let mut market = paper.subscribe(&topics()).await.unwrap();
    let mut account = paper.subscribe_account().await.unwrap();
    let first = candle(0, [100, 101, 99, 100]);
    tape.push(0, first.close_time(), batch(&first));
    market.next().await.unwrap();
    let sent = first.close_time() + Duration::from_secs(40);
    clock.advance_to(sent);
    paper.submit(&order(1, Side::Buy, OrderKind::Market)).await.unwrap();
    let Some((time, Event::OrderReport(_))) = account.try_next() else { panic!("no report") };
    assert_eq!(time, sent);
    for hour in [1, 2] {
        let next = candle(hour, [100 + hour, 110, 99, 104]);
        tape.push(0, next.close_time(), batch(&next));
        market.next().await.unwrap();
    }
    let Some((_, Event::Fill(fill))) = account.try_next() else { panic!("no fill") };
    assert_eq!(fill.price, Price::new(102.into()).unwrap(), "the open of the candle after the order");
}

#[tokio::test]
async fn paper_pays_funding_once_when_it_is_due() {
    let tape = Arc::new(Tape::default());
    let paper = PaperExchange::new(Arc::clone(&tape), venue(), still());
    let mark = MarketTopic::Mark(instrument().id);
    let mut market = paper.subscribe(&[topics().remove(0), mark]).await.unwrap();
    let mut account = paper.subscribe_account().await.unwrap();
    let rate = |hour: i64, basis_points: i64| {
        let (instrument, time) = (instrument().id, Timestamp::from_secs(hour * 3600));
        let rate = Ratio::from_bps(basis_points.into()).unwrap();
        Event::FundingRate(FundingRate { instrument, time, rate, reference: None })
    };
    let first = candle(0, [100, 101, 99, 100]);
    tape.push(0, first.close_time(), batch(&first));
    market.next().await.unwrap();
    paper.submit(&order(1, Side::Buy, OrderKind::Market)).await.unwrap();
    // The venue says the next rate again and again, and another one each time.
    for second in 0..5 {
        tape.push(0, Timestamp::from_secs(3_601 + second), rate(2, second + 1));
        market.next().await.unwrap();
    }
    let second = candle(1, [100, 105, 99, 100]);
    tape.push(0, second.close_time(), batch(&second));
    tape.push(0, Timestamp::from_secs(7_201), rate(3, 1));
    market.next().await.unwrap();
    market.next().await.unwrap();
    let mut paid = Vec::new();
    while let Some((_, event)) = account.try_next() {
        if let Event::Funding(payment) = event {
            paid.push((payment.time.as_secs(), payment.amount.value));
        }
    }
    // One unit at 100 and 5 basis points, held since the open of the candle that ends then.
    assert_eq!(paid, [(7_200, Decimal::new(-5, 2))]);
}

#[tokio::test]
async fn paper_rejects_with_the_venues_code() {
    let paper = PaperExchange::new(Tape::default(), venue(), still());
    let group = order(1, Side::Buy, OrderKind::Market);
    paper.submit(&group).await.unwrap();
    let error = paper.submit(&group).await.unwrap_err();
    let ExchangeError::Rejected { reason, .. } = error else { panic!("{error}") };
    assert_eq!(reason.code, "duplicate_client_order_id");
    let id = group.get().first().client_order_id;
    let (account, instrument) = (paper.account(), instrument().id);
    let cancel = CancelRequest { client_order_id: id, account, instrument };
    paper.cancel(&cancel).await.unwrap();
    paper.cancel(&cancel).await.unwrap();
    assert_eq!(paper.order(&id).await.unwrap().unwrap().status, OrderStatus::Canceled);
    assert!(paper.open_orders().await.unwrap().is_empty());
}

#[tokio::test]
async fn paper_prints_take_over_from_candles_and_one_topic_drives_once() {
    let tape = Arc::new(Tape::default());
    let paper = PaperExchange::new(Arc::clone(&tape), venue(), still());
    let trades = [MarketTopic::Trades(instrument().id)];
    let mut one = paper.subscribe(&trades).await.unwrap();
    let mut other = paper.subscribe(&trades).await.unwrap();
    let mut candles = paper.subscribe(&topics()).await.unwrap();
    let print = |second: i64, price: i64| {
        let (instrument, time) = (instrument().id, Timestamp::from_secs(second));
        let price = Price::new(price.into()).unwrap();
        Event::Trade(Trade { instrument, time, price, quantity: "1".parse().unwrap(), taker: None })
    };
    tape.push(0, Timestamp::from_secs(1), print(1, 100));
    one.next().await.unwrap();
    paper.submit(&order(1, Side::Buy, OrderKind::Market)).await.unwrap();
    let bar = candle(0, [90, 101, 89, 100]);
    tape.push(2, bar.close_time(), batch(&bar));
    candles.next().await.unwrap();
    tape.push(1, Timestamp::from_secs(4_000), print(4_000, 95));
    other.next().await.unwrap();
    assert!(paper.fills_since(Timestamp::EPOCH).await.unwrap().is_empty());
    tape.push(0, Timestamp::from_secs(4_000), print(4_000, 96));
    one.next().await.unwrap();
    assert_eq!(paper.fills_since(Timestamp::EPOCH).await.unwrap()[0].price, "96".parse().unwrap());
}

#[tokio::test]
async fn paper_nothing_is_dropped_for_a_slow_reader() {
    let paper = Arc::new(PaperExchange::new(Tape::default(), venue(), still()));
    let mut account = paper.subscribe_account().await.unwrap();
    let writer = tokio::spawn({
        let paper = Arc::clone(&paper);
        async move {
            for sequence in 0..3_000 {
                let group = order(sequence, Side::Buy, OrderKind::Market);
                let request = group.get().first().clone();
                paper.submit(&group).await.unwrap();
                let (account, instrument) = (request.account, request.instrument);
                let cancel = CancelRequest { client_order_id: request.client_order_id, account, instrument };
                paper.cancel(&cancel).await.unwrap();
            }
        }
    });
    for sequence in 0..3_000 {
        for status in [OrderStatus::Open, OrderStatus::Canceled] {
            let Some((_, Event::OrderReport(report))) = account.next().await else { panic!("no report") };
            assert_eq!((report.client_order_id.unwrap().sequence(), report.status), (sequence, status));
        }
    }
    writer.await.unwrap();
}

#[tokio::test]
async fn paper_rebuild_comes_to_the_same_state_and_delivers_what_was_not_taken_in() {
    let (tape, clock) = (Arc::new(Tape::default()), still());
    let paper = PaperExchange::new(Arc::clone(&tape), venue(), Arc::<SimClock>::clone(&clock));
    let mut market = paper.subscribe(&topics()).await.unwrap();
    let mut account = paper.subscribe_account().await.unwrap();
    let mut journal = Vec::new();
    for hour in 0..6_i64 {
        let bar = candle(hour, [100 + hour, 104 + hour, 97, 101 + hour]);
        clock.advance_to(bar.close_time() + Duration::from_millis(7));
        tape.push(0, bar.close_time(), batch(&bar));
        let (time, event) = market.next().await.unwrap();
        while let Some((time, event)) = account.try_next() {
            let filled = matches!(event, Event::Fill(_));
            journal.push(record(journal.len(), time, event));
            if filled {
                // It answers the fill before it has heard of the candle that made it.
                let trigger = Trigger { price: "90".parse().unwrap(), source: TriggerSource::Last };
                let group = order(100 + hour.unsigned_abs(), Side::Sell, OrderKind::StopMarket { trigger });
                journal.push(submit(journal.len(), clock.now(), &group));
                paper.submit(&group).await.unwrap();
            }
        }
        journal.push(record(journal.len(), time, event));
        let price = Price::new((98 + hour).into()).unwrap();
        let kind = if hour % 2 == 0 { OrderKind::Market } else { OrderKind::Limit { price } };
        let group = order(hour.unsigned_abs(), if hour % 3 == 2 { Side::Sell } else { Side::Buy }, kind);
        journal.push(submit(journal.len(), clock.now(), &group));
        paper.submit(&group).await.unwrap();
    }
    let (again, rebuilt) = PaperExchange::rebuild(Tape::default(), venue(), still(), &journal);
    assert_eq!((rebuilt.differences, rebuilt.pending), (0, 1), "the last answer had not been journaled");
    let json = |venue: SimVenue| serde_json::to_string(&venue).unwrap();
    assert_eq!(json(again.venue_state()), json(paper.venue_state()));
    let mut account = again.subscribe_account().await.unwrap();
    assert!(
        matches!(account.try_next(), Some((_, Event::OrderReport(report))) if report.status == OrderStatus::Open)
    );
    assert!(account.try_next().is_none());
}

fn record(seq: usize, time: Timestamp, event: Event) -> JournalRecord {
    JournalRecord::Event(EventRecord { seq: seq as u64, event_time: time, receive_time: time, event })
}

fn submit(seq: usize, time: Timestamp, group: &Approved<OrderGroup>) -> JournalRecord {
    let intent = Intent::Submit(group.get().clone());
    JournalRecord::Command(CommandRecord { seq: seq as u64, time, caused_by: 0, intent })
}

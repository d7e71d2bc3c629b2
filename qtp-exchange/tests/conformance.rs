//! The paper exchange keeps the contract of an exchange.
#![cfg(all(feature = "conformance", feature = "sim"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{EventStream, Exchange, MarketData, MarketStream, SimClock, StreamSender};
use qtp_core::{
    AccountKind, Amount, Candle, CandleParts, CandleQuery, Currency, Decimal, Event, ExchangeError,
    Instrument, MarketTopic, Portfolio, Price, Quantity, Ratio, RunId, Timestamp, Trade, Venue,
};
use qtp_exchange::conformance::{self, Stage};
use qtp_exchange::decorator::{
    self, Breaker, BreakerLayer, BreakerLimits, Meter, Metered, Recorder, RecorderSettings, Recording,
    TimeLimits, Timed,
};
use qtp_exchange::paper::PaperExchange;
use qtp_exchange::sim::{Latency, LimitFill, SimVenue, SimVenueConfig};

fn instrument() -> Instrument {
    let mut instrument = Instrument::unrestricted("BTC-USD@test".parse().unwrap()).unwrap();
    instrument.price_rule = qtp_core::PriceRule::Tick("0.5".parse().unwrap());
    instrument
}

/// Prints that the test makes, and five candles of the past.
#[derive(Default)]
struct Tape {
    readers: Mutex<Vec<StreamSender>>,
}

#[async_trait]
impl MarketData for Tape {
    fn venue(&self) -> Venue {
        "test".parse().unwrap()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(vec![instrument()])
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        if query.instrument != instrument().id {
            let instrument = query.instrument.clone();
            return Err(ExchangeError::UnknownInstrument { operation: "candles", instrument });
        }
        let price: Price = "100".parse().unwrap();
        let candle = |minute: i64| {
            let open_time = Timestamp::from_secs(minute * 60);
            let (open, high, low, close) = (price, price, price, price);
            let (instrument, timeframe, volume) = (instrument().id, query.timeframe, Quantity::ZERO);
            Candle::new(CandleParts { instrument, timeframe, open_time, open, high, low, close, volume })
                .unwrap()
        };
        Ok((0..5).map(candle).collect())
    }

    async fn subscribe(&self, _topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let (sender, stream) = EventStream::channel(64);
        self.readers.lock().unwrap().push(sender);
        Ok(stream)
    }
}

type Paper = PaperExchange<std::sync::Arc<Tape>>;

struct PaperStage {
    exchange: Box<dyn Exchange>,
    tape: std::sync::Arc<Tape>,
    market: tokio::sync::Mutex<MarketStream>,
    instrument: Instrument,
    second: AtomicI64,
}

impl PaperStage {
    async fn new(config: SimVenueConfig, kind: AccountKind) -> Self {
        Self::with(config, kind, |paper| Box::new(paper)).await
    }

    async fn with(
        config: SimVenueConfig,
        kind: AccountKind,
        wrap: impl FnOnce(Paper) -> Box<dyn Exchange>,
    ) -> Self {
        let tape = std::sync::Arc::new(Tape::default());
        let cash = Amount::new(Decimal::from(100_000), Currency::USD);
        let portfolio = Portfolio::new("main".parse().unwrap(), kind, cash);
        let venue = SimVenue::new(config, portfolio, vec![instrument()]).unwrap();
        let clock = std::sync::Arc::new(SimClock::new(Timestamp::EPOCH));
        let exchange = wrap(PaperExchange::new(std::sync::Arc::clone(&tape), venue, clock));
        let market = exchange.subscribe(&[MarketTopic::Trades(instrument().id)]).await.unwrap();
        let market = tokio::sync::Mutex::new(market);
        Self { exchange, tape, market, instrument: instrument(), second: AtomicI64::new(1_000) }
    }
}

#[async_trait]
impl Stage for PaperStage {
    fn exchange(&self) -> &dyn Exchange {
        &*self.exchange
    }

    fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    fn quantity(&self) -> Quantity {
        "2".parse().unwrap()
    }

    fn price(&self) -> Price {
        "100".parse().unwrap()
    }

    fn run_id(&self) -> RunId {
        RunId(7)
    }

    async fn trade(&self, price: Price) -> bool {
        let time = Timestamp::from_secs(self.second.fetch_add(1, Ordering::Relaxed));
        let instrument = self.instrument.id.clone();
        let trade = Trade { instrument, time, price, quantity: "1000".parse().unwrap(), taker: None };
        assert!(self.tape.readers.lock().unwrap()[0].try_send(time, Event::Trade(trade)));
        self.market.lock().await.next().await.is_some()
    }
}

#[tokio::test(start_paused = true)]
async fn paper_exchange_keeps_the_contract() {
    conformance::all(&PaperStage::new(SimVenueConfig::default(), AccountKind::Unconstrained).await).await;
}

#[tokio::test(start_paused = true)]
async fn paper_exchange_with_margin_fees_and_late_orders_keeps_the_contract() {
    let config = SimVenueConfig {
        fees: qtp_exchange::sim::FeeModel::flat("0.0005".parse().unwrap()),
        limit_fill: LimitFill::Touched,
        leverage: Ratio::new(Decimal::from(3)).unwrap(),
        latency: Latency { order: qtp_exchange::sim::Delay::Fixed { micros: 250_000 }, ..Latency::default() },
        ..SimVenueConfig::default()
    };
    conformance::all(&PaperStage::new(config, AccountKind::CrossMargin).await).await;
}

#[tokio::test(start_paused = true)]
async fn an_exchange_in_all_decorators_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(SimClock::new(Timestamp::from_secs(1)));
    let recorder = Recorder::start(RecorderSettings::new(folder.path(), "paper"), clock).unwrap();
    let wrap = |paper: Paper| -> Box<dyn Exchange> {
        let recorded = Recording::new(paper, recorder);
        let timed = Timed::new(Metered::new(recorded, Meter::default()), TimeLimits::default());
        Box::new(Breaker::new(timed, BreakerLayer::new(BreakerLimits::default())))
    };
    let stage = PaperStage::with(SimVenueConfig::default(), AccountKind::Unconstrained, wrap).await;
    conformance::all(&stage).await;
    drop(stage);
    let events: Vec<Event> =
        decorator::read(folder.path()).unwrap().map(|event| event.unwrap().event).collect();
    for kind in ["trade", "order_report", "fill"] {
        assert!(events.iter().any(|event| event.kind() == kind), "{kind} in {} events", events.len());
    }
}

/// Waits only as long as it takes: a rule that is broken must end the suite, not hang it.
#[tokio::test(start_paused = true)]
#[should_panic(expected = "a market order fills at the next trade")]
async fn an_exchange_that_loses_fills_breaks_a_rule() {
    struct Deaf(PaperStage);

    #[async_trait]
    impl Stage for Deaf {
        fn exchange(&self) -> &dyn Exchange {
            self.0.exchange()
        }
        fn instrument(&self) -> &Instrument {
            self.0.instrument()
        }
        fn quantity(&self) -> Quantity {
            self.0.quantity()
        }
        fn price(&self) -> Price {
            self.0.price()
        }
        fn run_id(&self) -> RunId {
            self.0.run_id()
        }
        async fn trade(&self, _price: Price) -> bool {
            true
        }
        fn patience(&self) -> Duration {
            Duration::from_millis(10)
        }
    }
    let stage = Deaf(PaperStage::new(SimVenueConfig::default(), AccountKind::Unconstrained).await);
    conformance::fills(&stage).await;
}

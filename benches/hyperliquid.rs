//! From a book message in memory to a signed order in a socket's buffer, and the parts of that way.
//!
//! `hyperliquid/tick/..` are the parts where they stand, one after the other in every round: read (the message parsed),
//! decide (market state, strategy, risk, order manager), sign (the order written, hashed and signed) and send (one write
//! to a TCP socket). `update` is the engine's step for a strategy that only listens: decide without strategy and risk.

#![allow(clippy::expect_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use qtp_core::port::Strategy;
use qtp_core::{
    AccountId, AccountKind, Amount, Approved, Command, Context, Currency, Event, EventRecord, InstrumentId,
    MarkPrice, MarketTopic, OrderBook, OrderDraft, OrderGroup, OrderKind, OrderReport, OrderRole,
    OrderStatus, Portfolio, Quantity, Ratio, RiskGate, RunId, Side, StrategyError, StrategyId, TimeInForce,
    Timestamp, TradingState, TriggerSource, VenueCapabilities,
};
use qtp_engine::{Engine, EngineConfig, EngineSetup};
use qtp_exchange::hyperliquid::payload::{self, CoinBook, Wallet};
use qtp_exchange::hyperliquid::sign::{Network, PrivateKey, l1};
use qtp_exchange::hyperliquid::wire::Request;
use qtp_exchange::hyperliquid::{Catalogue, order_action};
use qtp_risk::RiskLimits;

const META: &str = r#"{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40}]}"#;
const SPOT: &str = r#"{"tokens":[],"universe":[]}"#;
const ORDER: &str = r#"{"type":"order","orders":[{"a":0,"b":true,"p":"99999","s":"0.012","r":false,"t":{"limit":{"tif":"Ioc"}},"c":"0x000000000000abcd0003000000000001"}],"grouping":"na"}"#;

fn key() -> PrivateKey {
    "0x0123456789012345678901234567890123456789012345678901234567890123".parse().expect("a key")
}

/// A message of 20 levels a side.
fn message() -> String {
    let side = |sign: i64| {
        let mut levels = String::new();
        for place in 0..20_i64 {
            let comma = if place == 0 { "" } else { "," };
            let (px, sz) = (100_000 + sign * (place + 1), 31_415 + place * 271);
            write!(levels, r#"{comma}{{"px":"{px}.0","sz":"0.{sz}","n":{}}}"#, place + 1).expect("a text");
        }
        levels
    };
    let (bids, asks) = (side(-1), side(1));
    format!(
        r#"{{"channel":"l2Book","data":{{"coin":"BTC","time":1700000000000,"levels":[[{bids}],[{asks}]]}}}}"#
    )
}

fn parts(criterion: &mut Criterion) {
    let key = key();
    let mut group = criterion.benchmark_group("hyperliquid");
    let digest = l1::digest(Network::Testnet, ORDER, 1, None, Some(2)).expect("an action");
    group.bench_function("signature", |bencher| bencher.iter(|| key.sign(black_box(&digest))));
    group.bench_function("hash", |bencher| {
        bencher.iter(|| l1::digest(Network::Testnet, black_box(ORDER), 1, None, Some(2)));
    });
    let action = serde_json::from_str(ORDER).expect("an action");
    group.bench_function("hash_and_sign_request", |bencher| {
        bencher.iter(|| Request::signed(&key, Network::Testnet, black_box(&action), 1, None, Some(2)));
    });
    let signature = key.sign(&digest);
    group.bench_function("find_signer", |bencher| bencher.iter(|| signature.signer(black_box(&digest))));
    group.finish();
}

/// Takes the best ask at every book, or only listens.
struct Taker {
    instrument: InstrumentId,
    takes: bool,
}

impl Strategy for Taker {
    fn id(&self) -> StrategyId {
        "taker".parse().expect("a name")
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Book(self.instrument.clone())]
    }

    fn on_book(&mut self, book: &OrderBook, context: &mut Context<'_>) -> Result<(), StrategyError> {
        if let Some(ask) = book.asks.first().filter(|_| self.takes) {
            context.submit(OrderDraft {
                instrument: self.instrument.clone(),
                side: Side::Buy,
                quantity: ask.quantity.min("0.012".parse().unwrap_or(Quantity::ZERO)),
                kind: OrderKind::Limit { price: ask.price },
                time_in_force: TimeInForce::Ioc,
                post_only: false,
                reduce_only: false,
                role: OrderRole::Entry,
            });
        }
        Ok(())
    }
}

struct Way {
    engine: Engine,
    catalogue: Catalogue,
    id: InstrumentId,
    key: PrivateKey,
    socket: TcpStream,
    /// The venue's end.
    other: TcpStream,
    sent: Vec<u8>,
    received: Vec<u8>,
    commands: Vec<Command>,
    seq: u64,
}

/// The parts of a round, in their order.
const PARTS: [&str; 4] = ["read", "decide", "sign", "send"];

impl Way {
    fn new(takes: bool) -> Self {
        let mut catalogue = Catalogue::new("hyperliquid.testnet".parse().expect("a venue"));
        payload::perpetuals(&mut catalogue, 0, META, SPOT).expect("a list");
        let instrument = catalogue.coin("BTC").expect("listed").instrument.clone();
        let (account, id): (AccountId, _) = ("bench".parse().expect("an id"), instrument.id.clone());
        let cash = Amount::new(10_000_000.into(), Currency::USDC);
        let limits = RiskLimits::not_binding();
        let mut state = TradingState::new();
        state.add_instrument(instrument);
        state.add_account(Portfolio::new(account.clone(), AccountKind::CrossMargin, cash), limits.state());
        let capabilities = VenueCapabilities {
            trigger_sources: vec![TriggerSource::Mark],
            reduce_only: true,
            flip_in_one_order: true,
            native_bracket: false,
            amend: true,
            post_only: true,
            validity: true,
            equity_sized_orders: false,
            stop_and_target: true,
        };
        let config =
            EngineConfig { order_validity: Some(Duration::from_secs(10)), ..EngineConfig::default() };
        let mut engine = Engine::new(EngineSetup {
            run_id: RunId(1),
            config,
            gate: RiskGate::new(limits.build()),
            state,
            capabilities: BTreeMap::from([(account.clone(), capabilities)]),
        })
        .expect("an engine");
        let taker = Taker { instrument: id.clone(), takes };
        engine.add_strategy(&account, Box::new(taker)).expect("an owner");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let socket = TcpStream::connect(listener.local_addr().expect("an address")).expect("a socket");
        let (other, _) = listener.accept().expect("its other end");
        let (sent, received, commands) = (Vec::new(), Vec::new(), Vec::new());
        let mut way =
            Self { engine, catalogue, id, key: key(), socket, other, sent, received, commands, seq: 0 };
        // Limits are measured at the mark.
        let (instrument, mark) = (way.id.clone(), "60000".parse().expect("a price"));
        way.process(Event::Mark(MarkPrice { instrument, time: Timestamp::EPOCH, mark, index: None }));
        way
    }

    fn process(&mut self, event: Event) {
        self.seq += 1;
        let now = Timestamp::from_millis(1_700_000_000_000 + i64::try_from(self.seq).unwrap_or(0));
        let record = EventRecord { seq: self.seq, event_time: now, receive_time: now, event };
        self.commands.clear();
        self.engine.process(&record, &mut self.commands).expect("a step");
    }

    /// As the market stream reads it.
    fn read(&self, message: &str) -> OrderBook {
        CoinBook::of_message(message, 20).expect("a book").of(&self.id)
    }

    fn decide(&mut self, book: OrderBook) -> Option<Approved<OrderGroup>> {
        self.process(Event::Book(book));
        self.commands.drain(..).find_map(|command| match command {
            Command::Submit(group) => Some(group),
            _ => None,
        })
    }

    fn sign(&self, order: &OrderGroup) -> String {
        let action = order_action(order, &self.catalogue, Wallet::Perpetual, (None, Ratio::ZERO));
        let action = action.expect("a legal order");
        Request::signed(&self.key, Network::Testnet, &action, self.seq, None, Some(self.seq))
            .expect("a request")
    }

    fn send(&mut self, text: &str) {
        let head =
            "POST /exchange HTTP/1.1\r\nhost: api\r\ncontent-type: application/json\r\ncontent-length: ";
        self.sent.clear();
        write!(self.sent, "{head}{}\r\n\r\n{text}", text.len()).expect("memory");
        self.socket.write_all(&self.sent).expect("room");
    }

    /// Message in, order out; how long each part took.
    #[allow(clippy::disallowed_methods, reason = "a bench measures time")]
    fn round(&mut self, message: &str) -> [Duration; PARTS.len()] {
        let start = Instant::now();
        let book = self.read(black_box(message));
        let read = Instant::now();
        let order = self.decide(book).expect("an order a book");
        let decided = Instant::now();
        let text = self.sign(order.get());
        let signed = Instant::now();
        self.send(&text);
        let sent = Instant::now();
        self.end(&order);
        [read - start, decided - read, signed - decided, sent - signed]
    }

    /// The venue gets the order and it ends, so that the next one finds the same state.
    fn end(&mut self, order: &Approved<OrderGroup>) {
        self.received.resize(self.sent.len(), 0);
        self.other.read_exact(&mut self.received).expect("what was sent");
        assert_eq!(self.sent, self.received);
        let request = order.get().first();
        self.process(Event::OrderReport(OrderReport {
            client_order_id: Some(request.client_order_id),
            venue_order_id: None,
            account: request.account.clone(),
            instrument: request.instrument.clone(),
            time: Timestamp::EPOCH,
            side: request.side,
            status: OrderStatus::Rejected,
            quantity: request.quantity,
            filled: Quantity::ZERO,
            price: None,
            reason: None,
        }));
    }
}

fn tick_to_order(criterion: &mut Criterion) {
    let (mut way, message) = (Way::new(true), message());
    assert!((1500..1800).contains(&message.len()), "{}", message.len());
    let mut group = criterion.benchmark_group("hyperliquid");
    for (place, part) in PARTS.iter().enumerate() {
        group.bench_function(format!("tick/{part}"), |bencher| {
            bencher.iter_custom(|rounds| (0..rounds).map(|_| way.round(&message)[place]).sum());
        });
    }
    group.bench_function("tick_to_order", |bencher| {
        bencher.iter_custom(|rounds| (0..rounds).flat_map(|_| way.round(&message)).sum());
    });
    let mut listener = Way::new(false);
    let book = listener.read(&message);
    group.bench_function("update", |bencher| {
        bencher.iter_batched(|| book.clone(), |book| listener.decide(book), BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, parts, tick_to_order);
criterion_main!(benches);

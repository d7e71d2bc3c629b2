//! Journal records for tests: one of every kind, and generated ones.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use qtp_core::port::JournalRecord;
use qtp_core::*;
use serde_json::json;

pub(crate) fn instrument() -> InstrumentId {
    "BTC-USDC-PERP@hyperliquid".parse().unwrap()
}

pub(crate) fn account() -> AccountId {
    "main".parse().unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(crate) fn dec(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

pub(crate) fn order_id(sequence: u64) -> ClientOrderId {
    ClientOrderId::new(RunId(0xABCD), 3, sequence)
}

pub(crate) fn candle(open_time: i64, close: &str) -> Candle {
    Candle::new(CandleParts {
        instrument: instrument(),
        timeframe: Timeframe::M1,
        open_time: at(open_time),
        open: price("100.5"),
        high: price("100000"),
        low: price("0.00001234"),
        close: price(close),
        volume: quantity("12.5"),
    })
    .unwrap()
}

pub(crate) fn order_request(sequence: u64) -> OrderRequest {
    OrderRequest {
        client_order_id: order_id(sequence),
        account: account(),
        instrument: instrument(),
        side: Side::Buy,
        quantity: quantity("0.25"),
        kind: OrderKind::StopLimit {
            trigger: Trigger { price: price("101"), source: TriggerSource::Mark },
            price: price("102.5"),
        },
        time_in_force: TimeInForce::Gtd(at(99)),
        post_only: false,
        reduce_only: true,
        sizing: OrderSizing::EquityShare { share: "0.5".parse().unwrap(), whole_units: true },
        role: OrderRole::Entry,
        valid_until: Some(at(30)),
        protective_stop: Some(price("95")),
        decision_price: None,
    }
}

pub(crate) fn fill(trade: &str, sequence: u64) -> Fill {
    Fill {
        trade_id: trade.parse().unwrap(),
        client_order_id: Some(order_id(sequence)),
        venue_order_id: Some("v-1".parse().unwrap()),
        account: account(),
        instrument: instrument(),
        time: at(5),
        side: Side::Sell,
        price: price("64250.5"),
        quantity: quantity("0.001"),
        fee: Amount::new(dec("-0.0123"), Currency::USDC),
        builder_fee: Some(Amount::new(dec("0.5"), Currency::USD)),
        liquidity: Liquidity::Maker,
        external: Some(ExternalCause::Liquidation),
    }
}

pub(crate) fn proposal(id: u64) -> Proposal {
    Proposal {
        id,
        strategy: "trend".parse().unwrap(),
        owner: 1,
        account: account(),
        signal: Signal {
            instrument: instrument(),
            target: Target::Risk {
                side: Side::Sell,
                risk: "0.01".parse().unwrap(),
                cap: None,
                base: Quantity::ZERO,
            },
            bracket: Bracket { stop: Some(price("110")), target: None },
            reason: "\"quoted\" \\ and \u{1F680}\n".into(),
            decided: Some(DecidedAt { time: at(1), price: price("105") }),
        },
        price: price("104.25"),
        made: at(1),
        expires: at(61),
    }
}

pub(crate) fn outcome(result: DecisionResult) -> DecisionOutcome {
    let (calls, findings) = (Vec::new(), Vec::new());
    let (account, as_of) = (account(), at(40));
    DecisionOutcome { request: 4, owner: 1, account, snapshot_seq: 17, as_of, result, calls, findings }
}

pub(crate) fn decided() -> DecisionResult {
    DecisionResult::Decided(Decision {
        engine: "llm".into(),
        model: Some("openrouter:some/model".into()),
        reasoning: "because".into(),
        prompt: Some("You are\na trader".into()),
        trades: vec![TradeDecision {
            instrument: instrument(),
            action: DecisionAction::Reduce,
            conviction: "0.75".parse().unwrap(),
            allocation: Some("1000".parse().unwrap()),
            stop: Some(price("90")),
            target: None,
            exit_plan: "on a close below".into(),
            plan: None,
            rationale: String::new(),
        }],
    })
}

/// One event of every kind but `DataRef`, which opens room in the sequence.
pub(crate) fn all_events() -> Vec<Event> {
    let mut events = vec![run_started()];
    events.extend(market_events());
    events.extend(account_events());
    events
}

fn run_started() -> Event {
    Event::RunStarted(Box::new(RunStarted {
        version: "0.1.0".into(),
        run_id: RunId(7),
        seed: u64::MAX,
        configuration: json!({"fee": 0.1, "odd": 1.7976931348623157e308, "tiny": 5e-324, "name": "x", "list": [null, true]}),
        accounts: BTreeMap::from([(
            account(),
            OpeningBalance {
                kind: AccountKind::CrossMargin,
                cash: Amount::new(dec("10000"), Currency::USDC),
            },
        )]),
    }))
}

fn market_events() -> Vec<Event> {
    let instrument = instrument();
    let level = BookLevel { price: price("99.5"), quantity: quantity("3") };
    vec![
        Event::RunResumed(RunResumed { version: "0.1.1".into(), last_seq: 12 }),
        Event::Candles(CandleBatch {
            candles: vec![candle(0, "100.75"), candle(60, "99")],
            missing: vec![MarketTopic::Candles(instrument.clone(), Timeframe::H4)],
            warmup: true,
        }),
        Event::CandleRevised(candle(0, "101")),
        Event::Trade(Trade {
            instrument: instrument.clone(),
            time: at(1),
            price: price("1"),
            quantity: quantity("2"),
            taker: Some(Side::Sell),
        }),
        Event::Quote(Quote {
            instrument: instrument.clone(),
            time: at(2),
            bid: price("99"),
            bid_quantity: quantity("1"),
            ask: price("99.01"),
            ask_quantity: quantity("0"),
        }),
        Event::Book(OrderBook {
            instrument: instrument.clone(),
            time: at(3),
            bids: vec![level],
            asks: vec![],
        }),
        Event::Mark(MarkPrice { instrument: instrument.clone(), time: at(3), mark: price("3"), index: None }),
        Event::FundingRate(FundingRate {
            instrument: instrument.clone(),
            time: at(3600),
            rate: "-0.0000125".parse().unwrap(),
            reference: Some(price("3")),
        }),
        Event::Gap(Gap {
            topic: MarketTopic::Trades(instrument.clone()),
            from: at(1),
            to: at(2),
            cause: "restart".into(),
        }),
        Event::InstrumentStatus { instrument, status: InstrumentStatus::Halted },
    ]
}

fn account_events() -> Vec<Event> {
    let (instrument, account, client_order_id) = (instrument(), account(), order_id(9));
    let reason = Reason::new("code", "words");
    vec![
        Event::OrderReport(OrderReport {
            client_order_id: Some(client_order_id),
            venue_order_id: None,
            account: account.clone(),
            instrument: instrument.clone(),
            time: at(4),
            side: Side::Buy,
            status: OrderStatus::PartiallyFilled,
            quantity: quantity("2"),
            filled: quantity("1"),
            price: Some(price("7")),
            reason: Some(reason.clone()),
        }),
        Event::OutcomeUnknown { client_order_id, account: account.clone() },
        Event::OrderAbsent { client_order_id, account: account.clone() },
        Event::Fill(fill("t-1", 9)),
        Event::Funding(FundingPayment {
            account: account.clone(),
            instrument: instrument.clone(),
            time: at(3600),
            amount: Amount::new(dec("-1.5"), Currency::USDC),
        }),
        Event::CashFlow { account: account.clone(), amount: Amount::new(dec("250"), Currency::USDT) },
        Event::PositionAdjustment { account, instrument: instrument.clone(), quantity: quantity("-0.5") },
        Event::Decision(Box::new(outcome(decided()))),
        Event::Decision(Box::new(outcome(DecisionResult::Hold(reason.clone())))),
        Event::Timer(TimerId { owner: u16::MAX, id: 1, at: at(-5) }),
        Event::Operator(OperatorAction::Approve(3)),
        Event::Operator(OperatorAction::Close(instrument.clone())),
        Event::Operator(OperatorAction::Flatten),
        Event::Connection {
            account: None,
            topic: Some(MarketTopic::Book(instrument)),
            healthy: false,
            reason: reason.clone(),
        },
        Event::Stopped(reason),
    ]
}

fn asset_view() -> AssetView {
    AssetView {
        instrument: instrument(),
        price: price("100"),
        position: quantity("-1"),
        entry: Some(price("101")),
        stop: None,
        target: None,
        unrealized: Some("1".parse().unwrap()),
        working: quantity("0"),
        funding: None,
        open_interest: None,
        last_trade: None,
        thesis: None,
        book: None,
        candles: Vec::new(),
    }
}

/// One intent of every kind.
pub(crate) fn all_intents() -> Vec<Intent> {
    let (instrument, account, client_order_id) = (instrument(), account(), order_id(9));
    vec![
        Intent::Submit(OrderGroup::Bracket {
            entry: order_request(1),
            stop: Some(Box::new(order_request(2))),
            target: None,
        }),
        Intent::Submit(OrderGroup::Oco(order_request(3), Box::new(order_request(4)))),
        Intent::Modify(ModifyRequest {
            client_order_id,
            account: account.clone(),
            instrument: instrument.clone(),
            quantity: quantity("3"),
            kind: OrderKind::TrailingStop {
                offset: TrailingOffset::Ratio("0.02".parse().unwrap()),
                source: TriggerSource::Last,
            },
        }),
        Intent::Cancel(CancelRequest {
            client_order_id,
            account: account.clone(),
            instrument: instrument.clone(),
        }),
        Intent::SetLeverage(LeverageRequest {
            account: account.clone(),
            instrument: instrument.clone(),
            leverage: "3".parse().unwrap(),
            isolated: true,
        }),
        Intent::RequestDecision(Box::new(DecisionRequest {
            id: 1,
            strategy: "llm".parse().unwrap(),
            owner: 1,
            account,
            snapshot_seq: 3,
            as_of: at(3),
            equity: None,
            performance: None,
            assets: vec![asset_view()],
            halted: false,
        })),
        Intent::SetTimer(TimerId { owner: 0, id: 2, at: at(9) }),
        Intent::Publish(Notice::Proposed(proposal(1))),
        Intent::Publish(Notice::Alert(Reason::new("disk", "nearly full"))),
    ]
}

pub(crate) fn data_ref(rows: u64) -> Event {
    Event::DataRef(DataRef { instrument: instrument(), path: "a.csv".into(), sha256: "00".repeat(32), rows })
}

pub(crate) fn event(seq: u64, event: Event) -> JournalRecord {
    JournalRecord::Event(EventRecord {
        seq,
        event_time: at(seq as i64),
        receive_time: Timestamp::from_nanos(seq as i64 * 1_000_000_000 + 5),
        event,
    })
}

pub(crate) fn command(seq: u64, intent: Intent) -> JournalRecord {
    JournalRecord::Command(CommandRecord {
        seq,
        time: at(seq as i64),
        caused_by: seq.saturating_sub(1),
        intent,
    })
}

/// Every kind once, in sequence, with skipped numbers behind the `DataRef`.
pub(crate) fn every_kind() -> Vec<JournalRecord> {
    let mut records = Vec::new();
    for fact in all_events() {
        records.push(event(records.len() as u64, fact));
    }
    let next = records.len() as u64;
    records.push(event(next, data_ref(100)));
    for (index, intent) in all_intents().into_iter().enumerate() {
        records.push(command(next + 61 + index as u64, intent));
    }
    records
}

/// Small records, as a backtest writes them.
pub(crate) fn small_record(seq: u64) -> JournalRecord {
    if seq % 4 == 3 {
        return command(seq, Intent::SetTimer(TimerId { owner: 0, id: seq, at: at(9) }));
    }
    let quote = Quote {
        instrument: instrument(),
        time: at(seq as i64),
        bid: price("64250.5"),
        bid_quantity: quantity("1.25"),
        ask: price("64251"),
        ask_quantity: quantity("0.75"),
    };
    event(seq, Event::Quote(quote))
}

pub(crate) fn any_price() -> impl Strategy<Value = Price> {
    (1_i64..=i64::MAX, 5_u32..=18)
        .prop_map(|(mantissa, scale)| Price::new(Decimal::new(mantissa, scale)).unwrap())
}

pub(crate) fn any_quantity() -> impl Strategy<Value = Quantity> {
    (any::<i64>(), 5_u32..=18)
        .prop_map(|(mantissa, scale)| Quantity::new(Decimal::new(mantissa, scale)).unwrap())
}

pub(crate) fn any_reason() -> impl Strategy<Value = Reason> {
    ("[a-z_]{1,12}", any::<String>()).prop_map(|(code, message)| Reason::new(code, message))
}

pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    let events = all_events();
    prop_oneof![
        (0..events.len()).prop_map(move |index| events[index].clone()),
        any_reason().prop_map(Event::Stopped),
        (any::<bool>(), any_reason()).prop_map(|(healthy, reason)| Event::Connection {
            account: healthy.then(account),
            topic: None,
            healthy,
            reason
        }),
        (any_price(), any_quantity(), any::<i64>()).prop_map(|(price, quantity, nanos)| {
            let time = Timestamp::from_nanos(nanos);
            Event::Trade(Trade { instrument: instrument(), time, price, quantity, taker: None })
        }),
        (any_price(), any_quantity(), any::<Option<u64>>()).prop_map(|(price, quantity, order)| {
            let client_order_id = order.map(order_id);
            Event::Fill(Fill { price, quantity, client_order_id, ..fill("t", 1) })
        }),
        (any_price(), any_quantity()).prop_map(|(price, quantity)| {
            let level = BookLevel { price, quantity };
            Event::Book(OrderBook {
                instrument: instrument(),
                time: at(0),
                bids: vec![level; 3],
                asks: vec![level],
            })
        }),
        any::<f64>().prop_filter("JSON has no such number", |x| x.is_finite()).prop_map(|number| {
            let Some(Event::RunStarted(mut run)) = all_events().into_iter().next() else { unreachable!() };
            run.configuration = json!({ "number": number });
            Event::RunStarted(run)
        }),
    ]
}

pub(crate) fn any_intent() -> impl Strategy<Value = Intent> {
    let intents = all_intents();
    prop_oneof![
        (0..intents.len()).prop_map(move |index| intents[index].clone()),
        any_reason().prop_map(|reason| Intent::Publish(Notice::Alert(reason))),
        (any::<u64>(), any_quantity()).prop_map(|(sequence, quantity)| {
            Intent::Submit(OrderGroup::Single(OrderRequest { quantity, ..order_request(sequence) }))
        }),
    ]
}

/// A legal sequence of 1 to `most` records.
pub(crate) fn any_journal(most: usize) -> impl Strategy<Value = Vec<JournalRecord>> {
    let item = prop_oneof![
        3 => (any_event(), any::<i64>(), any::<i64>()).prop_map(|(fact, event_time, receive_time)| {
            JournalRecord::Event(EventRecord {
                seq: 0,
                event_time: Timestamp::from_nanos(event_time),
                receive_time: Timestamp::from_nanos(receive_time),
                event: fact,
            })
        }),
        2 => (any_intent(), any::<u64>()).prop_map(|(intent, caused_by)| {
            JournalRecord::Command(CommandRecord { seq: 0, time: at(1), caused_by, intent })
        }),
        1 => (1_u64..50).prop_map(|rows| event(0, data_ref(rows))),
    ];
    prop::collection::vec((item, 0_u64..20), 1..=most).prop_map(number)
}

/// Gives generated records their numbers; skips are cut to what the `DataRef`s before allow.
fn number(items: Vec<(JournalRecord, u64)>) -> Vec<JournalRecord> {
    let (mut next, mut room) = (0, 0);
    let numbered = items.into_iter().map(|(mut record, skip)| {
        let skip = skip.min(room);
        room -= skip;
        let seq = next + skip;
        next = seq + 1;
        match &mut record {
            JournalRecord::Event(record) => {
                record.seq = seq;
                if let Event::DataRef(data) = &record.event {
                    room += data.rows;
                }
            }
            JournalRecord::Command(record) => record.seq = seq,
        }
        record
    });
    numbered.collect()
}

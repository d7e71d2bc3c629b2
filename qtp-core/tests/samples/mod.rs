//! One value of every kind that is stored.

use std::time::Duration;

use qtp_core::*;

pub(crate) fn id() -> InstrumentId {
    "BTC-USDC-PERP@hyperliquid.testnet".parse().unwrap()
}

fn account() -> AccountId {
    "main".parse().unwrap()
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn qty(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn reason() -> Reason {
    Reason::new("some_code", "wörds \"and\" a \u{0} control")
}

const TIME: Timestamp = Timestamp::from_nanos(1_713_229_200_123_456_789);

pub(crate) fn candle() -> Candle {
    Candle::new(CandleParts {
        instrument: id(),
        timeframe: Timeframe::M5,
        open_time: TIME,
        open: price("64250.50"),
        high: price("64300"),
        low: price("64000.000"),
        close: price("0.0000000000000000000000000001"),
        volume: qty("0.000"),
    })
    .unwrap()
}

pub(crate) fn gap() -> Gap {
    Gap {
        topic: MarketTopic::Candles(id(), Timeframe::H1),
        from: TIME,
        to: Timestamp::MAX,
        cause: "restart".into(),
    }
}

pub(crate) fn kinds() -> Vec<OrderKind> {
    let trigger = Trigger { price: price("63000.10"), source: TriggerSource::Mark };
    vec![
        OrderKind::Market,
        OrderKind::Limit { price: price("1.0") },
        OrderKind::StopMarket { trigger },
        OrderKind::StopLimit { trigger, price: price("2") },
        OrderKind::TakeProfitMarket { trigger },
        OrderKind::TakeProfitLimit { trigger, price: price("3") },
        OrderKind::TrailingStop { offset: TrailingOffset::Price(price("5")), source: TriggerSource::Last },
        OrderKind::TrailingStop { offset: TrailingOffset::Ratio(Ratio::ONE), source: TriggerSource::Index },
    ]
}

pub(crate) fn requests() -> Vec<OrderRequest> {
    let lives = [TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::Gtd(TIME)];
    let sizing = OrderSizing::EquityShare { share: Ratio::ONE, whole_units: true };
    let request = |kind, time_in_force| OrderRequest {
        client_order_id: ClientOrderId::new(RunId(u64::MAX), 3, 9),
        account: account(),
        instrument: id(),
        side: Side::Sell,
        quantity: qty("0.5000"),
        kind,
        time_in_force,
        post_only: true,
        reduce_only: true,
        sizing,
        role: OrderRole::Stop,
        valid_until: Some(TIME),
        protective_stop: Some(price("70000")),
        decision_price: Some(price("64000")),
    };
    kinds().into_iter().zip(lives.into_iter().cycle()).map(|(kind, life)| request(kind, life)).collect()
}

pub(crate) fn fill() -> Fill {
    Fill {
        trade_id: "t-1".parse().unwrap(),
        client_order_id: Some(ClientOrderId::from_bits(1)),
        venue_order_id: Some("0xabc".parse().unwrap()),
        account: account(),
        instrument: id(),
        time: TIME,
        side: Side::Buy,
        price: price("64000.10"),
        quantity: qty("0.30"),
        fee: Amount::new("-0.0100".parse().unwrap(), Currency::USDC),
        builder_fee: Some(Amount::zero(Currency::USDT)),
        liquidity: Liquidity::Maker,
        external: Some(ExternalCause::Adl),
    }
}

fn report() -> OrderReport {
    OrderReport {
        client_order_id: None,
        venue_order_id: None,
        account: account(),
        instrument: id(),
        time: TIME,
        side: Side::Buy,
        status: OrderStatus::PartiallyFilled,
        quantity: qty("1"),
        filled: qty("0.10"),
        price: None,
        reason: Some(reason()),
    }
}

fn outcome(result: DecisionResult) -> Event {
    Event::Decision(Box::new(DecisionOutcome {
        request: 1,
        owner: 2,
        account: account(),
        snapshot_seq: 3,
        as_of: TIME,
        result,
        calls: vec![call()],
        findings: vec![reason()],
    }))
}

fn call() -> ModelCall {
    ModelCall {
        seat: "decide".into(),
        provider: "openai".into(),
        model: "m".into(),
        sent: vec![Spoken { role: "user".into(), text: "now?".into() }],
        reply: "hold".into(),
        tools: vec![("candles".into(), "{}".into())],
        used: TokenUsage { prompt_tokens: 1, cost: Some("0.10".parse().unwrap()), ..TokenUsage::default() },
        repair: true,
        failed: vec![reason()],
        error: Some(reason()),
    }
}

fn decision() -> Decision {
    Decision {
        engine: "llm".into(),
        model: Some("m".into()),
        reasoning: "because".into(),
        prompt: None,
        trades: vec![TradeDecision {
            instrument: id(),
            action: DecisionAction::Reduce,
            conviction: "0.70".parse().unwrap(),
            allocation: Some("100.0".parse().unwrap()),
            stop: Some(price("1")),
            target: None,
            exit_plan: String::new(),
            plan: None,
            rationale: "r".into(),
        }],
    }
}

fn market_events() -> Vec<Event> {
    let level = BookLevel { price: price("1"), quantity: qty("2") };
    vec![
        Event::Candles(CandleBatch {
            candles: vec![candle()],
            missing: vec![MarketTopic::Mark(id())],
            warmup: true,
        }),
        Event::Candles(CandleBatch::default()),
        Event::CandleRevised(candle()),
        Event::Trade(Trade {
            instrument: id(),
            time: TIME,
            price: price("1"),
            quantity: qty("1"),
            taker: Some(Side::Buy),
        }),
        Event::Quote(Quote {
            instrument: id(),
            time: TIME,
            bid: price("1"),
            bid_quantity: qty("1"),
            ask: price("2"),
            ask_quantity: qty("0"),
        }),
        Event::Book(OrderBook { instrument: id(), time: TIME, bids: vec![level], asks: Vec::new() }),
        Event::Mark(MarkPrice { instrument: id(), time: TIME, mark: price("1"), index: Some(price("2")) }),
        Event::FundingRate(FundingRate {
            instrument: id(),
            time: TIME,
            rate: "-0.00001250".parse().unwrap(),
            reference: None,
        }),
        Event::OpenInterest(open_interest()),
        Event::Gap(gap()),
        Event::InstrumentStatus { instrument: id(), status: InstrumentStatus::ReduceOnly },
    ]
}

pub(crate) fn events() -> Vec<Event> {
    let opening =
        OpeningBalance { kind: AccountKind::CrossMargin, cash: Amount::new(Decimal::TEN, Currency::USD) };
    let mut events = market_events();
    events.extend([
        Event::RunStarted(Box::new(RunStarted {
            version: "0.1.0".into(),
            run_id: RunId(7),
            seed: u64::MAX,
            configuration: serde_json::json!({"a": [1, null, "x"]}),
            accounts: [(account(), opening)].into(),
        })),
        Event::RunResumed(RunResumed { version: "0.1.0".into(), last_seq: 9 }),
        Event::DataRef(DataRef { instrument: id(), path: "a b.csv".into(), sha256: "00ff".into(), rows: 1 }),
        Event::OrderReport(report()),
        Event::OutcomeUnknown { client_order_id: ClientOrderId::from_bits(u128::MAX), account: account() },
        Event::OrderAbsent { client_order_id: ClientOrderId::from_bits(0), account: account() },
        Event::Fill(fill()),
        Event::Funding(FundingPayment {
            account: account(),
            instrument: id(),
            time: TIME,
            amount: Amount::new("-1.50".parse().unwrap(), Currency::USDC),
        }),
        Event::CashFlow { account: account(), amount: Amount::new("-0".parse().unwrap(), Currency::USD) },
        Event::PositionAdjustment { account: account(), instrument: id(), quantity: qty("-0.0") },
        outcome(DecisionResult::Decided(decision())),
        outcome(DecisionResult::Hold(reason())),
        Event::Timer(TimerId { owner: u16::MAX, id: u64::MAX, at: TIME }),
        Event::Connection {
            account: None,
            topic: Some(MarketTopic::Trades(id())),
            healthy: false,
            reason: reason(),
        },
        Event::Connection { account: None, topic: None, healthy: true, reason: reason() },
        Event::Connection { account: Some(account()), topic: None, healthy: true, reason: reason() },
        Event::Stopped(reason()),
    ]);
    let actions = [
        OperatorAction::Approve(1),
        OperatorAction::Reject(u64::MAX),
        OperatorAction::Close(id()),
        OperatorAction::Flatten,
        OperatorAction::Halt,
        OperatorAction::Resume,
    ];
    events.extend(actions.map(Event::Operator));
    events
}

fn signals() -> Vec<Signal> {
    let targets = [
        Target::Quantity(qty("-1.50")),
        Target::EquityShare { share: Ratio::ONE, whole_units: false },
        Target::Risk {
            side: Side::Sell,
            risk: "0.010".parse().unwrap(),
            cap: Some("100.00".parse().unwrap()),
            base: qty("-2"),
        },
    ];
    let signal = |target| Signal {
        instrument: id(),
        target,
        bracket: Bracket { stop: Some(price("1.10")), target: None },
        reason: "why".into(),
        decided: Some(DecidedAt { time: TIME, price: price("2") }),
    };
    targets.map(signal).to_vec()
}

fn notices() -> Vec<Notice> {
    let strategy: StrategyId = "sma".parse().unwrap();
    let proposal = |signal| {
        Notice::Proposed(Proposal {
            id: 1,
            strategy: strategy.clone(),
            owner: 0,
            account: account(),
            signal,
            price: price("1"),
            made: TIME,
            expires: TIME,
        })
    };
    let mut notices: Vec<_> = signals().into_iter().map(proposal).collect();
    notices.extend([
        Notice::Said { strategy: strategy.clone(), text: "t".into() },
        Notice::Sized { instrument: id(), wanted: qty("2"), quantity: qty("1"), capped_by: Some(reason()) },
        Notice::Reduced {
            client_order_id: ClientOrderId::from_bits(1),
            instrument: id(),
            from: qty("2"),
            to: qty("1.0"),
            reason: reason(),
        },
        Notice::Denied { instrument: id(), quantity: qty("-1"), reason: reason() },
        Notice::Void { instrument: id(), reason: reason() },
        Notice::ProposalEnded { id: 1, outcome: reason() },
        Notice::Halted { scope: "engine".into(), reason: reason() },
        Notice::Resumed { scope: "engine".into() },
        Notice::StopResting { instrument: id(), stop: price("1"), delay_ms: 5 },
        Notice::Alert(reason()),
    ]);
    notices
}

fn performance() -> Performance {
    let [price, fees, funding] = ["-1.5", "0.25", "0"].map(|value| value.parse().unwrap());
    Performance { profit: PnlSplit { price, fees, funding }, today: None, losses_in_row: 2 }
}

fn open_interest() -> OpenInterest {
    OpenInterest { instrument: id(), time: TIME, quantity: qty("1250.5"), value: None }
}

pub(crate) fn intents() -> Vec<Intent> {
    let requests = requests();
    let (first, second) = (requests[0].clone(), requests[1].clone());
    let mut intents: Vec<_> = requests.into_iter().map(OrderGroup::Single).map(Intent::Submit).collect();
    let view = AssetView {
        instrument: id(),
        price: price("1"),
        position: qty("-1"),
        entry: None,
        stop: Some(price("2")),
        target: None,
        unrealized: Some("-1.0".parse().unwrap()),
        working: qty("0"),
        funding: None,
        open_interest: Some(open_interest()),
        last_trade: None,
        thesis: None,
        book: None,
        candles: Vec::new(),
    };
    intents.extend([
        Intent::Submit(OrderGroup::Bracket {
            entry: first.clone(),
            stop: Some(Box::new(second.clone())),
            target: None,
        }),
        Intent::Submit(OrderGroup::Oco(first, Box::new(second))),
        Intent::Modify(ModifyRequest {
            client_order_id: ClientOrderId::from_bits(1),
            account: account(),
            instrument: id(),
            quantity: qty("1.0"),
            kind: kinds()[1],
        }),
        Intent::Cancel(CancelRequest {
            client_order_id: ClientOrderId::from_bits(1),
            account: account(),
            instrument: id(),
        }),
        Intent::SetLeverage(LeverageRequest {
            account: account(),
            instrument: id(),
            leverage: "3.0".parse().unwrap(),
            isolated: true,
        }),
        Intent::RequestDecision(Box::new(DecisionRequest {
            id: 1,
            strategy: "llm".parse().unwrap(),
            owner: 0,
            account: account(),
            snapshot_seq: 3,
            as_of: TIME,
            equity: Some("10.00".parse().unwrap()),
            performance: Some(performance()),
            assets: vec![view],
            halted: false,
        })),
        Intent::SetTimer(TimerId { owner: 0, id: 1, at: TIME }),
    ]);
    intents.extend(notices().into_iter().map(Intent::Publish));
    intents
}

pub(crate) fn instruments() -> Vec<Instrument> {
    let mut full = Instrument::unrestricted(id()).unwrap();
    full.multiplier = "0.0010".parse().unwrap();
    full.price_rule = PriceRule::SignificantFigures { digits: 5, decimals: 6 };
    full.size_rule = SizeRule::Lot(qty("0.00100"));
    full.min_quantity = Some(qty("0.001"));
    full.max_quantity = Some(qty("1000"));
    full.max_market_quantity = Some(qty("100"));
    full.min_notional = Some("10.0".parse().unwrap());
    let tier = |up_to: Option<&str>| MarginTier {
        up_to: up_to.map(|limit| limit.parse().unwrap()),
        max_leverage: "40".parse().unwrap(),
        maintenance: "0.01250".parse().unwrap(),
    };
    full.margin_tiers = vec![tier(Some("150000000")), tier(None)];
    full.funding_interval = Some(Duration::from_secs(3600));
    full.status = InstrumentStatus::Halted;
    let mut tick = Instrument::unrestricted("AAPL@alpaca".parse().unwrap()).unwrap();
    tick.price_rule = PriceRule::Tick(price("0.010"));
    vec![full, tick, Instrument::unrestricted("ETH-USDC-20260327@x".parse().unwrap()).unwrap()]
}

pub(crate) fn order() -> Order {
    let times =
        OrderTimes { decided: TIME, approved: TIME, submitted: TIME, acknowledged: None, filled: None };
    let mut order = Order::new(requests()[2].clone(), times);
    order.mark_unknown(TIME);
    order.mark_cancel_requested(TIME);
    order.apply_report(&report(), TIME).unwrap();
    order.apply_fill(&fill(), TIME).unwrap();
    order
}

pub(crate) fn portfolio() -> Portfolio {
    let opening = Amount::new("10000.00".parse().unwrap(), Currency::USDC);
    let mut portfolio = Portfolio::new(account(), AccountKind::IsolatedMargin, opening);
    let instrument = instruments().remove(0);
    let mut fill = fill();
    for side in [Side::Buy, Side::Sell, Side::Buy] {
        fill.side = side;
        fill.quantity = qty("0.070");
        portfolio.apply_fill(&fill, &instrument);
    }
    portfolio
}

pub(crate) fn risk_state() -> RiskState {
    let mut state = RiskState::new(Duration::new(3600, 1));
    state.on_time(TIME, || Some("100.0".parse().unwrap()));
    state.on_order(TIME);
    state.on_round_trip(&id(), TradeOutcome { time: TIME, won: false });
    state.halt(reason(), true);
    state
}

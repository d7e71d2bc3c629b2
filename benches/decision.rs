//! What a decision costs besides the model's time: prompt, schema, parsing, checks, grounding.
//!
//! `cargo bench -p qtp-benches --bench decision`. 10 assets, 6 indicators, 2 timeframes of 120 candles, one answer that
//! decides on every asset; then the same with a position, a plan and open interest in every asset.

use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use criterion::{Criterion, criterion_group, criterion_main};
use qtp_core::port::DecisionEngine;
use qtp_core::{
    AssetView, Candle, CandleParts, Decimal, DecisionError, DecisionRequest, EntryThesis, ExitPlan, Level,
    OpenInterest, Performance, PnlSplit, Price, Quantity, Timeframe, Timestamp, TradeOutcome,
};
use qtp_llm::{
    CallBook, CallContext, ChatEngine, ChatModel, ChatReply, ChatRequest, ChatSettings, Finish, Grounded,
    Grounding, TokenUsage,
};

const ASSETS: [&str; 10] = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "AVAX", "LINK", "DOT", "LTC"];
const CANDLES: i64 = 120;
const AS_OF: Timestamp = Timestamp::from_secs(1_700_000_000);

type Failure = Box<dyn std::error::Error>;

/// Answers at once.
struct Instant(String);

#[async_trait]
impl ChatModel for Instant {
    fn provider(&self) -> &str {
        "bench"
    }

    fn model(&self) -> &str {
        "instant"
    }

    async fn complete(&self, request: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        black_box(request);
        Ok(ChatReply {
            text: self.0.clone(),
            calls: Vec::new(),
            finish: Finish::Stop,
            usage: TokenUsage::default(),
            model: String::new(),
            carry: None,
        })
    }
}

fn candles(id: &str, timeframe: Timeframe) -> Result<Vec<Candle>, Failure> {
    let mut state = 42_u64;
    let mut close = 10_000_i64;
    let mut draw = |bound: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33).cast_signed() % bound
    };
    let candle = |index: i64| -> Result<Candle, Failure> {
        let open = close;
        close = (close + draw(101) - 50).max(5_000);
        let price = |cents: i64| Price::new(Decimal::new(cents, 2));
        Ok(Candle::new(CandleParts {
            instrument: id.parse()?,
            timeframe,
            open_time: Timestamp::from_nanos(index * timeframe.as_nanos()),
            open: price(open)?,
            high: price(open.max(close) + draw(20))?,
            low: price(open.min(close) - draw(20))?,
            close: price(close)?,
            volume: Quantity::new(Decimal::new(123_456, 3))?,
        })?)
    };
    let end = AS_OF.as_nanos() / timeframe.as_nanos();
    (end - CANDLES..end).map(candle).collect()
}

fn asset(base: &str) -> Result<AssetView, Failure> {
    let id = format!("{base}-USDC-PERP@bench");
    Ok(AssetView {
        instrument: id.parse()?,
        price: "100".parse()?,
        position: Quantity::ZERO,
        entry: None,
        stop: None,
        target: None,
        unrealized: None,
        working: Quantity::ZERO,
        funding: None,
        open_interest: None,
        last_trade: None,
        thesis: None,
        book: None,
        candles: vec![
            (Timeframe::M5, candles(&id, Timeframe::M5)?),
            (Timeframe::H1, candles(&id, Timeframe::H1)?),
        ],
    })
}

fn request() -> Result<DecisionRequest, Failure> {
    Ok(DecisionRequest {
        id: 1,
        strategy: "desk".parse()?,
        owner: 0,
        account: "main".parse()?,
        snapshot_seq: 1,
        as_of: AS_OF,
        equity: Some("10000".parse()?),
        performance: None,
        assets: ASSETS.iter().map(|base| asset(base)).collect::<Result<_, Failure>>()?,
        halted: false,
    })
}

/// The same picture in the middle of a run: every asset is held, for a reason and with a plan.
fn busy_request() -> Result<DecisionRequest, Failure> {
    let mut request = request()?;
    let time = request.as_of;
    let profit = PnlSplit { price: "61.25".parse()?, fees: "8.5".parse()?, funding: "-1.125".parse()? };
    request.performance = Some(Performance { profit, today: Some("-3.5".parse()?), losses_in_row: 2 });
    for asset in &mut request.assets {
        asset.position = "3.5".parse()?;
        asset.entry = Some("99.12345678".parse()?);
        asset.stop = Some("95".parse()?);
        asset.target = Some("115".parse()?);
        asset.unrealized = Some("3.07".parse()?);
        asset.funding = Some("0.0000125".parse()?);
        let instrument = asset.instrument.clone();
        asset.open_interest =
            Some(OpenInterest { instrument, time, quantity: "81234.5".parse()?, value: None });
        asset.last_trade = Some(TradeOutcome { time, won: true });
        asset.thesis = Some(Box::new(EntryThesis {
            decided: time,
            rationale: "ema(20) leads ema(50) and rsi(14) turned up from 31".to_owned(),
            exit_plan: "leave when the averages cross again, or after a day".to_owned(),
            plan: ExitPlan {
                trailing_stop: Some(Level::Percent(2.5)),
                time_stop_candles: Some(288),
                ..ExitPlan::default()
            },
            candles: 17,
        }));
    }
    Ok(request)
}

/// What code is to watch, written by a model.
const RULES: &str = r#","exit_rules":{"invalidation":[{"left":"close","is":"below","right":"10"},{"left":"rsi(14)@1h","is":"below","right":"1"}],"time_stop_candles":288}"#;

fn answer(rules: &str) -> String {
    let trade = |base: &&str| {
        format!(
            r#"{{"asset":"{base}-USDC-PERP@bench","action":"buy","conviction":0.7,"allocation_usd":1500,"tp_price":112.5,"sl_price":95.25,"exit_plan":"at the stop or the target"{rules},"rationale":"ema(9) leads ema(21) and rsi(14) turned"}}"#
        )
    };
    let trades: Vec<_> = ASSETS.iter().map(trade).collect();
    format!("```json\n{{\"reasoning\":\"an uptrend\",\"trade_decisions\":[{}]}}\n```", trades.join(","))
}

fn decision(criterion: &mut Criterion) -> Result<(), Failure> {
    let indicators = ["ema(20)", "ema(50)", "rsi(14)", "atr(14)", "macd(12,26,9)", "bbands(20,2)"]
        .map(str::to_owned)
        .to_vec();
    let settings = ChatSettings { indicators, ..ChatSettings::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    for (name, request, rules) in [
        ("decision/10 assets, 6 indicators, 2 timeframes", request()?, ""),
        ("decision/the same, every asset held, answers with exit rules", busy_request()?, RULES),
    ] {
        let engine = ChatEngine::new(Arc::new(Instant(answer(rules))), settings.clone())?;
        let decided = runtime.block_on(engine.decide(&request))?;
        if decided.trades.len() != ASSETS.len() {
            return Err("the answer was not read".into());
        }
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(engine.decide(black_box(&request))).is_ok());
        });
        let book = Arc::new(CallBook::default());
        let engine = Grounded::new(Arc::new(engine), Grounding::Count, Arc::clone(&book));
        criterion.bench_function(&format!("{name}, and its reasons looked up"), |bencher| {
            bencher.iter(|| {
                let decided = runtime.block_on(engine.decide(black_box(&request))).is_ok();
                black_box(book.take(request.id));
                decided
            });
        });
    }
    Ok(())
}

fn all(criterion: &mut Criterion) {
    if let Err(error) = decision(criterion) {
        eprintln!("decision: {error}");
        std::process::exit(1);
    }
}

criterion_group!(benches, all);
criterion_main!(benches);

//! Nothing that a model is told comes from later than the instant of its decision: at a thousand instants of a real market
//! every byte of prompt and tool results is the same whether the data goes on or ends there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use common::Random;
use qtp_core::port::DecisionEngine as _;
use qtp_core::*;
use qtp_engine::driver::{NoObserver, Simulation, SimulationSetup};
use qtp_engine::strategy::{DecisionLoop, DecisionLoopConfig};
use qtp_engine::{Engine, EngineConfig, EngineSetup};
use qtp_exchange::candle_file::{CandleFeed, CandleFileOptions, read};
use qtp_exchange::sim::{SimVenue, SimVenueConfig};
use qtp_indicators::resample::{Alignment, CandleResampler, GapPolicy, LatePolicy, ResamplePolicy};
use qtp_llm::{
    CallContext, ChatEngine, ChatModel, ChatReply, ChatRequest, ChatSettings, Finish, Message, News,
    NewsItem, NewsSource, TokenUsage, Tool, ToolCall, ToolError, built_in_tools,
};

const ID: &str = "BTC-USD-PERP@file";
const MINUTE: i64 = 60 * 1_000_000_000;
/// What stands before and behind each instant, in minutes.
const BEFORE: i64 = 180;
const BEHIND: i64 = 30;
const INSTANTS: usize = 1000;

/// Calls every tool, then holds; keeps every byte that it was told.
#[derive(Default)]
struct Curious(Mutex<String>);

#[async_trait]
impl ChatModel for Curious {
    fn provider(&self) -> &str {
        "test"
    }

    fn model(&self) -> &str {
        "curious"
    }

    async fn complete(&self, request: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        *self.0.lock().unwrap() = serde_json::to_string(request).unwrap();
        let asked = request.messages.iter().any(|message| matches!(message, Message::Tool { .. }));
        let wish = |(index, (name, arguments)): (usize, &(&str, String))| ToolCall {
            id: format!("c{index}"),
            name: (*name).to_owned(),
            arguments: arguments.clone(),
        };
        Ok(ChatReply {
            text: r#"{"reasoning":"","trade_decisions":[]}"#.into(),
            calls: if asked { Vec::new() } else { wishes().iter().enumerate().map(wish).collect() },
            finish: if asked { Finish::Stop } else { Finish::ToolCalls },
            usage: TokenUsage::default(),
            model: String::new(),
            carry: None,
        })
    }
}

fn wishes() -> Vec<(&'static str, String)> {
    let of = |rest: &str| format!("{{\"asset\":\"{ID}\"{rest}}}");
    vec![
        ("candles", of(",\"timeframe\":\"5m\",\"rows\":100")),
        ("candles", of(",\"timeframe\":\"15m\",\"rows\":100")),
        ("indicators", of(",\"indicators\":[\"ema(9)\",\"rsi(14)\",\"atr(14)\"],\"rows\":20")),
        ("funding", of("")),
        ("news", "{\"query\":\"BTC\"}".to_owned()),
        ("open_interest", of("")),
        ("order_book", of("")),
        ("positions", "{}".to_owned()),
        ("portfolio_risk", "{}".to_owned()),
        ("recent_trades", "{}".to_owned()),
    ]
}

fn wider(finer: &[Candle], wanted: Timeframe) -> Vec<Candle> {
    let policy = ResamplePolicy { gap: GapPolicy::Skip, late: LatePolicy::Skip };
    let mut resampler = CandleResampler::new(wanted, Alignment::Utc, policy).unwrap();
    finer.iter().flat_map(|candle| resampler.update(candle).unwrap()).map(|done| done.candle).collect()
}

/// An archive that knows the time and nothing of what it must not say: it hands out all that it has.
struct Archive(Vec<NewsItem>);

#[async_trait]
impl NewsSource for Archive {
    async fn news(&self, _: &str, _: Timestamp) -> Result<Vec<NewsItem>, ToolError> {
        Ok(self.0.clone())
    }
}

/// The data beside the candles up to their end, each item with something of its own: a rate of funding every hour, and
/// news every seven minutes, the newest first.
fn beside(minutes: &[Candle]) -> (Vec<FundingRate>, Vec<NewsItem>) {
    let (first, last) =
        (minutes[0].open_time().as_nanos(), minutes[minutes.len() - 1].close_time().as_nanos());
    let every = |minutes: i64| {
        let step = minutes * MINUTE;
        (first.div_euclid(step) + 1..=last.div_euclid(step))
            .map(move |index| Timestamp::from_nanos(index * step))
    };
    let rate = |time: Timestamp| FundingRate {
        instrument: ID.parse().unwrap(),
        time,
        rate: Ratio::new(Decimal::new(time.as_nanos() / (60 * MINUTE) % 97, 6)).unwrap(),
        reference: None,
    };
    let item = |time: Timestamp| NewsItem {
        time: Some(time),
        source: "wire".into(),
        text: format!("BTC at {time}"),
    };
    let mut news: Vec<_> = every(7).map(item).collect();
    news.reverse();
    (every(60).map(rate).collect(), news)
}

/// What a venue's stream says each minute, with something of its own too.
fn open_interest(time: Timestamp) -> OpenInterest {
    let quantity = Quantity::new(Decimal::from(time.as_nanos() / MINUTE % 9_973 + 10_000)).unwrap();
    OpenInterest { instrument: ID.parse().unwrap(), time, quantity, value: None }
}

/// Everything that the model was told at `instant`, in a run over these candles.
fn told(minutes: &[Candle], instant: Timestamp) -> Option<String> {
    let instrument = {
        let mut instrument = Instrument::unrestricted(ID.parse().unwrap()).unwrap();
        instrument.kind = qtp_core::InstrumentKind::Perpetual;
        instrument
    };
    let (account, id): (AccountId, InstrumentId) = ("main".parse().unwrap(), instrument.id.clone());
    let cash = Amount::new(10_000.into(), Currency::USD);
    let portfolio = Portfolio::new(account.clone(), AccountKind::Unconstrained, cash);
    let venue =
        SimVenue::new(SimVenueConfig::default(), portfolio.clone(), vec![instrument.clone()]).unwrap();
    let mut state = TradingState::new();
    state.add_instrument(instrument);
    state.add_account(portfolio, RiskState::default());
    let mut engine = Engine::new(EngineSetup {
        run_id: RunId(1),
        config: EngineConfig { trigger_source: TriggerSource::Last, ..EngineConfig::default() },
        gate: RiskGate::without_rules(),
        state,
        capabilities: BTreeMap::from([(account.clone(), venue.capabilities())]),
    })
    .unwrap();
    let config = DecisionLoopConfig { history: 40, ..DecisionLoopConfig::new(vec![id]) };
    engine
        .add_strategy(&account, Box::new(DecisionLoop::new("desk".parse().unwrap(), config).unwrap()))
        .unwrap();

    let model = Arc::new(Curious::default());
    let chat = ChatEngine::new(Arc::clone(&model) as Arc<dyn ChatModel>, ChatSettings::default()).unwrap();
    let (rates, news) = beside(minutes);
    let mut tools = built_in_tools();
    tools.push(Arc::new(News::new(Arc::new(Archive(news)))) as Arc<dyn Tool>);
    let chat = chat.with_tools(tools).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let words: Arc<Mutex<Option<String>>> = Arc::default();
    let heard = Arc::clone(&words);
    let decider = move |request: &DecisionRequest| {
        if request.as_of == instant {
            runtime.block_on(chat.decide(request)).unwrap();
            *heard.lock().unwrap() = Some(model.0.lock().unwrap().clone());
        }
        DecisionAnswer::from(DecisionResult::Hold(Reason::new("test", "")))
    };
    let series = vec![minutes.to_vec(), wider(minutes, Timeframe::M5), wider(minutes, Timeframe::H1)];
    let mut run = Simulation::new(SimulationSetup {
        engine,
        venue,
        source: Box::new(CandleFeed::new(series).unwrap().with_funding(rates)),
        timeframe: Timeframe::M1,
        decider: Some(Box::new(decider)),
        decision_delay: Duration::from_secs(2),
        journal: None,
        journal_candles: false,
        marks: Vec::new(),
    });
    while let Some(close) = run.step(&mut NoObserver).unwrap() {
        run.inject(Event::OpenInterest(open_interest(close)), &mut NoObserver).unwrap();
    }
    drop(run);
    words.lock().unwrap().take()
}

fn between(candles: &[Candle], from: i64, to: i64) -> &[Candle] {
    let place = |nanos: i64| candles.partition_point(|candle| candle.open_time().as_nanos() < nanos);
    &candles[place(from)..place(to)]
}

#[test]
fn no_byte_that_a_model_is_told_comes_from_later_data() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data/nautilus/BTC-PERP_1m_20211231-20220201.csv.gz");
    if !file.exists() {
        println!("skipped: {} is missing", file.display());
        return;
    }
    let all = read(&file, &CandleFileOptions::new(ID.parse().unwrap())).unwrap().candles;
    let (first, last) = (all[0].open_time().as_nanos(), all[all.len() - 1].open_time().as_nanos());
    let steps = (last - first) / (5 * MINUTE) - (BEFORE + BEHIND) / 5 - 2;
    let mut random = Random(20_220_101);
    let (mut told_at, mut differ) = (0, 0);
    for round in 0..INSTANTS {
        let step = (random.next() % steps.unsigned_abs()).cast_signed();
        let instant = (first / (5 * MINUTE) + 2 + BEFORE / 5 + step) * 5 * MINUTE;
        let at = Timestamp::from_nanos(instant);
        let whole = between(&all, instant - BEFORE * MINUTE, instant + BEHIND * MINUTE);
        let truncated = between(&all, instant - BEFORE * MINUTE, instant);
        let (goes_on, ends) = (told(whole, at), told(truncated, at));
        assert_eq!(goes_on, ends, "at {at} the model was told something of what came later");
        let before = open_interest(Timestamp::from_nanos(instant - MINUTE)).quantity;
        let open = [format!("open interest: {before}"), format!("\\\"quantity\\\":\\\"{before}\\\"")];
        let others = ["BTC at ", "\\\"rate\\\":"].map(str::to_owned);
        let heard = |words: &str| others.iter().chain(&open).all(|beside| words.contains(beside));
        let heard = ends.as_deref().is_some_and(heard);
        told_at += usize::from(heard);
        // That the comparison can fail: with the last candle before the instant changed, the words differ.
        if round % 100 == 0 {
            let mut changed = truncated.to_vec();
            let old = changed.pop().unwrap();
            let dearer = |price: Price| Price::new(price.get() + Decimal::ONE).unwrap();
            changed.push(
                Candle::new(CandleParts {
                    instrument: old.instrument().clone(),
                    timeframe: old.timeframe(),
                    open_time: old.open_time(),
                    open: dearer(old.open()),
                    high: dearer(old.high()),
                    low: dearer(old.low()),
                    close: dearer(old.close()),
                    volume: old.volume(),
                })
                .unwrap(),
            );
            differ += usize::from(told(&changed, at) != ends);
        }
    }
    assert!(told_at > INSTANTS * 9 / 10, "a decision was asked for at {told_at} of {INSTANTS} instants");
    assert_eq!(differ, INSTANTS.div_ceil(100), "a change of the last known candle was not seen");
}

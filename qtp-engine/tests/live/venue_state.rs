//! Differences between what we know and what the venue says.

use std::sync::Arc;

use qtp_core::port::{Exchange, JournalRecord};
use qtp_core::{
    Amount, ClientOrderId, Currency, Event, ExternalCause, Fill, Liquidity, OrderReport, OrderStatus,
    Quantity, RunId, Side, Timestamp,
};
use qtp_engine::driver::live::{LiveDriver, LiveHandle, LiveOutcome};
use qtp_engine::{EngineConfig, EngineError, ForeignPosition};

use crate::chaos_exchange::{Chaos, Faults};
use crate::common::*;
use crate::rig::*;

type Running = tokio::task::JoinHandle<Result<LiveOutcome, EngineError>>;

struct Run {
    exchange: Arc<Chaos>,
    journal: Durable,
    handle: LiveHandle,
    running: Running,
}

fn config_of(foreign_position: ForeignPosition) -> EngineConfig {
    EngineConfig { foreign_position, ..config() }
}

fn silent() -> Box<Walker> {
    Box::new(Walker { until: 0, ..Walker::plain() })
}

/// A driver over an exchange without faults, before its first candle.
async fn start(config: EngineConfig, strategy: Box<Walker>) -> Run {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let feed = Feed::new(&clock, &[candles(&btc(), 60, 5)]);
    let exchange = Chaos::start(paper(feed), &journal, (1, Faults::default())).await;
    let engine = engine_with(config, vec![strategy]);
    let dynamic: Arc<dyn Exchange> = Arc::clone(&exchange) as Arc<dyn Exchange>;
    let driver = LiveDriver::new(setup(engine, dynamic, &clock, &journal)).unwrap();
    let handle = driver.handle();
    Run { exchange, journal, handle, running: tokio::spawn(driver.run()) }
}

fn by_hand(trade: u64, count: i64, second: i64) -> Fill {
    Fill {
        trade_id: format!("hand{trade}").parse().unwrap(),
        client_order_id: None,
        venue_order_id: None,
        account: account_id(),
        instrument: btc(),
        time: Timestamp::from_secs(MIDNIGHT + second),
        side: if count > 0 { Side::Buy } else { Side::Sell },
        price: price("100"),
        quantity: units(count.abs()),
        fee: Amount::zero(Currency::USD),
        builder_fee: None,
        liquidity: Liquidity::Taker,
        external: None,
    }
}

async fn position(run: &Run) -> (Quantity, Option<String>) {
    let look = |engine: &qtp_engine::Engine| {
        let account = &engine.state().accounts[0];
        (account.portfolio.quantity(&btc()), account.risk.halted().map(|reason| reason.code.clone()))
    };
    run.handle.look(look).await.unwrap()
}

fn count(journal: &Durable, which: impl Fn(&Event) -> bool) -> usize {
    journal.events().iter().filter(|event| which(event)).count()
}

const fn adjusted(event: &Event) -> bool {
    matches!(event, Event::PositionAdjustment { .. })
}

#[tokio::test(start_paused = true)]
async fn a_fill_by_hand_is_booked_as_external_once_and_halts() {
    let run = start(config_of(ForeignPosition::Halt), silent()).await;
    pass(90).await;
    run.exchange.trade_by_hand(by_hand(1, 2, 90), true).await;
    pass(200).await;
    assert_eq!(position(&run).await, (units(2), Some("external_fill".to_owned())));
    let external =
        |event: &Event| matches!(event, Event::Fill(fill) if fill.external == Some(ExternalCause::Unknown));
    assert_eq!(count(&run.journal, external), 1);
    assert_eq!(count(&run.journal, adjusted), 0, "the fill explains it");
    verify(engine_with(config_of(ForeignPosition::Halt), vec![silent()]), &run.journal.records(), None);
}

#[tokio::test(start_paused = true)]
async fn a_difference_without_a_fill_counts_once_two_snapshots_show_it() {
    let run = start(config_of(ForeignPosition::Adopt), silent()).await;
    pass(90).await;
    run.exchange.trade_by_hand(by_hand(1, -3, 90), false).await;
    // The comparisons of seconds 100 and 105 see it.
    pass(13).await;
    let before = count(&run.journal, adjusted);
    pass(4).await;
    assert_eq!((before, count(&run.journal, adjusted)), (0, 1));
    assert_eq!(position(&run).await, (units(-3), None));
    let seen = run.journal.records().iter().find_map(|record| match record {
        JournalRecord::Event(record) if adjusted(&record.event) => Some(record.receive_time),
        _ => None,
    });
    assert!(seen.unwrap().since(Timestamp::from_secs(MIDNIGHT + 90)).as_secs() >= 5);
}

#[tokio::test(start_paused = true)]
async fn what_happened_while_the_stream_was_cut_goes_in_before_new_risk() {
    let strategy = || Box::new(Walker { every: 2, bracket: true, ..Walker::plain() });
    let run = start(config(), strategy()).await;
    pass(170).await;
    // The entry of minute 2 fills in the candle that closes at minute 3, and nobody hears of it.
    run.exchange.cut(30);
    pass(20).await;
    let (held, halted) = position(&run).await;
    assert_eq!((held, halted.as_deref()), (Quantity::ZERO, Some("account_down")));
    pass(45).await;
    assert_eq!(position(&run).await.1, None);
    let events = run.journal.events();
    let place = |which: &dyn Fn(&Event) -> bool| events.iter().position(which).unwrap();
    let fill = place(&|event| matches!(event, Event::Fill(_)));
    let up = |reason: &qtp_core::Reason| reason.code == "ready";
    let ready = events
        .iter()
        .rposition(|event| matches!(event, Event::Connection { healthy: true, reason, .. } if up(reason)));
    assert!(fill < ready.unwrap(), "{fill}, {ready:?}");
    assert_eq!(count(&run.journal, adjusted), 0);
    verify(engine(vec![strategy()]), &run.journal.records(), None);
}

#[tokio::test(start_paused = true)]
async fn orders_of_others_are_told_once_and_left_alone_and_lost_ones_of_ours_are_cancelled() {
    let run = start(config(), silent()).await;
    let report = |run: u64, name: &str| OrderReport {
        client_order_id: Some(ClientOrderId::new(RunId(run), 0, 9)),
        venue_order_id: Some(name.parse().unwrap()),
        account: account_id(),
        instrument: btc(),
        time: Timestamp::from_secs(MIDNIGHT),
        side: Side::Buy,
        status: OrderStatus::Open,
        quantity: units(1),
        filled: Quantity::ZERO,
        price: Some(price("50")),
        reason: None,
    };
    run.exchange.order_by_hand(OrderReport { client_order_id: None, ..report(0, "theirs") });
    run.exchange.order_by_hand(report(8, "other-run"));
    run.exchange.order_by_hand(report(7, "ours"));
    pass(300).await;
    let told = |name: &'static str| {
        move |event: &Event| {
            matches!(event, Event::OrderReport(report)
                if report.venue_order_id.as_ref().is_some_and(|id| id.as_str() == name))
        }
    };
    assert_eq!((count(&run.journal, told("theirs")), count(&run.journal, told("other-run"))), (1, 1));
    let canceled = run.exchange.canceled();
    assert!(!canceled.is_empty());
    assert!(canceled.iter().all(|id| id.run() == RunId(7)), "{canceled:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_submit_is_absent_only_after_two_look_ups_half_a_minute_apart() {
    let strategy = Box::new(Walker { every: 1, until: 1, ..Walker::plain() });
    let run = start(config(), strategy).await;
    run.exchange.set(Faults { lost: 100, ..Faults::default() });
    pass(85).await;
    let absent = |event: &Event| matches!(event, Event::OrderAbsent { .. });
    let unknown = |event: &Event| matches!(event, Event::OutcomeUnknown { .. });
    assert_eq!((count(&run.journal, unknown), count(&run.journal, absent)), (1, 0));
    pass(15).await;
    assert_eq!((count(&run.journal, unknown), count(&run.journal, absent)), (1, 1));
    assert_eq!(run.exchange.submitted(), 1, "it was not sent again");
    drop(run.running);
}

#[tokio::test(start_paused = true)]
async fn with_a_validity_one_look_up_after_its_end_and_margin_is_enough() {
    let strategy = Box::new(Walker { every: 1, until: 1, ..Walker::plain() });
    let validity = EngineConfig { order_validity: Some(std::time::Duration::from_secs(5)), ..config() };
    let run = start(validity, strategy).await;
    run.exchange.set(Faults { lost: 100, ..Faults::default() });
    let absent = |event: &Event| matches!(event, Event::OrderAbsent { .. });
    pass(60 + 14).await;
    assert_eq!(count(&run.journal, absent), 0, "5 s of validity and 10 s of margin");
    pass(7).await;
    assert_eq!(count(&run.journal, absent), 1);
}

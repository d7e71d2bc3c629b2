//! What a venue must say before a run may send its first order.

use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{
    AccountSnapshot, AccountStream, Clock, Execution, Finding, MarketData, MarketStream, OrderAck, SimClock,
};
use qtp_core::{
    AccountId, Approved, CancelRequest, Candle, CandleQuery, ClientOrderId, Currency, Decimal, ExchangeError,
    Fill, Instrument, InstrumentId, InstrumentStatus, MarketTopic, OrderGroup, OrderReport, OrderStatus,
    RunId, Side, Timestamp, Venue, VenueCapabilities,
};
use qtp_engine::ForeignPosition;
use qtp_engine::driver::live::{Preflight, may_start};

use crate::common::*;
use crate::rig::instruments;

const RUN: RunId = RunId(7);
const NOW: Timestamp = Timestamp::from_secs(1_000_000);

/// A venue that only answers what a preflight asks.
struct Told {
    instruments: Vec<Instrument>,
    snapshot: AccountSnapshot,
    orders: Vec<OrderReport>,
    own: Vec<Finding>,
}

impl Told {
    fn sound() -> Self {
        let balances = [(Currency::USD, Decimal::ONE_HUNDRED)].into_iter().collect();
        let snapshot =
            AccountSnapshot { account: account_id(), time: NOW, balances, positions: Default::default() };
        Self { instruments: instruments(), snapshot, orders: Vec::new(), own: Vec::new() }
    }

    async fn codes(&self, change: impl FnOnce(&mut Preflight<'_>)) -> (bool, Vec<String>) {
        let instruments = instruments();
        let mut preflight = Preflight {
            instruments: &instruments,
            run_id: RUN,
            foreign: ForeignPosition::Halt,
            validity: Some(Duration::from_secs(10)),
            resumed: false,
        };
        change(&mut preflight);
        let clock = SimClock::new(NOW);
        let found = preflight.check(self, &clock as &dyn Clock).await.unwrap();
        (may_start(&found), found.into_iter().map(|finding| finding.reason.code).collect())
    }
}

fn silent<T>(operation: &'static str) -> Result<T, ExchangeError> {
    Err(ExchangeError::Closed { operation })
}

#[async_trait]
impl MarketData for Told {
    fn venue(&self) -> Venue {
        "test".parse().unwrap()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(self.instruments.clone())
    }

    async fn candles(&self, _query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        silent("candles")
    }

    async fn subscribe(&self, _topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        silent("subscribe")
    }
}

#[async_trait]
impl Execution for Told {
    fn account(&self) -> AccountId {
        account_id()
    }

    fn capabilities(&self) -> VenueCapabilities {
        all_capabilities()
    }

    async fn preflight(&self, _instruments: &[InstrumentId]) -> Result<Vec<Finding>, ExchangeError> {
        Ok(self.own.clone())
    }

    async fn submit(&self, _group: &Approved<OrderGroup>) -> Result<Vec<OrderAck>, ExchangeError> {
        silent("submit")
    }

    async fn cancel(&self, _request: &CancelRequest) -> Result<(), ExchangeError> {
        silent("cancel")
    }

    async fn order(&self, _id: &ClientOrderId) -> Result<Option<OrderReport>, ExchangeError> {
        silent("order")
    }

    async fn open_orders(&self) -> Result<Vec<OrderReport>, ExchangeError> {
        Ok(self.orders.clone())
    }

    async fn fills_since(&self, _since: Timestamp) -> Result<Vec<Fill>, ExchangeError> {
        silent("fills_since")
    }

    async fn account_snapshot(&self) -> Result<AccountSnapshot, ExchangeError> {
        Ok(self.snapshot.clone())
    }

    async fn subscribe_account(&self) -> Result<AccountStream, ExchangeError> {
        silent("subscribe_account")
    }
}

fn order(run: RunId) -> OrderReport {
    OrderReport {
        client_order_id: Some(ClientOrderId::new(run, 1, 1)),
        venue_order_id: Some("55".parse().unwrap()),
        account: account_id(),
        instrument: btc(),
        time: NOW,
        side: Side::Buy,
        status: OrderStatus::Open,
        quantity: units(1),
        filled: units(0),
        price: None,
        reason: None,
    }
}

#[tokio::test]
async fn a_sound_account_may_start() {
    assert_eq!(Told::sound().codes(|_| ()).await, (true, Vec::new()));
}

#[tokio::test]
async fn an_empty_account_may_not() {
    let mut told = Told::sound();
    told.snapshot.balances = Default::default();
    assert_eq!(told.codes(|_| ()).await, (false, vec!["no_balance".to_owned()]));
}

#[tokio::test]
async fn a_position_that_is_not_the_runs_refuses_unless_the_settings_take_it() {
    let mut told = Told::sound();
    told.snapshot.positions.insert(btc(), units(-2));
    let found = vec!["foreign_position".to_owned()];
    assert_eq!(told.codes(|_| ()).await, (false, found.clone()));
    assert_eq!(told.codes(|preflight| preflight.foreign = ForeignPosition::Adopt).await, (true, found));
    assert_eq!(
        told.codes(|preflight| preflight.resumed = true).await,
        (true, Vec::new()),
        "it may be the run's own"
    );
}

#[tokio::test]
async fn orders_of_others_are_named_and_do_not_refuse() {
    let mut told = Told::sound();
    told.orders = vec![order(RUN), order(RunId(8)), OrderReport { client_order_id: None, ..order(RUN) }];
    assert_eq!(told.codes(|_| ()).await, (true, vec!["foreign_order".to_owned(); 2]));
}

#[tokio::test]
async fn clocks_apart_warn_and_then_refuse() {
    let mut told = Told::sound();
    for (seconds, expected) in [(1, None), (2, Some(true)), (6, Some(false))] {
        for time in [NOW + Duration::from_secs(seconds), NOW - Duration::from_secs(seconds)] {
            told.snapshot.time = time;
            let (starts, codes) = told.codes(|_| ()).await;
            assert_eq!(
                (starts, codes.len()),
                (expected != Some(false), usize::from(expected.is_some())),
                "{time}"
            );
        }
    }
}

#[tokio::test]
async fn instruments_must_be_traded_under_the_rules_that_the_run_knows() {
    let mut told = Told::sound();
    told.instruments.retain(|instrument| instrument.id != eth());
    told.instruments[0].status = InstrumentStatus::ReduceOnly;
    let (starts, codes) = told.codes(|_| ()).await;
    assert_eq!((starts, codes.len()), (false, 2), "{codes:?}");
    assert!(codes.contains(&"unknown_instrument".to_owned()) && codes.contains(&"not_trading".to_owned()));
    let mut told = Told::sound();
    told.instruments[0].size_rule = qtp_core::SizeRule::Lot(qty("0.5"));
    assert_eq!(told.codes(|_| ()).await, (false, vec!["rules_changed".to_owned()]));
}

#[tokio::test]
async fn what_the_venue_finds_counts_and_refusals_come_first() {
    let mut told = Told::sound();
    told.own =
        vec![Finding::warn("master_key", "can withdraw"), Finding::refuse("agent_expired", "yesterday")];
    assert_eq!(told.codes(|_| ()).await, (false, vec!["agent_expired".to_owned(), "master_key".to_owned()]));
}

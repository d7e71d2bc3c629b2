//! A venue and a bot in this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use qtp_core::port::{Execution as _, JournalRecord, JournalWriter, SystemClock};
use qtp_core::{
    AccountId, AccountKind, Amount, Decimal, Instrument, OpeningBalance, Portfolio, RiskGate, RiskState,
    RunId, RunStarted, StoreError, TradingState, TriggerSource,
};
use qtp_engine::driver::NoObserver;
use qtp_engine::driver::live::{LiveDriver, LiveSettings, LiveSetup};
use qtp_engine::{Engine, EngineConfig, EngineSetup, ForeignPosition};
use qtp_exchange::hyperliquid::sign::{Network, PrivateKey};
use qtp_exchange::hyperliquid::{Hyperliquid, HyperliquidConfig};
use qtp_exchange::sim_server::{SimServer, SimServerConfig};
use qtp_risk::RiskLimits;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::life::{OrderLife, Probe};
use crate::bot::build::VALIDITY;
use crate::bot::throwaway;
use crate::exit::Failure;

/// What is traded.
pub(super) const COIN: &str = "BTC";
const CASH: i64 = 100_000;
/// Lives that a bot takes its orders through: one that is struck, one that shows that it trades on.
pub(super) const LIVES: u64 = 2;

/// A venue on a port of its own.
pub(super) struct Stage {
    pub(super) server: SimServer,
    pub(super) host: String,
    pub(super) key: String,
    serving: JoinHandle<()>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Stage {
    pub(super) async fn open() -> Result<Self, Failure> {
        let key = throwaway::key()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let host = listener.local_addr()?.to_string();
        let server = SimServer::new(SimServerConfig {
            coins: vec![COIN.to_owned()],
            spot: Vec::new(),
            accounts: vec![(key.parse::<PrivateKey>()?.address(), Decimal::from(CASH))],
            ..SimServerConfig::default()
        })?;
        let task = server.clone();
        let serving = tokio::spawn(async move {
            // It ends with the stage.
            drop(task.serve(listener).await);
        });
        Ok(Self { server, host, key, serving })
    }

    pub(super) fn user(&self) -> Result<String, Failure> {
        Ok(self.key.parse::<PrivateKey>()?.address().to_string())
    }
}

/// A client of the venue at `host`.
pub(super) fn client(host: &str, key: &str) -> Result<Hyperliquid, Failure> {
    let mut config = HyperliquidConfig::new(Network::Testnet, account()?).host(host);
    config.key = Some(key.parse()?);
    Ok(Hyperliquid::new(config)?)
}

fn account() -> Result<AccountId, Failure> {
    Ok("matrix".parse()?)
}

/// What a run is, and is again after a restart.
pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) instrument: Instrument,
    pub(super) probe: Probe,
}

impl Run {
    pub(super) async fn new(client: &Hyperliquid, id: RunId) -> Result<Self, Failure> {
        let named = format!("{COIN}-USDC-PERP@hyperliquid.testnet").parse()?;
        Ok(Self { id, instrument: client.instrument(&named).await?, probe: Probe::default() })
    }

    fn engine(&self, client: &Hyperliquid) -> Result<Engine, Failure> {
        let (account, settle) = (account()?, self.instrument.settle);
        let mut state = TradingState::new();
        state.market.set_par(settle);
        state.add_instrument(self.instrument.clone());
        let cash = Amount::new(CASH.into(), settle);
        state.add_account(
            Portfolio::new(account.clone(), AccountKind::CrossMargin, cash),
            RiskState::default(),
        );
        let config = EngineConfig {
            trigger_source: TriggerSource::Mark,
            order_validity: Some(VALIDITY),
            await_connection: true,
            // What others do on the account must not end the experiment.
            foreign_position: ForeignPosition::Adopt,
            ..EngineConfig::default()
        };
        let mut engine = Engine::new(EngineSetup {
            run_id: self.id,
            config,
            gate: RiskGate::new(RiskLimits::not_binding().build()),
            state,
            capabilities: BTreeMap::from([(account.clone(), client.capabilities())]),
        })?;
        let (id, size) = ("order-life".parse()?, "0.02".parse()?);
        let life = OrderLife::new(id, self.instrument.id.clone(), size, (LIVES, self.probe.clone()));
        engine.add_strategy(&account, Box::new(life))?;
        Ok(engine)
    }

    /// A driver that begins, or goes on where the records end.
    pub(super) fn driver(
        &self,
        client: Hyperliquid,
        records: Vec<JournalRecord>,
        journal: Box<dyn JournalWriter>,
    ) -> Result<LiveDriver, Failure> {
        let engine = self.engine(&client)?;
        let settle = self.instrument.settle;
        let opening =
            OpeningBalance { kind: AccountKind::CrossMargin, cash: Amount::new(CASH.into(), settle) };
        let setup = LiveSetup {
            engine,
            exchanges: vec![Arc::new(client)],
            topics: Vec::new(),
            decider: None,
            clock: Arc::new(SystemClock),
            journal,
            observer: Box::new(NoObserver),
            start: RunStarted {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                run_id: self.id,
                seed: 0,
                configuration: serde_json::Value::Null,
                accounts: BTreeMap::from([(account()?, opening)]),
            },
            settings: LiveSettings::default(),
        };
        if records.is_empty() {
            return Ok(LiveDriver::new(setup)?);
        }
        Ok(LiveDriver::recover(setup, records.into_iter().map(Ok))?)
    }
}

/// A journal in memory that outlives its bot, as a disk does.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Vec<JournalRecord>>>);

impl Memory {
    pub(super) fn records(&self) -> Vec<JournalRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl JournalWriter for Memory {
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(record.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Waits until something holds. False if it takes longer than `patience`.
pub(super) async fn until(patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let look = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(patience, look).await.is_ok()
}

//! The client against the simulated venue: the suite for every exchange, over HTTP and WebSocket on loopback.

use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{Clock, Exchange, MarketData, SystemClock};
use qtp_core::{Instrument, InstrumentId, Price, Quantity, RunId};
use qtp_exchange::conformance::{self, Stage};
use qtp_exchange::hyperliquid::sign::Network;
use qtp_exchange::hyperliquid::{Hyperliquid, HyperliquidConfig};
use qtp_exchange::sim_server::{Pace, SimServer, SimServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::stub::{KEY, OWNER};

const PRICE: &str = "40000";

struct Venue {
    client: Hyperliquid,
    instrument: Instrument,
    host: String,
}

impl Venue {
    /// A venue whose time and prices only we move, and an account with money.
    async fn new() -> Self {
        let config = SimServerConfig {
            pace: Pace::Stepped,
            opens: Some(SystemClock.now()),
            accounts: vec![(OWNER.parse().unwrap(), 1_000_000.into())],
            ..SimServerConfig::default()
        };
        let server = SimServer::new(config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        tokio::spawn(server.serve(listener));
        let mut config = HyperliquidConfig::new(Network::Testnet, "main".parse().unwrap()).host(&host);
        config.key = Some(KEY.parse().unwrap());
        let client = Hyperliquid::new(config).unwrap();
        let id: InstrumentId = "BTC-USDC-PERP@hyperliquid.testnet".parse().unwrap();
        let instrument = client.instrument(&id).await.unwrap();
        let venue = Self { client, instrument, host };
        assert!(venue.trade(PRICE.parse().unwrap()).await);
        venue
    }

    async fn admin(&self, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        let request = format!(
            "POST /admin/{path} HTTP/1.1\r\nhost: venue\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path} {body}: {answer}");
        answer
    }
}

#[async_trait]
impl Stage for Venue {
    fn exchange(&self) -> &dyn Exchange {
        &self.client
    }

    fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    fn quantity(&self) -> Quantity {
        "0.01".parse().unwrap()
    }

    fn price(&self) -> Price {
        PRICE.parse().unwrap()
    }

    fn run_id(&self) -> RunId {
        RunId(0xC0FF_EE00)
    }

    async fn trade(&self, price: Price) -> bool {
        self.admin("market", &format!(r#"{{"coin":"BTC","price":"{price}"}}"#)).await;
        true
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }
}

#[tokio::test]
async fn the_client_keeps_the_contract_of_an_exchange_on_the_simulated_venue() {
    let venue = Venue::new().await;
    conformance::market_data(&venue).await;
    let seen = venue.client.instruments().await.unwrap();
    assert!(seen.len() > 1, "perpetuals and spot: {seen:?}");
    conformance::orders(&venue).await;
    conformance::fills(&venue).await;
    conformance::protection(&venue).await;
    conformance::brackets(&venue).await;
}

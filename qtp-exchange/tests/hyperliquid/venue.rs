//! The client against the simulated venue: the suite for every exchange, over HTTP and WebSocket on loopback.

use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{Clock, Exchange, Execution, MarketData, SystemClock};
use qtp_core::{
    CancelRequest, Decimal, Event, ExchangeError, ExternalCause, Instrument, InstrumentId, OrderKind,
    OrderRequest, Price, Quantity, RunId, Side,
};
use qtp_exchange::conformance::{self, Stage};
use qtp_exchange::hyperliquid::payload::Wallet;
use qtp_exchange::hyperliquid::sign::Network;
use qtp_exchange::hyperliquid::{Hyperliquid, HyperliquidConfig};
use qtp_exchange::sim_server::{Pace, SimServer, SimServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::stub::{KEY, OWNER, approve, order};

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

/// Fault, its further fields, and how many orders are to exist after a submit that it struck.
const FAULTS: [(&str, &str, usize); 6] = [
    ("drop_reply", "", 1),
    ("truncate", "", 1),
    ("drop_request", "", 0),
    ("disconnect", "", 0),
    ("status", r#","status":502"#, 0),
    ("duplicate", "", 1),
];

#[tokio::test]
async fn after_every_fault_exactly_the_intended_orders_exist() {
    let venue = Venue::new().await;
    for (sequence, (fault, more, exist)) in (1..).zip(FAULTS) {
        let rule = format!(r#"{{"clear":true,"fault":[{{"on":"exchange:order","do":"{fault}"{more}}}]}}"#);
        venue.admin("faults", &rule).await;
        let request =
            order(sequence, Side::Buy, "0.01", OrderKind::Limit { price: "39000".parse().unwrap() });
        let answer = venue.client.submit(&approve(&request)).await;
        let id = request.client_order_id;
        if fault == "duplicate" {
            assert!(answer.is_ok(), "{fault}: {answer:?}");
        } else {
            let unknown = matches!(&answer, Err(ExchangeError::OutcomeUnknown { client_order_id, .. })
                if *client_order_id == id);
            assert!(unknown, "{fault}: {answer:?}");
        }
        let open = venue.client.open_orders().await.unwrap();
        let found = open.iter().filter(|report| report.client_order_id == Some(id)).count();
        assert_eq!(found, exist, "{fault}: {open:?}");
        assert_eq!(venue.client.order(&id).await.unwrap().is_some(), exist == 1, "{fault}");

        // The answer of its cancel is lost as well, and it is cancelled all the same.
        let rule = r#"{"clear":true,"fault":[{"on":"exchange:cancelByCloid","do":"drop_reply"}]}"#;
        venue.admin("faults", rule).await;
        let (account, instrument) = (request.account.clone(), request.instrument.clone());
        venue.client.cancel(&CancelRequest { client_order_id: id, account, instrument }).await.unwrap();
        assert!(venue.client.open_orders().await.unwrap().is_empty(), "{fault}");
    }
}

/// On spot there is no flag for it: a sale that only reduces sells what is held, and never more.
#[tokio::test]
async fn spot_is_bought_and_sold_again() {
    let venue = Venue::new().await;
    venue.admin("fund", &format!(r#"{{"user":"{OWNER}","amount":"1000","spot":true}}"#)).await;
    venue.admin("market", r#"{"coin":"PURR/USDC","price":"0.2"}"#).await;
    let mut config = HyperliquidConfig { wallet: Wallet::Spot, ..venue.client.config().clone() };
    config.account = "spot".parse().unwrap();
    let client = Hyperliquid::new(config).unwrap();
    let id: InstrumentId = "PURR-USDC@hyperliquid.testnet".parse().unwrap();
    let market = |sequence, side, quantity: &str, reduce_only| OrderRequest {
        instrument: id.clone(),
        decision_price: Some("0.2".parse().unwrap()),
        reduce_only,
        ..order(sequence, side, quantity, OrderKind::Market)
    };
    let held = async || {
        let snapshot = client.account_snapshot().await.unwrap();
        snapshot.positions.get(&id).copied().unwrap_or_default()
    };
    client.submit(&approve(&market(1, Side::Buy, "500", false))).await.unwrap();
    // The fee of a purchase is paid in what was bought.
    assert_eq!(held().await, "499.65".parse().unwrap());

    let more = client.submit(&approve(&market(2, Side::Sell, "600", true))).await.unwrap_err();
    assert!(
        matches!(&more, ExchangeError::Rejected { reason, .. } if reason.message.contains("spot balance")),
        "{more}"
    );
    let purchase = client.submit(&approve(&market(3, Side::Buy, "10", true))).await.unwrap_err();
    assert!(matches!(purchase, ExchangeError::Unsupported { .. }), "{purchase}");
    client.submit(&approve(&market(4, Side::Sell, "499", true))).await.unwrap();
    assert_eq!(held().await, "0.65".parse().unwrap());
    let fills = client.fills_since(qtp_core::Timestamp::EPOCH).await.unwrap();
    let told: Vec<_> = fills.iter().map(|fill| (fill.side, fill.quantity.to_string())).collect();
    assert_eq!(told, [(Side::Buy, "500".to_owned()), (Side::Sell, "499".to_owned())]);
}

#[tokio::test]
async fn what_others_do_on_the_account_is_external() {
    let venue = Venue::new().await;
    let mut stream = venue.client.subscribe_account().await.unwrap();
    let mut told = async |words: &str| {
        let fill = async {
            loop {
                let (_, event) = stream.next().await.expect("the stream goes on");
                if let Event::Fill(fill) = event {
                    return fill;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), fill).await.unwrap_or_else(|_| panic!("{words}"))
    };
    let entry = OrderRequest {
        decision_price: Some(PRICE.parse().unwrap()),
        ..order(1, Side::Buy, "0.01", OrderKind::Market)
    };
    venue.client.submit(&approve(&entry)).await.unwrap();
    let own = told("our own fill").await;
    assert_eq!((own.client_order_id, own.external), (Some(entry.client_order_id), None));
    // 0.045 % of the value, cut to the venue's six decimals.
    let exact = own.price.get() * own.quantity.get() * "0.00045".parse::<Decimal>().unwrap();
    assert!((own.fee.value - exact).abs() <= Decimal::new(1, 6), "{} is not {exact}", own.fee);

    venue.admin("order", &format!(r#"{{"user":"{OWNER}","coin":"BTC","size":"0.02"}}"#)).await;
    let manual = told("the manual fill").await;
    assert_eq!((manual.client_order_id, manual.external), (None, Some(ExternalCause::Manual)));
    venue.admin("liquidate", &format!(r#"{{"user":"{OWNER}","coin":"BTC"}}"#)).await;
    let liquidated = told("the liquidation").await;
    assert_eq!((liquidated.external, liquidated.side), (Some(ExternalCause::Liquidation), Side::Sell));
    let snapshot = venue.client.account_snapshot().await.unwrap();
    assert!(snapshot.positions.values().all(|size| size.is_zero()), "{snapshot:?}");
    let fills = venue.client.fills_since(qtp_core::Timestamp::EPOCH).await.unwrap();
    assert_eq!(fills.first(), Some(&own), "the history says what the stream said");
}

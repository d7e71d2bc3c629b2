//! Books of the stream: snapshot and changes, and a new snapshot after a gap.

use std::time::Duration;

use qtp_core::port::MarketData;
use qtp_core::{Event, InstrumentId, MarketTopic, OrderBook};
use qtp_exchange::binance::Product;
use tokio::net::TcpListener;

use super::server::{Server, ok, status};
use super::{FUTURES, Peer, SPOT, accept, heard, market, say};

/// A change: the best bid is 60 with its id as quantity, and 61 from id 200 on.
fn change(product: Product, id: u64) -> String {
    let (before, bid) = (id - 1, if id < 200 { 60 } else { 61 });
    let data = format!(
        r#"{{"e":"depthUpdate","E":1,"T":2,"s":"BTCUSDT","U":{id},"u":{id},"pu":{before},"b":[["{bid}","{id}"]],"a":[]}}"#
    );
    match product {
        Product::Spot => format!(r#"{{"stream":"btcusdt@depth@100ms","data":{data}}}"#),
        Product::UsdMargin => data,
    }
}

/// A snapshot that ends with this id: bids of 50 and 49.
fn snapshot(last: u64) -> super::server::Act {
    ok(&format!(r#"{{"lastUpdateId":{last},"bids":[["50","1"],["49","7"]],"asks":[["1000","2"]]}}"#))
}

/// Price and quantity of each bid.
fn bids(book: &OrderBook) -> Vec<(String, String)> {
    book.bids.iter().map(|level| (level.price.to_string(), level.quantity.to_string())).collect()
}

fn level(price: u64, quantity: u64) -> (String, String) {
    (price.to_string(), quantity.to_string())
}

/// Says changes one after the other until the stream brings something.
async fn until(
    peer: &mut Peer,
    stream: &mut qtp_core::port::MarketStream,
    product: Product,
    ids: &mut u64,
) -> Event {
    for _ in 0..1000 {
        *ids += 1;
        say(peer, &change(product, *ids)).await;
        if let Ok(Some((_, event))) = tokio::time::timeout(Duration::from_millis(20), stream.next()).await {
            return event;
        }
    }
    panic!("nothing came");
}

#[tokio::test]
async fn a_book_begins_with_a_snapshot_and_anew_after_a_gap() {
    for (product, listed, id, path) in [
        (Product::Spot, SPOT, "BTC-USDT@binance", "GET /api/v3/depth?symbol=BTCUSDT&limit=5000"),
        (
            Product::UsdMargin,
            FUTURES,
            "BTC-USDT-PERP@binance-usdm",
            "GET /fapi/v1/depth?symbol=BTCUSDT&limit=1000",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        // The second snapshot cannot be had, the third lies before the first change that waits for it.
        let refused = status("400 Bad Request", "", r#"{"code":-1000,"msg":"An unknown error occurred"}"#);
        let acts = [ok(listed), snapshot(100), refused, snapshot(150), snapshot(300)];
        let server = Server::new(acts).await;
        let market = market(product, &server.url, &url);
        let topic = MarketTopic::Book(id.parse::<InstrumentId>().unwrap());
        let mut stream = market.subscribe(std::slice::from_ref(&topic)).await.unwrap();
        let mut peer = accept(&listener).await;
        assert!(heard(&mut peer).await.contains("btcusdt@depth@100ms"));

        // The snapshot holds what came until 100; what came behind it is applied.
        let mut ids = 95;
        while ids <= 100 {
            until(&mut peer, &mut stream, product, &mut ids).await;
        }
        let Event::Book(book) = until(&mut peer, &mut stream, product, &mut ids).await else {
            panic!("a book")
        };
        assert_eq!(bids(&book), [level(60, ids), level(50, 1), level(49, 7)], "{product:?}");

        // Ids are left out: the book is not shown until a snapshot that reaches behind the gap.
        ids = 200;
        let Event::Gap(gap) = until(&mut peer, &mut stream, product, &mut ids).await else { panic!("a gap") };
        assert_eq!((gap.topic, gap.cause.as_str()), (topic.clone(), "sequence"));
        let mut told = Vec::new();
        let book = loop {
            match until(&mut peer, &mut stream, product, &mut ids).await {
                Event::Connection { topic: Some(of), healthy, .. } => told.push((of, healthy)),
                Event::Book(book) => break book,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(told.first(), Some(&(topic.clone(), false)), "a snapshot that failed is told");
        assert_eq!(bids(&book), [level(61, ids), level(50, 1), level(49, 7)], "{product:?}");
        let asked = server.requests();
        assert!(asked[1..].iter().all(|request| request.starts_with(path)), "{asked:?}");
        assert_eq!(asked.len(), 5, "{product:?}");
    }
}

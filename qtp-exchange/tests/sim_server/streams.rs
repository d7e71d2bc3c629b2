//! The WebSocket, spoken by hand: text frames of a client are masked, those of the venue are not.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{SECOND, USER, Venue, limit};

struct Socket(TcpStream);

impl Socket {
    async fn open(venue: &Venue) -> Self {
        let mut stream = TcpStream::connect(venue.address).await.unwrap();
        let head = "GET /ws HTTP/1.1\r\nHost: venue\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"));
        Self(stream)
    }

    async fn say(&mut self, words: &Value) {
        let text = words.to_string();
        let mut frame = vec![0x81];
        match u8::try_from(text.len()).ok().filter(|length| *length < 126) {
            Some(length) => frame.push(0x80 | length),
            None => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            }
        }
        // A mask of zeros changes nothing.
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).await.unwrap();
    }

    async fn subscribe(&mut self, subscription: Value) {
        self.say(&json!({"method": "subscribe", "subscription": subscription})).await;
    }

    /// The next text; `None` if the venue has gone.
    async fn text(&mut self) -> Option<String> {
        let head = self.0.read_u8().await.ok()?;
        let length = match self.0.read_u8().await.ok()? {
            126 => usize::from(self.0.read_u16().await.ok()?),
            127 => usize::try_from(self.0.read_u64().await.ok()?).unwrap(),
            length => usize::from(length),
        };
        let mut text = vec![0; length];
        self.0.read_exact(&mut text).await.ok()?;
        (head == 0x81).then(|| String::from_utf8(text).unwrap())
    }

    async fn next(&mut self) -> Value {
        serde_json::from_str(&self.text().await.unwrap()).unwrap()
    }

    /// The next message on a channel.
    async fn on(&mut self, channel: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["channel"] == channel {
                return message["data"].clone();
            }
        }
    }
}

#[tokio::test]
async fn a_subscription_is_confirmed_then_answered_then_followed() {
    let venue = Venue::open().await;
    let mut socket = Socket::open(&venue).await;
    let words = json!({"type": "l2Book", "coin": "BTC"});
    socket.subscribe(words.clone()).await;
    assert_eq!(
        socket.next().await,
        json!({"channel": "subscriptionResponse", "data": {"method": "subscribe", "subscription": words}})
    );
    assert_eq!(socket.next().await["data"]["coin"], "BTC");
    socket.subscribe(words.clone()).await;
    assert_eq!(
        socket.next().await,
        json!({"channel": "error", "data": format!("Already subscribed: {words}")})
    );
    socket.subscribe(json!({"type": "l2Book", "coin": "NOPE"})).await;
    assert!(socket.next().await["data"].as_str().unwrap().starts_with("Invalid subscription"));
    socket.say(&json!({"method": "ping"})).await;
    assert_eq!(socket.next().await, json!({"channel": "pong"}));
    venue.server.step(SECOND);
    assert_eq!(socket.next().await["channel"], "l2Book");
    socket.say(&json!({"method": "unsubscribe", "subscription": words})).await;
    assert_eq!(socket.next().await["data"]["method"], "unsubscribe");
    venue.server.step(SECOND);
    socket.say(&json!({"method": "ping"})).await;
    assert_eq!(socket.next().await["channel"], "pong", "nothing came in between");
}

#[tokio::test]
async fn an_order_is_posted_and_its_life_is_told() {
    let venue = Venue::open().await;
    let mut socket = Socket::open(&venue).await;
    socket.subscribe(json!({"type": "orderUpdates", "user": USER})).await;
    socket.subscribe(json!({"type": "userFills", "user": USER})).await;
    assert_eq!(socket.on("userFills").await["isSnapshot"], true);
    let mark = venue.mark().await;
    venue.order(json!([limit(true, mark * 1.01, "Gtc")]), "na").await;
    let updates = socket.on("orderUpdates").await;
    let words: Vec<&str> =
        updates.as_array().unwrap().iter().map(|update| update["status"].as_str().unwrap()).collect();
    assert_eq!(words, ["open", "filled"]);
    assert_eq!(socket.on("userFills").await["fills"][0]["dir"], "Open Long");
    socket
        .say(&json!({"method": "post", "id": 7, "request": {"type": "info", "payload": {"type": "meta"}}}))
        .await;
    let answer = socket.on("post").await;
    assert_eq!(
        (answer["id"].as_u64(), answer["response"]["payload"]["type"].as_str()),
        (Some(7), Some("meta"))
    );
}

#[tokio::test]
async fn messages_are_left_out_doubled_reordered_and_cut() {
    let venue = Venue::open().await;
    let on_mids = |deed: &str, nth: u64| json!({"on": "ws:allMids", "do": deed, "nth": nth});
    venue
        .admin(
            "faults",
            json!({"fault": [on_mids("gap", 1), on_mids("duplicate", 2), on_mids("reorder", 3),
        on_mids("truncate", 5), on_mids("disconnect", 6)]}),
        )
        .await;
    let mut socket = Socket::open(&venue).await;
    socket.subscribe(json!({"type": "allMids"})).await;
    let first = socket.on("allMids").await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        venue.server.step(SECOND * 60);
        seen.push(venue.info(json!({"type": "allMids"})).await);
    }
    assert!(seen.iter().all(|mids| *mids != first["mids"]), "prices moved");
    let mut got = Vec::new();
    for _ in 0..4 {
        got.push(socket.on("allMids").await["mids"].clone());
    }
    // The first is missing, the second came twice, the third behind the fourth.
    assert_eq!(got, [seen[1].clone(), seen[1].clone(), seen[3].clone(), seen[2].clone()]);
    venue.server.step(SECOND * 60);
    let torn = socket.text().await.unwrap();
    assert!(serde_json::from_str::<Value>(&torn).is_err(), "{torn}");
    venue.server.step(SECOND * 60);
    assert_eq!(socket.text().await, None);
}

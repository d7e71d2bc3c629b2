//! The supervised WebSocket against servers that go away in every way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use qtp_core::ExchangeError;
use qtp_exchange::transport::{
    Backoff, Budget, Cause, Change, Dialect, Heartbeat, Limit, Socket, SocketEvent, SocketSettings,
};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// One message a topic, and a login if there is a key.
#[derive(Default)]
struct Plain {
    key: Option<&'static str>,
    paths: AtomicUsize,
}

#[async_trait]
impl Dialect for Plain {
    fn encode(&self, change: Change, topics: &[String]) -> Vec<String> {
        topics.iter().map(|topic| format!("{change:?} {topic}")).collect()
    }

    async fn path(&self) -> Result<String, ExchangeError> {
        Ok(format!("/{}", self.paths.fetch_add(1, Ordering::SeqCst)))
    }

    fn greeting(&self) -> Vec<String> {
        self.key.map(|key| format!("login {key}")).into_iter().collect()
    }

    fn login(&self, text: &str) -> Option<Result<(), String>> {
        match text {
            "welcome" => Some(Ok(())),
            "go away" => Some(Err(text.to_owned())),
            _ => None,
        }
    }
}

struct Server {
    listener: TcpListener,
    url: String,
}

type Peer = WebSocketStream<TcpStream>;

impl Server {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        Self { listener, url }
    }

    async fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().await.unwrap();
        tokio_tungstenite::accept_async(stream).await.unwrap()
    }
}

fn settings(server: &Server) -> SocketSettings {
    let mut settings = SocketSettings::new([server.url.as_str()]);
    settings.backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(20) };
    settings
}

fn open(settings: SocketSettings) -> Socket {
    Socket::open(settings, Arc::new(Plain::default())).unwrap()
}

async fn heard(peer: &mut Peer) -> String {
    peer.next().await.unwrap().unwrap().into_text().unwrap().as_str().to_owned()
}

async fn say(peer: &mut Peer, text: &str) {
    peer.send(Message::text(text)).await.unwrap();
}

/// The next event, with a limit that only a failing test reaches.
async fn next(socket: &mut Socket) -> SocketEvent {
    tokio::time::timeout(Duration::from_secs(20), socket.next()).await.unwrap().unwrap()
}

async fn next_cause(socket: &mut Socket) -> Cause {
    match next(socket).await {
        SocketEvent::Disconnected { cause } => cause,
        other => panic!("{other:?} is no end"),
    }
}

fn message(text: &str) -> SocketEvent {
    SocketEvent::Message(text.into())
}

#[tokio::test]
async fn wanted_topics_are_asked_for_at_once_and_again_after_a_reconnection() {
    let server = Server::new().await;
    let mut socket = open(settings(&server));
    let topics = socket.topics();
    topics.subscribe("book");
    topics.subscribe("trades");
    let mut peer = server.accept().await;
    assert_eq!([heard(&mut peer).await, heard(&mut peer).await], ["Subscribe book", "Subscribe trades"]);
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 1 });

    // While it runs: the new one is asked for, the old one ended, what stands is left alone.
    topics.subscribe("book");
    topics.unsubscribe("trades");
    assert_eq!(heard(&mut peer).await, "Unsubscribe trades");
    topics.subscribe("candles");
    assert_eq!(heard(&mut peer).await, "Subscribe candles");

    peer.close(None).await.unwrap();
    assert_eq!(next_cause(&mut socket).await, Cause::Closed);
    let mut peer = server.accept().await;
    assert_eq!([heard(&mut peer).await, heard(&mut peer).await], ["Subscribe book", "Subscribe candles"]);
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 2 });
    say(&mut peer, "1").await;
    assert_eq!(next(&mut socket).await, message("1"));
}

#[tokio::test]
async fn text_and_binary_messages_arrive_in_order() {
    let server = Server::new().await;
    let mut socket = open(settings(&server));
    let mut peer = server.accept().await;
    say(&mut peer, "1").await;
    peer.send(Message::binary("2".as_bytes().to_vec())).await.unwrap();
    peer.send(Message::Ping(vec![7].into())).await.unwrap();
    say(&mut peer, "3").await;
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 1 });
    for text in ["1", "2", "3"] {
        assert_eq!(next(&mut socket).await, message(text));
    }
    assert_eq!(peer.next().await.unwrap().unwrap(), Message::Pong(vec![7].into()));
}

#[tokio::test]
async fn disconnect_within_a_frame_is_broken_and_followed_by_a_new_connection() {
    let server = Server::new().await;
    let mut socket = open(settings(&server));
    let mut peer = server.accept().await;
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 1 });
    // A text frame that promises 100 bytes and brings three.
    peer.get_mut().write_all(&[0x81, 100, b'a', b'b', b'c']).await.unwrap();
    drop(peer);
    assert!(matches!(next_cause(&mut socket).await, Cause::Broken(_)));
    let _peer = server.accept().await;
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 2 });
}

#[tokio::test]
async fn half_open_connection_is_noticed_by_its_silence() {
    let server = Server::new().await;
    let mut settings = settings(&server);
    settings.heartbeat_every = Duration::from_millis(20);
    settings.stale_after = Duration::from_millis(60);
    settings.heartbeat = Heartbeat::Text("ping".into());
    let mut socket = open(settings);
    let mut peer = server.accept().await;
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 1 });
    assert_eq!(heard(&mut peer).await, "ping");
    assert_eq!(next_cause(&mut socket).await, Cause::Stale);
    let _peer = server.accept().await;
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 2 });
}

#[tokio::test]
async fn answered_heartbeats_keep_a_quiet_connection() {
    let server = Server::new().await;
    let mut settings = settings(&server);
    settings.heartbeat_every = Duration::from_millis(20);
    settings.stale_after = Duration::from_millis(400);
    let mut socket = open(settings);
    let mut peer = server.accept().await;
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 1 });
    // Reading answers the pings; long after `stale_after` nothing but pongs has arrived.
    for _ in 0..30 {
        assert!(matches!(peer.next().await.unwrap().unwrap(), Message::Ping(_)));
    }
    say(&mut peer, "still here").await;
    assert_eq!(next(&mut socket).await, message("still here"));
}

#[tokio::test]
async fn login_comes_first_and_topics_wait_for_it() {
    let server = Server::new().await;
    let dialect = Arc::new(Plain { key: Some("k"), ..Plain::default() });
    let mut socket = Socket::open(settings(&server), dialect).unwrap();
    socket.topics().subscribe("orders");
    let mut peer = server.accept().await;
    assert_eq!(heard(&mut peer).await, "login k");
    say(&mut peer, "hello").await;
    say(&mut peer, "welcome").await;
    assert_eq!(heard(&mut peer).await, "Subscribe orders");
    assert_eq!(next(&mut socket).await, message("hello"));
    assert_eq!(next(&mut socket).await, message("welcome"));
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 1 });
}

#[tokio::test]
async fn refused_and_unanswered_logins_end_the_attempt() {
    let server = Server::new().await;
    let dialect = Arc::new(Plain { key: Some("k"), ..Plain::default() });
    let mut settings = settings(&server);
    settings.timeout = Duration::from_millis(200);
    let mut socket = Socket::open(settings, dialect).unwrap();
    let mut peer = server.accept().await;
    say(&mut peer, "go away").await;
    assert_eq!(next(&mut socket).await, message("go away"));
    assert_eq!(next_cause(&mut socket).await, Cause::Login("go away".into()));
    let _silent = server.accept().await;
    assert_eq!(next_cause(&mut socket).await, Cause::Login("no answer within 200ms".into()));
}

#[tokio::test]
async fn owner_that_does_not_read_loses_nothing_and_is_no_silence() {
    let server = Server::new().await;
    let mut settings = settings(&server);
    settings.capacity = 2;
    settings.heartbeat_every = Duration::from_millis(10);
    settings.stale_after = Duration::from_millis(50);
    let mut socket = open(settings);
    let mut peer = server.accept().await;
    for number in 0..50 {
        say(&mut peer, &number.to_string()).await;
    }
    // Heartbeats go on while the channel is full, for longer than silence may last.
    for _ in 0..20 {
        assert!(matches!(peer.next().await.unwrap().unwrap(), Message::Ping(_)));
    }
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 1 });
    for number in 0..50 {
        assert_eq!(next(&mut socket).await, message(&number.to_string()));
    }
}

#[tokio::test]
async fn dropping_the_socket_says_goodbye() {
    let server = Server::new().await;
    let mut socket = open(settings(&server));
    let mut peer = server.accept().await;
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 1 });
    drop(socket);
    assert!(matches!(peer.next().await.unwrap().unwrap(), Message::Close(_)));
}

#[tokio::test]
async fn attempts_are_bounded_and_go_round_the_addresses() {
    let dead = Server::new().await;
    let alive = Server::new().await;
    let mut settings = settings(&alive);
    settings.urls = vec![dead.url.clone(), alive.url.clone()];
    drop(dead);
    let minute = Limit { name: "connections", capacity: 2, window: Duration::from_secs(3600) };
    settings.attempts = Arc::new(Budget::new([minute]));
    let attempts = settings.attempts.clone();
    let mut socket = open(settings);
    assert!(matches!(next_cause(&mut socket).await, Cause::Connect(_)));
    let mut peer = alive.accept().await;
    assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt: 2 });
    peer.close(None).await.unwrap();
    assert_eq!(next_cause(&mut socket).await, Cause::Closed);
    // The third would be one too many within the hour.
    let third = tokio::time::timeout(Duration::from_millis(200), alive.accept()).await;
    assert!(third.is_err() && attempts.used(0) == 2);
}

#[tokio::test]
async fn each_connection_asks_for_its_path() {
    let server = Server::new().await;
    let mut socket = open(settings(&server));
    for attempt in 1..=2 {
        let (stream, _) = server.listener.accept().await.unwrap();
        let seen = Arc::new(Mutex::new(String::new()));
        let log = seen.clone();
        let peer = accept_hdr_async(stream, |request: &Request, response: Response| {
            log.lock().unwrap().push_str(request.uri().path());
            Ok(response)
        })
        .await
        .unwrap();
        assert_eq!(next(&mut socket).await, SocketEvent::Connected { attempt });
        assert_eq!(*seen.lock().unwrap(), format!("/{}", attempt - 1));
        drop(peer);
        next_cause(&mut socket).await;
    }
}

#[tokio::test]
async fn messages_keep_their_pace() {
    let server = Server::new().await;
    let mut settings = settings(&server);
    settings.pace = Duration::from_millis(30);
    let socket = open(settings);
    for topic in ["a", "b", "c"] {
        socket.topics().subscribe(topic);
    }
    let mut peer = server.accept().await;
    heard(&mut peer).await;
    let first = tokio::time::Instant::now();
    heard(&mut peer).await;
    heard(&mut peer).await;
    assert!(first.elapsed() >= Duration::from_millis(50), "{:?}", first.elapsed());
}

#[test]
fn messages_are_not_shown() {
    assert_eq!(format!("{:?}", message("canary")), "Message { bytes: 6 }");
}

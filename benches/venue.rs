//! Load on the simulated venue: reads and signed orders per second over loopback, and memory with 1,000 accounts.
//!
//! `cargo bench -p qtp-benches --bench venue`. Clients and venue share the machine and the process. Signatures are made
//! before the clock starts; the venue checks each.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use qtp_core::port::{Clock, SystemClock};
use qtp_exchange::hyperliquid::sign::{Network, PrivateKey, l1};
use qtp_exchange::sim_server::{SimServer, SimServerConfig};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const CONNECTIONS: usize = 8;
const READS: usize = 20_000;
const ORDERS: usize = 4_000;

fn main() -> Result<(), Failure> {
    let keys = (1..=CONNECTIONS)
        .map(|number| format!("0x{number:064x}").parse())
        .collect::<Result<Vec<PrivateKey>, _>>()?;
    let (address, _runtime) = serve(&keys)?;
    let user = keys.first().map(PrivateKey::address).ok_or("no keys")?;
    let state = format!(r#"{{"type":"clearinghouseState","user":"{user}"}}"#);
    for (name, body) in [
        ("allMids", r#"{"type":"allMids"}"#),
        ("l2Book", r#"{"type":"l2Book","coin":"BTC"}"#),
        ("clearinghouseState", state.as_str()),
    ] {
        let requests = (0..CONNECTIONS).map(|_| vec![request("/info", body); READS / CONNECTIONS]).collect();
        report(&format!("/info {name}"), READS, run(address, requests)?);
    }
    let requests = keys.iter().map(orders).collect::<Result<Vec<_>, _>>()?;
    report(
        "/exchange signed orders and cancels",
        ORDERS / CONNECTIONS * CONNECTIONS,
        run(address, requests)?,
    );
    println!("memory: {} MB with 1,000 accounts, the clients and their requests included", resident_mb()?);
    Ok(())
}

/// Orders that rest, each cancelled by the next request, so that the account stays small.
fn orders(key: &PrivateKey) -> Result<Vec<Vec<u8>>, Failure> {
    let start = u64::try_from(SystemClock.now().as_millis())?;
    let mut requests = Vec::with_capacity(ORDERS / CONNECTIONS);
    for number in 0..ORDERS / CONNECTIONS {
        let cloid = number / 2;
        let action = if number % 2 == 0 {
            format!(
                r#"{{"type":"order","orders":[{{"a":0,"b":true,"p":"30000","s":"0.001","r":false,"t":{{"limit":{{"tif":"Gtc"}}}},"c":"0x{cloid:032x}"}}],"grouping":"na"}}"#
            )
        } else {
            format!(r#"{{"type":"cancelByCloid","cancels":[{{"asset":0,"cloid":"0x{cloid:032x}"}}]}}"#)
        };
        let nonce = start + u64::try_from(number)?;
        let signature = key.sign(&l1::digest(Network::Testnet, &action, nonce, None, None)?);
        let signature = serde_json::to_string(&signature)?;
        let body = format!(r#"{{"action":{action},"nonce":{nonce},"signature":{signature}}}"#);
        requests.push(request("/exchange", &body));
    }
    Ok(requests)
}

/// A venue with 1,000 accounts in this process; the first are those of the keys.
fn serve(keys: &[PrivateKey]) -> Result<(SocketAddr, tokio::runtime::Runtime), Failure> {
    let mut accounts: Vec<_> = keys.iter().map(|key| (key.address(), 1_000_000.into())).collect();
    for number in accounts.len()..1_000 {
        accounts.push((format!("0x{number:040x}").parse()?, 10_000.into()));
    }
    let server = SimServer::new(SimServerConfig { accounts, ..SimServerConfig::default() })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    drop(runtime.spawn(server.serve(listener)));
    Ok((address, runtime))
}

fn request(path: &str, body: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: venue\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// Sends each list over a connection of its own, one request at a time.
fn run(address: SocketAddr, lines: Vec<Vec<Vec<u8>>>) -> Result<Duration, Failure> {
    let start = SystemClock.now();
    let threads: Vec<_> =
        lines.into_iter().map(|requests| std::thread::spawn(move || talk(address, &requests))).collect();
    for thread in threads {
        thread.join().map_err(|_| "a client failed")??;
    }
    Ok(SystemClock.now().since(start))
}

fn talk(address: SocketAddr, requests: &[Vec<u8>]) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 65_536];
    for request in requests {
        stream.write_all(request)?;
        let mut filled = 0;
        while !is_whole(buffer.get(..filled).unwrap_or_default())? {
            let room = buffer.get_mut(filled..).filter(|room| !room.is_empty()).ok_or("answer too long")?;
            let read = stream.read(room)?;
            if read == 0 {
                return Err("the venue hung up".into());
            }
            filled += read;
        }
    }
    Ok(())
}

/// True once an answer with status 200 is there as a whole. A refusal is a failure of the measurement.
fn is_whole(received: &[u8]) -> Result<bool, Failure> {
    let text = std::str::from_utf8(received)?;
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Ok(false) };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
    let whole = body.len() >= length.ok_or("no length")?;
    if whole && (!head.starts_with("HTTP/1.1 200") || body.contains("\"error\"") || body.contains("\"err\""))
    {
        return Err(format!("refused: {body}").into());
    }
    Ok(whole)
}

fn report(name: &str, count: usize, took: Duration) {
    println!(
        "{name}: {:.0} a second ({count} in {:.2} s, {CONNECTIONS} connections)",
        count as f64 / took.as_secs_f64(),
        took.as_secs_f64()
    );
}

fn resident_mb() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1_024)
}

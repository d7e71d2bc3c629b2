//! The operator's channel: one JSON line a request and one a reply, over a Unix socket in the run folder.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use qtp_core::{Notional, OperatorAction, Position};
use qtp_engine::Engine;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::exit::Failure;

/// Longest request in bytes.
const REQUEST_MAX: u64 = 4_096;
/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be asked of a running bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Equity, halt, counters.
    Status,
    /// Open positions with their protection.
    Positions,
    /// Proposals that wait.
    Proposals,
    /// Do something.
    Act(OperatorAction),
}

/// A request with the way back.
pub(super) struct Call {
    pub(super) request: Request,
    pub(super) reply: SyncSender<Value>,
}

/// Listens on a socket; requests come out of the receiver.
pub(super) fn listen(socket: &Path) -> Result<Receiver<Call>, Failure> {
    // A socket that a killed run left behind.
    let _ = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket).map_err(|error| format!("{}: {error}", socket.display()))?;
    let (sender, receiver) = sync_channel(16);
    std::thread::Builder::new().name("control".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            // One at a time: an operator's requests are few, and a slow one is cut off.
            if let Err(error) = serve(&stream, &sender) {
                tracing::warn!("control: {error}");
            }
        }
    })?;
    Ok(receiver)
}

fn serve(stream: &UnixStream, calls: &SyncSender<Call>) -> Result<(), Failure> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(REQUEST_MAX)).read_line(&mut line)?;
    let answer = match serde_json::from_str::<Request>(&line) {
        Ok(request) => {
            let (reply, answer) = sync_channel(1);
            calls.send(Call { request, reply })?;
            answer
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| json!({"error": "the bot did not answer in time"}))
        }
        Err(error) => json!({"error": format!("not a request: {error}")}),
    };
    let mut stream = stream;
    writeln!(stream, "{answer}")?;
    Ok(())
}

/// Sends one request to a running bot.
///
/// # Errors
/// If no bot listens, or it does not answer in time.
pub fn ask(socket: &Path, request: &Request) -> Result<Value, Failure> {
    let stream = UnixStream::connect(socket)
        .map_err(|error| format!("{}: no running bot answers here: {error}", socket.display()))?;
    stream.set_read_timeout(Some(PATIENCE + PATIENCE))?;
    let mut writer = &stream;
    writeln!(writer, "{}", serde_json::to_string(request)?)?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// The answer while a run still goes through its past: it stands at record `at` of `of`.
pub(super) fn starting(request: &Request, at: u64, of: u64) -> Value {
    match request {
        Request::Status => json!({"starting": format!("replaying {at}/{of}"), "record": at, "of": of}),
        _ => json!({"error": format!("the bot is starting: replaying {at}/{of}; try again")}),
    }
}

/// Why an action cannot be carried out now.
pub(super) fn refusal(engine: &Engine, action: &OperatorAction) -> Option<Value> {
    let problem = match action {
        OperatorAction::Approve(id) | OperatorAction::Reject(id) => {
            let waits = engine.proposals().any(|proposal| proposal.id == *id);
            (!waits).then(|| format!("proposal {id} does not wait for approval"))
        }
        OperatorAction::Close(id) => {
            let known = engine.state().instruments.contains_key(id);
            (!known).then(|| format!("this bot does not trade {id}"))
        }
        _ => None,
    };
    problem.map(|problem| json!({"error": problem}))
}

/// The answer to a question about the engine.
pub(super) fn answer(engine: &Engine, request: &Request) -> Value {
    let state = engine.state();
    let account = state.accounts.first();
    match request {
        Request::Status => {
            let halted = account.and_then(|account| account.risk.halted()).map(ToString::to_string);
            let equity = account.and_then(|account| engine.equity(account.portfolio.account()));
            let pnl = account.and_then(|account| account.portfolio.pnl(&state.market, &state.instruments));
            json!({
                "run_id": engine.run_id(), "time": state.now.to_string(), "record": state.seq,
                "equity": equity, "halted": halted, "orders": account.map_or(0, |account| account.orders.len()),
                "price_pnl": pnl.map(|pnl| pnl.price), "fees": pnl.map(|pnl| pnl.fees),
                "funding": pnl.map(|pnl| pnl.funding), "proposals": engine.proposals().count(),
            })
        }
        Request::Positions => {
            let view = |position: &Position| {
                let price = state.market.get(position.instrument()).and_then(|market| market.reference());
                let open: Option<Notional> = price.map(|price| position.unrealized(price));
                let active = account.and_then(|account| account.targets.get(position.instrument()));
                let bracket = active.map(|active| active.signal.bracket);
                json!({
                    "instrument": position.instrument(), "quantity": position.quantity(),
                    "entry": position.average_entry(), "price": price, "open_profit": open,
                    "stop": bracket.and_then(|bracket| bracket.stop),
                    "target": bracket.and_then(|bracket| bracket.target),
                })
            };
            account.into_iter().flat_map(|account| account.portfolio.open_positions()).map(view).collect()
        }
        Request::Proposals => engine.proposals().map(|proposal| json!(proposal)).collect(),
        Request::Act(_) => json!({"done": true}),
    }
}

//! `bot --break`: a venue and a bot on this machine. An answer gets lost, the bot is killed in the middle of an order and
//! started again, and what it wanted is compared with what exists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use qtp_core::port::{Execution as _, JournalRecord};
use qtp_core::{ClientOrderId, Decimal, Event, Intent, Timestamp, TradeId};
use qtp_engine::driver::live::random_run_id;
use qtp_exchange::hyperliquid::sign::{Network, PrivateKey};
use qtp_exchange::hyperliquid::{Hyperliquid, HyperliquidConfig};
use qtp_exchange::sim_server::{SimServer, SimServerConfig, faults};
use qtp_store::FolderJournal;
use serde_json::Value;
use tokio::net::TcpListener;

use super::args::BotArgs;
use super::folder::RunFolder;
use crate::exit::Failure;

/// The venue carries the first order out and says nothing of it.
const FAULTS: &str = "[[fault]]\non = \"exchange:order\"\ndo = \"drop_reply\"\nnth = 1\n";
/// The bot dies when this many commands have left.
const DIES: &str = "after-send:3";
/// Longest that either half of the run may take.
const PATIENCE: Duration = Duration::from_secs(360);
/// How long the bot goes on after its restart.
const GOES_ON: &str = "3m";

/// Runs the demonstration.
///
/// # Errors
/// If an order exists twice or is lost, a fill is missing, or the books differ.
pub(super) fn run(args: &BotArgs) -> Result<(), Failure> {
    let runs = args.runs.clone().unwrap_or_else(|| "data/break".into()).join(random_run_id().to_string());
    std::fs::create_dir_all(&runs)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let key = throwaway_key()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let host = listener.local_addr()?.to_string();
        let server = SimServer::new(SimServerConfig {
            accounts: vec![(key.parse::<PrivateKey>()?.address(), Decimal::from(10_000))],
            faults: written_faults(&runs)?,
            ..SimServerConfig::default()
        })?;
        println!("venue    http://{host}, synthetic BTC; the answer to the first order will be lost");
        drop(tokio::spawn(server.serve(listener)));
        let bot = Bot { runs: &runs, host: &host, key: &key };
        println!("bot      starts; it will be killed as {DIES}");
        let died = bot.run(&["--crash-at", DIES]).await?;
        println!(
            "bot      {}",
            if died.code().is_none() { "killed with SIGKILL".to_owned() } else { died.to_string() }
        );
        println!("bot      starts again and goes on for {GOES_ON}");
        let ended = bot.run(&["--duration", GOES_ON]).await?;
        if !ended.success() {
            return Err(format!("the second half ended with {ended}").into());
        }
        let folder = RunFolder::latest(&runs)?;
        compare(&folder, &client(&host, &key)?).await
    })
}

/// A key that nobody has used and nobody will.
fn throwaway_key() -> Result<String, Failure> {
    let draw = || (0..4).map(|_| format!("{:016x}", random_run_id().0)).collect::<String>();
    // Nearly every number is a key.
    (0..8)
        .map(|_| format!("0x{}", draw()))
        .find(|text| text.parse::<PrivateKey>().is_ok())
        .ok_or_else(|| "no key".into())
}

fn written_faults(runs: &Path) -> Result<Vec<faults::Rule>, Failure> {
    let path = runs.join("faults.toml");
    std::fs::write(&path, FAULTS)?;
    Ok(faults::read(&path)?)
}

fn client(host: &str, key: &str) -> Result<Hyperliquid, Failure> {
    let mut config = HyperliquidConfig::new(Network::Testnet, "compare".parse()?).host(host);
    config.key = Some(key.parse()?);
    Ok(Hyperliquid::new(config)?)
}

struct Bot<'a> {
    runs: &'a Path,
    host: &'a str,
    key: &'a str,
}

impl Bot<'_> {
    /// Runs this program as a bot against the venue until it ends.
    async fn run(&self, more: &[&str]) -> Result<ExitStatus, Failure> {
        let url = format!("http://{}", self.host);
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["--mode", "live", "--venue", "hyperliquid", "--network", "testnet", "--url", &url])
            .args(["--assets", "BTC", "--interval", "1m", "--strategy", "every-candle", "--runs"])
            .arg(self.runs)
            .args(more)
            .env("HYPERLIQUID_PRIVATE_KEY", self.key)
            // A strategy that loses the spread each time would be held back otherwise.
            .env("QTP__RISK__COOLDOWN_SECS", "0")
            .env("QTP__RISK__MAX_LOSSES_IN_ROW", "off");
        let mut child = tokio::process::Command::from(command).kill_on_drop(true).spawn()?;
        let waited = tokio::time::timeout(PATIENCE, child.wait()).await;
        Ok(waited.map_err(|_| format!("the bot did not end within {} s", PATIENCE.as_secs()))??)
    }
}

/// What a journal says of a run's orders and fills.
#[derive(Debug, Default)]
struct Journaled {
    intended: BTreeSet<ClientOrderId>,
    /// Found to have never reached the venue.
    absent: BTreeSet<ClientOrderId>,
    fills: BTreeSet<TradeId>,
    first: Option<Timestamp>,
}

impl Journaled {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let mut journaled = Self::default();
        for record in FolderJournal::read(folder.join("journal"), 0)? {
            let record = record?;
            journaled.first = journaled.first.or(Some(record.time()));
            match record {
                JournalRecord::Command(record) => {
                    if let Intent::Submit(group) = &record.intent {
                        journaled.intended.extend(group.orders().map(|order| order.client_order_id));
                    }
                }
                JournalRecord::Event(record) => match record.event {
                    Event::Fill(fill) => {
                        journaled.fills.insert(fill.trade_id);
                    }
                    Event::OrderAbsent { client_order_id, .. } => {
                        journaled.absent.insert(client_order_id);
                    }
                    _ => {}
                },
            }
        }
        Ok(journaled)
    }
}

async fn compare(folder: &Path, venue: &Hyperliquid) -> Result<(), Failure> {
    let journaled = Journaled::read(folder)?;
    let since = journaled.first.ok_or("the journal is empty")? - Duration::from_secs(60);
    let mut missing = 0_usize;
    for id in journaled.intended.difference(&journaled.absent) {
        missing += usize::from(venue.order(id).await?.is_none());
    }
    let fills = venue.fills_since(since).await?;
    // One order of ours under several ids of the venue was sent twice.
    let mut ids: BTreeMap<Option<ClientOrderId>, BTreeSet<String>> = BTreeMap::new();
    let open = venue.open_orders().await?;
    let named = fills.iter().map(|fill| (fill.client_order_id, &fill.venue_order_id));
    for (ours, theirs) in named.chain(open.iter().map(|order| (order.client_order_id, &order.venue_order_id)))
    {
        ids.entry(ours).or_default().extend(theirs.as_ref().map(ToString::to_string));
    }
    let unknown: usize =
        ids.iter().filter(|(id, _)| id.is_none_or(|id| !journaled.intended.contains(&id))).count();
    let twice = ids.values().filter(|theirs| theirs.len() > 1).count();
    let lost = fills.iter().filter(|fill| !journaled.fills.contains(&fill.trade_id)).count();
    let summary: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("summary.json"))?)?;
    let naked = summary["naked_seconds"].as_f64().unwrap_or(f64::NAN);
    println!();
    let (intended, absent) = (journaled.intended.len(), journaled.absent.len());
    println!("orders   {intended} intended, {absent} never arrived, {missing} lost");
    println!("         {unknown} on the venue that nobody intended, {twice} there twice");
    println!("fills    {} on the venue, {} in the journal, {lost} lost", fills.len(), journaled.fills.len());
    println!("stops    {naked:.3} s without the stop that was asked for");
    println!("journal  {}", folder.join("journal").display());
    if missing + unknown + twice + lost == 0 && journaled.fills.len() == fills.len() && !fills.is_empty() {
        println!("nothing was sent twice, nothing was lost");
        return Ok(());
    }
    Err("the books of bot and venue differ".into())
}

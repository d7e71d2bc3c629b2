//! `bot --break`: a venue and a bot on this machine. An answer gets lost, the bot is killed in the middle of an order and
//! started again, and what it wanted is compared with what exists.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use qtp_core::Decimal;
use qtp_engine::driver::live::random_run_id;
use qtp_exchange::hyperliquid::sign::PrivateKey;
use qtp_exchange::sim_server::{SimServer, SimServerConfig, faults};
use qtp_store::FolderJournal;
use serde_json::Value;
use tokio::net::TcpListener;

use super::args::BotArgs;
use super::audit::{Audit, Journaled};
use super::folder::RunFolder;
use super::throwaway;
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
        let key = throwaway::key()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let host = listener.local_addr()?.to_string();
        let server = SimServer::new(SimServerConfig {
            accounts: vec![(key.parse::<PrivateKey>()?.address(), Decimal::from(10_000))],
            faults: written_faults(&runs)?,
            ..SimServerConfig::default()
        })?;
        say!("venue    http://{host}, synthetic BTC; the answer to the first order will be lost");
        drop(tokio::spawn(server.clone().serve(listener)));
        let bot = Bot { runs: &runs, host: &host, key: &key };
        say!("bot      starts; it will be killed as {DIES}");
        let died = bot.run(&["--crash-at", DIES]).await?;
        say!(
            "bot      {}",
            if died.code().is_none() { "killed with SIGKILL".to_owned() } else { died.to_string() }
        );
        say!("bot      starts again and goes on for {GOES_ON}");
        let ended = bot.run(&["--duration", GOES_ON]).await?;
        if !ended.success() {
            return Err(format!("the second half ended with {ended}").into());
        }
        let folder = RunFolder::latest(&runs)?;
        compare(&folder, &server, &key)
    })
}

fn written_faults(runs: &Path) -> Result<Vec<faults::Rule>, Failure> {
    let path = runs.join("faults.toml");
    std::fs::write(&path, FAULTS)?;
    Ok(faults::read(&path)?)
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

fn compare(folder: &Path, server: &SimServer, key: &str) -> Result<(), Failure> {
    let records = FolderJournal::read(folder.join("journal"), 0)?.collect::<Result<Vec<_>, _>>()?;
    let journaled = Journaled::of(records);
    let audit = Audit::of(&journaled, server, key.parse::<PrivateKey>()?.address())?;
    let summary: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("summary.json"))?)?;
    let naked = summary["naked_seconds"].as_f64().unwrap_or(f64::NAN);
    say!();
    say!("orders   {} intended, {} never arrived, {} lost", audit.intended, audit.absent, audit.lost);
    say!("         {} on the venue that nobody intended, {} there twice", audit.unknown, audit.twice);
    let booked = journaled.fills.len();
    say!("fills    {} on the venue, {booked} in the journal, {} lost", audit.fills, audit.unbooked);
    say!("stops    {naked:.3} s without the stop that was asked for");
    say!("journal  {}", folder.join("journal").display());
    let problems = audit.problems(false);
    if problems.is_empty() && audit.fills > 0 {
        say!("nothing was sent twice, nothing was lost");
        return Ok(());
    }
    Err(format!("the books of bot and venue differ: {}", problems.join(", ")).into())
}

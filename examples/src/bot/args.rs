//! The command line of `bot`. Without arguments it is the demo.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use qtp_core::{Timeframe, Timestamp};
use qtp_llm::EngineSpec;
use serde::{Deserialize, Serialize};

use super::crash::CrashPoint;
use super::matrix::Dying;
use super::pace::Pace;
use crate::venues::Network;

/// Which market and which venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Synthetic market, simulated venue, faster than real time
    #[default]
    Demo,
    /// A market at its own pace, simulated execution
    Paper,
    /// A venue's market and its orders
    Live,
}

/// Whether new risk waits for an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approve {
    /// Decisions are carried out at once
    #[default]
    Auto,
    /// Decisions wait for `botctl approve`
    Manual,
}

/// Runs the bot. With no arguments: the demo on a synthetic market, with no key and no network.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "bot", version)]
pub struct BotArgs {
    /// Market and venue [default: demo]
    #[arg(long, value_enum)]
    pub mode: Option<Mode>,
    /// Venue [default: synthetic]
    #[arg(long, value_name = "V")]
    pub venue: Option<String>,
    /// Network of a venue; must be given for live trading [default: mainnet's public data on paper]
    #[arg(long, value_enum)]
    pub network: Option<Network>,
    /// Another address of the venue's API, such as http://127.0.0.1:3001
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Assets, such as BTC,ETH [default: BTC,ETH,SOL]
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub assets: Option<Vec<String>>,
    /// Candle file of an asset, an hour wide at most: a recorded market instead of the synthetic one
    #[arg(long, value_name = "ASSET=FILE", value_parser = asset_file)]
    pub candles: Vec<(String, PathBuf)>,
    /// Funding rates of an asset of the recorded market: CSV with a time and a rate column
    #[arg(long, value_name = "ASSET=FILE", value_parser = asset_file)]
    pub funding: Vec<(String, PathBuf)>,
    /// Where the recorded market begins [default: the files' first candle]
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Time between decisions [default: 5m]
    #[arg(long, value_name = "T")]
    pub interval: Option<Timeframe>,
    /// Strategy: decision-loop, momentum, scalping, swing [default: decision-loop]
    #[arg(long, value_name = "S")]
    pub strategy: Option<String>,
    /// Strategy as a JSON document; it must set stops
    #[arg(long, value_name = "FILE.json", conflicts_with = "strategy")]
    pub strategy_file: Option<PathBuf>,
    /// Decision engine: rules, openrouter:MODEL, openai:MODEL, ollama:MODEL, gemini:MODEL, anthropic:MODEL or replay:FILE [default: rules]
    #[arg(long, value_name = "SPEC")]
    pub llm: Option<EngineSpec>,
    /// Log every call of a model into the run folder: llm_requests.log (JSON lines) and prompts.log (text)
    #[arg(long)]
    pub log_llm: bool,
    /// Whether decisions wait for an operator [default: auto]
    #[arg(long, value_enum)]
    pub approve: Option<Approve>,
    /// Settings as a TOML file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Simulated seconds per second, or max [default: 1 in paper mode; 3000 for three days, then 1, in the demo]
    #[arg(long, value_name = "X")]
    pub speed: Option<Pace>,
    /// Stop after this much simulated time, such as 3d
    #[arg(long, value_name = "D")]
    pub duration: Option<Timeframe>,
    /// Seed of the synthetic market [default: 42]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Start a new run instead of going on with the last one
    #[arg(long)]
    pub fresh: bool,
    /// Folder of all runs [default: ./data/runs]
    #[arg(long, value_name = "DIR")]
    pub runs: Option<PathBuf>,
    /// Record what the market says into compressed files in this folder; `backtest --recording DIR` runs it again
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Show what holds when things break: a venue and a bot on this machine, a lost answer, a kill in the middle of an
    /// order, a restart, and the books compared; takes five minutes
    #[arg(long = "break", conflicts_with_all = ["mode", "venue", "config"])]
    pub break_it: bool,
    /// With --break: every fault at every step of an order's life instead, as a table
    #[arg(long, requires = "break_it")]
    pub matrix: bool,
    /// With --matrix: only faults whose name holds this
    #[arg(long, value_name = "WORDS", requires = "matrix")]
    pub only: Option<String>,
    /// The process that --matrix kills: a bot with its journal here
    #[arg(long, value_name = "DIR", hide = true)]
    pub matrix_bot: Option<PathBuf>,
    /// Where that process dies: STEP:before|after
    #[arg(long, hide = true, requires = "matrix_bot")]
    pub die: Option<Dying>,
    /// Kill this process at the N-th passing of a point, for crash tests: POINT:N
    #[arg(long, hide = true)]
    pub crash_at: Option<CrashPoint>,
    /// Keep writes in memory until they are synced, as a power cut would lose them
    #[arg(long, hide = true)]
    pub lose_unsynced: bool,
}

/// Reads `ASSET=FILE`.
///
/// # Errors
/// What was expected.
pub fn asset_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((asset, path)) if !asset.is_empty() && !path.is_empty() => Ok((asset.to_owned(), path.into())),
        _ => Err("expected ASSET=FILE".to_owned()),
    }
}

//! The command line of `leaderboard`.

use std::path::PathBuf;

use clap::Parser;
use qtp_core::{Timeframe, Timestamp};
use qtp_llm::EngineSpec;

/// Compares models or prompts over the same market: return, drawdown, calibration, cost, grounding, repairs.
#[derive(Debug, Clone, Parser)]
#[command(name = "leaderboard", version)]
pub struct LeaderboardArgs {
    /// Decision engines, such as openai:gpt-4.1-mini,ollama:qwen3:8b,rules
    #[arg(long, value_delimiter = ',', value_name = "SPEC,SPEC", required = true)]
    pub models: Vec<EngineSpec>,
    /// Runs of each model: a model that samples decides differently each time
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub repeats: u32,
    /// Candle file of an asset, an hour wide at most [default: the synthetic market]
    #[arg(long, value_name = "ASSET=FILE", value_parser = crate::bot::asset_file)]
    pub candles: Vec<(String, PathBuf)>,
    /// Funding rates of an asset of the candle files: CSV with a time and a rate column
    #[arg(long, value_name = "ASSET=FILE", value_parser = crate::bot::asset_file)]
    pub funding: Vec<(String, PathBuf)>,
    /// Where the recorded market begins [default: the files' first candle]
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// How long each run goes on, such as 7d [default: to the end of the candle files]
    #[arg(long, value_name = "D")]
    pub duration: Option<Timeframe>,
    /// Assets [default: those of the candle files]
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub assets: Option<Vec<String>>,
    /// Time between decisions [default: 5m]
    #[arg(long, value_name = "T")]
    pub interval: Option<Timeframe>,
    /// Seed of the synthetic market [default: 42]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The bot's settings as TOML files: prompt, tools, budget, mask, council, risk; each model runs with each of them
    #[arg(long, value_delimiter = ',', value_name = "FILE,FILE")]
    pub config: Vec<PathBuf>,
    /// Folder of recordings: what it holds is not asked again
    #[arg(long, value_name = "DIR")]
    pub recordings: Option<PathBuf>,
    /// Use the recordings alone; a question that is not in them holds
    #[arg(long, requires = "recordings")]
    pub hermetic: bool,
    /// Ask each model for so many daily closes of the first asset that it should not know
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub probe: u32,
    /// Write the table as Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write everything as JSON
    #[arg(long, value_name = "FILE")]
    pub json_file: Option<PathBuf>,
    /// JSON on standard output instead of the table
    #[arg(long)]
    pub json: bool,
}

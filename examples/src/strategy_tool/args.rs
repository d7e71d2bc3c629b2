//! The command line of `strategy`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use qtp_core::{Decimal, Quantity, Ratio, Timeframe};
use qtp_llm::EngineSpec;

use crate::backtest::{AccountChoice, CandleArg};
use crate::percent::Percent;

/// Strategy files: check them, print their schema, have a model write them.
#[derive(Debug, Clone, Parser)]
#[command(name = "strategy", version)]
pub struct StrategyArgs {
    /// What to do
    #[command(subcommand)]
    pub command: StrategyCommand,
}

/// What `strategy` does.
#[derive(Debug, Clone, Subcommand)]
pub enum StrategyCommand {
    /// Read a strategy file and resolve every name in it
    Check(CheckArgs),
    /// Print the JSON schema of a strategy file
    Schema,
    /// Have a model write strategy files until one holds in and out of sample
    Generate(Box<GenerateArgs>),
}

/// What `strategy check` takes.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Strategy file
    #[arg(value_name = "FILE.json")]
    pub file: PathBuf,
    /// Candles that it is checked for, if it names none
    #[arg(long, value_name = "T", default_value = "1h")]
    pub timeframe: Timeframe,
}

/// What `strategy generate` takes.
#[derive(Debug, Clone, Args)]
pub struct GenerateArgs {
    /// What the strategy is to do, in words
    #[arg(long, value_name = "TEXT")]
    pub idea: String,
    /// Candle file, CSV or gzip; of several markets, on each of which a document must hold, with their ids
    #[arg(long, value_name = "[ID=]FILE", required = true)]
    pub candles: Vec<CandleArg>,
    /// Model: openrouter:MODEL, openai:MODEL, ollama:MODEL, gemini:MODEL, anthropic:MODEL or replay:FILE
    #[arg(long, value_name = "SPEC")]
    pub llm: EngineSpec,
    /// Another address of the model's API
    #[arg(long, value_name = "URL")]
    pub llm_url: Option<String>,
    /// Model cards as TOML: under a cap in dollars a model needs its price
    #[arg(long, value_name = "FILE")]
    pub cards: Option<PathBuf>,
    /// Record every reply, for replay:FILE
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Most dollars
    #[arg(long, value_name = "USD")]
    pub budget_usd: Option<Decimal>,
    /// Most tokens
    #[arg(long, value_name = "N")]
    pub budget_tokens: Option<u64>,
    /// Documents that the model may hand in
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub attempts: u32,
    /// Fewest round trips in sample
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub min_round_trips: u64,
    /// Fewest round trips out of sample
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub min_round_trips_out: u64,
    /// Return after costs in sample that must be passed: 5 is five percent
    #[arg(long, value_name = "P", default_value = "0")]
    pub min_return_pct: f64,
    /// Deepest fall from a peak, in either part: 25 is 25 percent
    #[arg(long, value_name = "P", default_value = "25")]
    pub max_drawdown_pct: Percent,
    /// Growth for each candle out of sample, over that in sample, at least
    #[arg(long, value_name = "R", default_value_t = 0.5)]
    pub min_ratio: f64,
    /// Share of the candles that is in sample
    #[arg(long, value_name = "SHARE", default_value_t = 0.7)]
    pub in_sample: f64,
    /// Constraints of the account
    #[arg(long, value_enum, default_value_t = AccountChoice::Unconstrained)]
    pub account: AccountChoice,
    /// Opening cash
    #[arg(long, value_name = "N", default_value = "10000")]
    pub cash: Decimal,
    /// Units of a position where a document says no size
    #[arg(long, value_name = "Q", conflicts_with = "size_fraction")]
    pub size: Option<Quantity>,
    /// Share of equity of a position where a document says no size [default: 1]
    #[arg(long, value_name = "F")]
    pub size_fraction: Option<Ratio>,
    /// Fee of every fill, in basis points
    #[arg(long, value_name = "B", default_value = "5")]
    pub fee_bps: Decimal,
    /// Slippage of market and stop orders against us, in basis points
    #[arg(long, value_name = "B", default_value = "2")]
    pub slippage_bps: Decimal,
    /// Leverage
    #[arg(long, value_name = "L")]
    pub leverage: Option<Ratio>,
    /// Funding rates of a perpetual: CSV with a time and a rate column
    #[arg(long, value_name = "FILE")]
    pub funding: Option<PathBuf>,
    /// Rules of the instrument, as JSON
    #[arg(long, value_name = "FILE")]
    pub instrument_file: Option<PathBuf>,
    /// Width of a candle [default: the most frequent step]
    #[arg(long, value_name = "T")]
    pub timeframe: Option<Timeframe>,
    /// Write the document that passed
    #[arg(long, value_name = "FILE.json")]
    pub out: Option<PathBuf>,
    /// Print the report with every attempt as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

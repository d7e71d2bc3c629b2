//! The command line of `backtest`. What defines the run is also record 0 of its journal.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, ValueEnum};
use qtp_core::{Decimal, InstrumentId, Quantity, Ratio, Timeframe};
use qtp_exchange::candle_file::{TimeIs, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::percent::Percent;
use crate::strategy_file::StrategyDocument;

/// Runs a strategy over candle files on a simulated venue.
#[derive(Debug, Clone, Parser, Serialize, Deserialize)]
#[command(name = "backtest", version)]
#[serde(deny_unknown_fields)]
pub struct BacktestArgs {
    /// Candle file, CSV or gzip; with several, each needs its instrument: BTC-USDT@binance=FILE
    #[arg(long = "candles", value_name = "[ID=]FILE", required_unless_present = "recording")]
    pub candles: Vec<CandleArg>,
    /// A recording instead of candle files: its bot runs again, or with --strategy a strategy over its candles
    #[arg(long, value_name = "DIR", conflicts_with = "candles")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<PathBuf>,
    /// Strategy: none, ema-cross, momentum, scalping, swing, signal-file
    #[arg(long, value_name = "NAME", required_unless_present_any = ["strategy_file", "recording"])]
    pub strategy: Option<String>,
    /// Strategy as a JSON document
    #[arg(long, value_name = "FILE.json", conflicts_with_all = ["strategy", "params", "long_only", "stop_pct", "take_pct"])]
    #[serde(skip)]
    pub strategy_file: Option<PathBuf>,
    /// The document that the file held: part of what defines the run.
    #[arg(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy_document: Option<StrategyDocument>,
    /// Parameter of the strategy, such as fast=12
    #[arg(long = "param", value_name = "K=V")]
    pub params: Vec<ParamArg>,
    /// Constraints of the account
    #[arg(long, value_enum, default_value_t = AccountChoice::Unconstrained)]
    pub account: AccountChoice,
    /// Opening cash
    #[arg(long, value_name = "N", default_value = "10000")]
    #[serde(with = "qtp_core::serde_decimal")]
    pub cash: Decimal,
    /// Units of a position [default: 1]
    #[arg(long, value_name = "Q", conflicts_with = "size_fraction")]
    pub size: Option<Quantity>,
    /// Share of equity, times leverage, of a position; sized at the fill, fees included
    #[arg(long, value_name = "F")]
    pub size_fraction: Option<Ratio>,
    /// Round sizes by share down to whole units
    #[arg(long)]
    pub whole_units: bool,
    /// Never short (signal-file)
    #[arg(long)]
    pub long_only: bool,
    /// Fee of every fill, in basis points of notional
    #[arg(long, value_name = "B", conflicts_with_all = ["maker_fee_bps", "taker_fee_bps"])]
    pub fee_bps: Option<Decimal>,
    /// Fee of fills that made liquidity, in basis points; negative is a rebate
    #[arg(long, value_name = "B", allow_negative_numbers = true)]
    pub maker_fee_bps: Option<Decimal>,
    /// Fee of fills that took liquidity, in basis points
    #[arg(long, value_name = "B")]
    pub taker_fee_bps: Option<Decimal>,
    /// Slippage of market and stop orders against us, in basis points
    #[arg(long, value_name = "B")]
    pub slippage_bps: Option<Decimal>,
    /// Leverage; on an unconstrained account orders that it cannot pay for are then refused
    #[arg(long, value_name = "L")]
    pub leverage: Option<Ratio>,
    /// Funding rates of a perpetual: CSV with a time and a rate column
    #[arg(long, value_name = "FILE")]
    pub funding: Option<PathBuf>,
    /// Candles of the mark price, for triggers and liquidation
    #[arg(long, value_name = "FILE")]
    pub mark_candles: Option<PathBuf>,
    /// Rules of the instruments, as JSON: one object or a list
    #[arg(long, value_name = "FILE")]
    pub instrument_file: Option<PathBuf>,
    /// Width of a candle [default: the most frequent step]
    #[arg(long, value_name = "T")]
    pub timeframe: Option<Timeframe>,
    /// Whether times name the open or the close of a candle
    #[arg(long, value_name = "open|close", default_value = "open")]
    pub time_is: TimeIs,
    /// Unit of Unix times: s, ms, us or ns [default: told from the first row]
    #[arg(long, value_name = "U")]
    pub time_unit: Option<TimeUnit>,
    /// Stop, in percent of the signal candle's close: 2 or 2% (0.02 is read as a fraction) (signal-file)
    #[arg(long, value_name = "P")]
    pub stop_pct: Option<Percent>,
    /// Target, in percent of the signal candle's close (signal-file)
    #[arg(long, value_name = "P")]
    pub take_pct: Option<Percent>,
    /// Close the last position at the last close
    #[arg(long)]
    pub close_at_end: bool,
    /// Write a journal that `replay` can verify
    #[arg(long, value_name = "PATH")]
    #[serde(skip)]
    pub journal: Option<PathBuf>,
    /// Print the summary as JSON on standard output
    #[arg(long)]
    #[serde(skip)]
    pub json: bool,
    /// Write round trips as CSV
    #[arg(long, value_name = "F")]
    #[serde(skip)]
    pub trades_csv: Option<PathBuf>,
    /// Write the equity at every close as CSV
    #[arg(long, value_name = "F")]
    #[serde(skip)]
    pub equity_csv: Option<PathBuf>,
    /// Write a report: one HTML page that needs no network
    #[arg(long, value_name = "F.html")]
    #[serde(skip)]
    pub report: Option<PathBuf>,
}

impl BacktestArgs {
    /// These arguments with the strategy file read.
    ///
    /// # Errors
    /// A file that cannot be read, or is no strategy.
    pub fn with_document(&self) -> Result<Self, Failure> {
        let mut args = self.clone();
        if let Some(path) = &self.strategy_file {
            let document = StrategyDocument::read(path)?;
            args.strategy = Some(document.parse()?.name);
            args.strategy_document = Some(document);
        }
        Ok(args)
    }

    /// Name of the strategy.
    pub fn strategy_name(&self) -> &str {
        self.strategy.as_deref().unwrap_or("none")
    }
}

/// Constraints of a backtest's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountChoice {
    /// No margin, no funds check, no risk limits
    Unconstrained,
    /// Pays in full; sells only what it has
    Spot,
    /// Cross margin, liquidation, risk limits
    Perp,
}

/// A candle file and whose candles it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandleArg {
    /// Instrument, where it was named.
    pub instrument: Option<InstrumentId>,
    /// File.
    pub file: PathBuf,
}

impl FromStr for CandleArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A path may hold `=` too: only an id holds `@` before it.
        match text.split_once('=').filter(|(id, _)| id.contains('@')) {
            Some((id, file)) => {
                let instrument = id.parse().map_err(|error| format!("{error}"))?;
                Ok(Self { instrument: Some(instrument), file: file.into() })
            }
            None => Ok(Self { instrument: None, file: text.into() }),
        }
    }
}

/// A parameter of a strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParamArg {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

impl FromStr for ParamArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=VALUE"))?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

//! Settings of the bot: defaults, a TOML file, the environment, flags, in this order.

use std::collections::BTreeMap;
use std::path::PathBuf;

use qtp_core::{Decimal, Ratio, Timeframe, Timestamp};
use qtp_exchange::sim::{Delay, FeeModel, SimVenueConfig, Slippage};
use qtp_llm::LlmSettings;
use qtp_risk::RiskLimits;
use serde::{Deserialize, Serialize};

use super::args::{Approve, BotArgs, Mode};
use super::facts::{VenueFacts, synthetic};
use super::keeping::Keeping;
use crate::exit::Failure;
use crate::strategy_file::StrategyDocument;
use crate::venues::{Network, SOURCES, VENUES};

/// Everything that defines a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BotSettings {
    /// Market and strategy.
    pub trading: Trading,
    /// Limits.
    pub risk: RiskLimits,
    /// The simulated venue.
    pub venue: SimVenueConfig,
    /// How the run goes.
    pub run: Run,
    /// What the venue said when the run began: written by the bot, not by people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<VenueFacts>,
    /// How the run is kept. It changes nothing of what a run does, so it is no part of what the run is.
    #[serde(skip_serializing)]
    pub journal: Keeping,
    /// How models are asked. What they answered stands in the journal, so it is no part of what the run is.
    #[serde(skip_serializing)]
    pub llm: LlmSettings,
}

/// Market and strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trading {
    /// Market and venue.
    pub mode: Mode,
    /// Venue.
    pub venue: String,
    /// Network of a venue: testnet or mainnet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Another address of the venue's API, such as a simulated venue on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Assets.
    pub assets: Vec<String>,
    /// Candle files by asset, an hour wide at most: a recorded market in the place of the synthetic one, in `demo` mode.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub candles: BTreeMap<String, PathBuf>,
    /// Funding rates by asset of a recorded market.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub funding: BTreeMap<String, PathBuf>,
    /// Where a recorded market begins; at the files' first candle if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Time between decisions.
    pub interval: Timeframe,
    /// Strategy.
    pub strategy: String,
    /// Strategy file, for the strategy `strategy-file`.
    #[serde(skip_serializing)]
    pub strategy_file: Option<PathBuf>,
    /// What the strategy file held when the run began: written by the bot, not by people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy_document: Option<StrategyDocument>,
    /// Decision engine.
    pub llm: String,
    /// Whether decisions wait for an operator.
    pub approve: Approve,
    /// Opening cash in USD.
    #[serde(with = "qtp_core::serde_decimal")]
    pub cash: Decimal,
    /// Leverage.
    pub leverage: Ratio,
    /// Share of equity that a position may lose at its stop.
    pub risk_per_trade: Ratio,
    /// Stop of advice without one, as a share of the price.
    pub stop_loss: Option<Ratio>,
}

/// How the run goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// Seed of the synthetic market.
    pub seed: u64,
    /// Simulated milliseconds between a decision request and its answer.
    pub decision_delay_ms: u64,
}

impl Default for BotSettings {
    fn default() -> Self {
        Self {
            trading: Trading::default(),
            risk: RiskLimits::default(),
            venue: venue_defaults(),
            run: Run::default(),
            facts: None,
            journal: Keeping::default(),
            llm: LlmSettings::default(),
        }
    }
}

impl Default for Trading {
    fn default() -> Self {
        Self {
            mode: Mode::Demo,
            venue: "synthetic".to_owned(),
            network: None,
            url: None,
            assets: ["BTC", "ETH", "SOL"].map(str::to_owned).to_vec(),
            candles: BTreeMap::new(),
            funding: BTreeMap::new(),
            from: None,
            interval: Timeframe::M5,
            strategy: "decision-loop".to_owned(),
            strategy_file: None,
            strategy_document: None,
            llm: "rules".to_owned(),
            approve: Approve::Auto,
            cash: Decimal::from(10_000),
            leverage: ratio(3, 0),
            risk_per_trade: ratio(1, 2),
            stop_loss: None,
        }
    }
}

impl Default for Run {
    fn default() -> Self {
        Self { seed: 42, decision_delay_ms: 2_000 }
    }
}

fn ratio(digits: i64, scale: u32) -> Ratio {
    Ratio::new(Decimal::new(digits, scale)).unwrap_or_default()
}

/// A perpetual venue as people find it: 1.5 and 4.5 basis points, one of slippage.
fn venue_defaults() -> SimVenueConfig {
    SimVenueConfig {
        fees: FeeModel { maker: ratio(15, 5), taker: ratio(45, 5), ..FeeModel::default() },
        slippage: Slippage::Fixed(ratio(1, 4)),
        liquidation: true,
        leverage: ratio(3, 0),
        ..SimVenueConfig::default()
    }
}

/// Beginnings of a decision engine's name; a bare model belongs to the first.
const ENGINES: [&str; 6] = ["openrouter:", "ollama:", "openai:", "gemini:", "anthropic:", "replay:"];

/// Keys whose values are whole numbers.
const INTEGERS: [&str; 9] = [
    "seed",
    "decision_delay_ms",
    "history",
    "max_open_orders",
    "checkpoint_every",
    "segment_kib",
    "keep_mib",
    "keep_days",
    "min_free_mib",
];

/// Strategies that set the stop which their size follows from.
const STRATEGIES: [&str; 6] =
    ["decision-loop", "momentum", "scalping", "swing", "every-candle", STRATEGY_FILE];

/// The name under which a strategy file runs.
pub(super) const STRATEGY_FILE: &str = "strategy-file";

/// Short names in the environment, and where they go.
const SHORT_NAMES: [(&str, &str, &str); 7] = [
    ("ASSETS", "trading", "assets"),
    ("INTERVAL", "trading", "interval"),
    ("TRADING_MODE", "trading", "approve"),
    ("LLM_MODEL", "trading", "llm"),
    ("HYPERLIQUID_NETWORK", "trading", "network"),
    ("MAX_LEVERAGE", "risk", "max_leverage"),
    ("MAX_DAILY_LOSS", "risk", "max_daily_loss"),
];

impl BotSettings {
    /// Reads all layers.
    ///
    /// # Errors
    /// Every problem at once, each with where it was set.
    pub fn load(args: &BotArgs, environment: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let mut table = match &args.config {
            Some(path) => read_table(path)?,
            None => toml::Table::new(),
        };
        overlay_environment(&mut table, environment)?;
        let mut settings: Self = table.try_into().map_err(|error| {
            let place =
                args.config.as_ref().map_or_else(|| "settings".to_owned(), |path| path.display().to_string());
            format!("{place}: {error}")
        })?;
        settings.overlay_flags(args);
        if let Some(path) = &settings.trading.strategy_file {
            settings.trading.strategy_document = Some(StrategyDocument::read(path)?);
        }
        let problems = settings.validate();
        if problems.is_empty() { Ok(settings) } else { Err(problems.join("; ").into()) }
    }

    fn overlay_flags(&mut self, args: &BotArgs) {
        let trading = &mut self.trading;
        set(&mut trading.mode, args.mode.as_ref());
        set(&mut trading.venue, args.venue.as_ref());
        trading.network = args.network.or(trading.network);
        trading.url = args.url.clone().or_else(|| trading.url.take());
        if !args.candles.is_empty() {
            trading.candles = args.candles.iter().cloned().collect();
            trading.assets = trading.candles.keys().cloned().collect();
        }
        if !args.funding.is_empty() {
            trading.funding = args.funding.iter().cloned().collect();
        }
        set(&mut trading.assets, args.assets.as_ref());
        trading.from = args.from.or(trading.from);
        set(&mut trading.interval, args.interval.as_ref());
        set(&mut trading.strategy, args.strategy.as_ref());
        if let Some(path) = &args.strategy_file {
            trading.strategy_file = Some(path.clone());
            STRATEGY_FILE.clone_into(&mut trading.strategy);
        }
        set(&mut trading.approve, args.approve.as_ref());
        set(&mut self.run.seed, args.seed.as_ref());
        if let Some(llm) = &args.llm {
            trading.llm = llm.to_string();
        }
    }

    /// Every problem, as `section.key: problem`.
    pub fn validate(&self) -> Vec<String> {
        let mut problems: Vec<String> =
            self.risk.validate().into_iter().map(|p| format!("risk.{p}")).collect();
        problems.extend(self.venue.validate().into_iter().map(|p| format!("venue.{p}")));
        problems.extend(self.journal.validate().into_iter().map(|p| format!("journal.{p}")));
        if self.venue.latency.data != Delay::None {
            problems.push("venue.latency.data: delayed market data is not modelled over candles".to_owned());
        }
        let trading = &self.trading;
        let mut check = |ok: bool, problem: &str| {
            if !ok {
                problems.push(format!("trading.{problem}"));
            }
        };
        trading.check_market(&mut check);
        let name = trading.strategy.as_str();
        let known = STRATEGIES.contains(&name);
        check(known, &format!("strategy: {name:?} is not one that sets stops: {}", STRATEGIES.join(", ")));
        let document = trading.strategy_document.as_ref();
        let file = document.map(StrategyDocument::parse).transpose();
        if let Err(problem) = &file {
            check(false, &format!("strategy_file: {problem}"));
        }
        let sets_stop = file.ok().flatten().is_none_or(|file| file.stop.is_some());
        check(sets_stop, "strategy_file: the bot takes only a strategy with a `stop`");
        check(
            (name == STRATEGY_FILE) == document.is_some(),
            "strategy_file: goes with the strategy `strategy-file`, and the other way round",
        );
        check(trading.cash > Decimal::ZERO, "cash: must be above 0");
        check(trading.leverage >= Ratio::ONE, "leverage: must be 1 or more");
        let risk = trading.risk_per_trade;
        check(risk.signum() > 0 && risk <= Ratio::ONE, "risk_per_trade: must be above 0 and at most 1");
        let minutes = trading.interval.as_nanos() % Timeframe::M1.as_nanos() == 0;
        check(minutes, "interval: must be whole minutes");
        trading.check_venue(&mut check);
        problems
    }
}

impl Trading {
    /// What is traded, and where its prices come from.
    fn check_market(&self, check: &mut impl FnMut(bool, &str)) {
        check(!self.assets.is_empty(), "assets: at least one is needed");
        let recorded = self.mode == Mode::Demo || self.candles.is_empty();
        check(recorded, "candles: a recorded market runs in `demo` mode only");
        let modelled = self.funding.is_empty() || !self.candles.is_empty();
        check(modelled, "funding: rates belong to a recorded market; give `candles`");
        for (name, files) in [("candles", &self.candles), ("funding", &self.funding)] {
            for asset in self.assets.iter().filter(|_| !files.is_empty()) {
                check(files.contains_key(asset), &format!("{name}: there is no file of {asset}"));
            }
        }
        for asset in self.assets.iter().filter(|_| synthetic(self)) {
            let known = ["BTC", "ETH", "SOL"].contains(&asset.as_str());
            check(known, &format!("assets: the synthetic market has BTC, ETH and SOL, not {asset:?}"));
        }
    }

    fn check_venue(&self, check: &mut impl FnMut(bool, &str)) {
        let (venue, live) = (self.venue.as_str(), self.mode == Mode::Live);
        let source = SOURCES.contains(&venue);
        let names = || VENUES.iter().chain(&SOURCES).copied().collect::<Vec<_>>().join(", ");
        let known = source || VENUES.contains(&venue);
        check(known, &format!("venue: {venue:?} is not one of {}", names()));
        let takes_orders =
            format!("venue: {venue} is a source of data that takes no orders; use --mode paper");
        check(!source || !live, &takes_orders);
        let demo = self.mode == Mode::Demo;
        check(!demo || venue == "synthetic", "venue: the demo runs on `synthetic`; use --mode paper");
        check(!live || venue != "synthetic", "mode: live needs a venue beside `synthetic`");
        let named = !live || self.network.is_some();
        check(named, "network: live trading needs --network testnet or --network mainnet");
    }
}

fn set<T: Clone>(place: &mut T, flag: Option<&T>) {
    if let Some(value) = flag {
        place.clone_from(value);
    }
}

fn read_table(path: &PathBuf) -> Result<toml::Table, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    Ok(text.parse().map_err(|error| format!("{name}: {error}"))?)
}

fn overlay_environment(
    table: &mut toml::Table,
    environment: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    for (name, section, key) in SHORT_NAMES {
        if let Some(value) = environment.get(name) {
            let spec = value == "rules" || ENGINES.iter().any(|engine| value.starts_with(engine));
            let model = name == "LLM_MODEL" && !spec;
            let value = if model { format!("openrouter:{value}") } else { value.clone() };
            put(table, section, key, &value)?;
        }
    }
    if let Some(value) = environment.get("MAX_POSITION_SIZE") {
        let number: Decimal =
            value.parse().map_err(|error| format!("MAX_POSITION_SIZE: {value:?}: {error}"))?;
        let key = if number <= Decimal::ONE { "max_position" } else { "max_position_notional" };
        put(table, "risk", key, value)?;
    }
    if let Some(value) = environment.get("STOP_LOSS_PCT") {
        let percent: crate::percent::Percent =
            value.parse().map_err(|error| format!("STOP_LOSS_PCT: {error}"))?;
        put(table, "trading", "stop_loss", &percent.ratio().to_string())?;
    }
    for (name, value) in environment {
        let Some(path) = name.strip_prefix("QTP__") else { continue };
        let (section, key) = path.split_once("__").ok_or_else(|| format!("{name}: not QTP__SECTION__KEY"))?;
        put(table, &section.to_lowercase(), &key.to_lowercase(), value)?;
    }
    Ok(())
}

/// Sets one key; what reads as a TOML value is one, everything else is text.
fn put(table: &mut toml::Table, section: &str, key: &str, value: &str) -> Result<(), Failure> {
    let entry = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    let section = entry.as_table_mut().ok_or_else(|| format!("{section}: not a section"))?;
    let value = if key == "assets" {
        toml::Value::Array(value.split(',').map(|asset| asset.trim().to_owned().into()).collect())
    } else {
        match value {
            "true" => toml::Value::Boolean(true),
            "false" => toml::Value::Boolean(false),
            _ => match value.parse::<i64>() {
                Ok(number) if INTEGERS.contains(&key) => toml::Value::Integer(number),
                _ => toml::Value::String(value.to_owned()),
            },
        }
    };
    section.insert(key.to_owned(), value);
    Ok(())
}

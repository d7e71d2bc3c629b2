//! The `leaderboard` command: several models or prompts over the same market, with what each cost and how far it can be believed.

mod args;
mod row;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use qtp_llm::{ChatModel, EngineSpec, LlmSettings, ProbeQuestion, ProbeReport, RecordMode};
use serde::Serialize;

pub use args::LeaderboardArgs;
pub use row::Row;

use crate::bot::{BotArgs, BotSettings, daily_closes, trial, with_keys};
use crate::exit::Failure;

/// What was compared, and how it went.
#[derive(Debug, Serialize)]
pub struct Leaderboard {
    /// Assets.
    pub assets: Vec<String>,
    /// Repeats of each model.
    pub repeats: u32,
    /// Return of buying at the first close and holding.
    pub buy_and_hold: Option<f64>,
    /// One row a model and prompt, the best mean return first.
    pub rows: Vec<Row>,
}

/// Runs `leaderboard`.
///
/// # Errors
/// Settings, files or recordings that cannot be used. A model that fails holds: it is no error here.
pub fn run(args: &LeaderboardArgs, environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    if args.models.is_empty() {
        return Err("--models: at least one is needed".into());
    }
    let contenders = contenders(args, environment)?;
    let mut rows = Vec::with_capacity(contenders.len());
    let (mut buy_and_hold, mut assets) = (None, Vec::new());
    // What a model remembers does not depend on its prompt.
    let mut memories: BTreeMap<String, Option<ProbeReport>> = BTreeMap::new();
    for contender in &contenders {
        let name = &contender.name;
        let mut trials = Vec::new();
        for repeat in 0..args.repeats.max(1) {
            let mut own = contender.settings.clone();
            own.trading.llm = contender.model.to_string();
            record(args, contender, repeat, &mut own.llm)?;
            eprintln!("{name}: run {} of {}", repeat + 1, args.repeats.max(1));
            trials.push(trial(&own, environment, args.duration)?);
        }
        buy_and_hold = trials.first().and_then(|trial| trial.summary.buy_and_hold_return);
        assets.clone_from(&contender.settings.trading.assets);
        let model = contender.model.to_string();
        let memory = match memories.get(&model) {
            Some(known) => known.clone(),
            None => memory(args, contender, environment)?,
        };
        memories.insert(model, memory.clone());
        rows.push(Row::new(name.clone(), &trials, memory));
    }
    rows.sort_by(|left, right| right.mean_return.total_cmp(&left.mean_return));
    let board = Leaderboard { assets, repeats: args.repeats.max(1), buy_and_hold, rows };
    let markdown = table::markdown(&board);
    let json = serde_json::to_string_pretty(&board)?;
    for (path, text) in [(&args.markdown, &markdown), (&args.json_file, &json)] {
        if let Some(path) = path {
            std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    say!("{}", if args.json { json } else { markdown });
    Ok(())
}

/// A model with its settings: its prompt among them.
struct Contender {
    name: String,
    model: EngineSpec,
    settings: BotSettings,
}

/// Each model with each file of settings, which is named where there are several.
fn contenders(
    args: &LeaderboardArgs,
    environment: &BTreeMap<String, String>,
) -> Result<Vec<Contender>, Failure> {
    let files: Vec<Option<&Path>> = match args.config.as_slice() {
        [] => vec![None],
        files => files.iter().map(|file| Some(file.as_path())).collect(),
    };
    let mut contenders = Vec::with_capacity(args.models.len() * files.len());
    let mut names = BTreeSet::new();
    for file in &files {
        let settings = settings(args, *file, environment)?;
        for model in &args.models {
            let stem = file.and_then(Path::file_stem).filter(|_| files.len() > 1);
            let name = stem
                .map_or_else(|| model.to_string(), |stem| format!("{model} with {}", stem.to_string_lossy()));
            if !names.insert(name.clone()) {
                return Err(format!("{name}: named twice; give files of settings different names").into());
            }
            contenders.push(Contender { name, model: model.clone(), settings: settings.clone() });
        }
    }
    Ok(contenders)
}

/// The bot's settings, with the market of the command line.
fn settings(
    args: &LeaderboardArgs,
    config: Option<&Path>,
    environment: &BTreeMap<String, String>,
) -> Result<BotSettings, Failure> {
    let bot = BotArgs {
        config: config.map(Path::to_path_buf),
        candles: args.candles.clone(),
        funding: args.funding.clone(),
        from: args.from,
        assets: args.assets.clone(),
        interval: args.interval,
        seed: args.seed,
        ..BotArgs::default()
    };
    BotSettings::load(&bot, environment)
}

/// Every repeat has a recording of its own, so that a finished comparison can be made again without a call.
fn record(
    args: &LeaderboardArgs,
    contender: &Contender,
    repeat: u32,
    llm: &mut LlmSettings,
) -> Result<(), Failure> {
    let Some(folder) = &args.recordings else { return Ok(()) };
    if matches!(contender.model, EngineSpec::Rules | EngineSpec::Replay { .. }) {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    llm.record = Some(folder.join(format!("{}-{}.jsonl", slug(&contender.name), repeat + 1)));
    llm.record_mode = if args.hermetic { RecordMode::Replay } else { RecordMode::ReplayOrRecord };
    Ok(())
}

fn slug(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' }).collect()
}

/// What a model remembers of the recorded market.
fn memory(
    args: &LeaderboardArgs,
    contender: &Contender,
    environment: &BTreeMap<String, String>,
) -> Result<Option<ProbeReport>, Failure> {
    let Contender { model, settings, .. } = contender;
    let wanted = usize::try_from(args.probe).unwrap_or(usize::MAX);
    if wanted == 0 || *model == EngineSpec::Rules {
        return Ok(None);
    }
    let asset = settings.trading.assets.first().ok_or("--assets: at least one is needed")?;
    if settings.trading.candles.is_empty() {
        return Err("--probe: a synthetic market cannot be remembered; give --candles".into());
    }
    let questions = spread(daily_closes(settings, asset)?, wanted);
    if questions.is_empty() {
        return Err("--probe: the candle files hold no whole day".into());
    }
    let mut llm = with_keys(settings, environment)?;
    record(args, contender, 0, &mut llm)?;
    let model: Arc<dyn ChatModel> = qtp_llm::chat_model(model, &llm)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(Some(runtime.block_on(qtp_llm::probe(&model, asset, &questions))))
}

/// So many of them, evenly over the whole time.
fn spread(questions: Vec<ProbeQuestion>, wanted: usize) -> Vec<ProbeQuestion> {
    let count = questions.len();
    let picked = wanted.min(count);
    (0..picked).filter_map(|index| questions.get(index * count / picked).copied()).collect()
}

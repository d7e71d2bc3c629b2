//! Runs a backtest and writes what was asked for.

use std::io::IsTerminal as _;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use qtp_core::port::{Clock as _, JournalRecord, JournalWriter, SystemClock};
use qtp_core::{Event, InstrumentKind, StoreError};
use qtp_engine::driver::{Recorder, RecorderSettings, Simulation};
use qtp_engine::stats::{Assumption, DayCount, Keep, RunFacts, Summary};
use qtp_store::{Durability, FileJournal};

use super::args::{AccountChoice, BacktestArgs};
use super::build::{Built, build};
use super::output;
use crate::exit::Failure;
use crate::{bot, recording};

/// Candles between two looks at the progress bar.
const PROGRESS_STEP: u64 = 20_000;

/// Runs `backtest`.
///
/// # Errors
/// Input that cannot be read, settings that do not fit, or output that cannot be written.
pub fn run(args: &BacktestArgs) -> Result<(), Failure> {
    if let Some(recording) =
        args.recording.as_deref().filter(|_| args.strategy.is_none() && args.strategy_file.is_none())
    {
        return again(args, recording);
    }
    let started = SystemClock.now();
    let args = &args.with_document()?;
    let (built, mut setup) = build(args, None)?;
    // Only now: arguments that do not fit leave no empty journal behind.
    if let Some(path) = &args.journal {
        setup.journal = Some(Box::new(FileJournal::create(path, Durability::Os)?));
    }
    let mut simulation = Simulation::new(setup);
    let settings = RecorderSettings {
        keep: if args.trades_csv.is_some() || args.report.is_some() { Keep::All } else { Keep::Nothing },
        days: day_count(&built),
        timeframe: built.timeframe,
        charts: args.report.is_some(),
    };
    let mut recorder = Recorder::new(simulation.engine(), built.account.clone(), settings);
    if let Some(path) = &args.equity_csv {
        recorder.set_equity_sink(output::equity_sink(path)?);
    }
    if args.journal.is_some() {
        let start = Event::RunStarted(Box::new(built.start.clone()));
        simulation.inject(start, &mut recorder)?;
        for data in built.data.clone() {
            simulation.inject(Event::DataRef(data), &mut recorder)?;
        }
    } else {
        // The same sequence numbers with and without a journal.
        simulation.skip_records(1 + built.data.len() as u64);
    }
    step_through(&mut simulation, built.candles, &mut recorder)?;
    if args.close_at_end {
        simulation.close_at_end(&mut recorder)?;
    }
    recorder.finish();
    simulation.sync()?;
    let elapsed = SystemClock.now().since(started).as_secs_f64();
    let summary = summary(args, &built, (&simulation, &recorder), elapsed);
    output::write(args, &built, &recorder, &summary)
}

/// Runs the bot of a recording again.
fn again(args: &BacktestArgs, recording: &Path) -> Result<(), Failure> {
    let begun = recording::started(recording)?;
    let begun = begun.ok_or_else(|| {
        format!("{}: no bot made this recording: name a strategy with --strategy", recording.display())
    })?;
    let journal: Box<dyn JournalWriter> = match &args.journal {
        Some(path) => Box::new(FileJournal::create(path, Durability::Os)?),
        None => Box::new(Unkept),
    };
    let outcome = bot::again(recording, &begun, journal, &std::env::vars().collect())?;
    let equity = outcome.equity.map(|equity| equity.to_string());
    let (run_id, events, lost) = (begun.start.run_id.to_string(), outcome.events, outcome.lost);
    if args.json {
        let summary = serde_json::json!({"run_id": run_id, "events": events, "lost": lost, "final_equity": equity,
            "commands_hash": outcome.commands});
        say!("{summary}");
        return Ok(());
    }
    say!("run      {run_id}, again over {events} recorded events, {lost} were left out");
    say!("equity   {}", equity.as_deref().unwrap_or("unknown"));
    say!("commands {}", outcome.commands);
    Ok(())
}

/// A journal that nobody asked for.
struct Unkept;

impl JournalWriter for Unkept {
    fn append(&mut self, _: &JournalRecord) -> Result<(), StoreError> {
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn step_through(simulation: &mut Simulation, candles: u64, recorder: &mut Recorder) -> Result<(), Failure> {
    let bar = if std::io::stderr().is_terminal() {
        let style = ProgressStyle::with_template(
            "{bar:40} {percent:>3} %  {human_pos} of {human_len} candles  {eta}",
        )?;
        ProgressBar::new(candles).with_style(style)
    } else {
        ProgressBar::hidden()
    };
    let mut shown = 0;
    while simulation.step(recorder)?.is_some() {
        if recorder.candles() >= shown + PROGRESS_STEP {
            shown = recorder.candles();
            bar.set_position(shown);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn day_count(built: &Built) -> DayCount {
    let stocks = built.instruments.iter().all(|instrument| instrument.kind == InstrumentKind::Stock);
    if stocks { DayCount::Sessions } else { DayCount::Every }
}

fn summary(
    args: &BacktestArgs,
    built: &Built,
    (simulation, recorder): (&Simulation, &Recorder),
    elapsed: f64,
) -> Summary {
    let engine = simulation.engine();
    let account = engine.state().account(&built.account);
    let currency = account.map(|account| account.portfolio.reporting_currency().to_string());
    let perpetual = built.instruments.iter().any(|instrument| instrument.kind == InstrumentKind::Perpetual);
    let facts = RunFacts {
        strategy: label(args),
        instruments: built.instruments.iter().map(|instrument| instrument.id.to_string()).collect(),
        timeframe: Some(built.timeframe.to_string()),
        currency: currency.unwrap_or_default(),
        synthetic: false,
        candles: recorder.candles(),
        gaps: built.gaps,
        first_time: None,
        last_time: None,
        final_equity: engine.equity(&built.account),
        orders: recorder.orders(),
        naked_seconds: recorder.naked_time(engine).as_secs_f64(),
        max_participation: recorder.max_participation(),
        constraints: constraints(args),
        funding_modelled: perpetual.then_some(args.funding.is_some()),
        assumptions: assumptions(args),
        elapsed_seconds: Some(elapsed),
        run_id: Some(engine.run_id()),
        commands_hash: Some(simulation.command_hash().finish()),
        ..RunFacts::default()
    };
    match recorder.equity() {
        Some(equity) => Summary::new(recorder.ledger(), equity, facts),
        None => Summary { strategy: facts.strategy, ..Summary::default() },
    }
}

fn label(args: &BacktestArgs) -> String {
    let params: Vec<String> =
        args.params.iter().map(|param| format!("{}={}", param.name, param.value)).collect();
    let name = args.strategy_name();
    if params.is_empty() { name.to_owned() } else { format!("{name} {}", params.join(" ")) }
}

fn constraints(args: &BacktestArgs) -> Vec<String> {
    let leverage = args.leverage.map(|leverage| format!("leverage {leverage}"));
    let kind = match args.account {
        AccountChoice::Unconstrained => None,
        AccountChoice::Spot => Some("spot funds".to_owned()),
        AccountChoice::Perp => Some("cross margin and liquidation".to_owned()),
    };
    let all: Vec<String> = kind.into_iter().chain(leverage).collect();
    if all.is_empty() { vec!["none".to_owned()] } else { all }
}

fn assumptions(args: &BacktestArgs) -> Vec<Assumption> {
    let bps = |bps: qtp_core::Decimal| format!("{} bps", bps.normalize());
    let fees = match (args.fee_bps, args.maker_fee_bps, args.taker_fee_bps) {
        (Some(fee), _, _) => format!("{} of notional on every fill", bps(fee)),
        (None, None, None) => "none".to_owned(),
        (None, maker, taker) => {
            format!("maker {}, taker {}", bps(maker.unwrap_or_default()), bps(taker.unwrap_or_default()))
        }
    };
    let slippage = args
        .slippage_bps
        .map_or_else(|| "none".to_owned(), |slippage| format!("{} against us", bps(slippage)));
    let fills = "market orders whole at the next candle's open; a stop before a target in one candle";
    let mut all = vec![
        Assumption::new("fees", fees),
        Assumption::new("slippage", slippage),
        Assumption::new("fills", fills),
    ];
    for (name, share) in [("stop", args.stop_pct), ("target", args.take_pct)] {
        if let Some(share) = share {
            let percent = share.ratio().get() * qtp_core::Decimal::ONE_HUNDRED;
            all.push(Assumption::new(name, format!("{} % from the signal's close", percent.normalize())));
        }
    }
    all
}

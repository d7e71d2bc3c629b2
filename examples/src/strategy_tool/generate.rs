//! `strategy generate`: a model, a lab and thresholds; a report out, and the document that passed.

use std::collections::{BTreeMap, BTreeSet};

use clap::Parser as _;
use qtp_core::Ratio;
use qtp_core::port::LabResult;
use qtp_engine::driver::CandleLabs;
use qtp_llm::{
    Attempt, AttemptOutcome, BudgetCaps, Cap, Generator, GeneratorReport, GeneratorSettings, LlmSettings,
    build_model,
};

use super::args::GenerateArgs;
use crate::backtest::{self, BacktestArgs, CandleArg};
use crate::exit::Failure;
use crate::model_keys::take_keys;

/// Runs `strategy generate`.
///
/// # Errors
/// Arguments or data that do not fit, and no document that passed.
pub(super) fn run(args: &GenerateArgs, environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    let lab = lab(args)?;
    let generator = Generator::new(build_model(&args.llm, &llm(args, environment)?)?, thresholds(args))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (inside, all) = lab.split();
    if !args.json {
        say!("{inside} candles in sample, {} out of sample", all - inside);
    }
    let show = |attempt: &Attempt| {
        if !args.json {
            say!("{}", line(attempt));
        }
    };
    let report = runtime.block_on(generator.run(&args.idea, &lab, show))?;
    if let (Some(path), Some(file)) = (&args.out, &report.accepted) {
        let text = format!("{}\n", serde_json::to_string_pretty(file)?);
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if args.json {
        say!("{}", serde_json::to_string(&report)?);
    } else {
        end(&report);
    }
    match (&report.accepted, &report.stopped) {
        (Some(_), _) => Ok(()),
        (None, Some(why)) => Err(format!("no document passed before the model failed: {why}").into()),
        (None, None) => Err(format!("no document passed in {} attempts", report.attempts.len()).into()),
    }
}

fn end(report: &GeneratorReport) {
    say!("{}", report.multiple_testing.sentence);
    let usage = report.usage;
    say!(
        "{} calls, {} tokens in, {} out, {} USD as far as it is known",
        usage.calls,
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.cost
    );
}

/// One attempt in one line.
fn line(attempt: &Attempt) -> String {
    let number = attempt.number;
    let text = match &attempt.outcome {
        AttemptOutcome::Invalid { problem } => format!("{number:>3}  invalid   {problem}"),
        AttemptOutcome::Repeated { of } => format!("{number:>3}  repeated  attempt {of} again"),
        AttemptOutcome::Rejected { name, reasons, in_sample, .. } => {
            format!("{number:>3}  rejected  {name}: {}  ({})", figures(in_sample), reasons.join("; "))
        }
        AttemptOutcome::Accepted { name, in_sample, out_of_sample } => {
            let (inside, outside) = (figures(in_sample), figures(out_of_sample));
            format!("{number:>3}  ACCEPTED  {name}: in sample {inside}; out of sample {outside}")
        }
    };
    text.replace('\n', " ")
}

fn figures(result: &LabResult) -> String {
    let each = result.markets.iter().map(|one| format!("{} {}", one.market, figures(&one.result)));
    let each = each.collect::<Vec<_>>().join("; ");
    if !each.is_empty() {
        return each;
    }
    format!(
        "{} trips, return {:.2} %, drawdown {:.2} %",
        result.round_trips,
        result.total_return * 100.0,
        result.max_drawdown * 100.0
    )
}

fn thresholds(args: &GenerateArgs) -> GeneratorSettings {
    GeneratorSettings {
        attempts: args.attempts,
        min_round_trips: args.min_round_trips,
        min_round_trips_out_of_sample: args.min_round_trips_out,
        min_return: args.min_return_pct / 100.0,
        max_drawdown: args.max_drawdown_pct.ratio().to_f64(),
        min_out_of_sample_ratio: args.min_ratio,
        ..GeneratorSettings::default()
    }
}

fn llm(args: &GenerateArgs, environment: &BTreeMap<String, String>) -> Result<LlmSettings, Failure> {
    let mut llm = LlmSettings {
        record: args.record.clone(),
        budget: BudgetCaps {
            run: Cap { tokens: args.budget_tokens, usd: args.budget_usd },
            ..BudgetCaps::default()
        },
        ..LlmSettings::default()
    };
    llm.chat.base_url.clone_from(&args.llm_url);
    llm.chat.cards.clone_from(&args.cards);
    llm.chat.call_timeout_ms = GeneratorSettings::default().timeout_ms;
    llm.chat.deadline_ms = GeneratorSettings::default().timeout_ms;
    take_keys(&mut llm, environment)?;
    Ok(llm)
}

/// The labs of backtests with the same markets, account and costs.
fn lab(args: &GenerateArgs) -> Result<CandleLabs, Failure> {
    let several = args.candles.len() > 1;
    let mut seen = BTreeSet::new();
    if let Some(twice) =
        args.candles.iter().filter_map(|candles| candles.instrument.as_ref()).find(|id| !seen.insert(*id))
    {
        return Err(format!("--candles: {twice} is given twice").into());
    }
    if let Some(unnamed) = args.candles.iter().find(|candles| several && candles.instrument.is_none()) {
        let file = unnamed.file.display();
        return Err(format!("--candles {file}: with several files each needs its instrument, ID=FILE").into());
    }
    if several && args.funding.is_some() {
        return Err("--funding: rates belong to one market, and there are several".into());
    }
    let fixed = BacktestArgs::try_parse_from(["backtest", "--candles", "-", "--strategy", "none"])?;
    let share = if args.size.is_some() { None } else { Some(args.size_fraction.unwrap_or(Ratio::ONE)) };
    let market = BacktestArgs {
        account: args.account,
        cash: args.cash,
        size: args.size,
        size_fraction: share,
        fee_bps: Some(args.fee_bps),
        slippage_bps: Some(args.slippage_bps),
        leverage: args.leverage,
        funding: args.funding.clone(),
        instrument_file: args.instrument_file.clone(),
        timeframe: args.timeframe,
        ..fixed
    };
    let of = |candles: &CandleArg| {
        backtest::lab(&BacktestArgs { candles: vec![candles.clone()], ..market.clone() }, args.in_sample)
    };
    Ok(CandleLabs::new(args.candles.iter().map(of).collect::<Result<_, _>>()?)?)
}

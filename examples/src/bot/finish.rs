//! The end of a run: the same numbers on the terminal, in the store, in JSON, CSV and HTML.

use std::fs::File;
use std::io::BufWriter;

use qtp_core::{DecisionAction, DecisionResult, Notice};
use qtp_engine::report::{DecisionRow, NoticeRow, PriceSeries, ReportData, csv, render};
use qtp_engine::stats::{Assumption, KnowledgeCutoff, ModelUse, RunFacts, Summary};
use qtp_exchange::sim::{SimVenueConfig, Slippage};

use super::args::Mode;
use super::build::{account, cash, instruments, is_contract};
use super::ended::Ended;
use super::facts::synthetic;
use super::folder::RunFolder;
use super::settings::BotSettings;
use super::store::{StoreThread, Write};
use super::watch::Watch;
use crate::exit::Failure;

/// Writes everything and says where it is.
pub(super) fn finish(
    run: Ended,
    mut watch: Watch,
    (folder, settings): (&RunFolder, &BotSettings),
    store: StoreThread,
) -> Result<(), Failure> {
    watch.narrator.finish();
    watch.recorder.finish();
    let path = folder.path();
    let Some(equity) = watch.recorder.equity() else {
        drop((run, watch));
        return store.finish();
    };
    let summary = summary(&run, &watch, settings)?;
    csv::write_trips(
        BufWriter::new(File::create(path.join("trades.csv"))?),
        watch.recorder.ledger().trips(),
    )?;
    let mut curve = csv::EquityCsv::new(BufWriter::new(File::create(path.join("equity.csv"))?))?;
    for point in equity.curve() {
        let value = qtp_core::money::decimal_from_f64(point.value).unwrap_or_default();
        curve.row(point.time, qtp_core::Notional::from_decimal(value))?;
    }
    curve.finish()?;
    let json = serde_json::to_string_pretty(&summary)?;
    std::fs::write(path.join("summary.json"), &json)?;
    write_decisions(&watch, folder)?;
    std::fs::write(path.join("report.html"), page(&run, &watch, summary.clone()))?;
    watch.projector.flush();
    watch.projector.send(Write::Meta("summary".to_owned(), json));
    let (denied, halts) = (watch.denied, watch.halts);
    drop((run, watch));
    store.finish()?;
    say!("{}", summary.to_text().trim_end());
    say!("decisions denied {denied}, halts {halts}");
    say!("report   {}", path.join("report.html").display());
    say!("next     cargo run --release --bin replay -- --journal {} --verify", folder.journal().display());
    Ok(())
}

pub(super) fn summary(run: &Ended, watch: &Watch, settings: &BotSettings) -> Result<Summary, Failure> {
    let engine = run.engine();
    let account = account(settings)?;
    let recorder = &watch.recorder;
    let Some(equity) = recorder.equity() else { return Ok(Summary::default()) };
    let simulated = settings.trading.mode != Mode::Live;
    let contracts = instruments(settings)?.iter().any(is_contract);
    let funded = settings.trading.candles.is_empty() || !settings.trading.funding.is_empty();
    let facts = RunFacts {
        strategy: "bot".to_owned(),
        instruments: engine.state().instruments.keys().map(ToString::to_string).collect(),
        timeframe: Some(watch.timeframe.to_string()),
        currency: cash(settings).currency.to_string(),
        synthetic: synthetic(&settings.trading),
        candles: recorder.candles(),
        final_equity: engine.equity(&account),
        orders: recorder.orders(),
        naked_seconds: recorder.naked_time(engine).as_secs_f64(),
        max_participation: recorder.max_participation(),
        constraints: vec![
            match (simulated, contracts) {
                (true, true) => SIMULATED,
                (true, false) => PAID,
                (false, _) => BOOKED,
            }
            .to_owned(),
        ],
        // What is bought pays no funding.
        funding_modelled: (simulated && contracts).then_some(funded),
        assumptions: if simulated { assumptions(run.venue(), watch, settings) } else { Vec::new() },
        models: models(run, watch),
        knowledge: watch.training.until.map(|until| KnowledgeCutoff {
            model: settings.trading.llm.clone(),
            until,
            candles_before: watch.candles_before,
        }),
        run_id: Some(engine.run_id()),
        commands_hash: Some(run.command_hash().finish()),
        ..RunFacts::default()
    };
    Ok(Summary::new(recorder.ledger(), equity, facts))
}

/// What models were asked, the decision included that was under way at the end; `None` if none was.
fn models(run: &Ended, watch: &Watch) -> Option<ModelUse> {
    let mut models = watch.models.clone();
    if let Ended::Simulated(simulation) = run {
        simulation.undelivered().for_each(|outcome| models.add(outcome));
    }
    (models.calls + models.over_budget > 0).then_some(models)
}

/// What holds in a simulated run, with contracts or without, and in a live one.
const SIMULATED: &str = "cross margin, liquidation and risk limits";
const PAID: &str = "purchases are paid in full, no short positions, and risk limits";
const BOOKED: &str = "risk limits; fills, fees and funding are those that the venue booked";

/// What a simulated venue takes for granted.
fn assumptions(config: &SimVenueConfig, watch: &Watch, settings: &BotSettings) -> Vec<Assumption> {
    let bps = |ratio: qtp_core::Ratio| (ratio.get() * qtp_core::Decimal::from(10_000)).normalize();
    let fees = format!("maker {} bps, taker {} bps", bps(config.fees.maker), bps(config.fees.taker));
    let slippage = match config.slippage {
        Slippage::None => "none".to_owned(),
        Slippage::Fixed(share) => format!("{} bps against us", bps(share)),
        Slippage::Spread(share) => format!("half the spread, else {} bps, against us", bps(share)),
        Slippage::VolumeShare { impact } => format!("{impact} times the share of the candle's volume"),
    };
    let fills = if synthetic(&settings.trading) {
        "market orders whole at the next minute's open".to_owned()
    } else {
        format!(
            "market orders whole at the open of the first {} candle that begins after them",
            watch.timeframe
        )
    };
    let mut all = vec![
        Assumption::new("fees", fees),
        Assumption::new("slippage", slippage),
        Assumption::new("fills", fills),
    ];
    let unknown = &watch.training.unknown;
    if !unknown.is_empty() {
        let words = format!("END NOT KNOWN of {}: what they decide may be memory", unknown.join(", "));
        all.push(Assumption::new("training data", words));
    }
    all
}

fn write_decisions(watch: &Watch, folder: &RunFolder) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut file = BufWriter::new(File::create(folder.path().join("decisions.jsonl"))?);
    for (time, outcome) in &watch.decisions {
        let row = serde_json::json!({"time": time.to_string(), "decision": outcome});
        writeln!(file, "{row}")?;
    }
    Ok(file.flush()?)
}

fn page(run: &Ended, watch: &Watch, summary: Summary) -> String {
    let Some(equity) = watch.recorder.equity() else { return String::new() };
    let mut data = ReportData::new(summary, equity, watch.recorder.ledger());
    for id in run.engine().state().instruments.keys() {
        if let Some(chart) = watch.recorder.chart(id) {
            data.prices.push(PriceSeries::new(id.as_str(), chart));
        }
    }
    data.decisions = decision_rows(watch);
    for (time, notice) in &watch.notices {
        let (kind, text) = match notice {
            Notice::Denied { instrument, quantity, reason } => {
                ("denied", format!("{instrument} {quantity}: {reason}"))
            }
            Notice::Halted { scope, reason } => ("halt", format!("{scope}: {reason}")),
            _ => continue,
        };
        data.notices.push(NoticeRow { time: *time, kind: kind.to_owned(), text });
    }
    render(&data)
}

fn decision_rows(watch: &Watch) -> Vec<DecisionRow> {
    let mut rows = Vec::new();
    for (time, outcome) in &watch.decisions {
        let DecisionResult::Decided(decision) = &outcome.result else { continue };
        for trade in decision.trades.iter().filter(|trade| trade.action != DecisionAction::Hold) {
            let ended = watch.notices.iter().find_map(|(at, notice)| match notice {
                Notice::Denied { instrument, reason, .. }
                    if at == time && *instrument == trade.instrument =>
                {
                    Some(format!("denied: {reason}"))
                }
                Notice::Void { instrument, reason } if at == time && *instrument == trade.instrument => {
                    Some(format!("void: {reason}"))
                }
                _ => None,
            });
            rows.push(DecisionRow {
                time: *time,
                asset: trade.instrument.base().to_owned(),
                action: format!("{:?}", trade.action).to_lowercase(),
                reason: trade.rationale.clone(),
                stop: trade.stop,
                target: trade.target,
                outcome: ended.unwrap_or_else(|| "followed".to_owned()),
            });
        }
    }
    rows
}

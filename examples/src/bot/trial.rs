//! A run in simulated time that leaves nothing behind but its figures: no folder, no journal.

use std::collections::BTreeMap;
use std::sync::mpsc::channel;

use qtp_core::{
    Command, DecisionAction, DecisionResult, Event, EventRecord, InstrumentId, Reason, RunId, Timeframe,
    Timestamp,
};
use qtp_engine::Engine;
use qtp_engine::driver::Observer;
use qtp_engine::stats::{Summary, TripSide};
use qtp_llm::{Forecast, ProbeQuestion};

use super::args::Mode;
use super::build::{account, start};
use super::ended::Ended;
use super::projector::Projector;
use super::settings::BotSettings;
use super::watch::Watch;
use super::{finish, recorded, run};
use crate::exit::Failure;

/// The figures of a run.
#[derive(Debug)]
pub struct Trial {
    /// As in every report.
    pub summary: Summary,
    /// Each closed round trip with the conviction of the advice that it followed.
    pub forecasts: Vec<Forecast>,
}

/// Advice to open a position.
struct Advice {
    time: Timestamp,
    instrument: InstrumentId,
    side: TripSide,
    conviction: f64,
}

/// The watch of every run, and all advice.
struct Tally {
    watch: Watch,
    advice: Vec<Advice>,
}

impl Observer for Tally {
    fn on_event(&mut self, record: &EventRecord, engine: &Engine) {
        self.watch.on_event(record, engine);
        let Event::Decision(outcome) = &record.event else { return };
        let DecisionResult::Decided(decision) = &outcome.result else { return };
        for trade in &decision.trades {
            let side = match trade.action {
                DecisionAction::Buy => TripSide::Long,
                DecisionAction::Sell => TripSide::Short,
                _ => continue,
            };
            let (instrument, conviction) = (trade.instrument.clone(), trade.conviction.to_f64());
            self.advice.push(Advice { time: record.receive_time, instrument, side, conviction });
        }
    }

    fn on_command(&mut self, seq: u64, command: &Command, engine: &Engine) {
        self.watch.on_command(seq, command, engine);
    }
}

/// Runs the settings over their market, as long as it goes or for a while.
///
/// # Errors
/// Settings that do not fit, or another mode than `demo`.
pub fn trial(
    settings: &BotSettings,
    environment: &BTreeMap<String, String>,
    duration: Option<Timeframe>,
) -> Result<Trial, Failure> {
    let problems = settings.validate();
    if !problems.is_empty() {
        return Err(problems.join("; ").into());
    }
    if settings.trading.mode != Mode::Demo {
        return Err("trading.mode: a trial runs in `demo` mode".into());
    }
    let run_id = RunId(1);
    let mut simulation = run::simulation(settings, run_id, environment)?;
    // Nobody stores what is passed on.
    let (sender, _) = channel();
    let projector = Projector::new(sender, account(settings)?, None);
    let mut watch = run::watch((simulation.engine(), simulation.timeframe()), projector, settings)?;
    watch.narrator.silent = true;
    let mut tally = Tally { watch, advice: Vec::new() };
    simulation.inject(Event::RunStarted(Box::new(start(settings, run_id)?)), &mut tally)?;
    let end = duration.map(|duration| Ok::<_, Failure>(run::begin(settings)? + duration.as_duration()));
    let end = end.transpose()?;
    while end.is_none_or(|end| simulation.now() < end) {
        if simulation.step(&mut tally)?.is_none() {
            break;
        }
    }
    simulation.inject(Event::Stopped(Reason::new("stopped", "by the end of the run")), &mut tally)?;
    let Tally { mut watch, advice } = tally;
    watch.recorder.finish();
    let trips = watch.recorder.ledger().trips();
    let forecasts = trips.filter_map(|trip| {
        let before = advice.iter().rev().filter(|advice| advice.time <= trip.entry_time);
        let mut own =
            before.filter(|advice| advice.instrument == trip.instrument && advice.side == trip.side);
        Some(Forecast { stated: own.next()?.conviction, happened: trip.is_win() })
    });
    let forecasts = forecasts.collect();
    let summary = finish::summary(&Ended::Simulated(Box::new(simulation)), &watch, settings)?;
    Ok(Trial { summary, forecasts })
}

/// The last closes of whole days of an asset of a recorded market, oldest first: what a memory probe asks for.
///
/// # Errors
/// A file that cannot be read, or an asset that is not in the settings.
pub fn daily_closes(settings: &BotSettings, asset: &str) -> Result<Vec<ProbeQuestion>, Failure> {
    let (candles, _) = recorded::candles(&settings.trading, asset)?;
    let day = |candle: &qtp_core::Candle| Timeframe::D1.floor(candle.open_time());
    let mut days: Vec<ProbeQuestion> = Vec::new();
    for candle in &candles {
        let close = candle.close().to_f64();
        match days.last_mut() {
            Some(last) if last.day == day(candle) => last.close = close,
            _ => days.push(ProbeQuestion { day: day(candle), close }),
        }
    }
    // The first and the last day may be cut.
    days.pop();
    Ok(days.into_iter().skip(1).collect())
}

//! Market, exchange and clock of a run in real time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use qtp_core::InstrumentId;
use qtp_core::port::{Clock, Exchange, JournalRecord, MarketData, SystemClock};
use qtp_exchange::hyperliquid::NonceStore;
use qtp_exchange::paper::{Paced, PaperExchange, ScaledClock};
use qtp_exchange::synthetic::SyntheticMarket;

use super::args::{BotArgs, Mode};
use super::build::{build_source, build_venue, instruments};
use super::facts::{VenueFacts, synthetic};
use super::folder::RunFolder;
use super::nonces::NonceFile;
use super::pace::Pace;
use super::settings::{BotSettings, Trading};
use crate::exit::Failure;
use crate::recording::{Tape, Taped};
use crate::venues::{self, Attached, VenueArgs};

/// History that the synthetic market has before a run: enough for every strategy's warm-up.
const HISTORY: Duration = Duration::from_secs(6 * 86_400);

/// The run's folder and its settings with what the venue says of it: now, or when the run began.
pub(super) async fn folder(
    args: &BotArgs,
    mut settings: BotSettings,
    environment: &BTreeMap<String, String>,
) -> Result<(RunFolder, BotSettings), Failure> {
    let runs = args.runs.clone().unwrap_or_else(|| "data/runs".into());
    if synthetic(&settings.trading) {
        let folder = RunFolder::open(&runs, &settings, args.fresh)?;
        folder.write_manifest(&settings)?;
        return Ok((folder, settings));
    }
    let (folder, manifest) = RunFolder::open_real(&runs, &settings, args.fresh)?;
    if let Some(manifest) = manifest {
        settings.facts = manifest.settings.facts;
        return Ok((folder, settings));
    }
    let (venue, trading) = (venue(&settings.trading), &settings.trading);
    let facts =
        VenueFacts::on_paper(&*venues::market_data(&venue, &trading.assets, environment)?, trading).await?;
    settings.facts = Some(match trading.mode {
        Mode::Live => {
            let traded: Vec<InstrumentId> = facts.ids().cloned().collect();
            facts.live(&*venues::exchange(&venue, &traded, environment, Attached::default())?).await?
        }
        Mode::Demo | Mode::Paper => facts,
    });
    folder.write_manifest(&settings)?;
    Ok((folder, settings))
}

/// The clock of a run: the system's, or one that starts where the synthetic market has some history.
pub(super) fn clock(
    settings: &BotSettings,
    records: &[JournalRecord],
    speed: Option<Pace>,
) -> Result<(Arc<ScaledClock>, u32), Failure> {
    let speed = match speed {
        Some(Pace::Factor(factor)) => factor,
        Some(Pace::Unlimited) => return Err("--speed max is for the demo: paper mode keeps a clock".into()),
        Some(Pace::Demo) | None => 1,
    };
    let wall = SystemClock;
    let begin = if synthetic(&settings.trading) {
        records.last().map_or(build_source(settings)?.now() + HISTORY, JournalRecord::time)
    } else if speed == 1 {
        wall.now()
    } else {
        return Err("--speed is for the synthetic market: a venue keeps its own time".into());
    };
    Ok((Arc::new(ScaledClock::new(Arc::new(wall), begin, speed)), speed))
}

/// The exchange of a run: paper over the synthetic market or a venue's, or the venue itself.
pub(super) fn exchange(
    settings: &BotSettings,
    clock: &Arc<ScaledClock>,
    records: &[JournalRecord],
    environment: &BTreeMap<String, String>,
    (tape, runs): (Option<&Tape>, &Path),
) -> Result<Arc<dyn Exchange>, Failure> {
    let trading = &settings.trading;
    let market: Arc<dyn MarketData> = if synthetic(trading) {
        let market = SyntheticMarket::new(settings.run.seed, build_source(settings)?.config().clone())?;
        Arc::new(Paced::new(market, Arc::clone(clock)))
    } else if trading.mode == Mode::Live {
        let open = |signer| Ok(Arc::new(NonceFile::open(runs, signer)?) as Arc<dyn NonceStore>);
        let traded: Vec<InstrumentId> =
            instruments(settings)?.into_iter().map(|instrument| instrument.id).collect();
        return venues::exchange(
            &venue(trading),
            &traded,
            environment,
            Attached { tape, nonces: Some(&open) },
        );
    } else {
        venues::market_data(&venue(trading), &trading.assets, environment)?
    };
    let market: Arc<dyn MarketData> = match tape {
        Some(tape) => Arc::new(Taped::new(market, tape.clone())),
        None => market,
    };
    paper(settings, market, Arc::<ScaledClock>::clone(clock), records)
}

/// Simulated execution over a market.
pub(super) fn paper(
    settings: &BotSettings,
    market: Arc<dyn MarketData>,
    clock: Arc<dyn Clock>,
    records: &[JournalRecord],
) -> Result<Arc<dyn Exchange>, Failure> {
    let venue = build_venue(settings, &instruments(settings)?)?;
    if records.is_empty() {
        return Ok(Arc::new(PaperExchange::new(market, venue, clock)));
    }
    let (exchange, rebuilt) = PaperExchange::rebuild(market, venue, clock, records);
    if rebuilt.differences > 0 {
        let count = rebuilt.differences;
        eprintln!("paper venue: {count} account events of the journal did not come out again");
    }
    Ok(Arc::new(exchange))
}

fn venue(trading: &Trading) -> VenueArgs {
    VenueArgs { venue: trading.venue.clone(), network: trading.network, url: trading.url.clone() }
}

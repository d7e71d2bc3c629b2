//! `bot --break --matrix`: every fault at every step of an order's life, each with a venue and a bot of its own.
//!
//! A cell is well if exactly the orders exist that were intended, every fill is accounted for on both sides, and the
//! next order arrives within 30 s of the venue's recovery.

mod cell;
mod child;
mod fault;
mod life;
mod rig;
mod table;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub use cell::Verdict;
pub use child::Dying;
use fault::Strike;
pub use fault::{FAULTS, Fault};
pub use life::Step;

use super::args::BotArgs;
use crate::exit::Failure;

/// Cells at once: they wait far more than they work.
const AT_ONCE: usize = 64;

/// A fault, a step and what came of it; `None` where there was nothing to strike.
pub type Outcome = (Fault, Step, Result<Option<Verdict>, String>);

/// Runs cells; `bot` is the program that is killed in some of them. The outcomes are in the cells' order, and journals of
/// cells that are not well in the folder `keep`.
///
/// # Errors
/// None of a cell's own: they are in its outcome.
pub async fn cells(
    bot: &Path,
    cells: Vec<(Fault, Step)>,
    keep: Option<&Path>,
) -> Result<Vec<Outcome>, Failure> {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (place, (fault, step)) in cells.iter().copied().enumerate() {
        let (room, bot, keep) = (Arc::clone(&room), bot.to_owned(), keep.map(Path::to_owned));
        tasks.spawn(async move {
            let _place = room.acquire().await;
            let ran = match fault.at(step, "") {
                Some(Strike::Kill(death)) => child::run(&bot, (step, death)).await,
                _ => cell::run(fault, step, keep.as_deref()).await,
            };
            (place, ran.map_err(|error| crate::exit::one_line(&*error)))
        });
    }
    let mut done = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        done.push(ended?);
    }
    done.sort_by_key(|(place, _)| *place);
    let named = cells.into_iter().zip(done);
    Ok(named.map(|((fault, step), (_, ran))| (fault, step, ran)).collect())
}

/// Every fault at every step, of those faults whose name holds `only`.
pub fn all(only: Option<&str>) -> Vec<(Fault, Step)> {
    let wanted = FAULTS.iter().filter(|fault| only.is_none_or(|only| fault.name.contains(only)));
    wanted.flat_map(|fault| Step::ALL.map(|step| (*fault, step))).collect()
}

/// The demonstration.
pub(super) fn run(args: &BotArgs) -> Result<(), Failure> {
    let wanted = all(args.only.as_deref());
    say!("{} cells, {AT_ONCE} at once; this takes some minutes", wanted.len());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcomes = runtime.block_on(cells(&std::env::current_exe()?, wanted, args.runs.as_deref()))?;
    say!("{}", table::table(&outcomes).trim_end());
    let bad = outcomes.iter().filter(|outcome| !is_well(outcome)).count();
    if bad == 0 { Ok(()) } else { Err(format!("{bad} cells are not well").into()) }
}

/// True if a cell has no problem.
pub fn is_well((_, _, ran): &Outcome) -> bool {
    ran.as_ref().is_ok_and(|verdict| verdict.as_ref().is_none_or(|verdict| verdict.problems.is_empty()))
}

/// The process that a cell kills.
pub(super) fn bot(args: &BotArgs, folder: &Path, key: Option<&String>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let host = args.url.as_deref().ok_or("--matrix-bot needs --url")?;
    let key = key.ok_or("HYPERLIQUID_PRIVATE_KEY is not set")?;
    runtime.block_on(child::bot(folder, host, key, args.die))
}

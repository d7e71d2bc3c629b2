//! The `decisions` command: what was decided in a run, why, at what cost, and what became of it.

mod page;
mod read;
mod table;

use std::path::PathBuf;

use clap::Parser;
use qtp_core::DecisionResult;

use crate::bot::RunFolder;
use crate::exit::Failure;

pub use read::{Story, read};

/// Lists the decisions of a run, or shows one as a page: prompt, tools, reasoning, checks, orders, outcome, cost.
#[derive(Debug, Clone, Parser)]
#[command(name = "decisions", version)]
pub struct DecisionsArgs {
    /// Number of the decision to show, as the list has it; all are listed without one
    pub decision: Option<u64>,
    /// Run folder, journal or SQLite store [default: the run that was started last]
    #[arg(long, value_name = "PATH")]
    pub run: Option<PathBuf>,
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "data/runs")]
    pub runs: PathBuf,
    /// List also those that hold everything without a cause
    #[arg(long)]
    pub all: bool,
    /// The last so many of the list
    #[arg(long, value_name = "N")]
    pub last: Option<usize>,
    /// JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Runs `decisions`.
///
/// # Errors
/// A run or journal that cannot be read, or a number that no decision has.
pub fn run(args: &DecisionsArgs) -> Result<(), Failure> {
    let path = match &args.run {
        Some(path) => path.clone(),
        None => RunFolder::latest(&args.runs)?,
    };
    let mut stories = read(&path)?;
    let Some(wanted) = args.decision else {
        let total = stories.len();
        if !args.all {
            stories.retain(acts);
        }
        let skipped = args.last.map_or(0, |last| stories.len().saturating_sub(last));
        stories.drain(..skipped);
        return show_list(&stories, total, args.json);
    };
    let story = stories.iter().find(|story| story.seq == wanted);
    let story = story.ok_or_else(|| format!("{}: there is no decision {wanted}", path.display()))?;
    let text = if args.json { serde_json::to_string_pretty(story)? } else { page::page(story) };
    say!("{text}");
    Ok(())
}

fn show_list(stories: &[Story], total: usize, json: bool) -> Result<(), Failure> {
    if json {
        say!("{}", serde_json::to_string_pretty(stories)?);
        return Ok(());
    }
    say!("{}", table::table(stories).trim_end());
    say!("{} of {total} decisions; `decisions NUMBER` shows one, --all lists the holds too", stories.len());
    Ok(())
}

/// It wanted something, or was kept from it.
fn acts(story: &Story) -> bool {
    match &story.outcome.result {
        DecisionResult::Hold(_) => true,
        DecisionResult::Decided(decision) => {
            decision.trades.iter().any(|trade| trade.action != qtp_core::DecisionAction::Hold)
        }
    }
}

//! Talks to a running bot over the socket in its run folder.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use qtp_core::{InstrumentId, OperatorAction};
use qtp_examples::bot::RunFolder;
use qtp_examples::bot::control::{Request, ask};
use qtp_examples::exit::Failure;
use qtp_examples::say;

/// Talks to a running bot.
#[derive(Debug, Parser)]
#[command(name = "botctl", version)]
struct Args {
    /// Run folder [default: the run that was started last]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "data/runs")]
    runs: PathBuf,
    #[command(subcommand)]
    action: Action,
}

/// What to ask.
#[derive(Debug, Clone, Subcommand)]
enum Action {
    /// Equity, halt, counters
    Status,
    /// Open positions with their protection
    Positions,
    /// Proposals that wait for approval
    Proposals,
    /// Let a proposal go on to the risk gate
    Approve {
        /// Number of the proposal
        id: u64,
    },
    /// Drop a proposal
    Reject {
        /// Number of the proposal
        id: u64,
    },
    /// Close one position
    Close {
        /// Instrument, such as BTC-USD-PERP@synthetic
        id: InstrumentId,
    },
    /// Close all positions
    Flatten,
    /// Stop new risk; exits stay allowed
    Halt,
    /// End a halt
    Resume,
}

fn main() -> ExitCode {
    qtp_examples::exit::report(run(Args::parse()))
}

fn run(args: Args) -> Result<(), Failure> {
    let folder = match args.run {
        Some(folder) => folder,
        None => RunFolder::latest(&args.runs)?,
    };
    let (folder, _) = RunFolder::existing(&folder)?;
    let request = match args.action {
        Action::Status => Request::Status,
        Action::Positions => Request::Positions,
        Action::Proposals => Request::Proposals,
        Action::Approve { id } => Request::Act(OperatorAction::Approve(id)),
        Action::Reject { id } => Request::Act(OperatorAction::Reject(id)),
        Action::Close { id } => Request::Act(OperatorAction::Close(id)),
        Action::Flatten => Request::Act(OperatorAction::Flatten),
        Action::Halt => Request::Act(OperatorAction::Halt),
        Action::Resume => Request::Act(OperatorAction::Resume),
    };
    let answer = ask(&folder.socket(), &request)?;
    if let Some(error) = answer.get("error") {
        return Err(error.as_str().map_or_else(|| error.to_string(), str::to_owned).into());
    }
    say!("{}", serde_json::to_string_pretty(&answer)?);
    Ok(())
}

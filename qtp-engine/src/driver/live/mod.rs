//! Real time: the engine over exchanges, live or paper.
//!
//! ```text
//! account streams --------+ (never dropped)            +--> submit, cancel tasks --> exchange
//! answers, decisions -----+--> fact -> journal -> Engine::process -> intents -> journal -> sync
//! operator, timers -------+
//! market streams --> conflating inbox --> candle barrier
//! ```
//!
//! [`LiveDriver`] is one task. What it waits for comes through bounded queues; `process` itself never waits. The same
//! driver runs over a venue and over a paper exchange: it cannot tell them apart.
//!
//! # Contract
//! - A fact is journaled before the engine takes it in, an intent before it is carried out, and the journal is synced
//!   once before anything leaves. If the journal fails, resting entries are cancelled and the run ends with its error.
//! - Account events are never dropped; quotes and books conflate; prints overflow into a `Gap`.
//! - What is known of an account is compared with its venue at the start, after every reconnect and now and then.
//!   Until then the account is suspended: the gate lets exits pass and nothing else.
//! - A submit is sent once, in a task of its own that is never cancelled. If its outcome is not known it is looked up,
//!   and counts as absent only by the rule in [`LiveSettings::absence_margin`].
//! - A cancel waits for the answer to the submit before it, and is repeated until the order is gone.
//! - The journal alone rebuilds the engine: [`LiveDriver::recover`], and `driver::Replay` compares its commands.

mod account;
mod barrier;
mod candles;
mod core;
mod decide;
mod driver;
mod handle;
mod inbox;
mod link;
mod lookup;
mod orders;
mod preflight;
mod reconcile;
mod recover;
mod retry;
mod run_id;
mod settings;
mod setup;
mod unknown;

pub use driver::LiveDriver;
pub use handle::LiveHandle;
pub use preflight::{Preflight, may_start};
pub use run_id::random_run_id;
pub use settings::LiveSettings;
pub use setup::{LiveOutcome, LiveSetup};

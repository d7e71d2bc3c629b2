//! The `bot` command: settings, a run folder, the simulation at a pace, screens, stores and the operator.

mod args;
mod build;
pub mod control;
mod crash;
mod ended;
mod finish;
mod folder;
mod journal;
mod live;
mod narrator;
mod pace;
mod projector;
mod run;
mod settings;
mod watch;

pub use args::BotArgs;
pub use build::{build_engine, build_source};
pub use folder::RunFolder;
pub use run::run;
pub use settings::BotSettings;

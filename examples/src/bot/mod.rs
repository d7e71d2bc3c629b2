//! The `bot` command: settings, a run folder, the simulation at a pace, screens, stores and the operator.

mod args;
mod breaking;
mod build;
pub mod control;
mod crash;
mod disk;
mod ended;
mod facts;
mod finish;
mod folder;
mod journal;
mod keeping;
mod live;
mod market;
mod narrator;
mod pace;
mod projector;
mod recorded;
mod resume;
mod run;
mod settings;
mod store;
mod trial;
mod watch;

pub use args::{BotArgs, asset_file};
pub use build::{build_engine, build_source};
pub use facts::VenueFacts;
pub use folder::RunFolder;
pub use keeping::Keeping;
pub use live::with_keys;
pub use run::run;
pub use settings::{BotSettings, Trading};
pub use trial::{Trial, daily_closes, trial};
